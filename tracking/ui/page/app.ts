// What every view shares: source, address, the runs that are shown, the hovered run, and news of changed data.

import { say } from "./dom";
import { RunSlots } from "./slots";
import { Failure, type Source } from "./source";
import type { State } from "./state";
import type { Changes, Counts, Hello, Row } from "./types";

export interface News {
  all: boolean;
  runs: Set<string>;
}

// So many runs are drawn where none has been chosen.
export const SHOWN = 10;

type Listener<T> = (value: T) => void;

/** Listeners that are called in the order in which they came; `on` returns what removes one. */
export class Signal<T> {
  private readonly listeners = new Set<Listener<T>>();

  on(listener: Listener<T>): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  emit(value: T): void {
    for (const listener of [...this.listeners]) listener(value);
  }
}

/** What a view is: made by its function into an element, told of changes of the address and of data, and ended. */
export interface Page {
  update(changed: Set<string>): void;
  news?(news: News): void;
  key?(event: KeyboardEvent): boolean;
  end(): void;
}

export class App {
  readonly slots: RunSlots;
  readonly hover = new Signal<string | null>();
  readonly news = new Signal<News>();
  readonly counts = new Signal<Counts>();
  readonly rows = new Map<string, Row>();
  last: Counts;
  /** What the title names before the counts: a run's name, or nothing. */
  subject = "";
  reading: boolean;
  /** Is it known which runs come first? */
  settled = false;
  private first: string[] = [];
  private cursor = "";
  private timer = 0;
  private silent = false;

  constructor(readonly source: Source, readonly state: State, readonly hello: Hello) {
    this.last = hello.runs;
    this.reading = hello.reading === true;
    this.slots = new RunSlots(hello.instance);
  }

  get writable(): boolean {
    return this.source.live && !this.hello.read_only;
  }

  /** Remembers rows, so that other views know names of runs. */
  know(rows: Row[]): void {
    for (const row of rows) {
      this.rows.delete(row.id);
      this.rows.set(row.id, row);
    }
    for (const id of this.rows.keys()) {
      if (this.rows.size <= 12000) break;
      this.rows.delete(id);
    }
  }

  name(id: string): string {
    return this.rows.get(id)?.name || id;
  }

  /** The first runs of the list, which are shown where none has been chosen. */
  setFirst(ids: string[]): void {
    this.settled = true;
    this.first = ids;
  }

  /** The runs on the charts: the chosen ones, else the first of the list; without those whose eye is shut, with those whose eye is open. */
  shown(): string[] {
    const chosen = this.state.list("sel");
    const hidden = new Set(this.state.list("hide"));
    const result = new Set((chosen.length ? chosen : this.first).filter((id) => !hidden.has(id)));
    for (const id of this.state.list("show")) result.add(id);
    const base = this.state.get("base");
    if (base && !hidden.has(base)) result.add(base);
    return [...result];
  }

  toggleEye(id: string): void {
    const shown = this.shown().includes(id);
    const hide = this.state.list("hide").filter((other) => other !== id);
    const show = this.state.list("show").filter((other) => other !== id);
    const byDefault = (this.state.list("sel").length ? this.state.list("sel") : this.first).includes(id) || this.state.get("base") === id;
    if (shown && byDefault) hide.push(id);
    if (!shown && !byDefault) show.push(id);
    this.state.set({ hide, show }, true);
  }

  toggleSelected(id: string): void {
    const chosen = this.state.list("sel");
    this.select(chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id]);
  }

  select(ids: string[]): void {
    this.state.set({ sel: ids, hide: null, show: null }, true);
  }

  toggleBase(id: string): void {
    this.state.set({ base: this.state.get("base") === id ? null : id });
  }

  report(error: unknown): void {
    if (error instanceof DOMException && error.name === "AbortError") return;
    say(error instanceof Error ? error.message : String(error), "fail");
  }

  /** Asks once a second, while the page is seen, whether anything has changed. */
  follow(): void {
    if (!this.source.live) return;
    const again = (): void => {
      window.clearTimeout(this.timer);
      if (!document.hidden) this.timer = window.setTimeout(() => void this.poll().then(again), this.silent ? 3000 : 1000);
    };
    document.addEventListener("visibilitychange", () => {
      window.clearTimeout(this.timer);
      if (!document.hidden) void this.poll().then(again);
    });
    again();
  }

  /** After a change made here: others are told at once. */
  async poll(): Promise<void> {
    if (!this.source.live) return;
    try {
      const changes = await this.source.get<Changes | null>("changes", { cursor: this.cursor });
      if (this.silent) document.body.classList.remove("silent");
      this.silent = false;
      if (!changes || changes.cursor === this.cursor) return;
      const first = this.cursor === "";
      this.cursor = changes.cursor;
      this.last = changes.runs;
      this.reading = changes.reading === true;
      this.counts.emit(changes.runs);
      if (!first && (changes.all || changes.changed.length || changes.removed.length)) {
        this.news.emit({ all: changes.all === true || changes.removed.length > 0, runs: new Set([...changes.changed, ...changes.removed]) });
      }
    } catch (error) {
      if (!this.silent && error instanceof Failure) this.report(error);
      this.silent = true;
      document.body.classList.add("silent");
    }
  }
}
