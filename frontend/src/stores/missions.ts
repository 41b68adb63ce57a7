import { defineStore } from "pinia";
import { ref, shallowRef } from "vue";

import { createMission, listMissions } from "@/api/missions";
import type { Mission, NewMission } from "@/api/types";

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

  /** Take in what is known better elsewhere about one of them. */
  function update(mission: Mission): void {
    list.value = list.value.map((known) => (known.id === mission.id ? { ...known, ...mission } : known));
  }

  return { list, status, load, create, update };
});
