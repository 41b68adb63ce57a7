import { createPinia, setActivePinia } from "pinia";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { ApiError } from "@/api/http";
import { readFile, saveFile } from "@/api/missions";
import type { Author, FileText, MissionFile } from "@/api/types";
import { useDocuments } from "@/stores/documents";
import { draftKeeper, draftPaths } from "@/support/drafts";

vi.mock("@/api/missions");

const author: Author = { kind: "person", name: "Ada", role: null, run: null };
const fileAt = (path: string, id = 7, revision = 1): FileText => ({
  id, path, label: "", role: null, revision, hash: "", size: 4, author, updated_at: "", text: "one\n",
});
const moved = (to: string) => new ApiError(404, { code: "not_found", details: { moved_to: to } });

beforeEach(() => {
  setActivePinia(createPinia());
  vi.stubGlobal("localStorage", storage());
  vi.mocked(readFile).mockImplementation((_mission, path) => Promise.resolve(fileAt(path)));
  vi.mocked(saveFile).mockImplementation((_mission, path, { text }) =>
    Promise.resolve({ ...fileAt(path, 7, 3), text, is_merged: false }),
  );
});

/** A browser's store whose keys are enumerable, as `Object.keys` sees them. */
function storage(): Storage {
  return new Proxy({} as Record<string, string>, {
    get: (target, name: string) =>
      ({
        getItem: (key: string) => target[key] ?? null,
        setItem: (key: string, value: string) => void (target[key] = value),
        removeItem: (key: string) => void Reflect.deleteProperty(target, key),
      })[name] ?? target[name],
  }) as unknown as Storage;
}

describe("an open file that moves", () => {
  it("stays open with what is typed, and is saved where it is", async () => {
    const documents = useDocuments();
    await documents.show(1, "old.md");
    const session = documents.open.get("old.md")?.session;
    session?.attach({ read: () => "one\ntyped\n", patch: () => undefined });
    session?.edited();

    documents.moved("old.md", "new.md");

    expect([...documents.open.keys()]).toEqual(["new.md"]);
    expect(documents.open.get("new.md")?.session).toBe(session);
    expect(documents.moves.get("old.md")).toBe("new.md");
    await documents.save("new.md");
    expect(saveFile).toHaveBeenLastCalledWith(1, "new.md", { text: "one\ntyped\n", base: 1, file: 7 });
    expect(documents.open.get("new.md")?.save).toBe("saved");
  });

  it("takes its draft along", async () => {
    const documents = useDocuments();
    await documents.show(1, "old.md");
    draftKeeper(0, 1, () => "old.md").keep({ text: "typed\n", base: 1 });

    documents.moved("old.md", "new.md");

    expect(draftPaths(0, 1)).toEqual(["new.md"]);
  });

  it("is found by its id after a time without frames", async () => {
    const documents = useDocuments();
    await documents.show(1, "old.md");

    documents.lookForMoved([fileAt("new.md"), fileAt("other.md", 8)] satisfies MissionFile[]);

    expect([...documents.open.keys()]).toEqual(["new.md"]);
  });

  it("may come back to where it was", async () => {
    const documents = useDocuments();
    await documents.show(1, "old.md");
    documents.moved("old.md", "new.md");
    documents.moved("new.md", "old.md");

    expect([...documents.open.keys()]).toEqual(["old.md"]);
    expect(documents.moves.has("old.md")).toBe(false);
  });
});

describe("a file that moved before this visit", () => {
  it("is opened where it is, and the draft of its old path is saved there", async () => {
    const documents = useDocuments();
    draftKeeper(0, 1, () => "old.md").keep({ text: "from yesterday\n", base: 1 });
    vi.mocked(readFile).mockImplementation((_mission, path) =>
      path === "old.md" ? Promise.reject(moved("new.md")) : Promise.resolve(fileAt(path, 7, 2)),
    );

    documents.recover(1);

    await vi.waitFor(() => expect(saveFile).toHaveBeenCalled());
    expect(saveFile).toHaveBeenLastCalledWith(1, "new.md", { text: "from yesterday\n", base: 1, file: 7 });
    expect(documents.moves.get("old.md")).toBe("new.md");
  });

  it("that is gone altogether stays as it is", async () => {
    const documents = useDocuments();
    vi.mocked(readFile).mockRejectedValue(new ApiError(404, { code: "not_found" }));

    await documents.show(1, "old.md");

    expect(documents.open.get("old.md")?.status).toBe("failed");
  });
});
