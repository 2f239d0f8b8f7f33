/** The lines of a tried call as `POST …/simulate` tells them: time, then node, words, the caller's turn, or an event. */
export interface Line {
  at: string;
  who: "node" | "hotline" | "caller" | "event";
  text: string;
  /** The prompt, when the words are one. */
  prompt: string;
}

const SHAPE = /^(\d+:\d\d(?:\.\d)?) ?(.*)$/;

export function lineOf(text: string): Line {
  const [, at = "", rest = text] = SHAPE.exec(text) ?? [];
  const node = /^\s*\[(.+)\]$/.exec(rest);
  if (node !== null) return { at, who: "node", text: node[1] ?? "", prompt: "" };
  const caller = /^\s*> (.*)$/.exec(rest);
  if (caller !== null) return { at, who: "caller", text: caller[1] ?? "", prompt: "" };
  const event = /^\s*-- (.*)$/.exec(rest);
  if (event !== null) return { at, who: "event", text: event[1] ?? "", prompt: "" };
  const [, words = rest, prompt = ""] = /^\s*(.*?)(?:\s{2}\((\w+)\))?$/.exec(rest) ?? [];
  return { at, who: "hotline", text: words.trim(), prompt };
}

export interface Talk {
  lines: Line[];
  /** The call goes on: the hang-up at its end is only that nobody has pressed anything more. */
  waits: boolean;
  queued: boolean;
}

/** A tried call hangs up after its last step; unless that was the caller's wish, the call waits there. */
export function talkOf(texts: string[], hungUp: boolean): Talk {
  const lines = texts.map(lineOf);
  const end = lines.findLastIndex((line) => line.who === "caller" && line.text === "(hangs up)");
  const waits = !hungUp && end >= 0;
  const shown = waits ? lines.slice(0, end) : lines;
  const last = shown.findLastIndex((line) => line.who === "event");
  const queued = waits && last >= 0 && (shown[last]?.text.startsWith("waits in queue") ?? false);
  return { lines: shown, waits, queued: queued && shown.slice(last + 1).every((line) => line.who !== "node") };
}
