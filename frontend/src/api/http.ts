/** Requests to the API: session cookie, CSRF header, and one kind of error for every failure. */

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
let csrfCookie = "csrftoken";

export function configureHttp(options: { csrfCookie: string }): void {
  csrfCookie = options.csrfCookie;
}

export function readCookie(name: string): string {
  const found = document.cookie.split("; ").find((part) => part.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

/** Carry out one request and give back its JSON; throw an `ApiError` for anything else. */
export async function request<Answer>(
  method: string,
  path: string,
  { body, form, signal, timeout = 20 }: RequestOptions = {},
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
