import { expect, it } from "vitest";
import { cutHeard, wordCount } from "./heard";

it.each<[string, number, string, string]>([
  ["Yes. The train leaves.", 4, "Yes.", " The train leaves."],
  ["all of it", 9, "all of it", ""],
  ["all of it", 99, "all of it", ""],
  ["nothing", 0, "", "nothing"],
  ["a🚆b", 2, "a🚆", "b"],
  ["火车八点开", 2, "火车", "八点开"],
])("cuts %j after %i characters", (text, characters, heard, unheard) => {
  expect(cutHeard(text, characters)).toEqual({ heard, unheard });
});

it("counts words", () => {
  expect(wordCount("Bicycles need a reservation, and early.", "en")).toBe(6);
  expect(wordCount("火车八点开", "zh-CN")).toBeGreaterThan(1);
});
