// The source of an export: answers lie in script files, since a page opened from a disk may not fetch. The table is sorted and searched here.

import { smoothed } from "./chart/smoothing";
import { metricName, splitTop, toNumber, toNumbers, unquoted } from "./format";
import { splitNames } from "./names";
import { Failure, key, type Request, type Source } from "./source";
import type { Column, ColumnsAnswer, Fields, Group, LogAnswer, MarksAnswer, Row, Run, SeriesAnswer, TableAnswer, Value } from "./types";

declare global {
  interface Window {
    stetData(name: string, answer: unknown): void;
    stetFiles(files: { [name: string]: string }): void;
    stetExport?: { data: Map<string, unknown>; files: { [name: string]: string } };
  }
}

/** What the export's scripts call. The first of them has run before this one, and what it made is what tells an export from a served page. */
function receive(): { data: Map<string, unknown>; files: { [name: string]: string } } {
  const held = window.stetExport ?? { data: new Map<string, unknown>(), files: {} };
  window.stetExport = held;
  window.stetData = (name, answer) => {
    held.data.set(name, answer);
  };
  window.stetFiles = (files) => {
    Object.assign(held.files, files);
  };
  return held;
}

/** By value, with what is missing, and NaN, last in both directions, and equals by id, as `stet ls --sort`. */
export function order(rows: Row[], of: (row: Row) => Value, down: boolean): Row[] {
  const missing = (value: Value): boolean => value === null || value === undefined || value === "NaN";
  return rows.slice().sort((a, b) => {
    const x = of(a);
    const y = of(b);
    if (missing(x) || missing(y)) return Number(missing(x)) - Number(missing(y)) || (a.id < b.id ? -1 : 1);
    const m = toNumber(x);
    const n = toNumber(y);
    const by = Number.isNaN(m) || Number.isNaN(n) ? (String(x) < String(y) ? -1 : String(x) > String(y) ? 1 : 0) : m < n ? -1 : m > n ? 1 : 0;
    return (down ? -by : by) || (a.id < b.id ? -1 : 1);
  });
}

export class StaticSource implements Source {
  readonly live = false;
  private readonly held = receive();
  private readonly coming = new Map<string, Promise<void>>();

  async get<T>(path: string, params: Request = {}): Promise<T> {
    switch (path) {
      case "table": return await this.table(params) as unknown as T;
      case "ids": return { generation: 0, ids: (await this.rows(params)).map((row) => row.id) } as unknown as T;
      case "columns": return await this.columns(params) as unknown as T;
      case "groups": return await this.groups(params) as unknown as T;
      case "series": return await this.series(params) as unknown as T;
      case "fields": return await this.stored<Fields>("fields", {}) as unknown as T;
      case "media": return await this.media(params) as unknown as T;
      case "marks": return await this.marks(params) as unknown as T;
      case "log": return await this.log(params) as unknown as T;
      case "compare":
      case "digests": return await this.stored(path, { runs: namesIn(params.runs).sort() });
      case "views": return [] as unknown as T;
      case "hint": return { from: 0, completions: [], matched: (await this.rows(params)).length } as unknown as T;
      default: return await this.stored<T>(path, params);
    }
  }

  post<T>(): Promise<T> {
    return Promise.reject(new Failure("This page is an export: nothing can be changed here.", 0, null));
  }

  url(path: string, params: Request): string {
    return String(this.held.data.get(key(path, params)) ?? "");
  }

  private async stored<T>(path: string, params: Request): Promise<T> {
    const name = key(path, params);
    if (!this.held.data.has(name) && this.held.files[name]) await this.load(this.held.files[name]);
    if (!this.held.data.has(name)) throw new Failure("This is not in the export; stet ui shows it.", 404, null);
    return this.held.data.get(name) as T;
  }

  /** The answers for runs that have one of their own each; a run that was damaged may have none. */
  private async each<T>(path: string, runs: string[], params: Request): Promise<T[]> {
    const found: T[] = [];
    for (const run of runs) {
      const asked = { ...params, runs: [run] };
      if (this.has(path, asked)) found.push(await this.stored<T>(path, asked));
    }
    return found;
  }

  private has(path: string, params: Request): boolean {
    const name = key(path, params);
    return this.held.data.has(name) || name in this.held.files;
  }

  private load(file: string): Promise<void> {
    let loading = this.coming.get(file);
    if (!loading) {
      loading = new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = file;
        script.onload = () => resolve();
        script.onerror = () => reject(new Failure(`The export lacks its file ${file}`, 404, null));
        document.head.append(script);
      });
      this.coming.set(file, loading);
    }
    return loading;
  }

  /** The table with every column, whose key is the one of the two that names columns. */
  private async all(): Promise<TableAnswer> {
    const names = [...new Set([...this.held.data.keys(), ...Object.keys(this.held.files)])].filter((name) => name === "table" || name.startsWith("table?"));
    const wide = names.find((name) => name.includes("columns=")) ?? names[0];
    if (!wide) throw new Failure("This export holds no table of runs.", 404, null);
    if (!this.held.data.has(wide)) await this.load(this.held.files[wide]);
    return this.held.data.get(wide) as TableAnswer;
  }

  private async rows(params: Request): Promise<Row[]> {
    const table = await this.all();
    const query = String(params.query ?? "");
    // The page itself asks for runs by their ids so.
    const ids = new Set([...query.matchAll(/\bid == "((?:[^"\\]|\\.)+)"/gs)].map((match) => unquoted(match[1])));
    if (ids.size) return table.rows.filter((row) => ids.has(row.id));
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    let rows = table.rows.filter((row) => {
      const text = `${row.id} ${row.name} ${row.tags.join(" ")}`.toLowerCase();
      return words.every((word) => text.includes(word)) && (params.archived || !row.archived);
    });
    const sort = String(params.sort ?? "");
    if (sort) rows = order(rows, this.reader(table, sort.replace(/^-/, "")), sort.startsWith("-"));
    return rows;
  }

  private reader(table: TableAnswer, expr: string): (row: Row) => Value {
    const at = table.columns.findIndex((column) => column.expr === expr || column.label === expr);
    if (at >= 0) return (row) => row.values[at];
    if (expr in { id: 1, name: 1, status: 1, made: 1, archived: 1 }) return (row) => row[expr as "id" | "name" | "status" | "made" | "archived"];
    return () => null;
  }

  private async table(params: Request): Promise<TableAnswer> {
    const table = await this.all();
    const rows = await this.rows(params);
    const columns = this.chosen(table, params);
    const read = columns.map((column) => this.reader(table, column.expr));
    const from = Number(params.offset ?? 0);
    const part = rows.slice(from, from + Number(params.limit ?? 200));
    return { ...table, matched: rows.length, columns, rows: part.map((row) => ({ ...row, values: read.map((of) => of(row)) })), warnings: [] };
  }

  private chosen(table: TableAnswer, params: Request): Column[] {
    if (params.columns === "-") return [];
    if (params.columns) {
      return splitTop(String(params.columns)).map((expr) => table.columns.find((column) => column.expr === expr) ?? { expr, label: expr, kind: "text" as const });
    }
    const narrow = this.held.data.get([...this.held.data.keys()].find((name) => (name === "table" || name.startsWith("table?")) && !name.includes("columns=")) ?? "");
    return (narrow as TableAnswer | undefined)?.columns ?? table.columns;
  }

  private async columns(params: Request): Promise<ColumnsAnswer> {
    const answer = await this.table({ ...params, offset: 0, limit: Infinity });
    return { ids: answer.rows.map((row) => row.id), columns: answer.columns.map((column, i) => ({ expr: column.expr, kind: column.kind, values: answer.rows.map((row) => row.values[i]) })) };
  }

  private async groups(params: Request): Promise<{ by: string[]; of: string; groups: Group[] }> {
    const table = await this.all();
    const by = splitTop(String(params.by ?? ""));
    const of = String(params.of ?? "");
    const keys = by.map((expr) => this.reader(table, expr));
    const value = this.reader(table, of);
    const found = new Map<string, Row[]>();
    for (const row of await this.rows(params)) {
      const name = JSON.stringify(keys.map((read) => read(row)));
      found.set(name, [...found.get(name) ?? [], row]);
    }
    return { by, of, groups: [...found].map(([name, rows]) => ({ key: JSON.parse(name) as Value[], n_runs: rows.length, ids: rows.map((row) => row.id), ...spread(rows, value) })) };
  }

  /** Each run's series lie in one answer of all its metrics. */
  private async series(params: Request): Promise<SeriesAnswer> {
    const wanted = new Set(namesIn(params.metrics));
    const held = await this.each<SeriesAnswer>("series", namesIn(params.runs), {});
    const answers: SeriesAnswer = { series: held.flatMap((each) => each.series).filter((each) => wanted.has(each.metric) || wanted.has(metricName(each.metric, each.context))) };
    const halfLife = Number(params.smooth) || 0;
    if (halfLife > 0) answers.series = answers.series.map((each) => ({ ...each, smooth: Array.from(smoothed(toNumbers(each.x), toNumbers(each.y), halfLife)) }));
    return answers;
  }

  private async marks(params: Request): Promise<MarksAnswer> {
    const runs = await Promise.all(namesIn(params.runs).map((id) => this.stored<Run>("run", { id }).catch(() => null)));
    return { runs: runs.flatMap((run) => (run?.marks ? [{ id: run.id, ...run.marks }] : [])) };
  }

  /** The end of what was printed, which is all that an export holds. */
  private async log(params: Request): Promise<LogAnswer> {
    const held = await this.stored<LogAnswer>("log", { id: params.id });
    const search = String(params.search ?? "").toLowerCase();
    return search ? { ...held, matches: held.lines.filter((line) => line.text.toLowerCase().includes(search)).map((line) => line.n) } : held;
  }

  private async media(params: Request): Promise<{ items: { run: string }[] }> {
    const held = await this.each<{ items: { run: string }[] }>("media", namesIn(params.runs), { kind: params.kind });
    return { items: held.flatMap((each) => each.items) };
  }
}

function namesIn(value: Request[string]): string[] {
  return Array.isArray(value) ? value.slice() : splitNames(String(value ?? ""));
}

function spread(rows: Row[], of: (row: Row) => Value): Omit<Group, "key" | "n_runs" | "ids"> {
  const values = rows.map((row) => ({ id: row.id, value: toNumber(of(row)) })).filter((each) => Number.isFinite(each.value));
  const n = values.length;
  const mean = values.reduce((sum, each) => sum + each.value, 0) / n;
  const sd = n > 1 ? Math.sqrt(values.reduce((sum, each) => sum + (each.value - mean) ** 2, 0) / (n - 1)) : NaN;
  const sorted = values.slice().sort((a, b) => a.value - b.value);
  const or = (value: number): Value => (Number.isFinite(value) ? value : null);
  return { n, mean: or(mean), sd: or(sd), se: or(sd / Math.sqrt(n)), min: sorted[0]?.value ?? null, max: sorted[n - 1]?.value ?? null, best: sorted[0]?.id ?? "" };
}
