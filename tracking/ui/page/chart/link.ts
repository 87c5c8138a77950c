// Charts over the same axis that move together.
import type { CurvesChart } from "./curves";

/** Crosshair, highlighted run and range of x of any chart go to all others of the group. */
export class ChartGroup {
  private readonly charts = new Map<CurvesChart, (() => void)[]>();

  add(chart: CurvesChart): void {
    if (this.charts.has(chart)) return;
    this.charts.set(chart, [
      chart.on("hover", ({ x, run }) => this.others(chart, (other) => {
        other.crosshair(x);
        other.highlight(run);
      })),
      chart.on("zoom", ({ range }) => this.others(chart, (other) => other.zoom(range))),
    ]);
  }

  remove(chart: CurvesChart): void {
    for (const off of this.charts.get(chart) ?? []) off();
    this.charts.delete(chart);
  }

  private others(chart: CurvesChart, f: (other: CurvesChart) => void): void {
    for (const other of this.charts.keys()) if (other !== chart) f(other);
  }
}
