import { expect, it } from "vitest";
import { guess } from "./keys";

it.each([
  ["", { kind: "empty" }],
  ["  \n", { kind: "empty" }],
  ["sk-proj-abc", { kind: "provider", id: "openai" }],
  [" sk-svcacct-abc\n", { kind: "provider", id: "openai" }],
  ["sk-abc", { kind: "ambiguous" }],
  ["gsk_abc", { kind: "ambiguous" }],
  ["sk-ant-api03-abc", { kind: "foreign", name: "Anthropic" }],
  ["AIzaSyAbc", { kind: "foreign", name: "Google" }],
  ["two words", { kind: "not a key" }],
  ["line\nbreak", { kind: "not a key" }],
])("%j is %o", (pasted, expected) => {
  expect(guess(pasted)).toEqual(expected);
});
