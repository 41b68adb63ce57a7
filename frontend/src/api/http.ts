/** Requests to the API: session cookie, CSRF header, and one kind of error for every failure. */

import { pause } from "@/support/pause";

export interface Problem {
  code: string;
  title: string;
  detail: string;
  details: unknown;
  request_id: string;
}

/** A request that was not carried out. `status` is 0 when no answer came. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    readonly status: number,
    readonly problem: Partial<Problem> = {},
    readonly retryAfter: number | null = null,
  ) {
    super(problem.detail || problem.title || `HTTP ${status}`);
  }

  get code(): string {
    return this.problem.code ?? (this.status === 0 ? "unreachable" : `http_${this.status}`);
  }

  /** Whether the same request may well succeed a little later. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export interface RequestOptions {
  body?: unknown;
  /** Fields and files, instead of a body. */
  form?: FormData;
  signal?: AbortSignal;
  /** Seconds until the request counts as unanswered. */
  timeout?: number;
}

const ROOT = "/api/v1/";
const TOO_MANY = 429;
/** Milliseconds for which a read waits in all because too much was asked, and when nobody says how long. */
const PATIENCE = 90_000;
const USUAL_WAIT = 1_000;
/** Those who wait for the same moment come one after the other. */
const SPREAD = 1_000;
let csrfCookie = "csrftoken";

export function configureHttp(options: { csrfCookie: string }): void {
  csrfCookie = options.csrfCookie;
}

export function readCookie(name: string): string {
  const found = document.cookie.split("; ").find((part) => part.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

/**
 * Carry out one request and give back its JSON; throw an `ApiError` for anything else.
 *
 * A read that comes too early is asked again when the server says. What writes fails at once: who
 * asked for it has to see that it waits.
 */
export async function request<Answer>(
  method: string,
  path: string,
  options: RequestOptions = {},
): Promise<Answer> {
  for (let waited = 0; ; ) {
    try {
      return await attempt<Answer>(method, path, options);
    } catch (error) {
      const isEarly = method === "GET" && error instanceof ApiError && error.status === TOO_MANY;
      if (!isEarly) throw error;
      const wait = (error.retryAfter ?? 0) * 1_000 || USUAL_WAIT;
      waited += wait;
      if (waited > PATIENCE) throw error;
      await pause(wait + SPREAD * Math.random(), options.signal);
    }
  }
}

async function attempt<Answer>(
  method: string,
  path: string,
  { body, form, signal, timeout = 20 }: RequestOptions,
): Promise<Answer> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-CSRFToken"] = readCookie(csrfCookie);
  const limit = AbortSignal.timeout(timeout * 1000);
  const response = await answerOf(ROOT + path, {
    method,
    headers,
    credentials: "same-origin",
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
    ...(form ? { body: form } : body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw await errorOf(response);
  if (response.status === 204) return undefined as Answer;
  return (await response.json().catch(() => {
    throw new ApiError(502, { code: "malformed" });
  })) as Answer;
}

async function answerOf(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch {
    throw new ApiError(0);
  }
}

async function errorOf(response: Response): Promise<ApiError> {
  const wait = Number(response.headers.get("Retry-After") ?? "");
  const problem = (await response.json().catch(() => ({}))) as Partial<Problem>;
  return new ApiError(response.status, problem, Number.isFinite(wait) && wait > 0 ? wait : null);
}
