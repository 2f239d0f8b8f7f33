/** What a tried call looks like on the page. */
import { expect, test } from "vitest";
import { lineOf, talkOf } from "../src/flows/conversation";

const LINES = [
  "00:00.0 [welcome]",
  "00:00.0   您好！  (greeting_morning)",
  "00:03.7 [person]",
  "00:05.3   -- waits in queue general",
];

test("lines are told apart", () => {
  expect(lineOf("00:03.7 [bill]")).toEqual({ at: "00:03.7", who: "node", text: "bill", prompt: "" });
  expect(lineOf("00:03.7   请按一（人工）。  (menu)")).toMatchObject({ who: "hotline", text: "请按一（人工）。", prompt: "menu" });
  expect(lineOf("00:03.7   您用电二百度。")).toMatchObject({ who: "hotline", text: "您用电二百度。", prompt: "" });
  expect(lineOf("00:13.0   > 2")).toMatchObject({ who: "caller", text: "2" });
  expect(lineOf("-- and so on")).toMatchObject({ at: "", who: "event", text: "and so on" });
});

test("a call that only nobody pressed on for waits; one that was hung up is over", () => {
  const end = ["00:09.0   > (hangs up)", "00:09.0   -- call ended by caller: hung_up"];
  const waiting = talkOf([...LINES, ...end], false);
  expect([waiting.waits, waiting.queued, waiting.lines.length]).toEqual([true, true, 4]);
  const over = talkOf([...LINES, ...end], true);
  expect([over.waits, over.queued, over.lines.length]).toEqual([false, false, 6]);
});
