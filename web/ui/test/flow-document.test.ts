/** What an edit of a flow changes in its text, and what it leaves as it was. */
import { describe, expect, it } from "vitest";
import {
  addNode,
  EditError,
  type Files,
  nodeAt,
  readFlow,
  removeNode,
  renameKey,
  renameNode,
  setField,
  setTop,
  waysOf,
  waysTo,
} from "../src/flows/document";
import { begin, edited, redo, same, undo } from "../src/flows/history";
import { BOX_WIDTH, heightOf, plan } from "../src/flows/layout";
import { saidBy, textOf } from "../src/flows/said";
import { byTelephoneKey, type FlowSchema, verbsOf } from "../src/flows/schema";

const node = { type: "string", "x-names": "node" };
const prompts = { type: "array", items: { type: "string" }, "x-names": "prompt" };
const SCHEMA: FlowSchema = {
  $defs: {
    Menu: {
      description: "Says prompts.",
      required: ["do", "prompts", "keys", "give_up"],
      properties: {
        do: { const: "menu" },
        note: { type: "string" },
        prompts,
        keys: { type: "object", propertyNames: { pattern: "^[0-9*#]$" }, "x-names": "node" },
        give_up: node,
        unheard: { anyOf: [{ type: "string" }, { type: "null" }], "x-names": "node" },
      },
    },
    Play: { required: ["do", "prompts", "next"], properties: { do: { const: "play" }, prompts, next: node } },
    Branch: {
      properties: { do: { const: "branch" }, when: { type: "object", "x-names": "node" }, next: node },
    },
    Say: { properties: { do: { const: "say" }, text: { type: "string" }, next: node } },
    Fault: { properties: { do: { const: "fault" }, scope: { enum: ["room", "home"], type: "string" }, next: node } },
    Subflow: {
      required: ["do", "start", "exits"],
      properties: {
        do: { const: "subflow" },
        start: node,
        exits: { type: "object", propertyNames: { pattern: "^[^\\s.]+$" }, "x-names": "node" },
      },
    },
    Return: { required: ["do", "exit"], properties: { do: { const: "return" }, exit: { type: "string" } } },
    Hangup: { properties: { do: { const: "hangup" }, prompts } },
  } as never,
};
const VERBS = verbsOf(SCHEMA);

const MAIN = `# the menu of the town
flow: hotline   # its name
version: 1
start: welcome
trouble: 'bye'
include: [part.yaml]
nodes:
  # ---- the beginning ----
  welcome:
    do: play
    prompts: [greeting]   # by the time of day
    next: main
  main:
    do: menu
    note: >-
      long words
      on two lines
    prompts: [menu]
    keys: {"1": fault,   "0": bye}   # aligned by hand
    give_up: "bye"
    # about main, at its end

  # ---- the end ----
  bye:
    do: hangup
`;
const PART = `nodes:
    fault:
        do: branch
        when:
            hour < 8: bye      # at night
            identified: main
        next: main
`;
const FILES: Files = { "hotline.yaml": MAIN, "part.yaml": PART };

function main(files: Files): string {
  return files["hotline.yaml"] ?? "";
}

describe("reading", () => {
  it("finds nodes of all files, their lines and ways", () => {
    const flow = readFlow(FILES);
    expect([flow.main, flow.start, flow.trouble]).toEqual(["hotline.yaml", "welcome", "bye"]);
    expect([...flow.nodes.keys()]).toEqual(["welcome", "main", "bye", "fault"]);
    expect(flow.nodes.get("main")?.line).toBe(13);
    expect(waysOf(flow.nodes.get("main")!, VERBS).map((way) => [way.field, way.key, way.to])).toEqual([
      ["keys", "1", "fault"],
      ["keys", "0", "bye"],
      ["give_up", null, "bye"],
    ]);
    expect(waysTo(flow, "bye", VERBS).length).toBe(3);
    expect(nodeAt(flow, "hotline.yaml", 15)).toBe("main");
    expect(nodeAt(flow, "hotline.yaml", 3)).toBe(null);
  });

  it("tells what is no YAML by its line", () => {
    const { faults } = readFlow({ "a.yaml": "flow: x\nnodes:\n  a: {do: play\n  b: [\n" });
    expect(faults[0]?.line).toBeGreaterThanOrEqual(3);
    expect(faults[0]?.file).toBe("a.yaml");
  });

  it("knows fields by the schema alone", () => {
    const kinds = Object.fromEntries(VERBS.get("menu")!.fields.map((field) => [field.name, field.kind]));
    expect(kinds).toEqual({ prompts: "prompts", keys: "nodes", give_up: "node", unheard: "node" });
    expect(VERBS.get("menu")!.fields.filter(byTelephoneKey).map((field) => field.name)).toEqual(["keys"]);
    expect(VERBS.get("fault")!.fields[0]).toMatchObject({ kind: "choice", choices: ["room", "home"] });
  });
});

describe("an edit touches its node alone", () => {
  it("changes one key and keeps comments, order and alignment elsewhere", () => {
    const after = main(setField(FILES, "main", ["keys", "1"], "welcome"));
    expect(after).toBe(MAIN.replace('{"1": fault,   "0": bye}   #', '{"1": welcome, "0": bye} #'));
  });

  it("adds a key in quotes and takes one away", () => {
    const more = setField(FILES, "main", ["keys", "2"], "bye");
    expect(main(more)).toContain('keys: {"1": fault, "0": bye, "2": bye} # aligned by hand');
    expect(main(setField(more, "main", ["keys", "1"], undefined))).toContain('keys: {"0": bye, "2": bye}');
  });

  it("changes a key in its place", () => {
    expect(main(renameKey(FILES, "main", "keys", "1", "5"))).toContain('keys: {"5": fault, "0": bye}');
    expect(() => renameKey(FILES, "main", "keys", "1", "0")).toThrow(EditError);
  });

  it("adds and takes a field; a list keeps what stays", () => {
    const set = setField(FILES, "welcome", ["prompts"], ["greeting", "notice"]);
    expect(main(set)).toContain("    prompts: [greeting, notice] # by the time of day\n    next: main\n");
    expect(main(setField(FILES, "bye", ["prompts"], ["goodbye"]))).toBe(`${MAIN}    prompts: [goodbye]\n`);
    expect(main(setField(FILES, "main", ["note"], undefined))).not.toContain("two lines");
  });

  it("keeps a comment at the end of a node, and the file's own indentation", () => {
    expect(main(setField(FILES, "main", ["unheard"], "bye"))).toContain(
      '    give_up: "bye"\n    unheard: bye\n    # about main, at its end\n\n  # ---- the end ----\n',
    );
    const part = setField(FILES, "fault", ["when", "identified"], "bye")["part.yaml"];
    expect(part).toBe(PART.replace("identified: main", "identified: bye").replace("bye      #", "bye # "). replace("#  at", "# at"));
  });

  it("writes a text that needs quotes so that it is read back", () => {
    const text = "您好：# 今天 {name}，\n\"是\"";
    const set = setField(addNode(FILES, readFlow(FILES), "hello", { do: "say", text: "x", next: "bye" }, "welcome"), "hello", ["text"], text);
    expect(readFlow(set).nodes.get("hello")?.fields["text"]).toBe(text);
  });
});

describe("nodes", () => {
  it("a new name is followed by every way, in every file, and nothing else changes", () => {
    const after = renameNode(FILES, readFlow(FILES), "bye", "再见", VERBS);
    const expected = MAIN.replace("trouble: 'bye'", "trouble: '再见'")
      .replace('"0": bye', '"0": 再见')
      .replace('give_up: "bye"', 'give_up: "再见"')
      .replace("  bye:\n", "  再见:\n");
    expect(main(after)).toBe(expected);
    expect(after["part.yaml"]).toBe(PART.replace("8: bye", "8: 再见"));
    expect(waysTo(readFlow(after), "bye", VERBS)).toEqual([]);
  });

  it("a name that is taken or none is refused", () => {
    const flow = readFlow(FILES);
    expect(() => renameNode(FILES, flow, "bye", "main", VERBS)).toThrow("name_taken");
    expect(() => renameNode(FILES, flow, "bye", "a b", VERBS)).toThrow("bad_name");
  });

  it("a word that YAML would take for no text is quoted", () => {
    const after = renameNode(FILES, readFlow(FILES), "bye", "true", VERBS);
    expect(readFlow(after).nodes.has("true")).toBe(true);
    expect(waysTo(readFlow(after), "true", VERBS).length).toBe(3);
  });

  it("a new one stands after the one it was made from, in that one's file", () => {
    const flow = readFlow(FILES);
    const after = addNode(FILES, flow, "notice", { do: "play", prompts: ["a"], next: "main" }, "welcome");
    expect(main(after)).toBe(
      MAIN.replace("    next: main\n  main:", "    next: main\n  notice:\n    do: play\n    prompts: [a]\n    next: main\n  main:"),
    );
    const inPart = addNode(FILES, flow, "more", { do: "menu", keys: { "1": "bye" } }, "fault")["part.yaml"];
    expect(inPart).toBe(`${PART}    more:\n        do: menu\n        keys: {"1": bye}\n`);
  });

  it("a removed one takes its own text; its ways lead elsewhere when asked", () => {
    const flow = readFlow(FILES);
    const after = removeNode(FILES, flow, "main", "bye", VERBS);
    expect(main(after)).toBe(
      MAIN.replace(/ {2}main:[\s\S]*at its end\n/, "").replace("    next: main\n", "    next: bye\n"),
    );
    expect(after["part.yaml"]).toContain("identified: bye");
    expect(readFlow(removeNode(FILES, flow, "main", null, VERBS)).nodes.get("welcome")?.fields["next"]).toBe("main");
    expect(() => removeNode({ "part.yaml": PART }, readFlow({ "part.yaml": PART }), "fault", null, VERBS)).toThrow("last_node");
  });

  it("another beginning", () => {
    expect(main(setTop(FILES, readFlow(FILES), "trouble", "main"))).toBe(MAIN.replace("trouble: 'bye'", "trouble: 'main'"));
  });
});

describe("a part that several places share", () => {
  const text = `flow: parts
start: one
trouble: bye
nodes:
  one: {do: subflow, start: ask, exits: {done: two, left: bye}}
  two: {do: subflow, start: ask, exits: {done: bye}}
  ask: {do: play, prompts: [menu], next: back}
  back: {do: return, exit: done}
  bye: {do: hangup}
`;
  const files = { "parts.yaml": text };
  const flow = readFlow(files);

  it("leads to its first step and by its exits; a return has no way of its own", () => {
    const ways = (name: string) => waysOf(flow.nodes.get(name)!, VERBS).map((way) => [way.field, way.key, way.to]);
    expect(ways("one")).toEqual([
      ["start", null, "ask"],
      ["exits", "done", "two"],
      ["exits", "left", "bye"],
    ]);
    expect(ways("back")).toEqual([]);
    expect(saidBy(flow.nodes.get("back")!, VERBS, new Map())).toBe("→ done");
    expect([textOf("查询电费请按二。", new Map()), textOf("meenu", new Map())]).toEqual(["查询电费请按二。", "〈meenu〉"]);
    const fields = VERBS.get("subflow")!.fields;
    expect(fields.map((field) => [field.kind, byTelephoneKey(field)])).toEqual([["node", false], ["nodes", false]]);
  });

  it("has a place in the picture, the return too, and a line from one step to the next", () => {
    const drawn = plan(flow, VERBS);
    expect([...drawn.places.keys()]).toEqual(["one", "two", "ask", "back", "bye"]);
    expect([...drawn.drawn].map((way) => `${way.from}>${way.to}`)).toContain("one>ask");
  });

  it("is edited as any step: an exit renamed, a new one, the first step renamed everywhere", () => {
    const more = renameKey(setField(files, "one", ["exits", "late"], "bye"), "one", "exits", "left", "gone");
    expect(more["parts.yaml"]).toContain("exits: {done: two, gone: bye, late: bye}");
    const renamed = renameNode(files, flow, "ask", "question", VERBS)["parts.yaml"] ?? "";
    expect(renamed.match(/start: question/g)?.length).toBe(2);
  });
});

describe("undo", () => {
  it("goes back and forth; typing in one field is one step", () => {
    let history = begin(FILES);
    history = edited(history, setField(FILES, "main", ["note"], "a"), "main.note", 1000);
    history = edited(history, setField(FILES, "main", ["note"], "ab"), "main.note", 1500);
    const other = setField(history.now, "bye", ["note"], "c");
    history = edited(history, other, "bye.note", 1600);
    expect(history.past.length).toBe(2);
    history = undo(undo(history));
    expect(same(history.now, FILES)).toBe(true);
    history = redo(redo(history));
    expect(history.now).toEqual(other);
    expect(edited(undo(history), FILES, "x", 9000).future).toEqual([]);
  });
});

describe("the picture", () => {
  const lines = Array.from({ length: 70 }, (_, n) => {
    const keys = `{"1": 第${(n * 7 + 1) % 70}个很长的名称, "2": 第${Math.min(69, n + 1)}个很长的名称, "0": 人工}`;
    return `  第${n}个很长的名称:\n    do: menu\n    prompts: [menu]\n    keys: ${keys}\n    give_up: 人工\n`;
  });
  const text = `flow: big\nversion: 1\nstart: 第0个很长的名称\ntrouble: 人工\nnodes:\n${lines.join("")}  人工:\n    do: hangup\n`;
  const flow = readFlow({ "big.yaml": text });
  const drawn = plan(flow, VERBS);

  it("has a place for every node, none over another", () => {
    const boxes = [...flow.nodes.values()].map((one) => {
      const at = drawn.places.get(one.name)!;
      return { ...at, bottom: at.y + heightOf(waysOf(one, VERBS).length), right: at.x + BOX_WIDTH };
    });
    expect(boxes.length).toBe(71);
    const over = boxes.filter((a, i) =>
      boxes.some((b, k) => k > i && a.x < b.right && b.x < a.right && a.y < b.bottom && b.y < a.bottom),
    );
    expect(over).toEqual([]);
  });

  it("draws no lines to what everything leads to, but one", () => {
    expect(drawn.ways.filter((way) => way.to === "人工").length).toBe(140);
    expect([...drawn.drawn].filter((way) => way.to === "人工").length).toBe(1);
  });
});
