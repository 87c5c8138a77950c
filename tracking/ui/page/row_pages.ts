// Rows of the table, fetched by pages as they come into sight. Rows of the last answer stay until those of the next are here.

import type { App } from "./app";
import type { Request } from "./source";
import type { Row, TableAnswer } from "./types";

const PAGE = 200;

export class RowPages {
  answer: TableAnswer | null = null;
  matched = 0;
  private pages = new Map<number, Row[]>();
  private asked = new Set<number>();
  private request: Request = {};
  private abort = new AbortController();
  private seen: [number, number] = [0, PAGE];

  constructor(private readonly app: App, private readonly changed: (whole: boolean) => void, private readonly failed: (error: unknown) => void) {}

  /** Another question. The rows in sight are asked for at once, the others as they come. */
  ask(request: Request): void {
    this.request = request;
    this.refresh();
  }

  /** The same question, as data have changed. */
  refresh(): void {
    this.abort.abort();
    this.abort = new AbortController();
    this.asked = new Set();
    void this.renew(this.abort.signal);
  }

  row(index: number): Row | undefined {
    return this.pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  indexOf(id: string): number {
    for (const [page, rows] of this.pages) {
      const at = rows.findIndex((row) => row.id === id);
      if (at >= 0) return page * PAGE + at;
    }
    return -1;
  }

  /** Those that are here, by page. */
  loaded(): Row[] {
    return [...this.pages.keys()].sort((a, b) => a - b).flatMap((page) => this.pages.get(page) ?? []);
  }

  need(from: number, to: number): void {
    this.seen = [from, to];
    for (let page = Math.floor(from / PAGE); page * PAGE < Math.min(to, this.matched); ++page) {
      if (!this.pages.has(page) && !this.asked.has(page)) void this.fetch(page, this.abort.signal).then(() => this.changed(false), this.failed);
    }
  }

  end(): void {
    this.abort.abort();
  }

  private async renew(signal: AbortSignal): Promise<void> {
    try {
      const before = this.pages;
      const fresh = new Map<number, Row[]>();
      const first = Math.floor(this.seen[0] / PAGE);
      const last = Math.floor(Math.max(this.seen[0], this.seen[1] - 1) / PAGE);
      const head = await this.load(first, signal);
      fresh.set(first, head.rows);
      for (let page = first + 1; page <= last && page * PAGE < head.matched; ++page) fresh.set(page, (await this.load(page, signal)).rows);
      if (first !== 0 && before.has(0) && head.matched) fresh.set(0, (await this.load(0, signal)).rows);
      if (signal.aborted) return;
      this.pages = fresh;
      this.matched = head.matched;
      this.answer = head;
      this.changed(true);
    } catch (error) {
      if (!signal.aborted) this.failed(error);
    }
  }

  private async fetch(page: number, signal: AbortSignal): Promise<void> {
    this.asked.add(page);
    const answer = await this.load(page, signal);
    if (signal.aborted) return;
    this.pages.set(page, answer.rows);
    this.matched = answer.matched;
  }

  private async load(page: number, signal: AbortSignal): Promise<TableAnswer> {
    const answer = await this.app.source.get<TableAnswer>("table", { ...this.request, offset: page * PAGE || undefined, limit: PAGE }, signal);
    this.app.know(answer.rows);
    return answer;
  }
}
