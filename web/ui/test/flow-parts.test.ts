/** Parts of a flow that several places share, as the editor shows them. */
import { describe, expect, it } from "vitest";
import { readFlow } from "../src/flows/document";
import { exitsOf, lead, waysBack } from "../src/flows/parts";
import { type FlowSchema, verbsOf } from "../src/flows/schema";

const node = { type: "string", "x-names": "node" };
const nodes = { type: "object", "x-names": "node" };
const SCHEMA: FlowSchema = {
  $defs: {
    Play: { properties: { do: { const: "play" }, next: node } },
    Menu: { properties: { do: { const: "menu" }, keys: nodes } },
    Subflow: { properties: { do: { const: "subflow" }, start: node, exits: nodes } },
    Return: { properties: { do: { const: "return" }, exit: { type: "string" } } },
  } as never,
};
const VERBS = verbsOf(SCHEMA);
const TEXT = `start: one
trouble: one
nodes:
  one: {do: subflow, start: ask, exits: {given: bill, none: one}}   # the first use
  two: {do: subflow, start: ask, exits: {given: fault, none: one}}
  bill: {do: play, next: two}
  fault: {do: play, next: one}
  # the part, which uses another
  ask: {do: menu, keys: {"1": deeper, "2": nothing}}
  deeper: {do: subflow, start: inner, exits: {done: given}}
  given: {do: return, exit: given}
  nothing: {do: return, exit: none}
  inner: {do: play, next: inner_end}
  inner_end: {do: return, exit: done}
`;
const FILES = { "main.yaml": TEXT };
const FLOW = readFlow(FILES);

describe("a part of a flow", () => {
  it("returns by its own exits, not by those of a part in it", () => {
    expect(exitsOf(FLOW, "ask", VERBS)).toEqual(["given", "none"]);
    expect(exitsOf(FLOW, "inner", VERBS)).toEqual(["done"]);
    expect(exitsOf(FLOW, "nowhere", VERBS)).toEqual([]);
  });

  it("leads back to each use", () => {
    const back = waysBack(FLOW, "given", VERBS).map((way) => `${way.from} ${way.to}`);
    expect(back).toEqual(["one bill", "two fault"]);
    expect(waysBack(FLOW, "inner_end", VERBS).map((way) => way.to)).toEqual(["given"]);
    expect(waysBack(FLOW, "bill", VERBS)).toEqual([]);
  });

  it("brings its exits along when a step is led into it", () => {
    expect(lead(FILES, FLOW, "deeper", ["start"], "ask", VERBS)["main.yaml"]).toContain(
      "deeper: {do: subflow, start: ask, exits: {given: given, none: given}}\n",
    );
    expect(lead(FILES, FLOW, "two", ["start"], "inner", VERBS)["main.yaml"]).toBe(
      TEXT.replace("start: ask, exits: {given: fault, none: one}}", "start: inner, exits: {done: fault}}"),
    );
    const noPart = lead(FILES, FLOW, "two", ["start"], "bill", VERBS)["main.yaml"];
    expect(lead(FILES, FLOW, "two", ["exits", "none"], "bill", VERBS)["main.yaml"]).toBe(
      TEXT.replace("{given: fault, none: one}", "{given: fault, none: bill}"),
    );
    expect(noPart).toBe(TEXT.replace("two: {do: subflow, start: ask", "two: {do: subflow, start: bill"));
  });
});
