import { watch, type Ref } from "vue";

import { useDocuments } from "@/stores/documents";
import { useMissions } from "@/stores/missions";
import { useSession } from "@/stores/session";
import { useWorkspace } from "@/stores/workspace";

interface Location {
  mission: Readonly<Ref<number | null>>;
  path: Readonly<Ref<string | null>>;
  openMission(id: number, options?: { replace?: boolean }): void;
  openFile(path: string, options?: { replace?: boolean }): void;
}

const LAST_MISSION = "parallagon:last-mission";
const FIRST_CHOICE = ["request"];

/** Load what the address names; without a name, the mission and the file one would expect. */
export function useOpenMission(location: Location): void {
  const missions = useMissions();
  const workspace = useWorkspace();
  const documents = useDocuments();

  void missions.load();
  void useSession().loadModels();

  watch(
    [location.mission, () => missions.list],
    ([id, list]) => {
      if (id !== null || !list.length) return;
      const last = Number(localStorage.getItem(LAST_MISSION));
      const found = list.find((mission) => mission.id === last) ?? missions.active[0] ?? list[0];
      if (found) location.openMission(found.id, { replace: true });
    },
  );

  watch(
    location.mission,
    async (id) => {
      documents.saveAll();
      if (id === null) {
        workspace.clear("idle");
        return;
      }
      await workspace.load(id);
      if (workspace.status !== "ready" || workspace.mission?.id !== id) return;
      localStorage.setItem(LAST_MISSION, String(id));
      documents.recover(id);
      openFirstFile();
    },
    { immediate: true },
  );

  // The page stays with a file that moves.
  watch([location.path, documents.moves], ([path]) => {
    const next = path === null ? undefined : documents.moves.get(path);
    const isBack = workspace.files.some((file) => file.path === path);
    if (next !== undefined && !isBack) location.openFile(next, { replace: true });
  });

  function openFirstFile(): void {
    if (location.path.value) return;
    const first = workspace.files.find((file) => FIRST_CHOICE.includes(file.role ?? "")) ?? workspace.files[0];
    if (first) location.openFile(first.path, { replace: true });
  }
}
