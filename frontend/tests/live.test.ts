import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Changes, Frame } from "@/api/types";
import { backoffDelay, LiveFeed, RESUME_PAUSE, SILENCE_LIMIT, type Connection } from "@/support/live";

class FakeSocket {
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  sent: string[] = [];
  isOpen = true;

  constructor(readonly after: number) {}

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.isOpen = false;
  }

  receive(frame: unknown): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  lose(code = 1006): void {
    this.onclose?.({ code });
  }
}

const frameOf = (type: string, seq: number | null, data: object = {}) =>
  ({ v: 1, type, seq, at: "2026-01-01T00:00:00Z", data });
const hello = (seq: number, oldest = 1) => frameOf("hello", null, { seq, oldest });
const changed = (seq: number) => frameOf("file.changed", seq, { path: `${seq}.md` });
const nothing: Changes = { results: [], seq: 0, oldest: 0, must_resync: false };

function follow({ after = 0, isSparse = false, readChanges = () => Promise.resolve(nothing) } = {}) {
  const sockets: FakeSocket[] = [];
  const frames: Frame[] = [];
  const resyncs: number[] = [];
  const connections: Connection[] = [];
  const feed = new LiveFeed({
    after,
    isSparse,
    openSocket: (seq) => {
      const socket = new FakeSocket(seq);
      sockets.push(socket);
      return socket;
    },
    readChanges: vi.fn(readChanges),
    onFrame: (frame) => frames.push(frame),
    onResync: (seq) => resyncs.push(seq),
    onConnection: (connection) => connections.push(connection),
    random: () => 0,
  });
  feed.start();
  const socket = () => {
    const last = sockets.at(-1);
    if (!last) throw new Error("no socket was opened");
    return last;
  };
  return { feed, sockets, socket, frames, resyncs, connections, seqs: () => frames.map((frame) => frame.seq) };
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("order", () => {
  it("hands numbered events on once, in order", () => {
    const live = follow();

    live.socket().receive(hello(0));
    for (const seq of [1, 2, 2, 1, 3]) live.socket().receive(changed(seq));

    expect(live.seqs()).toEqual([1, 2, 3]);
    expect(live.connections.at(-1)).toBe("live");
  });

  it("asks for what is missing and holds back what came after the hole", () => {
    const live = follow();
    live.socket().receive(hello(0));

    live.socket().receive(changed(1));
    live.socket().receive(changed(4));

    expect(live.socket().sent.map((text) => JSON.parse(text))).toEqual([{ v: 1, type: "resume", after: 1 }]);
    expect(live.seqs()).toEqual([1]);

    for (const seq of [2, 3, 4]) live.socket().receive(changed(seq));
    expect(live.seqs()).toEqual([1, 2, 3, 4]);
  });

  it("asks once, and again only when the answer does not come", () => {
    const live = follow();
    live.socket().receive(hello(0));

    live.socket().receive(changed(5));
    live.socket().receive(changed(6));
    expect(live.socket().sent).toHaveLength(1);

    vi.advanceTimersByTime(RESUME_PAUSE + 1);
    live.socket().receive(changed(7));
    expect(live.socket().sent).toHaveLength(2);
  });

  it("learns from a heartbeat that something was lost, wherever the number stands in it", () => {
    const live = follow({ after: 3 });
    live.socket().receive(hello(3));

    live.socket().receive(frameOf("heartbeat", 4));

    expect(JSON.parse(live.socket().sent[0] ?? "")).toMatchObject({ type: "resume", after: 3 });
  });

  it("takes a frame that stands for several numbers for all of them", () => {
    const live = follow();
    live.socket().receive(hello(0));

    live.socket().receive(changed(1));
    live.socket().receive({ ...changed(5), covers: 2 });
    live.socket().receive(changed(6));

    expect(live.seqs()).toEqual([1, 5, 6]);
    expect(live.socket().sent).toEqual([]);
  });

  it("asks for what is missing before a frame that stands for several", () => {
    const live = follow();
    live.socket().receive(hello(0));

    live.socket().receive({ ...changed(5), covers: 3 });

    expect(live.socket().sent).toHaveLength(1);
    expect(live.seqs()).toEqual([]);
  });

  it("goes on with a heartbeat that covers what is not for it", () => {
    const live = follow({ after: 3 });
    live.socket().receive(hello(3));

    live.socket().receive(frameOf("heartbeat", null, { seq: 7, covers: 4 }));

    expect(live.feed.position).toBe(7);
    expect(live.socket().sent).toEqual([]);
  });

  it("hands on frames without a number at once", () => {
    const live = follow();
    live.socket().receive(hello(0));

    live.socket().receive(frameOf("run.output", null, { run: "a", stream: "reply", offset: 0, text: "x" }));

    expect(live.frames[0]?.type).toBe("run.output");
  });

  it("survives what it does not understand", () => {
    const live = follow();

    for (const data of ["", "{", "null", "[]", '{"v":2,"type":"hello","data":{}}', new ArrayBuffer(2)]) {
      live.socket().onmessage?.({ data });
    }

    expect(live.frames).toEqual([]);
  });
});

describe("resync", () => {
  it("goes on from the number that the server names", () => {
    const live = follow({ after: 3 });
    live.socket().receive(hello(3));

    live.socket().receive(frameOf("resync", null, { seq: 2000 }));
    live.socket().receive(changed(2001));

    expect(live.resyncs).toEqual([2000]);
    expect(live.seqs()).toEqual([2001]);
  });

  it("fetches everything when the server's numbers are older than ours", () => {
    const live = follow({ after: 50 });

    live.socket().receive(hello(10));

    expect(live.resyncs).toEqual([10]);
    expect(live.feed.position).toBe(10);
  });
});

describe("reconnect", () => {
  it("opens a new socket after the last event, later each time", () => {
    const live = follow();
    live.socket().receive(hello(0));
    live.socket().receive(changed(1));

    live.socket().lose();
    expect(live.connections.at(-1)).toBe("reconnecting");
    vi.advanceTimersByTime(249);
    expect(live.sockets).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(live.sockets).toHaveLength(2);
    expect(live.socket().after).toBe(1);

    live.socket().lose();
    vi.advanceTimersByTime(499);
    expect(live.sockets).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(live.sockets).toHaveLength(3);
  });

  it("doubles the delay up to half a minute, half of it by chance", () => {
    expect([1, 2, 3, 20].map((tries) => backoffDelay(tries, () => 0))).toEqual([250, 500, 1000, 15_000]);
    expect([1, 20].map((tries) => backoffDelay(tries, () => 1))).toEqual([500, 30_000]);
  });

  it("takes silence for a lost connection", () => {
    const live = follow();
    live.socket().receive(hello(0));

    vi.advanceTimersByTime(SILENCE_LIMIT - 1);
    live.socket().receive(frameOf("heartbeat", null, { seq: 0 }));
    vi.advanceTimersByTime(SILENCE_LIMIT - 1);
    expect(live.sockets).toHaveLength(1);

    vi.advanceTimersByTime(1);
    expect(live.sockets[0]?.isOpen).toBe(false);
    vi.advanceTimersByTime(250);
    expect(live.sockets).toHaveLength(2);
  });

  it("ignores a socket that was given up", () => {
    const live = follow();
    const old = live.socket();
    old.lose();
    vi.advanceTimersByTime(250);

    old.receive(changed(1));
    old.lose();

    expect(live.frames).toEqual([]);
    expect(live.sockets).toHaveLength(2);
  });

  it.each([4401, 4403, 4404])("does not knock again when refused with %i", (code) => {
    const live = follow();

    live.socket().lose(code);
    vi.advanceTimersByTime(120_000);

    expect(live.connections.at(-1)).toBe("refused");
    expect(live.sockets).toHaveLength(1);
  });

  it("waits while the device is offline and comes back at once", () => {
    const live = follow();
    live.socket().receive(hello(0));

    live.feed.goOffline();
    vi.advanceTimersByTime(120_000);
    expect(live.connections.at(-1)).toBe("offline");
    expect(live.sockets).toHaveLength(1);

    live.feed.wakeUp();
    expect(live.sockets).toHaveLength(2);
  });

  it("leaves nothing behind when closed", () => {
    const live = follow();

    live.feed.close();
    vi.advanceTimersByTime(120_000);

    expect(live.sockets).toHaveLength(1);
    expect(live.sockets[0]?.isOpen).toBe(false);
  });
});

describe("polling", () => {
  async function loseThrice(live: ReturnType<typeof follow>) {
    for (const delay of [250, 500, 1000]) {
      live.socket().lose();
      await vi.advanceTimersByTimeAsync(delay);
    }
  }

  it("reads the same events when no socket can be had, and stops when one can", async () => {
    const results = [changed(1), changed(2)] as unknown as Frame[];
    const answers = [{ results, seq: 2, oldest: 1, must_resync: false }];
    const live = follow({ readChanges: () => Promise.resolve(answers.shift() ?? nothing) });

    await loseThrice(live);
    expect(live.seqs()).toEqual([1, 2]);
    expect(live.connections.at(-1)).toBe("polling");

    live.socket().receive(hello(2));
    live.socket().receive(changed(3));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(live.seqs()).toEqual([1, 2, 3]);
    expect(live.connections.at(-1)).not.toBe("polling");
  });

  it("says so when even polling fails", async () => {
    const live = follow({ readChanges: () => Promise.reject(new Error("no network")) });

    await loseThrice(live);

    expect(live.connections.at(-1)).toBe("reconnecting");
  });

  it("fetches everything when the list no longer reaches back", async () => {
    const late = { results: [], seq: 900, oldest: 800, must_resync: true };
    const live = follow({ readChanges: () => Promise.resolve(late) });

    await loseThrice(live);

    expect(live.resyncs[0]).toBe(900);
  });
});

describe("a feed whose numbers are left out", () => {
  it("takes what comes, also twice the same number, and asks for nothing", () => {
    const live = follow({ after: 3, isSparse: true });
    live.socket().receive(hello(8));

    for (const seq of [5, 5, 8, 4]) live.socket().receive(changed(seq));

    expect(live.seqs()).toEqual([5, 5, 8]);
    expect(live.socket().sent).toEqual([]);
  });
});
