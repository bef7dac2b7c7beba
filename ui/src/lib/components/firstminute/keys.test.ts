import { expect, it } from "vitest";
import { guess } from "./keys";

it.each([
  ["", { kind: "empty" }],
  ["  \n", { kind: "empty" }],
  ["sk-proj-abc", { kind: "provider", id: "openai" }],
  [" sk-svcacct-abc\n", { kind: "provider", id: "openai" }],
  ["sk-abc", { kind: "ambiguous" }],
  ["gsk_abc", { kind: "ambiguous" }],
  ["sk-ant-api03-abc", { kind: "provider", id: "anthropic" }],
  ["AIzaSyAbc", { kind: "provider", id: "gemini" }],
  ["two words", { kind: "not a key" }],
  ["line\nbreak", { kind: "not a key" }],
])("%j is %o", (pasted, expected) => {
  expect(guess(pasted)).toEqual(expected);
});
