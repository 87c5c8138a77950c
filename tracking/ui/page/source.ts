// Where data come from: the server, by conditional requests, or the files of an export, which are scripts that call one function.

import { joinNames } from "./names";
import type { Json, QueryError } from "./types";

/** A list is of names. */
export type Request = { [name: string]: string | number | boolean | readonly string[] | null | undefined };

function textOf(value: Request[string]): string {
  if (value === undefined || value === null || value === false) return "";
  return value === true ? "1" : Array.isArray(value) ? joinNames(value) : String(value);
}

/** One spelling for one question: the path, and the parameters by name, empty ones left out. An export's files are named by it. */
export function key(path: string, params: Request): string {
  const said = Object.keys(params).sort().map((name) => [name, textOf(params[name])]).filter(([, value]) => value !== "");
  const text = said.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&");
  return text ? `${path}?${text}` : path;
}

/** What went wrong, in the server's words, with the column of a query's error. */
export class Failure extends Error {
  constructor(message: string, readonly status: number, readonly query: QueryError | null) {
    super(message);
  }
}

export interface Source {
  /** False for an export: what needs the server isn't shown. */
  readonly live: boolean;
  get<T>(path: string, params?: Request, signal?: AbortSignal): Promise<T>;
  post<T>(path: string, body: Json): Promise<T>;
  /** The address of something that the browser loads by itself: a picture, a file. */
  url(path: string, params: Request): string;
}

interface Kept {
  tag: string;
  answer: unknown;
}

// Answers that are held for the next conditional request; the least recently asked are dropped first.
const KEPT = 60;

export class HttpSource implements Source {
  readonly live = true;
  private readonly kept = new Map<string, Kept>();

  async get<T>(path: string, params: Request = {}, signal?: AbortSignal): Promise<T> {
    const address = key(path, params);
    const kept = this.kept.get(address);
    const headers: { [name: string]: string } = {};
    if (kept) headers["If-None-Match"] = kept.tag;
    let response: Response;
    try {
      response = await fetch(`api/${address}`, { headers, signal, cache: "no-store" });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new Failure("stet ui does not answer. Is it still running? Start it again with: stet ui", 0, null);
    }
    if (response.status === 304 && kept) {
      this.hold(address, kept);
      return kept.answer as T;
    }
    // What asks by a cursor has no answer to hold: the cursor is the present one.
    if (response.status === 304) return null as unknown as T;
    if (!response.ok) throw await failure(response);
    const answer = await response.json() as T;
    const tag = response.headers.get("ETag");
    if (tag) this.hold(address, { tag, answer });
    return answer;
  }

  async post<T>(path: string, body: Json): Promise<T> {
    let response: Response;
    try {
      response = await fetch(`api/${path}`, { method: "POST", headers: { "Content-Type": "application/json", "X-Stet": "1" }, body: JSON.stringify(body) });
    } catch {
      throw new Failure("stet ui does not answer. Is it still running? Start it again with: stet ui", 0, null);
    }
    if (!response.ok) throw await failure(response);
    return await response.json() as T;
  }

  url(path: string, params: Request): string {
    return `api/${key(path, params)}`;
  }

  private hold(address: string, kept: Kept): void {
    this.kept.delete(address);
    this.kept.set(address, kept);
    if (this.kept.size > KEPT) this.kept.delete(this.kept.keys().next().value as string);
  }
}

async function failure(response: Response): Promise<Failure> {
  let text = `The server answered ${response.status} ${response.statusText}`.trim();
  let query: QueryError | null = null;
  try {
    const body = await response.json() as { error?: string; column?: number; length?: number; expected?: string };
    if (body.error) text = body.error;
    if (body.column) query = { message: text, column: body.column, length: body.length, expected: body.expected };
  } catch {
    if (response.status === 401 || response.status === 403) text = "This address lacks the token. Open the one that stet ui printed.";
  }
  return new Failure(text, response.status, query);
}
