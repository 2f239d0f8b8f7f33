import { describe, expect, test } from "vitest";
import { commandFor } from "../src/desktop/kept";
import { NOTE_LIMIT } from "../src/desktop/limits";

describe("what brings a draft to the server", () => {
  const known = [{ code: "consult" }, { code: "fault" }];
  const draft = { callId: "c1", note: " about the late fee ", code: "consult" };

  test("is a wrap-up when its result is in the list", () => {
    const told = { type: "wrap-up", call_id: "c1", result_code: "consult", note: "about the late fee", key: "k" };
    expect(commandFor(draft, known, "k")).toEqual(told);
  });

  test("is a note that keeps a result which has left the list, and every letter of the words", () => {
    const sent = (note: string, code: string | null) => commandFor({ callId: "c1", note, code }, known, "k");
    const note = (text: string) => ({ type: "note", call_id: "c1", text, key: "k" });
    expect(sent("about the late fee", "tariffs")).toEqual(note("tariffs · about the late fee"));
    expect(sent("", "tariffs")).toEqual(note("tariffs"));
    expect(sent("about the late fee", null)).toEqual(note("about the late fee"));
    expect(sent("x".repeat(NOTE_LIMIT), "tariffs")).toEqual(note("x".repeat(NOTE_LIMIT)));
  });
});
