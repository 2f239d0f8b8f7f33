import { describe, expect, test } from "vitest";
import type { StepRow } from "../src/api/bills";
import { saidIn } from "../src/bill/said";
import { causes, lengths, signed, tree, withLateFee } from "../src/bill/tree";

function row(number: number, depth: number, key = `k${number}`, again = false): StepRow {
  return { number, depth, key, name: key, reckoning: "", value: "1", unit: "", rounding: "", source: "", again };
}

describe("the tree of steps", () => {
  test("each row hangs below the nearest row above that is less deep", () => {
    const [root, ...others] = tree([row(1, 0), row(2, 1), row(3, 2), row(4, 1), row(3, 2, "k3", true), row(5, 1)]);
    expect(others).toEqual([]);
    expect(root?.below.map((one) => one.row.number)).toEqual([2, 4, 5]);
    expect(root?.below.map((one) => one.below.map((each) => [each.row.number, each.row.again]))).toEqual([[[3, false]], [[3, true]], []]);
  });

  test("what was shown before has below it what lay there the first time", () => {
    const [root] = tree([row(1, 0), row(2, 1), row(3, 2), row(4, 1), row(2, 2, "k2", true)]);
    expect(root?.below[1]?.below[0]?.below.map((one) => one.row.number)).toEqual([3]);
  });

  test("nothing gives no tree, and a row deeper than it may be is kept", () => {
    expect(tree([])).toEqual([]);
    expect(tree([row(1, 3), row(2, 0)]).map((one) => one.row.number)).toEqual([1, 2]);
  });
});

test("bars are shares of the largest, with their sign", () => {
  expect(lengths(["50.00", "-25.00", "0.00"])).toEqual([100, -50, 0]);
  expect(lengths(["0.00"])).toEqual([0]);
  expect(lengths([])).toEqual([]);
});

test("the change itself and the rounding are no causes", () => {
  const rows = [row(1, 0, "compare.change"), row(2, 1, "compare.kwh"), row(3, 1, "compare.rounding")];
  expect(causes(rows).map((one) => one.key)).toEqual(["compare.kwh"]);
});

test.each([
  ["12.30", "+12.30"],
  ["-3.00", "−3.00"],
  ["-0.00", "0.00"],
  ["0.00", "0.00"],
])("a difference of %s is written %s", (value, written) => expect(signed(value)).toBe(written));

test("what is to be paid today is told where a late fee makes it more than the bill", () => {
  const total = { ...row(1, 0, "owed.total"), value: "102.50" };
  expect(withLateFee([total, row(2, 1, "bill"), row(3, 1, "late_fee")])).toBe("102.50");
  expect(withLateFee([{ ...total, value: "0.00" }])).toBeNull();
  expect(withLateFee([{ ...row(1, 0, "bill"), value: "100.00" }])).toBeNull();
  expect(withLateFee([])).toBeNull();
});

test("a refused bill is told in the language of the page, another error as it is", () => {
  const refused = { code: "bill_refused", message: "account 1: no", details: { told: { "zh-CN": "户号1：不行", en: "account 1: no" } } };
  expect([saidIn(refused, "zh-CN"), saidIn(refused, "en")]).toEqual(["户号1：不行", "account 1: no"]);
  expect(saidIn({ code: "bad_input", message: "people: too many" }, "zh-CN")).toBe("people: too many");
});
