// Small curves in the table, fetched for the rows in sight.

import type { App } from "./app";
import { debounce } from "./dom";
import { toNumbers } from "./format";
import type { TableColumn } from "./table";
import type { SeriesAnswer } from "./types";

const WIDTH = 96;
const HEIGHT = 20;
const KEPT = 3000;

export class Sparklines {
  metric = "";
  private readonly paths = new Map<string, string>();
  private readonly wanted = new Set<string>();
  private readonly ask = debounce(60, () => void this.fetch());

  constructor(private readonly app: App, private readonly arrived: () => void) {}

  /** What runs still log has grown. */
  forget(): void {
    for (const id of this.paths.keys()) if (this.app.rows.get(id)?.status === "running") this.paths.delete(id);
  }

  column(): TableColumn {
    const metric = this.metric;
    return {
      key: "spark", label: metric, width: WIDTH + 16, pinned: false, right: false, movable: false, fill: (cell, row) => {
        const path = this.paths.get(`${metric}\n${row.id}`);
        let line = cell.querySelector("path");
        if (!line) {
          const space = "http://www.w3.org/2000/svg";
          const svg = document.createElementNS(space, "svg");
          line = document.createElementNS(space, "path");
          svg.setAttribute("class", "spark");
          svg.setAttribute("width", String(WIDTH));
          svg.setAttribute("height", String(HEIGHT));
          svg.setAttribute("aria-hidden", "true");
          svg.append(line);
          cell.replaceChildren(svg);
        }
        line.setAttribute("d", path ?? "");
        if (path !== undefined) return;
        this.wanted.add(row.id);
        this.ask();
      },
    };
  }

  private async fetch(): Promise<void> {
    const runs = [...this.wanted].slice(-100);
    const metric = this.metric;
    this.wanted.clear();
    try {
      const answer = await this.app.source.get<SeriesAnswer>("series", { runs, metrics: [metric], points: 48 });
      for (const id of runs) this.paths.set(`${metric}\n${id}`, "");
      for (const each of answer.series) this.paths.set(`${metric}\n${each.run}`, pathOf(toNumbers(each.x), toNumbers(each.y)));
      for (const key of this.paths.keys()) {
        if (this.paths.size <= KEPT) break;
        this.paths.delete(key);
      }
      this.arrived();
    } catch (error) {
      this.app.report(error);
    }
  }
}

function pathOf(x: Float64Array, y: Float64Array): string {
  const finite = y.filter(Number.isFinite);
  if (!finite.length) return "";
  const low = Math.min(...finite);
  const high = Math.max(...finite);
  const span = x[x.length - 1] - x[0] || 1;
  let path = "";
  let pen = "M";
  for (let i = 0; i < x.length; ++i) {
    if (!Number.isFinite(y[i])) {
      pen = "M";
      continue;
    }
    path += `${pen}${(1 + ((WIDTH - 2) * (x[i] - x[0])) / span).toFixed(1)} ${(HEIGHT - 2 - ((HEIGHT - 4) * (y[i] - low)) / (high - low || 1)).toFixed(1)}`;
    pen = "L";
  }
  return path;
}
