// Images, texts and histograms of the shown runs, side by side.

import type { App, Page } from "../app";
import { h } from "../dom";
import type { Frame } from "../frame";
import type { TableAnswer } from "../types";
import { MediaGrid } from "./media_grid";

/** The first runs of the list, where this view is the first to ask. */
async function firstRuns(app: App, frame: Frame): Promise<void> {
  try {
    const state = app.state;
    const answer = await app.source.get<TableAnswer>("table", { query: state.get("q"), sort: state.sort, archived: state.flag("archived"), columns: "-", limit: 200 });
    app.know(answer.rows);
    app.setFirst(answer.rows.slice(0, Number(state.get("n")) || 10).map((row) => row.id));
    app.slots.give(app.shown());
    frame.query.setMatched(answer.matched, answer.total);
  } catch (error) {
    if (!frame.query.failed(error)) app.report(error);
  }
}

export function mediaView(app: App, frame: Frame, element: HTMLElement): Page {
  element.append(h("h1", { class: "offscreen" }, "Media"));
  let grid: MediaGrid | null = null;
  let ended = false;
  void firstRuns(app, frame).then(() => {
    if (ended) return;
    grid = new MediaGrid(app, () => app.shown());
    element.append(grid.element);
  });
  return {
    update(changed) {
      if (changed.has("q") || changed.has("sort") || changed.has("archived")) void firstRuns(app, frame).then(() => grid?.refresh());
      else grid?.update(changed);
    },
    news(news) {
      if (news.all || app.shown().some((id) => news.runs.has(id))) grid?.refresh();
    },
    end() {
      ended = true;
      grid?.end();
    },
  };
}
