/**
 * Tool calls of a message as they are drawn: each with its result, neighbours in one stack. Pure.
 */
import type { BlockView, ToolEnd, ToolState } from "../ipc/generated";

export type CallBlock = Extract<BlockView, { type: "tool_call" }>;
export type ResultBlock = Extract<BlockView, { type: "tool_result" }>;

export interface Slip {
  call: CallBlock;
  result: ResultBlock | null;
}

/** A block by itself, or neighbouring calls. `at` is the number of the (first) block. */
export type Part = { kind: "block"; at: number; block: BlockView } | { kind: "slips"; at: number; slips: readonly Slip[] };

export type SlipState = "coming" | "asking" | "running" | ToolEnd;

/** A result stands with its call; one whose call is not here stands by itself. */
export function parts(blocks: readonly BlockView[]): readonly Part[] {
  const results = new Map<string, ResultBlock>();
  const called = new Set<string>();
  for (const block of blocks) {
    if (block.type === "tool_result") results.set(block.id, block);
    if (block.type === "tool_call") called.add(block.id);
  }
  const found: Part[] = [];
  let slips: Slip[] | null = null;
  blocks.forEach((block, at) => {
    if (block.type === "tool_result" && called.has(block.id)) return;
    if (block.type !== "tool_call") {
      slips = null;
      found.push({ kind: "block", at, block });
      return;
    }
    const slip = { call: block, result: results.get(block.id) ?? null };
    if (slips === null) {
      slips = [slip];
      found.push({ kind: "slips", at, slips });
    } else {
      slips.push(slip);
    }
  });
  return found;
}

/** A call without a result in an answer that is over was stopped with it. */
export function stateOf({ call, result }: Slip, answer: "running" | "over"): SlipState {
  if (result !== null) return result.end;
  if (answer === "over") return "stopped";
  const { is }: ToolState = call.state;
  return is === "over" ? "coming" : is;
}

/** How many of a stack still wait or run. */
export function busy(slips: readonly Slip[], answer: "running" | "over"): number {
  return slips.filter((slip) => ["coming", "asking", "running"].includes(stateOf(slip, answer))).length;
}

/** JSON in one line: the values of a flat object, or the text itself where it is none, or not whole yet. */
export function inShort(json: string): string {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === "object" && value !== null) {
      return Object.values(value).map((part) => (typeof part === "string" ? part : JSON.stringify(part))).join(" · ");
    }
  } catch {
    // Arguments that still arrive, and results in words, are shown as they are.
  }
  return json.trim().split("\n", 1)[0] ?? "";
}
