/** An act of the audit as a sentence; pure, so that every kind can be tried. */
import type { AuditRow } from "../api/admin";

export interface Telling {
  m: (key: string, holes?: Record<string, unknown>) => string;
  word: (group: string, code: string | null | undefined) => string;
  day: (iso: string) => string;
  /** A rule's reason in words. */
  inWords: (why: string) => string;
}

const USER = new Set(["created", "changed", "disabled", "enabled", "password", "unlocked"]);
const SEAT = new Set(["added", "removed", "password"]);

/** What was done, and below it what was before and is now. */
export function told(row: AuditRow, { m, word, day, inWords }: Telling): { text: string; changes: string[] } {
  const { data } = row;
  const get = (name: string): string => (data[name] === null || data[name] === undefined ? "" : String(data[name]));
  const who = (name: string): string => row.people[get(name)] ?? get(name);
  const given = get("why") || get("note");
  const why = given ? m("act.why", { why: row.by ? given : inWords(given) }) : "";
  const one = (text: string, changes: string[] = []) => ({ text, changes });
  switch (row.event) {
    case "UserChanged": {
      const what = get("what");
      const text = USER.has(what) ? m(`act.${what}`, { who: who("user_id") }) : m("act.user", { who: who("user_id"), what });
      return one(text, changesOf(data["changes"], { m, word }));
    }
    case "AgentSkillsChanged": {
      const skills = Object.entries((data["skills"] ?? {}) as Record<string, number>).map(([name, level]) => `${name} ${level}`);
      const groups = (data["groups"] ?? []) as string[];
      const none = m("act.nothing");
      return one(m("act.skills", { who: who("agent_id"), skills: skills.join("、") || none, groups: groups.join("、") || none }));
    }
    case "SeatChanged": {
      const [seat, what] = [get("seat_id"), get("what")];
      if (SEAT.has(what)) return one(m(`act.seat_${what}`, { seat }));
      if (what.startsWith("page_")) return one(m("act.seat_page", { seat, what: word("page", what.slice(5)) }));
      return one(m("act.seat", { seat, what }));
    }
    case "SettingChanged":
      return one(m(data["value"] === true ? "act.on" : "act.off", { setting: word("setting", get("setting").replace("site.", "")), why }));
    case "FlowDrafted":
      return one(m("act.drafted", { flow: get("flow"), version: get("version") }));
    case "FlowPublished":
      return one(m("act.published", { flow: get("flow"), version: get("version"), why }));
    case "FlowRolledBack":
      return one(m("act.rolledBack", { flow: get("flow"), version: get("version"), why }));
    case "AnnouncementSwitched":
      return one(m(data["on"] === true ? "act.announced" : "act.unannounced"));
    case "ShiftOpened":
      return one(m("act.shiftOpened", { shift: get("shift_id") }));
    case "ShiftClosed":
      return one(m("act.shiftClosed", { shift: get("shift_id") }));
    case "ShiftTakenOver":
      return one(m("act.shiftTaken", { shift: get("shift_id") }));
    case "BackupActivated":
      return one(m("act.backupOn", { why }));
    case "BackupReleased":
      return one(m("act.backupOff", { why }));
    case "WeatherNoticed":
      return one(m("act.weather", { level: get("level") }));
    case "NumberBlocked":
      return one(m("act.blocked", { number: get("caller"), until: day(get("until")), why }));
    case "NumberUnblocked":
      return one(m("act.unblocked", { number: get("caller"), why }));
    case "CustomerCreated":
      return one(m("act.newCustomer", { customer: get("customer_id"), call: get("call_id") }));
    case "CustomerNumberAdded":
      return one(m("act.newNumber", { number: get("caller"), customer: get("customer_id") }));
    case "SignedIn":
      return one(m("act.signedIn", { address: get("address") }));
    case "SignedOut":
      return one(m("act.signedOut", { address: get("address") }));
    case "SignInRefused": {
      const locked = (data["locked"] ?? []) as string[];
      const what = locked.map((one) => word("locked", one)).join("、");
      const text = m("act.refused", { who: who("user_id") || m("act.nothing"), address: get("address"), why: word("refusal", get("why")) });
      return one(text, locked.length > 0 ? [m("act.locked", { what })] : []);
    }
    case "AgentForced": {
      const reason = get("reason") ? m("act.why", { why: get("reason") }) : "";
      return one(m("act.forced", { who: who("agent_id"), state: word("wanted", get("wanted")), why: reason }));
    }
    case "TalkEndedByLead":
      return one(m("act.ended", { who: who("agent_id") }));
    case "MessageSent": {
      const to = ((data["to"] ?? []) as string[]).map((id) => row.people[id] ?? id);
      return one(to.length > 0 ? m("act.wrote", { who: to.join("、") }) : m("act.wroteAll"));
    }
    case "CustomerFileOpened":
      return one(m(get("call_id") ? "act.fileOpenedInCall" : "act.fileOpened", { account: get("account") || m("act.nothing") }));
    case "AgentReserved":
      return one(m("act.popped"));
    case "MonitorStarted":
      return one(m("act.monitored", { who: who("watched_agent_id"), mode: word("mode", get("mode")) }));
    case "RecordingHeard":
      return one(m("act.heard", { recording: get("recording_id") }));
    case "AuditExported":
      return one(m("act.exported", { rows: get("rows") }));
    case "OwnFileChanged":
      return one(m(get("back_to") ? "act.listBack" : "act.list", { list: word("list", get("name")), why }), changesOf(data["changes"], { m, word }));
    default:
      return one(row.event);
  }
}

function changesOf(changes: unknown, { m, word }: Pick<Telling, "m" | "word">): string[] {
  return Object.entries((changes ?? {}) as Record<string, [string | null, string | null]>).map(([field, [before, after]]) => {
    const say = (value: string | null): string => (value === null || value === "" ? m("act.nothing") : field === "role" ? word("role", value) : value);
    const name = word("field", field);
    return before === null && after !== null ? `${name}: ${say(after)}` : `${name}: ${m("audit.to_", { before: say(before), after: say(after) })}`;
  });
}
