import { expect, test } from "vitest";
import { ruled } from "../src/desktop/ruled";

// What routing/storm and agents/shifts give as reasons; tests/routing/test_storm.py and tests/agents/test_shifts.py hold them to it.
test.each([
  ["weather 4, limit 4", "weather", { now: "4", limit: "4" }],
  ["queue_length 60, limit 50", "queue_length", { now: "60", limit: "50" }],
  ["queue_length 1.234e+04, limit 50", "queue_length", { now: "1.234e+04", limit: "50" }],
  ["service_level 41.27, limit 50", "service_level", { now: "41.27", limit: "50" }],
  ["arrivals 2.5, limit 2", "arrivals", { now: "2.5", limit: "2" }],
  ["calm for 1800 s", "calm", { seconds: "1800" }],
  ["quiet for 900 s", "calm", { seconds: "900" }],
  ["31 waiting, limit 30", "queue_length", { now: "31", limit: "30" }],
  ["forecast 71% in time, limit 80%", "forecast", { now: "71", limit: "80" }],
  ["weather notice red: 台风：大风\n有雨", "notice", { level: "red", text: "台风：大风\n有雨" }],
  ["storm mode", "storm", {}],
  ["storm mode: weather 4, limit 4", "stormFor", { why: "weather 4, limit 4" }],
  ["storm mode is off", "over", {}],
])("the rule's reason %s", (why, code, figures) => expect(ruled(why)).toEqual({ code, figures }));

test.each(["台风过境", "", "weather", "moon 4, limit 4"])("words of a person or of a newer server: %s", (why) => expect(ruled(why)).toBeNull());
