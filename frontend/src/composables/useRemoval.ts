import { removeFile, restoreRevision } from "@/api/missions";
import type { MissionFile } from "@/api/types";
import { useWords } from "@/composables/useWords";
import { useDocuments } from "@/stores/documents";
import { useToasts } from "@/stores/toasts";
import { useWorkspace } from "@/stores/workspace";

/** Remove a file at once, and offer to bring it back. */
export function useRemoval() {
  const workspace = useWorkspace();
  const documents = useDocuments();
  const toasts = useToasts();
  const { t } = useWords();

  async function remove(file: MissionFile): Promise<void> {
    const mission = workspace.mission?.id;
    if (mission === undefined) return;
    await documents.save(file.path); // What is typed in it comes back with it.
    const last = workspace.files.find(({ id }) => id === file.id) ?? file;
    const isGone = await toasts.guard(removeFile(mission, last.path).then(() => true));
    if (!isGone) return;
    toasts.say(t("files.removed", { path: last.path }), "plain", {
      label: t("files.undo"),
      run: () => void bringBack(mission, last),
    });
  }

  async function bringBack(mission: number, { id, path, revision }: MissionFile): Promise<void> {
    const isBack = await toasts.guard(restoreRevision(mission, path, revision, id));
    if (isBack && workspace.mission?.id === mission) await workspace.refreshFiles();
  }

  return { remove };
}
