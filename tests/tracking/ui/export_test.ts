import { writeFileSync } from "fs";
import { LIGHT } from "../../../tracking/ui/page/chart/colours";
import { Ascending, viewOf, type CurvesData } from "../../../tracking/ui/page/chart/curves_data";
import { drawCurve, drawMarks, drawNotFinite, drawQuantiles, strokeFor } from "../../../tracking/ui/page/chart/curves_draw";
import { curveRows } from "../../../tracking/ui/page/chart/curves_rows";
import { csvOf, thinned } from "../../../tracking/ui/page/chart/export";
import { drawFrame, layFrame, type FrameSpec } from "../../../tracking/ui/page/chart/frame";
import { Scene } from "../../../tracking/ui/page/chart/scene";
import { svgOf } from "../../../tracking/ui/page/chart/svg";
import { equal, holds, test } from "./check";

declare const process: { argv: string[] };

const HOSTILE = `</text><script>alert("1")</script>&amp;\u001b[31m\u0000\uffff\ud800`;
const SHOWN = `</text><script>alert("1")</script>&amp;\\x1b[31m\\x00\\u{ffff}\\u{d800}`;

function pictureOf(data: CurvesData, many: boolean): string {
  const ascending = new Ascending();
  const view = viewOf(data, null, null, ascending);
  const spec: FrameSpec = { title: data.title, unit: data.unit, notes: view.notes, locked: true,
    x: { low: view.x[0], high: view.x[1], log: view.log.x, kind: data.xKind, label: data.xLabel },
    y: { low: view.y[0], high: view.y[1], log: view.log.y, kind: "number", label: "" } };
  const frame = layFrame(spec, 1600, 300, LIGHT);
  const scene = new Scene();
  drawFrame(scene, spec, frame, 1600, LIGHT);
  const pen = { scene, plot: frame.plot, sx: frame.sx, sy: frame.sy, palette: LIGHT, ratio: 1, ascending };
  scene.group(frame.plot, 0.5, () => {
    if (many) drawQuantiles(pen, data.curves);
    else for (const curve of data.curves) drawCurve(pen, data, curve, strokeFor(data.curves.length, 1));
  });
  drawNotFinite(pen, data.curves, true);
  for (const curve of data.curves) drawMarks(pen, curve);
  return svgOf(scene.items, 1600, 300, LIGHT.bg, LIGHT, data.title);
}

const hostile: CurvesData = {
  title: HOSTILE, unit: `"'<>`, xLabel: HOSTILE, xKind: "step", log: { x: false, y: false }, band: "none", hideOutliers: false, notes: ["<i>&"],
  curves: [{ id: "a", run: "a", label: HOSTILE, colour: `red"/><script/>`, x: [0, 1, 2, 3, 4], y: [1, NaN, Infinity, -Infinity, 2], nan: [4],
    marks: [{ x: 0, kind: "fork" }, { x: 1, kind: "resume" }, { x: 2, kind: "checkpoint" }, { x: 4, kind: "verified" }] }],
};

const ELEMENTS = ["svg", "title", "defs", "clipPath", "rect", "path", "g", "circle", "text"];

function write(name: string, svg: string, texts: string[]): void {
  holds(!svg.includes("<script"), `${name} holds a script`);
  const bad = /[^<]*\b(NaN|Infinity|undefined)\b.{0,20}/.exec(svg.replace(/<(text|title)[^]*?<\/\1>/g, ""));
  holds(!bad, `${name} holds a coordinate that is no number: ${bad?.[0].slice(0, 300)}`);
  writeFileSync(`${process.argv[2]}/${name}.svg`, svg);
  writeFileSync(`${process.argv[2]}/${name}.json`, JSON.stringify({ texts, elements: ELEMENTS }));
}

test("SVG shows names with markup and control characters as text", () => write("hostile", pictureOf(hostile, false), [SHOWN, `"'<>`, "<i>&"]));

test("SVG of many curves", () => {
  const curves = Array.from({ length: 300 }, (_, k) => ({ id: `${k}`, run: `${k}`, label: `run ${k}`, colour: k, x: [0, 1, 2, 3], y: [k, k + 1, k % 7 ? k : NaN, 2 * k] }));
  write("many", pictureOf({ ...hostile, title: "loss", curves }, true), ["loss"]);
});

test("CSV quotes what it must, and numbers are read back as they were", () => {
  const csv = csvOf({ caption: "", header: ["a,b", 'say "hi"'], rows: [["x\ny", 0.1 + 0.2], [" lead", NaN], [null, -Infinity], ["plain", -0]] });
  equal(csv, '"a,b","say ""hi"""\r\n"x\ny",0.30000000000000004\r\n" lead",nan\r\n,-inf\r\nplain,-0\r\n');
});

test("every point of every curve is in the CSV", () => {
  const curves = [{ id: "1", run: "r,1", label: "first", colour: 0, x: [1, 2], y: [3, 4], low: [2, 4], high: [5, 4] }, { id: "2", run: "r2", label: "second", colour: 1, x: [9], y: [NaN], n: [3] }];
  equal(csvOf(curveRows({ ...hostile, title: "loss", xLabel: "step", curves }, Infinity)),
    'run,curve,step,loss,low,high,n\r\n"r,1",first,1,3,2,5,\r\n"r,1",first,2,4,4,4,\r\nr2,second,9,nan,,,3\r\n');
});

test("the table has values side by side, of many curves a row each, and says what it left out", () => {
  const few = [0, 1].map((k) => ({ id: `${k}`, run: `${k}`, label: `run ${k}`, colour: k, x: [k, 2], y: [10 * k, 20] }));
  equal(curveRows({ ...hostile, title: "loss", xLabel: "step", curves: few }, 200).rows, [["0", 0, null], ["1", null, 10], ["2", 20, 20]]);
  const many = Array.from({ length: 40 }, (_, k) => ({ ...few[0]!, id: `${k}`, label: `run ${k}`, y: [-k, NaN] }));
  const rows = curveRows({ ...hostile, title: "loss", xLabel: "step", curves: many }, 30);
  equal([rows.rows.length, rows.rows[7], rows.caption], [30, ["run 7", 2, "2", NaN, -7, -7], "loss over step, the first 30 of 40 curves"]);
  equal(thinned(10, 4), [0, 3, 6, 9]);
  equal([thinned(11, 4), thinned(0, 4), thinned(3, 4)], [[0, 3, 6, 9, 10], [], [0, 1, 2]]);
});
