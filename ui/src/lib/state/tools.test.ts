import { expect, test } from "vitest";
import type { BlockView } from "../ipc/generated";
import { busy, inShort, parts, stateOf, type Slip } from "./tools";

const call = (id: string, is: "coming" | "asking" | "over" = "over"): BlockView => ({ type: "tool_call", id, name: "f", arguments: "{}", state: { is } });
const result = (id: string, end: "done" | "failed" = "done"): BlockView => ({ type: "tool_result", id, name: "f", output: "out", end });
const text = (words: string): BlockView => ({ type: "text", text: words });

function shape(blocks: readonly BlockView[]): unknown[] {
  return parts(blocks).map((part) => (part.kind === "block" ? part.block.type : part.slips.map(({ call: made, result: given }) => `${made.id}${given === null ? "" : "!"}`)));
}

test("neighbouring calls are one stack, each with its result", () => {
  expect(shape([text("a"), call("1"), call("2"), result("1"), result("2"), call("3"), text("b"), call("4")])).toEqual(["text", ["1!", "2!", "3"], "text", ["4"]]);
});

test("a result without its call stands by itself", () => {
  expect(shape([result("lost"), text("a")])).toEqual(["tool_result", "text"]);
});

test("a result wins, and a call of an answer that is over was stopped", () => {
  const slip = (block: BlockView, given: BlockView | null): Slip => ({ call: block, result: given }) as Slip;
  expect(stateOf(slip(call("1", "asking"), null), "running")).toBe("asking");
  expect(stateOf(slip(call("1", "asking"), result("1", "failed")), "running")).toBe("failed");
  expect(stateOf(slip(call("1", "asking"), null), "over")).toBe("stopped");
  expect(busy([slip(call("1", "asking"), null), slip(call("2"), result("2"))], "running")).toBe(1);
});

test("arguments and results are told in one line", () => {
  expect(inShort('{"name":"a.txt","from_line":3}')).toBe("a.txt · 3");
  expect(inShort('{"name":"a.t')).toBe('{"name":"a.t');
  expect(inShort("first\nsecond")).toBe("first");
});
