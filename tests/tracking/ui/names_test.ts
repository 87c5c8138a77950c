import { joinNames, splitNames } from "../../../tracking/ui/page/names";
import { key } from "../../../tracking/ui/page/source";
import { format, parse } from "../../../tracking/ui/page/state";
import { StaticSource } from "../../../tracking/ui/page/static_source";
import type { Row, SeriesAnswer } from "../../../tracking/ui/page/types";
import { equal, test } from "./check";

// Each is the beginning or a part of another.
const ODD = ["a", "a,b", "b", "ab", "a\\,b", "\\", ",", 'q"[(', " blank ", "ü\n", "../x?y#z&w=%2C", "media?runs=a"];

test("a list of names is taken apart as it was put together", () => {
  equal(splitNames(joinNames(ODD)), ODD);
  for (const name of ODD) equal(splitNames(joinNames([name])), [name]);
  equal([joinNames(["20261101-000000-00aaaaa", "loss[subset=val]"]), splitNames(""), splitNames("a,,b,")], ["20261101-000000-00aaaaa,loss[subset=val]", [], ["a", "b"]]);
});

test("requests and addresses hold lists of names", () => {
  equal(key("series", { runs: ["a,b", "c"], metrics: [], x: "step", archived: false }), "series?runs=a%5C%2Cb%2Cc&x=step");
  const address = { view: "compare" as const, params: { sel: joinNames(ODD) } };
  equal(splitNames(parse(format(address)).params.sel), ODD);
});

/** An export of these runs, its keys as the program writes them. */
function exported(): StaticSource {
  const data = new Map<string, unknown>();
  for (const id of ODD) {
    const runs = encodeURIComponent(id.replace(/[\\,]/g, "\\$&"));
    const series = [{ run: id, metric: "loss", context: {}, x: [0], y: [1] }, { run: id, metric: "loss", context: { a: "1", b: "2" }, x: [0], y: [2] }];
    data.set(`series?runs=${runs}`, { series });
    data.set(`media?kind=text&runs=${runs}`, { items: [{ run: id }] });
    data.set(`run?id=${encodeURIComponent(id)}`, { id });
  }
  data.set("compare?runs=a%5C%2Cb%2Cab", { runs: ["a,b", "ab"] });
  data.set("table?columns=x", { columns: [], rows: ODD.map((id): Row => ({ id, name: id, status: "finished", made: 0, tags: [], archived: false, values: [] })) });
  (globalThis as unknown as { window: object }).window = { stetExport: { data, files: {} } };
  return new StaticSource();
}

test("an export finds runs whatever they are called", async () => {
  const source = exported();
  const curves = async (runs: string[], metric: string): Promise<string[]> => (await source.get<SeriesAnswer>("series", { runs, metrics: [metric] })).series.map((each) => each.run);
  for (const id of ODD) {
    equal(await curves([id], "loss"), [id, id], `curves of ${id}`);
    equal(await source.get("media", { runs: [id], kind: "text" }), { items: [{ run: id }] }, `texts of ${id}`);
    equal(await source.get("run", { id }), { id });
  }
  equal(await curves(ODD, "loss[a=1,b=2]"), ODD);
  equal(await curves(["nobody"], "loss"), []);
  equal(await source.get("compare", { runs: ["ab", "a,b"] }), { runs: ["a,b", "ab"] });
  const rows = await source.get<{ rows: Row[] }>("table", { query: 'id == "q\\"[(" or id == "a,b" or id == "\\\\"' });
  equal(rows.rows.map((row) => row.id), ["a,b", "\\", 'q"[(']);
});
