// One run: what it is, what it did, and what can be done with it.

import type { App, Page } from "../app";
import { Board } from "../board";
import { durationText, plural } from "../chart/text";
import { clear, copy, empty, h, iconButton } from "../dom";
import { ago, bytes, date } from "../format";
import type { Frame } from "../frame";
import { runMenu, statusMark } from "../run_menu";
import { tabs, type Tab } from "../tabs";
import type { Marks, Row, Run } from "../types";
import { LogView } from "./run_log";
import { dataTab, filesTab, launchesTab, modelTab, notesTab, overviewTab, parametersTab } from "./run_parts";
import { MediaGrid } from "./media_grid";
import { Failure } from "../source";

// What a run that is being written is asked for again at most so often.
const LIVE = 1000;

interface Content {
  element: HTMLElement;
  update?(changed: Set<string>): void;
  refresh?(run: Run): void;
  end?(): void;
}

/** A run of the table's form, for what the lists' menus do. */
function rowOf(run: Run): Row {
  return { id: run.id, name: run.name, status: run.status, stalled: run.stalled, made: run.created, tags: run.tags, archived: run.archived, values: [] };
}

function fact(text: string | false | 0 | undefined | null): string {
  return text ? ` · ${text}` : "";
}

function tabsOf(of: Run): Tab[] {
  const media = [of.images, of.texts, of.histograms, of.vectors].reduce((sum, each) => sum + Object.keys(each).length, 0);
  const all: Tab[] = [
    { name: "overview", label: "Overview" }, { name: "curves", label: "Curves", count: Object.keys(of.metrics).length }, { name: "parameters", label: "Parameters", count: Object.keys(of.params).length },
    { name: "model", label: "Model" }, { name: "data", label: "Data", count: of.data.length }, { name: "launches", label: "Launches", count: of.launches.length }, { name: "log", label: "Log" },
    { name: "media", label: "Media", count: media }, { name: "files", label: "Files", count: of.artifacts.length }, { name: "notes", label: "Notes", count: of.notes.length },
  ];
  return all.filter((tab) => tab.name !== "media" || media > 0);
}

function marksOf(of: Run): Map<string, Marks> {
  return new Map(of.marks ? [[of.id, of.marks]] : []);
}

function curvesOf(app: App, of: Run): Content {
  const board = new Board(app, { runs: () => [of.id], marks: marksOf(of), only: Object.keys(of.metrics) });
  void board.start();
  return { element: board.element, update: (changed) => board.update(changed), refresh: (fresh) => board.refresh(marksOf(fresh), Object.keys(fresh.metrics)), end: () => board.end() };
}

function contentOf(app: App, of: Run, tab: string): Content {
  switch (tab) {
    case "curves": return curvesOf(app, of);
    case "log": return new LogView(app, of.id);
    case "media": return new MediaGrid(app, () => [of.id]);
    case "parameters": return parametersTab(app, of);
    case "model": return modelTab(app, of);
    case "data": return { element: dataTab(of) };
    case "launches": return { element: launchesTab(app, of) };
    case "files": return { element: filesTab(app, of) };
    case "notes": return { element: notesTab(app, of) };
    default: return { element: overviewTab(app, of) };
  }
}

class RunPage {
  run: Run | null = null;
  content: Content | null = null;
  private readonly head = h("header", { class: "run-head" });
  private readonly bar = h("div");
  private readonly body = h("div", { class: "run-body", id: "tab-panel", role: "tabpanel", tabindex: 0, "aria-label": "Part of the run" });
  private shownTab = "";
  private timer = 0;
  private asked = 0;

  constructor(private readonly app: App, private readonly element: HTMLElement) {
    element.append(h("div", { class: "run-page" }, this.head, this.bar, this.body));
  }

  async load(fresh: boolean): Promise<void> {
    const { app } = this;
    const id = app.state.get("id");
    const mine = ++this.asked;
    if (!id) {
      clear(this.element, empty("This address names no run.", [], this.back()));
      return;
    }
    try {
      const answer = await app.source.get<Run>("run", { id });
      if (mine !== this.asked) return;
      this.run = answer;
      app.slots.give([id]);
      app.know([{ ...rowOf(answer), values: app.rows.get(id)?.values ?? [] }]);
      this.show(answer, fresh);
    } catch (error) {
      if (mine === this.asked) this.failed(id, error);
    }
  }

  /** The run has grown. */
  later(): void {
    if (this.timer) return;
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      void this.load(false);
    }, this.run ? LIVE : 0);
  }

  show(of: Run, fresh: boolean): void {
    const all = tabsOf(of);
    const wanted = this.app.state.get("tab");
    const tab = all.some((each) => each.name === wanted) ? wanted : "overview";
    this.top(of);
    this.showTabs(all, tab);
    if (!fresh && tab === this.shownTab && this.content?.refresh) {
      this.content.refresh(of);
      return;
    }
    const scrolled = tab === this.shownTab ? this.body.scrollTop : 0;
    this.content?.end?.();
    this.shownTab = tab;
    this.content = contentOf(this.app, of, tab);
    clear(this.body, this.content.element);
    this.body.scrollTop = scrolled;
  }

  end(): void {
    ++this.asked;
    window.clearTimeout(this.timer);
    this.content?.end?.();
    this.app.subject = "";
    this.app.counts.emit(this.app.last);
  }

  private back(): HTMLElement {
    return h("a", { class: "button", href: this.app.state.link("runs") }, "All runs");
  }

  private failed(id: string, error: unknown): void {
    const gone = error instanceof Failure && error.status === 404;
    const text = gone ? `There is no run ${id} in ${this.app.hello.folder || "this export"}. It may have been removed.` : error instanceof Error ? error.message : String(error);
    clear(this.body, empty(text, [], this.back()));
  }

  private showTabs(all: Tab[], tab: string): void {
    const focused = document.activeElement?.id;
    clear(this.bar, tabs("Parts of the run", all, tab, (name) => this.app.state.set({ tab: name === "overview" ? null : name })));
    if (focused?.startsWith("tab-")) document.getElementById(focused)?.focus();
  }

  private top(of: Run): void {
    const { app } = this;
    const back = h("a", { class: "icon-button", href: app.state.link("runs"), "aria-label": "Back to the runs", title: "Back to the runs" }, "←");
    clear(this.head, h("div", { class: "run-title" }, back, h("h1", { title: of.name }, of.name || of.id),
      h("span", { class: "run-status" }, statusMark(of, true), running(of)), of.verified ? h("span", { class: "status verified" }, "◆ verified") : null,
      ...of.tags.map((tag) => h("span", { class: "tag" }, tag)), h("span", { class: "grow" }),
      iconButton("more", "What can be done with this run", (event) => runMenu(app, event.currentTarget as Element, rowOf(of)))), this.facts(of));
    app.subject = of.name || of.id;
    app.counts.emit(app.last);
  }

  private facts(of: Run): HTMLElement {
    const wall = of.launches.reduce((sum, each) => sum + (each.end?.wall_seconds ?? 0), 0);
    const host = of.launches[of.launches.length - 1]?.machine?.host;
    return h("p", { class: "run-facts muted" }, h("button", { type: "button", class: "link mono", title: "Copy the id", onclick: () => void copy(of.id, "the id") }, of.id), fact(of.program), fact(of.group && `group ${of.group}`),
      h("span", { title: date(of.created) }, ` · made ${ago(of.created)}`), fact(wall > 0 && `took ${durationText(wall)}`), fact(plural(of.steps, "step")), fact(of.size ? bytes(of.size) : ""), fact(host && `on ${String(host)}`));
  }
}

/** For how long it has been running, and still will be. */
function running(of: Run): string {
  const started = of.launches[of.launches.length - 1]?.started;
  if (of.status !== "running" || !started) return "";
  return `, for ${durationText(Date.now() / 1000 - started)}${of.left_s ? `, ${durationText(of.left_s)} left` : ""}`;
}

export function runView(app: App, _frame: Frame, element: HTMLElement): Page {
  const page = new RunPage(app, element);
  void page.load(true);
  return {
    update(changed) {
      if (changed.has("id")) void page.load(true);
      else if (changed.has("tab")) page.run && page.show(page.run, true);
      else page.content?.update?.(changed);
    },
    news(news) {
      if (news.all || news.runs.has(app.state.get("id"))) page.later();
    },
    key(event) {
      if (event.key !== "b" || !page.run) return false;
      app.toggleBase(page.run.id);
      return true;
    },
    end: () => page.end(),
  };
}
