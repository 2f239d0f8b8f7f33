/** What a queue of the file says, in plain words; pure. The file has been checked, so its rows are as documented. */

interface Step {
  after_s: number;
  skills?: Record<string, number>;
  groups?: string[];
  any_group?: boolean;
}

interface Overflow {
  to: string;
  after_s?: number | null;
  length?: number | null;
  expected_s?: number | null;
}

export interface QueueRow {
  id: string;
  names: Record<string, string>;
  strategy: string;
  skills?: Record<string, number>;
  groups?: string[];
  relax?: Step[];
  overflow?: Overflow[];
  priority?: { start?: number; rate?: number };
  hours?: { days: string[]; begins: string; ends: string }[];
  closed_to?: string | null;
  preferred_s?: number;
  wrap_up_s?: number | null;
}

export interface Naming {
  m: (key: string, holes?: Record<string, unknown>) => string;
  word: (group: string, code: string) => string;
  skill: (id: string) => string;
  group: (id: string) => string;
  queue: (id: string) => string;
  /** Joins a list as the language does. */
  join: (texts: string[]) => string;
}

/** One line for each rule of a queue. */
export function rulesOf(row: QueueRow, naming: Naming): string[] {
  const { m, word, group, queue, join } = naming;
  const lines = [word("queue.strategy", row.strategy)];
  const skills = row.skills ?? {};
  lines.push(Object.keys(skills).length > 0 ? m("queue.needs", { skills: levels(skills, naming) }) : m("queue.anybody"));
  if (row.groups?.length) lines.push(m("queue.groups", { groups: join(row.groups.map(group)) }));
  for (const step of row.relax ?? []) lines.push(m("queue.relax", { seconds: step.after_s, what: join(eased(step, naming)) }));
  for (const over of row.overflow ?? []) lines.push(m("queue.overflow", { when: whenOf(over, naming), to: queue(over.to) }));
  if (row.preferred_s) lines.push(m("queue.preferred", { seconds: row.preferred_s }));
  const hours = (row.hours ?? []).map((one) => `${join(one.days.map((day) => word("day", day)))} ${one.begins}–${one.ends}`);
  lines.push(hours.length > 0 ? m("queue.hours", { hours: join(hours) }) : m("queue.always"));
  if (row.closed_to) lines.push(m("queue.closed", { to: queue(row.closed_to) }));
  if (row.wrap_up_s !== undefined && row.wrap_up_s !== null) lines.push(m("queue.wrapUp", { seconds: row.wrap_up_s }));
  if (row.priority) lines.push(m("queue.priority", { start: row.priority.start ?? 0, rate: row.priority.rate ?? 1 }));
  return lines;
}

function levels(skills: Record<string, number>, { m, skill, join }: Naming): string {
  return join(Object.entries(skills).map(([id, level]) => m("queue.level", { skill: skill(id), level })));
}

function eased(step: Step, naming: Naming): string[] {
  const { m, group, join } = naming;
  const texts: string[] = [];
  if (step.skills) texts.push(m("queue.relaxSkills", { skills: levels(step.skills, naming) }));
  if (step.groups?.length) texts.push(m("queue.relaxGroups", { groups: join(step.groups.map(group)) }));
  if (step.any_group) texts.push(m("queue.anyGroup"));
  return texts;
}

function whenOf(over: Overflow, { m }: Naming): string {
  const when: string[] = [];
  if (over.after_s !== undefined && over.after_s !== null) when.push(m("queue.afterS", { seconds: over.after_s }));
  if (over.length !== undefined && over.length !== null) when.push(m("queue.length", { count: over.length }));
  if (over.expected_s !== undefined && over.expected_s !== null) when.push(m("queue.expected", { seconds: over.expected_s }));
  return when.join(m("queue.or"));
}
