// Curves as rows: for a file every point, for a reader values side by side or, of many curves, a summary.
import { valueText } from "./axis";
import type { Curve, CurvesData } from "./curves_data";
import { isBand } from "./curves_data";
import { nearestIndex } from "./decimate";
import type { Cell, Rows } from "./export";
import { thinned } from "./export";
import { countText } from "./text";

/** More curves than this are summed up, a row each. */
const SIDE_BY_SIDE = 12;

export function curveRows(data: CurvesData, most: number): Rows {
  if (most === Infinity) return everyPoint(data);
  return data.curves.length <= SIDE_BY_SIDE ? sideBySide(data, most) : summary(data, most);
}

/** A row for each point of each curve, with what it is the extremes or mean of. */
function everyPoint(data: CurvesData): Rows {
  const rows: Cell[][] = [];
  for (const curve of data.curves) {
    for (let i = 0; i < curve.x.length; ++i) {
      rows.push([curve.run, curve.label, curve.x[i]!, curve.y[i]!, curve.low?.[i] ?? null, curve.high?.[i] ?? null, curve.n?.[i] ?? null]);
    }
  }
  return { caption: data.title, header: ["run", "curve", data.xLabel, data.title, "low", "high", "n"], rows };
}

function unionOfX(curves: readonly Curve[]): number[] {
  const all = new Set<number>();
  for (const { x } of curves) for (let i = 0; i < x.length; ++i) all.add(x[i]!);
  return [...all].sort((a, b) => a - b);
}

function sideBySide(data: CurvesData, most: number): Rows {
  const union = unionOfX(data.curves);
  const kept = thinned(union.length, most).map((i) => union[i]!);
  const rows = kept.map((x): Cell[] => [valueText(x, data.xKind), ...data.curves.map((curve) => valueAt(curve, x))]);
  const thin = kept.length < union.length ? `, ${countText(kept.length)} of ${countText(union.length)} places` : "";
  return { caption: `${data.title} over ${data.xLabel}${thin}`, header: [data.xLabel, ...data.curves.map((curve) => curve.label)], rows };
}

function valueAt(curve: Curve, x: number): Cell {
  const i = nearestIndex(curve.x, x);
  return i >= 0 && curve.x[i] === x ? curve.y[i]! : null;
}

function summary(data: CurvesData, most: number): Rows {
  const shown = data.curves.slice(0, most);
  const rows = shown.map((curve): Cell[] => {
    const last = curve.x.length - 1;
    const [low, high] = extremes(curve, isBand(curve, data));
    return [curve.label, curve.x.length, last >= 0 ? valueText(curve.x[last]!, data.xKind) : null, last >= 0 ? curve.y[last]! : null, low, high];
  });
  const thin = shown.length < data.curves.length ? `, the first ${countText(shown.length)} of ${countText(data.curves.length)} curves` : "";
  return { caption: `${data.title} over ${data.xLabel}${thin}`, header: ["curve", "points", `last ${data.xLabel}`, "last value", "lowest", "highest"], rows };
}

function extremes(curve: Curve, band: boolean): [number | null, number | null] {
  let low = Infinity, high = -Infinity;
  for (let i = 0; i < curve.x.length; ++i) {
    const least = (band ? undefined : curve.low?.[i]) ?? curve.y[i]!;
    const most = (band ? undefined : curve.high?.[i]) ?? curve.y[i]!;
    if (least < low) low = least;
    if (most > high) high = most;
  }
  return low <= high ? [low, high] : [null, null];
}
