import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { request } from "@/api/http";

const fetched = vi.fn<typeof fetch>();

function answer(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers });
}

function tooMany(wait?: string): Response {
  return answer(429, { code: "too_many_requests" }, wait === undefined ? {} : { "Retry-After": wait });
}

describe("a request that comes too early", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("fetch", fetched.mockReset());
    vi.stubGlobal("document", { cookie: "csrftoken=abc" });
    vi.spyOn(Math, "random").mockReturnValue(0);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  it("is asked again when the server says, and nobody notices", async () => {
    fetched.mockResolvedValueOnce(tooMany("7")).mockResolvedValueOnce(answer(200, { id: 3 }));
    const asked = request("GET", "missions/3/");

    await vi.advanceTimersByTimeAsync(6_999);
    expect(fetched).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1);

    await expect(asked).resolves.toEqual({ id: 3 });
    expect(fetched).toHaveBeenCalledTimes(2);
  });

  it.each([undefined, "0", "soon"])("waits a second where it is told to wait %s", async (wait) => {
    fetched.mockResolvedValueOnce(tooMany(wait)).mockResolvedValueOnce(answer(200, {}));
    const asked = request("GET", "missions/");

    await vi.advanceTimersByTimeAsync(1_000);

    await expect(asked).resolves.toEqual({});
  });

  it("fails in the end when it is never let in", async () => {
    fetched.mockImplementation(async () => tooMany("30"));
    const asked = expect(request("GET", "missions/")).rejects.toMatchObject({ status: 429, retryAfter: 30 });

    await vi.advanceTimersByTimeAsync(600_000);

    await asked;
    expect(fetched).toHaveBeenCalledTimes(4);
  });

  it("is not waited for by someone who has left", async () => {
    const leaving = new AbortController();
    fetched.mockImplementation(async (_url, init) => {
      if (init?.signal?.aborted) throw new DOMException("left", "AbortError");
      return tooMany("30");
    });
    const asked = expect(request("GET", "search", { signal: leaving.signal })).rejects.toMatchObject({ status: 0 });
    await vi.advanceTimersByTimeAsync(100);

    leaving.abort();

    await asked;
  });

  it("fails at once when it writes", async () => {
    fetched.mockResolvedValueOnce(tooMany("7"));

    await expect(request("POST", "missions/", { body: {} })).rejects.toMatchObject({
      status: 429,
      retryAfter: 7,
      isPassing: true,
    });
    expect(fetched).toHaveBeenCalledTimes(1);
  });
});
