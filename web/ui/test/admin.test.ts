import { describe, expect, test } from "vitest";
import { ApiError } from "../src/api/http";
import { fieldOf } from "../src/admin/fault";
import { runs, weeksOf } from "../src/admin/months";
import { rulesOf } from "../src/admin/queues";
import { told } from "../src/admin/told";

const words = {
  m: (key: string, holes: Record<string, unknown> = {}) => [key, ...Object.values(holes)].filter((one) => one !== "").join(" "),
  word: (_: string, code: string | null | undefined) => `<${code}>`,
  day: (iso: string) => iso.slice(0, 10),
  inWords: (why: string) => `(${why})`,
};

function tell(event: string, data: Record<string, unknown>, people: Record<string, string> = {}) {
  return told({ seq: 1, at: "", event, area: "", by: null, by_name: null, data, people }, words);
}

describe("an act as a sentence", () => {
  test("names the person and what changed", () => {
    const changes = { role: ["agent", "deputy"], seat_id: ["1001", null], name: [null, "李"] };
    expect(tell("UserChanged", { user_id: "u", what: "changed", changes }, { u: "王芳" })).toEqual({
      text: "act.changed 王芳",
      changes: ["<role>: audit.to_ <agent> <deputy>", "<seat_id>: audit.to_ 1001 act.nothing", "<name>: 李"],
    });
  });

  test.each([
    ["AgentSkillsChanged", { agent_id: "u", skills: { english: 3 }, groups: [] }, "act.skills u english 3 act.nothing"],
    ["SeatChanged", { seat_id: "7", what: "page_ignored" }, "act.seat_page 7 <ignored>"],
    ["SettingChanged", { setting: "site.storm", value: true, why: "雷" }, "act.on <storm> act.why (雷)"],
    ["NumberBlocked", { caller: "138****0001", until: "2026-12-01T00:00:00Z", note: "" }, "act.blocked 138****0001 2026-12-01"],
    ["SomethingNewer", { x: 1 }, "SomethingNewer"],
    ["UserChanged", { user_id: "u", what: "merged" }, "act.user u merged"],
  ])("%s", (event, data, text) => expect(tell(event, data).text).toBe(text));
});

test("what is wrong is told at its field", () => {
  const refused = (code: string, details?: Record<string, unknown>) => fieldOf(new ApiError(400, { code, message: "", ...(details && { details }) }));
  expect(refused("bad_input", { field: "name" })).toBe("name");
  expect(refused("bad_input", { fields: [{ field: "role", problem: "x" }] })).toBe("role");
  expect(refused("user_exists", { username: "x" })).toBe("username");
  expect(refused("own_account")).toBe("");
  expect(fieldOf(new Error("x"))).toBe("");
});

test("the rules of a queue are told one by one", () => {
  const naming = {
    m: words.m,
    word: (_: string, code: string) => code,
    skill: (id: string) => id.toUpperCase(),
    group: (id: string) => `group ${id}`,
    queue: (id: string) => `queue ${id}`,
    join: (texts: string[]) => texts.join(", "),
  };
  expect(rulesOf({ id: "a", names: {}, strategy: "round_robin" }, naming)).toEqual(["round_robin", "queue.anybody", "queue.always"]);
  const whole = {
    id: "b",
    names: {},
    strategy: "best_skill",
    skills: { english: 3 },
    groups: ["main"],
    relax: [{ after_s: 30, skills: { english: 0 }, any_group: true }],
    overflow: [{ to: "a", after_s: 0, length: 5 }],
    hours: [{ days: ["working"], begins: "08:00", ends: "24:00" }],
    closed_to: "a",
    preferred_s: 20,
    wrap_up_s: 0,
    priority: { rate: 2 },
  };
  expect(rulesOf(whole, naming)).toEqual([
    "best_skill",
    "queue.needs queue.level ENGLISH 3",
    "queue.groups group main",
    "queue.relax 30 queue.relaxSkills queue.level ENGLISH 0, queue.anyGroup",
    "queue.overflow queue.afterS 0queue.orqueue.length 5 queue a",
    "queue.preferred 20",
    "queue.hours working 08:00–24:00",
    "queue.closed queue a",
    "queue.wrapUp 0",
    "queue.priority 0 2",
  ]);
});

test("a month is whole weeks from Monday on", () => {
  const weeks = weeksOf(2026, 2);
  expect(weeks.length).toBe(5);
  expect(weeks[0]).toEqual([null, null, null, null, null, null, "2026-02-01"]);
  expect(weeks[4]).toEqual(["2026-02-23", "2026-02-24", "2026-02-25", "2026-02-26", "2026-02-27", "2026-02-28", null]);
  expect(weeksOf(2024, 2).flat().filter(Boolean).length).toBe(29);
  expect(runs(["2026-02-28", "2026-03-01", "2026-03-03"])).toEqual([
    ["2026-02-28", "2026-03-01"],
    ["2026-03-03", "2026-03-03"],
  ]);
});
