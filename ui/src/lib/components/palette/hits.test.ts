import { expect, it } from "vitest";
import { grouped } from "./hits";

const hit = (conversation_id: string, message_id: string) => ({ conversation_id, title: conversation_id, message_id, snippet: [], created_ms: 0 });
const hits = [hit("a", "1"), hit("b", "2"), hit("a", "3"), hit("a", "4")];

it("puts hits under their conversations, the best first, two of each", () => {
  const groups = grouped(hits, new Set());
  expect(groups.map(({ id, shown, more }) => [id, shown.map(({ message_id }) => message_id), more])).toEqual([
    ["a", ["1", "3"], 1],
    ["b", ["2"], 0],
  ]);
});

it("shows all of a conversation that was opened", () => {
  expect(grouped(hits, new Set(["a"]))[0]).toMatchObject({ more: 0, shown: { length: 3 } });
});
