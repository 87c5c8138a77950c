// One run: what it is, what it did, and what can be done with it.

import type { App, Page } from "../app";
import { Board } from "../board";
import { durationText, plural } from "../chart/text";
import { clear, copy, empty, h, iconButton } from "../dom";
import { ago, bytes, date } from "../format";
import type { Frame } from "../frame";
import { runMenu, statusMark } from "../run_menu";
import { tabs, type Tab } from "../tabs";
import type { Row, Run } from "../types";
import { LogView } from "./run_log";
import { dataTab, filesTab, launchesTab, modelTab, notesTab, overviewTab, parametersTab } from "./run_parts";
import { MediaGrid } from "./media_grid";
import { Failure } from "../source";

// What a run that is being written is asked for again at most so often.
const LIVE = 2000;

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

export function runView(app: App, frame: Frame, element: HTMLElement): Page {
  const head = h("header", { class: "run-head" });
  const bar = h("div");
  const body = h("div", { class: "run-body", id: "tab-panel", role: "tabpanel", tabindex: 0, "aria-label": "Part of the run" });
  element.append(h("div", { class: "run-page" }, head, bar, body));
  let run: Run | null = null;
  let content: Content | null = null;
  let shownTab = "";
  let timer = 0;
  let asked = 0;

  function top(of: Run): void {
    const launch = of.launches[of.launches.length - 1];
    const wall = of.launches.reduce((sum, each) => sum + (each.end?.wall_seconds ?? 0), 0);
    const running = of.status === "running" && launch?.started ? `, for ${durationText(Date.now() / 1000 - launch.started)}${of.left_s ? `, ${durationText(of.left_s)} left` : ""}` : "";
    clear(head, h("div", { class: "run-title" }, h("a", { class: "icon-button", href: app.state.link("runs"), "aria-label": "Back to the runs", title: "Back to the runs" }, "←"), h("h1", { title: of.name }, of.name || of.id),
      h("span", { class: "run-status" }, statusMark(of, true), running), of.verified ? h("span", { class: "status verified" }, "◆ verified") : null,
      ...of.tags.map((tag) => h("span", { class: "tag" }, tag)), h("span", { class: "grow" }),
      iconButton("more", "What can be done with this run", (event) => runMenu(app, event.currentTarget as Element, rowOf(of)))),
    h("p", { class: "run-facts muted" }, h("button", { type: "button", class: "link mono", title: "Copy the id", onclick: () => void copy(of.id, "the id") }, of.id), fact(of.program), fact(of.group && `group ${of.group}`),
      h("span", { title: date(of.created) }, ` · made ${ago(of.created)}`), fact(wall > 0 && `took ${durationText(wall)}`), fact(plural(of.steps, "step")), fact(of.size ? bytes(of.size) : ""), fact(launch?.machine?.host && `on ${String(launch.machine.host)}`)));
    app.subject = of.name || of.id;
    app.counts.emit(app.last);
  }

  const fact = (text: string | false | 0 | undefined | null): string => (text ? ` · ${text}` : "");

  function choice(of: Run): Tab[] {
    const pictures = Object.keys(of.images).length + Object.keys(of.texts).length + Object.keys(of.histograms).length + Object.keys(of.vectors).length;
    const all: Tab[] = [
      { name: "overview", label: "Overview" }, { name: "curves", label: "Curves", count: Object.keys(of.metrics).length }, { name: "parameters", label: "Parameters", count: Object.keys(of.params).length },
      { name: "model", label: "Model" }, { name: "data", label: "Data", count: of.data.length }, { name: "launches", label: "Launches", count: of.launches.length }, { name: "log", label: "Log" },
      { name: "media", label: "Media", count: pictures }, { name: "files", label: "Files", count: of.artifacts.length }, { name: "notes", label: "Notes", count: of.notes.length },
    ];
    return all.filter((tab) => tab.name !== "media" || pictures > 0);
  }

  function make(of: Run, tab: string): Content {
    switch (tab) {
      case "curves": {
        const board = new Board(app, { runs: () => [of.id], marks: of.marks, only: Object.keys(of.metrics) });
        void board.start();
        return { element: board.element, update: (changed) => board.update(changed), refresh: (fresh) => board.refresh(fresh.marks, Object.keys(fresh.metrics)), end: () => board.end() };
      }
      case "log": {
        const log = new LogView(app, of.id);
        return { element: log.element, refresh: () => log.refresh(), update: (changed) => log.update(changed), end: () => log.end() };
      }
      case "media": {
        const grid = new MediaGrid(app, () => [of.id]);
        return { element: grid.element, update: (changed) => grid.update(changed), refresh: () => grid.refresh(), end: () => grid.end() };
      }
      case "parameters": return parametersTab(app, of);
      case "model": return modelTab(app, of);
      case "data": return { element: dataTab(of) };
      case "launches": return { element: launchesTab(app, of) };
      case "files": return { element: filesTab(app, of) };
      case "notes": return { element: notesTab(app, of) };
      default: return { element: overviewTab(app, of) };
    }
  }

  function show(of: Run, fresh: boolean): void {
    const all = choice(of);
    const tab = all.some((each) => each.name === app.state.get("tab")) ? app.state.get("tab") : "overview";
    top(of);
    const focused = document.activeElement?.id;
    clear(bar, tabs("Parts of the run", all, tab, (name) => app.state.set({ tab: name === "overview" ? null : name })));
    if (focused?.startsWith("tab-")) document.getElementById(focused)?.focus();
    if (!fresh && tab === shownTab && content?.refresh) {
      content.refresh(of);
      return;
    }
    const top0 = tab === shownTab ? body.scrollTop : 0;
    content?.end?.();
    shownTab = tab;
    content = make(of, tab);
    clear(body, content.element);
    body.scrollTop = top0;
  }

  async function load(fresh: boolean): Promise<void> {
    const id = app.state.get("id");
    const mine = ++asked;
    if (!id) {
      clear(element, empty("This address names no run.", [], h("a", { class: "button", href: app.state.link("runs") }, "All runs")));
      return;
    }
    try {
      const answer = await app.source.get<Run>("run", { id });
      if (mine !== asked) return;
      run = answer;
      app.slots.give([id]);
      app.know([{ ...rowOf(answer), values: app.rows.get(id)?.values ?? [] }]);
      show(answer, fresh);
    } catch (error) {
      if (mine !== asked) return;
      const gone = error instanceof Failure && error.status === 404;
      clear(body, empty(gone ? `There is no run ${id} in ${app.hello.folder || "this export"}. It may have been removed.` : error instanceof Error ? error.message : String(error), [], h("a", { class: "button", href: app.state.link("runs") }, "All runs")));
    }
  }

  void load(true);
  return {
    update(changed) {
      if (changed.has("id")) void load(true);
      else if (changed.has("tab")) run && show(run, true);
      else content?.update?.(changed);
      void frame;
    },
    news(news) {
      if (timer || !(news.all || news.runs.has(app.state.get("id")))) return;
      timer = window.setTimeout(() => {
        timer = 0;
        void load(false);
      }, run ? Math.min(LIVE, 1000) : 0);
    },
    key(event) {
      if (event.key === "b" && run) app.toggleBase(run.id);
      else return false;
      return true;
    },
    end() {
      ++asked;
      window.clearTimeout(timer);
      content?.end?.();
      app.subject = "";
      app.counts.emit(app.last);
    },
  };
}
