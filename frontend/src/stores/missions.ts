import { defineStore } from "pinia";
import { computed, ref, shallowRef } from "vue";

import {
  archiveMission,
  createMission,
  deleteMission,
  importMission,
  listMissions,
  restoreMission,
} from "@/api/missions";
import type { Imported, Mission, NewMission } from "@/api/types";

/** The missions that this person may see, newest work first. */
export const useMissions = defineStore("missions", () => {
  const list = shallowRef<Mission[]>([]);
  const status = ref<"loading" | "ready" | "failed">("loading");

  async function load(): Promise<void> {
    try {
      list.value = await listMissions();
      status.value = "ready";
    } catch {
      if (status.value !== "ready") status.value = "failed";
    }
  }

  async function create(mission: NewMission): Promise<Mission> {
    const created = await createMission(mission);
    list.value = [created, ...list.value];
    return created;
  }

  async function bring(form: FormData): Promise<Imported> {
    const imported = await importMission(form);
    list.value = [imported.mission, ...list.value];
    return imported;
  }

  /** Take in what is known better elsewhere about one of them. */
  function update(mission: Mission): void {
    list.value = list.value.map((known) => (known.id === mission.id ? { ...known, ...mission } : known));
  }

  /** Take one out of the lists at once; the API decides whether it may go. */
  async function archive(id: number): Promise<void> {
    update(await archiveMission(id));
  }

  async function remove(id: number): Promise<void> {
    await deleteMission(id);
    forget(id);
  }

  function forget(id: number | null): void {
    list.value = list.value.filter((mission) => mission.id !== id);
  }

  async function restore(id: number): Promise<Mission> {
    const restored = await restoreMission(id);
    list.value = [restored, ...list.value.filter((mission) => mission.id !== id)].sort((a, b) => b.id - a.id);
    return restored;
  }

  const active = computed(() => list.value.filter((mission) => mission.state === "ACTIVE"));
  const archived = computed(() => list.value.filter((mission) => mission.state === "ARCHIVED"));

  return { list, active, archived, status, load, create, bring, update, archive, remove, forget, restore };
});
