/** Why a call waits, as sentences: which words, with what in their holes; pure. */
import type { Explanation } from "../api/supervision";

export interface Sentence {
  /** Key of the words below `why.`. */
  key: string;
  holes: Record<string, string | number>;
}

export interface Names {
  agent(id: string): string;
  queue(id: string): string;
  skill(id: string): string;
  cause(id: string): string;
  rule(id: string): string;
  time(seconds: number): string;
  list(words: string[]): string;
}

/** What most of those who are free lack: skill -> how many people. */
export function lacking(explanation: Explanation): [string, number][] {
  const counts = new Map<string, number>();
  for (const one of explanation.agents) {
    if (!one.free || one.fits) continue;
    for (const skill of one.lacks) counts.set(skill, (counts.get(skill) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]);
}

export function sentences(explanation: Explanation, names: Names): Sentence[] {
  const { stand, position, waited_s: waited, need, agents } = explanation;
  const told: Sentence[] = [];
  const say = (key: string, holes: Sentence["holes"] = {}): void => void told.push({ key, holes });
  if (stand === "waiting" && position !== null) say("position", { position, waited: names.time(waited ?? 0) });
  else if (stand === "offered") say("offered", { waited: names.time(waited ?? 0) });
  else if (stand === "parked") say("known");
  if (stand === "waiting") {
    people(explanation, say, names);
    if (need !== null && Object.keys(need.skills).length > 0) {
      const skills = Object.entries(need.skills).map(([skill, level]) => `${names.skill(skill)} ≥ ${level}`);
      say("skills", { skills: names.list(skills) });
    }
    if (need !== null && need.groups.length > 0) say("groups", { groups: names.list(need.groups) });
    if (explanation.held_for !== null) say("held", { name: names.agent(explanation.held_for) });
    if ((explanation.step ?? 0) > 0) say("relaxed", { step: explanation.step ?? 0 });
    if (explanation.next_change_s !== null) say("next", { time: names.time(explanation.next_change_s) });
    if (explanation.queues.length > 1) say("queues", { queues: names.list(explanation.queues.slice(1).map(names.queue)) });
  }
  if (explanation.ahead_s !== null && explanation.ahead_s > 0) {
    say("ahead", { causes: names.list(explanation.causes.map(names.cause)), time: names.time(explanation.ahead_s) });
  }
  for (const one of explanation.decisions) {
    say("decision", { name: names.agent(one.agent_id), rule: names.rule(one.rule), waited: names.time(one.waited_s) });
  }
  if (told.length === 0) say("nothing");
  return told;

  function people({ agents: beside }: Explanation, tell: typeof say, called: Names): void {
    const free = beside.filter((one) => one.free);
    const able = beside.filter((one) => one.fits);
    if (agents.length === 0) tell("nobodyThere");
    else if (able.some((one) => one.free)) tell("soon", { count: able.filter((one) => one.free).length });
    else if (able.length > 0) tell("allBusy", { count: able.length });
    else tell("nobodyAble");
    const lacks = lacking(explanation);
    if (free.length > 0 && lacks.length > 0) {
      tell("freeLack", { count: free.filter((one) => !one.fits).length, skills: called.list(lacks.map(([skill]) => called.skill(skill))) });
    }
  }
}
