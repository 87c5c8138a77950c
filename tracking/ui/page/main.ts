// Starts the page: source, frame, and the view that the address names.

import { App, type Page } from "./app";
import { clipOf, FORMS } from "./chart/forms";
import { clear, closePopover, empty } from "./dom";
import { Frame } from "./frame";
import { HttpSource, type Source } from "./source";
import { State } from "./state";
import { StaticSource } from "./static_source";
import type { Hello } from "./types";
import { compareView } from "./views/compare";
import { homeView } from "./views/home";
import { mediaView } from "./views/media";
import { parametersView } from "./views/parameters";
import { runView } from "./views/run";
import { runsView } from "./views/runs";

const MAKE = { home: homeView, runs: runsView, run: runView, compare: compareView, media: mediaView, parameters: parametersView };

export type Made = (app: App, frame: Frame, element: HTMLElement) => Page;

function start(app: App, main: HTMLElement): void {
  const frame = new Frame(app, document.getElementById("frame") as HTMLElement);
  let page: Page | null = null;
  const open = (): void => {
    page?.end();
    closePopover();
    clear(main);
    main.className = `view-${app.state.view}`;
    page = (MAKE[app.state.view] as Made)(app, frame, main);
  };
  app.state.listen((changed) => {
    frame.update(changed);
    if (changed.has("view")) open();
    else page?.update(changed);
  });
  app.news.on((news) => page?.news?.(news));
  document.addEventListener("keydown", (event) => {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || target.closest("input, textarea, select, dialog, .popover")) return;
    if (page?.key?.(event)) event.preventDefault();
  });
  open();
  app.follow();
  void app.poll();
}

/** What the style sheet cuts swatches into where colours alone don't tell runs apart. */
function setForms(): void {
  for (let slot = 0; slot < FORMS; ++slot) document.documentElement.style.setProperty(`--f${slot}`, clipOf(slot));
}

async function main(): Promise<void> {
  setForms();
  const element = document.getElementById("main") as HTMLElement;
  const source: Source = window.stetExport ? new StaticSource() : new HttpSource();
  try {
    start(new App(source, new State(), await source.get<Hello>("hello")), element);
  } catch (error) {
    clear(element, empty(error instanceof Error ? error.message : String(error), source.live ? ["stet ui"] : []));
  }
}

void main();
