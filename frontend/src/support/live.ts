/**
 * A live feed: every numbered event once and in order, whatever the network does.
 *
 * A socket brings the frames. A hole in the numbers is asked for again; silence or a closed socket
 * means a new one, later each time; when no socket can be had, the same events are polled.
 */

import type { Frame } from "@/api/types";
import { pause } from "@/support/pause";

export type Connection = "connecting" | "live" | "polling" | "reconnecting" | "offline" | "refused";

/** What this module needs of a WebSocket, so that a test can pass its own. */
export interface LiveSocket {
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  send(text: string): void;
  close(): void;
}

/** What the frames of every feed have. */
interface AnyFrame {
  v: 1;
  type: string;
  seq: number | null;
  covers?: number;
  at: string;
  data: object;
}

/** What was polled; `must_resync`: too much to be told one by one. */
interface Polled<Event> {
  results: Event[];
  seq: number;
  must_resync: boolean;
}

export interface LiveOptions<Event extends AnyFrame = Frame> {
  after: number;
  /**
   * Numbers are left out, and may come twice: what is told anew has the last number only. The
   * server then fills every hole by itself.
   */
  isSparse?: boolean;
  /** Milliseconds between two polls that bring nothing. */
  pollPause?: number;
  openSocket(after: number): LiveSocket;
  readChanges(after: number, wait: number, signal: AbortSignal): Promise<Polled<Event>>;
  onFrame(frame: Event): void;
  /** Too much was missed: fetch everything again; what follows `seq` comes by itself. */
  onResync(seq: number): void;
  onConnection(connection: Connection, retryAt: number | null): void;
  now?: () => number;
  random?: () => number;
}

export const SILENCE_LIMIT = 40_000;
export const RESUME_PAUSE = 2_000;
export const FAILURES_BEFORE_POLLING = 3;
const FIRST_DELAY = 500;
const LONGEST_DELAY = 30_000;
const POLL_WAIT = 20;
const POLL_PAUSE = 1_000;
const REFUSALS = new Set([4401, 4403, 4404]);

/** Milliseconds until try number `failures` (from 1): doubled each time, half of it by chance. */
export function backoffDelay(failures: number, random: () => number): number {
  const full = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (failures - 1));
  return full / 2 + (full / 2) * random();
}

export class LiveFeed<Event extends AnyFrame = Frame> {
  private seq: number;
  private socket: LiveSocket | null = null;
  private failures = 0;
  private isClosed = false;
  private hasHello = false;
  private resumedAt = -Infinity;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private polling: AbortController | null = null;
  private readonly now: () => number;
  private readonly random: () => number;
  private readonly pollPause: number;

  constructor(private readonly options: LiveOptions<Event>) {
    this.seq = options.after;
    this.now = options.now ?? Date.now;
    this.random = options.random ?? Math.random;
    this.pollPause = options.pollPause ?? POLL_PAUSE;
  }

  /** The number of the last event that was handed on. */
  get position(): number {
    return this.seq;
  }

  start(): void {
    this.options.onConnection("connecting", null);
    this.open();
  }

  close(): void {
    this.isClosed = true;
    this.stopPolling();
    this.dropSocket();
    clearTimeout(this.retry);
  }

  /** The browser says that the network came back: try now instead of waiting. */
  wakeUp(): void {
    if (this.isClosed || this.hasHello) return;
    clearTimeout(this.retry);
    this.dropSocket();
    this.open();
  }

  /** The browser says that there is no network. */
  goOffline(): void {
    if (this.isClosed) return;
    this.stopPolling();
    this.dropSocket();
    clearTimeout(this.retry);
    this.options.onConnection("offline", null);
  }

  private open(): void {
    const socket = this.options.openSocket(this.seq);
    this.socket = socket;
    socket.onmessage = (event) => {
      if (socket === this.socket) this.receive(event.data);
    };
    socket.onclose = (event) => {
      if (socket === this.socket) this.lose(event.code);
    };
    this.expectSound();
  }

  private receive(data: unknown): void {
    const frame = parseFrame<Event>(data);
    if (!frame) return;
    this.expectSound();
    if (frame.type === "hello") this.greet(numberOf(frame), oldestOf(frame));
    else if (frame.type === "resync") this.resync(numberOf(frame));
    else if (frame.type === "heartbeat") this.compare(numberOf(frame), coversOf(frame));
    else this.take(frame);
  }

  private greet(seq: number, oldest: number): void {
    this.hasHello = true;
    this.failures = 0;
    this.resumedAt = -Infinity;
    this.stopPolling();
    this.options.onConnection("live", null);
    const isAhead = this.seq > seq; // The server was restored from a copy, or the mission is another.
    const isTooOld = oldest > this.seq + 1 && seq > this.seq;
    if (isAhead || isTooOld) this.resync(seq);
  }

  private resync(seq: number): void {
    this.seq = seq;
    this.options.onResync(seq);
  }

  /** What a heartbeat covers is not for this client; other numbers that it has were lost. */
  private compare(seq: number, covers = Infinity): void {
    if (seq <= this.seq) return;
    if (covers <= this.seq + 1) this.seq = seq;
    else this.askAgain();
  }

  private take(frame: Event): void {
    if (frame.seq === null) this.options.onFrame(frame);
    else if (this.isHole(frame)) this.askAgain();
    else if (frame.seq > this.seq || (frame.seq === this.seq && this.options.isSparse)) {
      this.seq = frame.seq;
      this.resumedAt = -Infinity;
      this.options.onFrame(frame);
    }
  }

  /** Whether something between the last event and this one is missing. */
  private isHole({ covers, seq }: AnyFrame): boolean {
    return !this.options.isSparse && (covers ?? seq ?? 0) > this.seq + 1;
  }

  /** Ask for what follows the last event; one question at a time, repeated if nothing comes. */
  private askAgain(): void {
    if (this.now() - this.resumedAt < RESUME_PAUSE) return;
    this.resumedAt = this.now();
    this.socket?.send(JSON.stringify({ v: 1, type: "resume", after: this.seq }));
  }

  private expectSound(): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.lose(1006), SILENCE_LIMIT);
  }

  private lose(code: number): void {
    this.dropSocket();
    if (this.isClosed) return;
    if (REFUSALS.has(code)) {
      this.stopPolling();
      this.options.onConnection("refused", null);
      return;
    }
    this.failures += 1;
    const delay = backoffDelay(this.failures, this.random);
    this.retry = setTimeout(() => this.open(), delay);
    if (this.failures >= FAILURES_BEFORE_POLLING) this.startPolling();
    if (!this.polling) this.options.onConnection("reconnecting", this.now() + delay);
  }

  private dropSocket(): void {
    clearTimeout(this.silence);
    this.hasHello = false;
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  private startPolling(): void {
    if (this.polling) return;
    this.polling = new AbortController();
    void this.poll(this.polling);
  }

  private stopPolling(): void {
    this.polling?.abort();
    this.polling = null;
  }

  private async poll(turn: AbortController): Promise<void> {
    let failures = 0;
    while (!turn.signal.aborted) {
      const wait = failures ? 0 : POLL_WAIT;
      const changes = await this.options.readChanges(this.seq, wait, turn.signal).catch(() => null);
      if (turn.signal.aborted) return;
      failures = changes ? 0 : failures + 1;
      this.options.onConnection(changes ? "polling" : "reconnecting", null);
      if (changes) this.takeAll(changes);
      // An answer without news came at once only if the server does not wait: don't ask in a circle.
      if (!changes || changes.results.length === 0) {
        await pause(changes ? this.pollPause : backoffDelay(failures, this.random), turn.signal);
      }
    }
  }

  private takeAll(changes: Polled<Event>): void {
    if (changes.must_resync) {
      this.resync(changes.seq);
      return;
    }
    for (const frame of changes.results) {
      if (frame.seq === null || frame.seq <= this.seq) continue;
      this.seq = frame.seq; // The polled list has no holes: it is read from the same rows in order.
      this.options.onFrame(frame);
    }
    this.seq = Math.max(this.seq, changes.seq); // Up to there nothing else is for this client.
  }
}

/** The feed's number that a hello, resync or heartbeat carries, in its data or beside it. */
function numberOf(frame: AnyFrame): number {
  return (frame.data as { seq?: number }).seq ?? frame.seq ?? 0;
}

/** The first number that a heartbeat covers, where it says so. */
function coversOf(frame: AnyFrame): number | undefined {
  return (frame.data as { covers?: number }).covers;
}

/** The first number that is still kept, where the feed says so. */
function oldestOf(frame: AnyFrame): number {
  return (frame.data as { oldest?: number }).oldest ?? 0;
}

function parseFrame<Event extends AnyFrame>(data: unknown): Event | null {
  if (typeof data !== "string") return null;
  try {
    const frame = JSON.parse(data) as Partial<Event> | null;
    return frame && frame.v === 1 && typeof frame.type === "string" && frame.data ? (frame as Event) : null;
  } catch {
    return null;
  }
}
