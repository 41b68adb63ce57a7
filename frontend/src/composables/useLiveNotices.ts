import { useEventListener } from "@vueuse/core";
import { onScopeDispose } from "vue";

import { listNotices, type Notice, type NoticeFrame } from "@/api/notifications";
import { useWords } from "@/composables/useWords";
import { useNotices } from "@/stores/notices";
import { useToasts } from "@/stores/toasts";
import { LiveFeed, type LiveSocket } from "@/support/live";
import { showOutside } from "@/support/outside";

const POLL_PAUSE = 20_000;
const FIRST_RETRY = 5_000;
/** What was told longer ago is in the list, and not worth an interruption; clocks may differ. */
const STILL_NEWS = 600_000;

/** Keep what the person is told true; what is urgent is said at once. */
export function useLiveNotices(open: (notice: Notice) => void): void {
  const notices = useNotices();
  const toasts = useToasts();
  const { t } = useWords();
  let live: LiveFeed<NoticeFrame> | null = null;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let isGone = false;

  void begin();
  useEventListener(window, "online", () => live?.wakeUp());
  useEventListener(window, "offline", () => live?.goOffline());
  onScopeDispose(() => {
    isGone = true;
    clearTimeout(retry);
    live?.close();
  });

  async function begin(): Promise<void> {
    const after = await notices.load();
    if (isGone) return;
    if (after === null) retry = setTimeout(() => void begin(), FIRST_RETRY);
    else follow(after);
  }

  function follow(after: number): void {
    live = new LiveFeed<NoticeFrame>({
      after,
      isSparse: true,
      pollPause: POLL_PAUSE,
      openSocket: (seq) => new WebSocket(socketUrl(seq)) as LiveSocket,
      readChanges: async (seq, _wait, signal) => {
        const page = await listNotices(null, signal);
        return { results: [], seq: page.seq, must_resync: page.seq !== seq };
      },
      onFrame: take,
      onResync: () => void notices.load(),
      onConnection: (connection) => {
        notices.connection = connection;
      },
    });
    live.start();
    if (!navigator.onLine) live.goOffline();
  }

  function take(frame: NoticeFrame): void {
    notices.apply(frame);
    if (frame.type !== "notification.created") return;
    const { notification } = frame.data;
    if (Date.now() - Date.parse(notification.repeated_at) > STILL_NEWS) return;
    if (notification.push && document.visibilityState === "hidden") {
      showOutside(notification, () => open(notification));
    }
    if (notification.priority === "urgent" && notification.is_shown) {
      toasts.say(notification.title, "bad", { label: t("notices.look"), run: () => open(notification) });
    }
  }
}

function socketUrl(after: number): string {
  const scheme = window.location.protocol === "https:" ? "wss:" : "ws:";
  return `${scheme}//${window.location.host}/ws/v1/notifications/?after=${after}`;
}
