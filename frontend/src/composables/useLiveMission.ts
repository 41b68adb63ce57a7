import { useEventListener } from "@vueuse/core";
import { onScopeDispose, watch } from "vue";

import { readChanges } from "@/api/missions";
import { useDocuments } from "@/stores/documents";
import { useMissions } from "@/stores/missions";
import { useWorkspace } from "@/stores/workspace";
import { LiveFeed, type LiveSocket } from "@/support/live";

/** Keep the open mission true for as long as the page shows it. */
export function useLiveMission(): void {
  const workspace = useWorkspace();
  const documents = useDocuments();
  let live: LiveFeed | null = null;

  watch(
    () => (workspace.status === "ready" ? workspace.mission?.id : undefined),
    (id) => {
      live?.close();
      live = id === undefined ? null : follow(id, workspace.mission?.seq ?? 0);
    },
    { immediate: true },
  );

  useEventListener(window, "online", () => {
    live?.wakeUp();
    documents.saveAll();
  });
  useEventListener(window, "offline", () => live?.goOffline());
  useEventListener(document, "visibilitychange", () => {
    documents.saveAll(); // Hidden: perhaps for good. Shown again: what was refused may go now.
    if (document.visibilityState === "visible") void useMissions().load();
  });
  useEventListener(window, "pagehide", () => documents.saveAll());
  onScopeDispose(() => live?.close());

  function follow(id: number, after: number): LiveFeed {
    const feed = new LiveFeed({
      after,
      openSocket: (seq) => new WebSocket(socketUrl(id, seq)) as LiveSocket,
      readChanges: (seq, wait, signal) => readChanges(id, seq, wait, signal),
      onFrame: (frame) => {
        workspace.apply(frame);
        if (frame.type === "file.changed") documents.noticed(frame.data.path, frame.data.revision);
        if (frame.type === "file.removed" && frame.data.moved_to !== undefined)
          documents.moved(frame.data.path, frame.data.moved_to);
      },
      onResync: () => void resync(id),
      onConnection: (connection, retryAt) => {
        workspace.connection = connection;
        workspace.retryAt = retryAt;
      },
    });
    feed.start();
    if (!navigator.onLine) feed.goOffline();
    return feed;
  }

  async function resync(id: number): Promise<void> {
    await workspace.load(id);
    documents.lookForMoved(workspace.files);
    for (const file of workspace.files) documents.noticed(file.path, file.revision);
  }
}

function socketUrl(mission: number, after: number): string {
  const scheme = window.location.protocol === "https:" ? "wss:" : "ws:";
  return `${scheme}//${window.location.host}/ws/v1/missions/${mission}/?after=${after}`;
}
