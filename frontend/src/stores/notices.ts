import { defineStore } from "pinia";
import { computed, ref, shallowRef } from "vue";

import { listNotices, readAllNotices, readNotice, type Notice, type NoticeFrame } from "@/api/notifications";
import { asRead, heaviest, takeFrame, withNotices, type Inbox } from "@/support/inbox";
import type { Connection } from "@/support/live";

/** What the person was told, kept true by frames. */
export const useNotices = defineStore("notices", () => {
  const status = ref<"loading" | "ready" | "failed">("loading");
  const inbox = shallowRef<Inbox>({ notices: [], unread: 0 });
  const connection = ref<Connection>("connecting");
  const next = ref<string | null>(null);
  const isLoadingMore = ref(false);
  let turn = 0;
  let arrived: NoticeFrame[] = []; // while the newest are being fetched

  const unread = computed(() => inbox.value.unread);
  const level = computed(() => heaviest(inbox.value.notices));

  /** Fetch the newest; give back the number after which the live feed goes on, null for none. */
  async function load(): Promise<number | null> {
    const mine = ++turn;
    arrived = [];
    try {
      const page = await listNotices();
      if (mine !== turn) return page.seq;
      const found = { notices: withNotices([], page.results), unread: page.unread.total };
      inbox.value = arrived.filter((frame) => (frame.seq ?? 0) > page.seq).reduce(takeFrame, found);
      next.value = page.next;
      status.value = "ready";
      return page.seq;
    } catch {
      if (mine === turn && status.value !== "ready") status.value = "failed";
      return null;
    }
  }

  async function more(): Promise<void> {
    if (next.value === null || isLoadingMore.value) return;
    const mine = turn;
    isLoadingMore.value = true;
    try {
      const page = await listNotices(next.value);
      if (mine !== turn) return;
      inbox.value = { ...inbox.value, notices: withNotices(inbox.value.notices, page.results) };
      next.value = page.next;
    } finally {
      isLoadingMore.value = false;
    }
  }

  function apply(frame: NoticeFrame): void {
    inbox.value = takeFrame(inbox.value, frame);
    arrived.push(frame);
  }

  /** Mark one read at once; when the server does not take it, it is unread again. */
  async function markRead(notice: Notice): Promise<void> {
    if (notice.read_at !== null) return;
    readLocally([notice.id]);
    try {
      await readNotice(notice.id);
    } catch (error) {
      await load();
      throw error;
    }
  }

  /** Mark read what has been shown; what came meanwhile stays unread. */
  async function markAllRead(): Promise<void> {
    const newest = inbox.value.notices[0];
    if (!newest) return;
    readLocally(inbox.value.notices.map(({ id }) => id));
    try {
      await readAllNotices(newest.id);
    } finally {
      await load();
    }
  }

  function readLocally(ids: readonly number[]): void {
    const { notices } = inbox.value;
    const count = notices.filter(({ id, read_at }) => read_at === null && ids.includes(id)).length;
    inbox.value = {
      notices: asRead(notices, ids, new Date().toISOString()),
      unread: Math.max(0, inbox.value.unread - count),
    };
  }

  return {
    status, inbox, unread, level, connection, next, isLoadingMore,
    load, more, apply, markRead, markAllRead,
  };
});
