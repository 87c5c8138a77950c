// The home view: the list of runs on the left, their curves on the right.

import type { App, Page } from "../app";
import { Board } from "../board";
import { h } from "../dom";
import type { Frame } from "../frame";
import { RunList } from "../run_list";

const WIDTH = "stet.listWidth";

/** A bar between list and charts, which the pointer or the arrow keys move. */
function divider(list: HTMLElement): HTMLElement {
  const set = (width: number): void => {
    const kept = Math.round(Math.max(240, Math.min(560, width)));
    list.style.width = `${kept}px`;
    bar.setAttribute("aria-valuenow", String(kept));
    try {
      localStorage.setItem(WIDTH, String(kept));
    } catch {
      // The width is the usual one next time.
    }
  };
  const bar = h("div", {
    class: "divider", role: "separator", tabindex: 0, "aria-orientation": "vertical", "aria-label": "Width of the list", "aria-valuemin": 240, "aria-valuemax": 560,
    onpointerdown: (event: PointerEvent) => {
      bar.setPointerCapture(event.pointerId);
      event.preventDefault();
    },
    onpointermove: (event: PointerEvent) => {
      if (bar.hasPointerCapture(event.pointerId)) set(event.clientX - list.getBoundingClientRect().left);
    },
    onkeydown: (event: KeyboardEvent) => {
      if (event.key === "ArrowLeft" || event.key === "ArrowRight") set(list.clientWidth + (event.key === "ArrowLeft" ? -16 : 16));
    },
  });
  let before = "";
  try {
    before = localStorage.getItem(WIDTH) ?? "";
  } catch {
    // As above.
  }
  set(Number(before) || 320);
  return bar;
}

export function homeView(app: App, frame: Frame, element: HTMLElement): Page {
  const list: RunList = new RunList(app, frame, () => board.runsChanged());
  const board: Board = new Board(app, {
    runs: () => app.shown(),
    probe: (panel, x) => list.setProbe(panel && x !== null ? { label: `${panel.spec.title} at ${Number(x.toPrecision(6))}`, of: (run) => panel.at(run, x) } : null),
    settled: (first) => list.setFocus(first?.parts[0] ?? null),
  });
  element.append(h("h1", { class: "offscreen" }, "Curves"), list.element, divider(list.element), board.element);
  void board.start();
  return {
    update(changed) {
      if (["q", "sort", "archived", "n"].some((name) => changed.has(name))) list.ask();
      if (["sel", "hide", "show", "base"].some((name) => changed.has(name))) list.marks();
      if (changed.has("dense")) list.fit();
      board.update(changed);
    },
    news(news) {
      list.news(news);
      board.news(news);
    },
    key: (event) => list.key(event),
    end() {
      list.end();
      board.end();
    },
  };
}
