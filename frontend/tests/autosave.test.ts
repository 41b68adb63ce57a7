import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { ApiError } from "@/api/http";
import type { Author, FileText, SavedFile, SaveFile } from "@/api/types";
import { DocumentSession, LONGEST_UNSAVED, SAVE_DELAY, type Draft, type SaveState } from "@/support/autosave";
import { rebasedChanges } from "@/support/rebase";

const author: Author = { kind: "person", name: "Ada", role: null, run: null };

function fileOf(revision: number, text: string): FileText {
  const updated_at = "2026-01-01T00:00:00Z";
  return { id: 7, path: "a.md", label: "", role: null, revision, hash: "", size: text.length, author, updated_at, text };
}

/** A server with one file, which answers as it is told. */
class FakeServer {
  file = fileOf(1, "one\n");
  saves: SaveFile[] = [];
  answers: ((body: SaveFile) => SavedFile | Promise<SavedFile>)[] = [];

  read = vi.fn(() => Promise.resolve(this.file));

  save = vi.fn(async (body: SaveFile): Promise<SavedFile> => {
    this.saves.push(body);
    const answer = this.answers.shift();
    return answer ? answer(body) : this.take(body.text);
  });

  take(text: string, isMerged = false): SavedFile {
    this.file = fileOf(this.file.revision + 1, text);
    return { ...this.file, is_merged: isMerged };
  }
}

/** What an editor does: holds the text, applies changes around what was typed. */
class FakeEditor {
  constructor(public text: string) {}

  read(): string {
    return this.text;
  }

  patch(from: string, to: string): void {
    const { text } = this;
    let result = "";
    let at = 0;
    rebasedChanges(text, from, to).iterChanges((fromA, toA, _fromB, _toB, inserted) => {
      result += text.slice(at, fromA) + inserted.toString();
      at = toA;
    });
    this.text = result + text.slice(at);
  }
}

async function openSession({ draft = null as Draft | null } = {}) {
  const server = new FakeServer();
  const kept: { draft: Draft | null } = { draft };
  const states: SaveState[] = [];
  const session = new DocumentSession({
    read: server.read,
    save: server.save,
    drafts: {
      load: () => kept.draft,
      keep: (next) => {
        kept.draft = next;
      },
      forget: () => {
        kept.draft = null;
      },
    },
    onChange: ({ state }) => states.push(state),
    random: () => 0.5,
  });
  await session.open();
  const editor = new FakeEditor(session.text);
  session.attach(editor);
  const type = (text: string) => {
    editor.text = text;
    session.edited();
  };
  return { server, session, editor, kept, states, type };
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const wait = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

describe("saving", () => {
  it("saves a moment after the last key, on the revision it began with", async () => {
    const { server, session, type } = await openSession();

    type("one\ntw");
    await wait(SAVE_DELAY - 1);
    type("one\ntwo\n");
    expect(session.state).toBe("dirty");
    await wait(SAVE_DELAY);

    expect(server.saves).toEqual([{ text: "one\ntwo\n", base: 1, file: 7 }]);
    expect(session.state).toBe("saved");
    expect(session.revision).toBe(2);
  });

  it("does not wait forever for a pause", async () => {
    const { server, type } = await openSession();

    for (let letter = 0; letter * 300 <= LONGEST_UNSAVED; letter++) {
      type(`one\n${"x".repeat(letter)}`);
      await wait(300);
    }

    expect(server.saves.length).toBeGreaterThan(0);
  });

  it("saves what was typed while a save was under way", async () => {
    const { server, session, type } = await openSession();
    let answer: (saved: SavedFile) => void = () => undefined;
    server.answers.push(() => new Promise((resolve) => (answer = resolve)));

    type("one\ntwo\n");
    await wait(SAVE_DELAY);
    type("one\ntwo\nthree\n");
    answer(server.take("one\ntwo\n"));
    await wait(0);
    expect(session.state).toBe("dirty");
    await wait(SAVE_DELAY);

    expect(server.saves).toEqual([{ text: "one\ntwo\n", base: 1, file: 7 }, { text: "one\ntwo\nthree\n", base: 2, file: 7 }]);
  });

  it("sends nothing when nothing changed", async () => {
    const { server, session, type } = await openSession();

    type("one\ntwo\n");
    type("one\n");
    await wait(SAVE_DELAY);
    await session.save();

    expect(server.saves).toEqual([]);
    expect(session.state).toBe("saved");
  });
});

describe("others", () => {
  it("takes a newer revision into a clean text", async () => {
    const { server, session, editor } = await openSession();
    server.take("one\nby another\n");

    await session.noticed(2);

    expect(editor.text).toBe("one\nby another\n");
    expect(session.state).toBe("saved");
    expect(session.revision).toBe(2);
    expect(server.saves).toEqual([]);
  });

  it("ignores the news of its own save", async () => {
    const { server, session, type } = await openSession();
    type("one\ntwo\n");
    await wait(SAVE_DELAY);
    server.read.mockClear();

    await session.noticed(2);

    expect(server.read).not.toHaveBeenCalled();
  });

  it("lets the server merge into a text with unsaved changes", async () => {
    const { server, session, editor, type } = await openSession();
    server.take("zero\none\n");
    server.answers.push(() => server.take("zero\none\ntwo\n", true));

    type("one\ntwo\n");
    await session.noticed(2);

    expect(server.saves).toEqual([{ text: "one\ntwo\n", base: 1, file: 7 }]);
    expect(editor.text).toBe("zero\none\ntwo\n");
    expect(session.state).toBe("merged");
  });

  it("keeps what was typed while a merging save was under way", async () => {
    const { server, session, editor, type } = await openSession();
    server.answers.push(() => {
      type("one\ntwo\nthree\n");
      return server.take("zero\none\ntwo\n", true);
    });

    type("one\ntwo\n");
    await wait(SAVE_DELAY);
    expect(editor.text).toBe("zero\none\ntwo\nthree\n");
    await wait(SAVE_DELAY);

    expect(server.file.text).toBe("zero\none\ntwo\nthree\n");
    expect(session.hasUnsavedText).toBe(false);
  });

  it("does not touch a text that was edited while the newer revision was fetched", async () => {
    const { server, session, editor, type } = await openSession();
    server.read.mockImplementationOnce(() => {
      type("one\nmine\n");
      return Promise.resolve(server.file);
    });
    server.take("zero\none\n");
    server.answers.push(() => server.take("zero\none\nmine\n", true));

    await session.noticed(2);
    expect(editor.text).toBe("one\nmine\n");
    await wait(SAVE_DELAY);

    expect(server.saves[0]).toEqual({ text: "one\nmine\n", base: 1, file: 7 });
    expect(editor.text).toBe("zero\none\nmine\n");
  });
});

describe("refusals", () => {
  const conflict = (theirs: FileText) =>
    new ApiError(409, {
      code: "conflict",
      details: { base: { revision: 1, text: "one\n" }, theirs: { ...theirs }, mine: { text: "mine\n" } },
    });

  it("shows a conflict, sends nothing more, and saves what settles it over their revision", async () => {
    const { server, session, editor, type } = await openSession();
    server.answers.push(() => {
      server.take("theirs\n");
      throw conflict(server.file);
    });

    type("mine\n");
    await wait(SAVE_DELAY);
    expect(session.state).toBe("conflict");
    type("mine, still\n");
    await wait(60_000);
    expect(server.saves).toHaveLength(1);

    await session.resolve("both\n");
    expect(server.saves.at(-1)).toEqual({ text: "both\n", base: 2, file: 7 });
    expect(session.state).toBe("saved");
    expect(editor.text).toBe("both\n");
  });

  it.each([0, 429, 500, 503])("tries again after %i, and keeps the text meanwhile", async (status) => {
    const { server, session, kept, type } = await openSession();
    server.answers.push(() => {
      throw new ApiError(status);
    });

    type("one\ntwo\n");
    await wait(SAVE_DELAY);
    expect(session.state).toBe("retrying");
    expect(kept.draft).toEqual({ text: "one\ntwo\n", base: 1 });
    await wait(1_000);

    expect(session.state).toBe("saved");
    expect(server.saves).toHaveLength(2);
    expect(kept.draft).toBeNull();
  });

  it("waits as long as the server asks for", async () => {
    const { server, type } = await openSession();
    server.answers.push(() => {
      throw new ApiError(503, { code: "locked" }, 7);
    });

    type("one\ntwo\n");
    await wait(SAVE_DELAY + 6_900);
    expect(server.saves).toHaveLength(1);
    await wait(200);

    expect(server.saves).toHaveLength(2);
  });

  it("says what is invalid, and saves it anyway when told so", async () => {
    const { server, session, type } = await openSession();
    server.answers.push(() => {
      throw new ApiError(422, { code: "invalid", detail: "Line 1: a brace is missing." });
    });

    type("{");
    await wait(SAVE_DELAY);
    expect(session.state).toBe("invalid");
    expect(session.problem).toBe("Line 1: a brace is missing.");
    await session.save({ allowInvalid: true });

    expect(server.saves.at(-1)).toEqual({ text: "{", base: 1, file: 7, allow_invalid: true });
    expect(session.state).toBe("saved");
  });

  it.each([401, 403, 404])("keeps the text when refused with %i", async (status) => {
    const { server, session, kept, type } = await openSession();
    server.answers.push(() => {
      throw new ApiError(status);
    });

    type("one\ntwo\n");
    await wait(SAVE_DELAY);
    type("one\ntwo\nthree\n");
    await wait(60_000);

    expect(session.state).toBe("refused");
    expect(server.saves).toHaveLength(1);
    expect(kept.draft?.text).toBe("one\ntwo\nthree\n");
  });
});

describe("drafts", () => {
  it("keeps what was typed in the browser until the server has it", async () => {
    const { kept, type } = await openSession();

    type("one\ntwo\n");
    await wait(300);
    expect(kept.draft).toEqual({ text: "one\ntwo\n", base: 1 });
    await wait(SAVE_DELAY);

    expect(kept.draft).toBeNull();
  });

  it("goes on from an earlier visit, on the revision that it was written on", async () => {
    const { server, session } = await openSession({ draft: { text: "from yesterday\n", base: 1 } });
    await wait(0);

    expect(server.saves).toEqual([{ text: "from yesterday\n", base: 1, file: 7 }]);
    expect(session.state).toBe("saved");
    expect(session.text).toBe("from yesterday\n");
  });

  it("forgets a draft that the server has already", async () => {
    const { server, kept } = await openSession({ draft: { text: "one\n", base: 1 } });

    expect(kept.draft).toBeNull();
    expect(server.saves).toEqual([]);
  });

  it("discards everything when the mission starts over", async () => {
    const { server, session, kept, type } = await openSession();

    type("one\ntwo\n");
    session.discard();
    await wait(60_000);

    expect(server.saves).toEqual([]);
    expect(kept.draft).toBeNull();
  });
});
