import { describe, expect, it } from "vitest";

import type { Notice, NoticeFrame } from "@/api/notifications";
import {
  asRead, countText, current, heaviest, isAboutTeam, takeFrame, withNotices, type Inbox,
} from "@/support/inbox";

const AT = "2026-11-23T10:00:00Z";

function notice(id: number, more: Partial<Notice> = {}): Notice {
  return {
    id, type: "mission.settled", level: "success", priority: "normal", title: `Notice ${id}`, body: "",
    mission: 1, link: "", count: 1, created_at: AT, repeated_at: AT, expires_at: null, read_at: null,
    is_shown: true, push: false, ...more,
  };
}

const told = (one: Notice, unread: number, seq = one.id): NoticeFrame =>
  ({ v: 1, type: "notification.created", seq, at: AT, data: { notification: one, unread } });
const read = (ids: number[], unread: number): NoticeFrame =>
  ({ v: 1, type: "notification.read", seq: 9, at: AT, data: { ids, unread } });
const nothing: Inbox = { notices: [], unread: 0 };
const ids = (inbox: { notices: readonly Notice[] }) => inbox.notices.map(({ id }) => id);

describe("what is told", () => {
  it("stands with the newest first, whatever the order in which it comes", () => {
    const inbox = [2, 3, 1].reduce((known, id) => takeFrame(known, told(notice(id), 3)), nothing);

    expect(ids(inbox)).toEqual([3, 2, 1]);
    expect(inbox.unread).toBe(3);
  });

  it("stands once, as it was told last", () => {
    const first = takeFrame(nothing, told(notice(1), 1));

    const again = takeFrame(first, told(notice(1, { count: 2, title: "Notice 1 (2 times)" }), 1, 2));

    expect(again.notices.map(({ title }) => title)).toEqual(["Notice 1 (2 times)"]);
    expect(again.unread).toBe(1);
  });

  it("is no part of the list when it was wanted elsewhere only", () => {
    const inbox = takeFrame(nothing, told(notice(1, { is_shown: false, push: true }), 0));

    expect(inbox).toEqual(nothing);
  });
});

describe("what is read", () => {
  it("counts as the server counts, and keeps when it was read first", () => {
    const inbox = { notices: [notice(2), notice(1, { read_at: "2026-11-22T08:00:00Z" })], unread: 1 };

    const after = takeFrame(inbox, read([1, 2], 0));

    expect(after.unread).toBe(0);
    expect(after.notices.map(({ read_at }) => read_at)).toEqual([AT, "2026-11-22T08:00:00Z"]);
  });

  it("may not be known here", () => {
    expect(takeFrame({ notices: [notice(1)], unread: 2 }, read([7], 1))).toMatchObject({ unread: 1 });
    expect(asRead([notice(1)], [], AT)[0]?.read_at).toBeNull();
  });
});

describe("other frames", () => {
  it("change nothing", () => {
    const inbox = { notices: [notice(1)], unread: 1 };

    expect(takeFrame(inbox, { v: 1, type: "heartbeat", seq: null, at: AT, data: { seq: 3 } })).toBe(inbox);
  });
});

describe("pages", () => {
  it("follow each other without doubles", () => {
    expect(withNotices([notice(5), notice(4)], [notice(4), notice(3)]).map(({ id }) => id)).toEqual([5, 4, 3]);
  });

  it("leave out what has expired", () => {
    const now = Date.parse(AT);
    const past = notice(1, { expires_at: AT });
    const future = notice(2, { expires_at: "2026-11-23T10:00:01Z" });

    expect(current([future, past, notice(3)], now).map(({ id }) => id)).toEqual([2, 3]);
  });
});

describe("the bell", () => {
  it("has the color of the heaviest that is unread", () => {
    const notices = [
      notice(1, { level: "error", read_at: AT }), notice(2, { level: "warning" }), notice(3, { level: "info" }),
    ];

    expect(heaviest(notices)).toBe("warning");
    expect(heaviest([])).toBeNull();
  });

  it("has room for two digits", () => {
    expect([7, 99, 100].map(countText)).toEqual(["7", "99", "99+"]);
  });
});

describe("where a notification leads", () => {
  it("is the team for what agents meet, and the document for all else", () => {
    const kinds = ["agent.loop", "run.failing", "breaker.opened", "budget.reached", "proposal.waits", "note"];

    expect(kinds.map((type) => isAboutTeam({ type }))).toEqual([true, true, true, true, false, false]);
  });
});
