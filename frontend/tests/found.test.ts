// @vitest-environment jsdom

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { effectScope, nextTick, ref } from "vue";

import type { Found } from "@/api/search";
import { useSearch } from "@/composables/useSearch";
import { asksToSearch, grouped, piecesOf } from "@/support/found";

function found(kind: Found["kind"], path: string | null = null): Found {
  const nothing = { text: "", hits: [] };
  const mission = { id: 1, title: "One", state: "ACTIVE" };
  return { kind, mission, path, run: null, line: null, name: nothing, snippet: nothing, at: "" };
}

describe("piecesOf", () => {
  it("cuts a text where its hits begin and end", () => {
    expect(piecesOf({ text: "a red tulip", hits: [[2, 5], [6, 11]] })).toEqual([
      { text: "a ", isHit: false },
      { text: "red", isHit: true },
      { text: " ", isHit: false },
      { text: "tulip", isHit: true },
    ]);
  });

  it("counts signs as the server does, not halves of them", () => {
    expect(piecesOf({ text: "🌱🌱 ivy", hits: [[3, 6]] })).toEqual([
      { text: "🌱🌱 ", isHit: false },
      { text: "ivy", isHit: true },
    ]);
  });

  it("loses nothing of the text, tags included", () => {
    const text = "<b>one</b> two";
    expect(piecesOf({ text, hits: [[3, 6]] }).map((piece) => piece.text).join("")).toBe(text);
  });
});

describe("grouped", () => {
  it("puts missions before files before runs, each in the order of the answer", () => {
    const groups = grouped([found("file", "b"), found("run"), found("file", "a"), found("mission")]);

    expect(groups.map((group) => group.kind)).toEqual(["mission", "file", "run"]);
    expect(groups[1]?.results.map((one) => one.path)).toEqual(["b", "a"]);
  });
});

describe("asksToSearch", () => {
  function press(init: KeyboardEventInit, place: HTMLElement = document.body): boolean {
    let asked = false;
    place.addEventListener("keydown", (event) => (asked = asksToSearch(event)), { once: true });
    place.dispatchEvent(new KeyboardEvent("keydown", init));
    return asked;
  }

  it("hears Ctrl or Cmd with K everywhere, and a slash where nobody types", () => {
    expect(press({ key: "k", ctrlKey: true }, document.createElement("input"))).toBe(true);
    expect(press({ key: "k", metaKey: true })).toBe(true);
    expect(press({ key: "/" })).toBe(true);
  });

  it("leaves other keys, and what is typed, alone", () => {
    const editor = document.createElement("div");
    editor.setAttribute("contenteditable", "true");
    expect(press({ key: "/" }, document.createElement("input"))).toBe(false);
    expect(press({ key: "/" }, editor)).toBe(false);
    expect(press({ key: "K", ctrlKey: true, shiftKey: true })).toBe(false);
    expect(press({ key: "k" })).toBe(false);
  });
});

describe("useSearch", () => {
  const fetched = vi.fn<(url: string, init: RequestInit) => Promise<Response>>();
  const scope = effectScope();

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("fetch", fetched);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    fetched.mockReset();
  });

  function answer(path: string): Response {
    return Response.json({ results: [found("file", path)], next: null });
  }

  it("drops an answer that comes after another question", async () => {
    const words = ref("");
    const search = scope.run(() => useSearch(words));
    let late: (answer: Response) => void = () => undefined;
    fetched.mockReturnValueOnce(new Promise((resolve) => (late = resolve)));
    fetched.mockResolvedValueOnce(answer("new.md"));

    words.value = "ol";
    await nextTick();
    await vi.advanceTimersByTimeAsync(200);
    words.value = "new";
    await nextTick();
    await vi.advanceTimersByTimeAsync(200);
    late(answer("old.md"));
    await vi.advanceTimersByTimeAsync(10);

    expect(fetched.mock.calls.map(([url]) => new URL(url, "http://x").searchParams.get("q"))).toEqual(["ol", "new"]);
    expect(search?.results.value.map((one) => one.path)).toEqual(["new.md"]);
    expect(search?.status.value).toBe("ready");
  });

  it("says that it failed, and asks again", async () => {
    const words = ref("");
    const search = scope.run(() => useSearch(words));
    fetched.mockRejectedValueOnce(new TypeError("offline"));
    words.value = "ivy";
    await nextTick();
    await vi.advanceTimersByTimeAsync(200);
    expect(search?.status.value).toBe("failed");

    fetched.mockResolvedValueOnce(answer("ivy.md"));
    await search?.ask();

    expect(search?.status.value).toBe("ready");
  });

  it("asks nothing for no words", async () => {
    const words = ref("ivy");
    const search = scope.run(() => useSearch(words));
    words.value = "  ";
    await nextTick();
    await vi.advanceTimersByTimeAsync(200);

    expect(fetched).not.toHaveBeenCalled();
    expect(search?.status.value).toBe("idle");
  });
});
