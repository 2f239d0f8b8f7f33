import { expect, test } from "vitest";
import type { IvrStep } from "../src/api/types";
import { toldSteps } from "../src/parts/path";

const step = (node: string, more: Partial<IvrStep> = {}): IvrStep => ({ node, digits: null, at: "2026-11-23T01:00:00Z", ...more });

test("of the way through the menu what was pressed, what was said, and where it ended are shown", () => {
  const path = [step("welcome"), step("outage_notice"), step("main", { digits: "2" }), step("ask", { said: "bill" }), step("empty", { digits: "" }), step("bill"), step("person")];
  expect(toldSteps(path).map((one) => one.node)).toEqual(["main", "ask", "person"]);
  expect(toldSteps([step("welcome"), step("person")]).map((one) => one.node)).toEqual(["person"]);
  expect(toldSteps([])).toEqual([]);
});
