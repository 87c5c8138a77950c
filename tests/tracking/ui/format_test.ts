import { valueText } from "../../../tracking/ui/page/chart/axis";
import { countText, durationText, fixedText, numberText, plural, sharedDecimals } from "../../../tracking/ui/page/chart/text";
import { exact, signed, value } from "../../../tracking/ui/page/format";
import { equal, holds, test } from "./check";

test("durations, the same in tables and on axes", () => {
  const seconds = [0, 2.5e-5, 0.0123, 0.9999, 12, 59.97, 60, 185, 3600, 3725, 86400, 90061, -60, NaN];
  const texts = ["0 s", "25 µs", "12.3 ms", "1 s", "12 s", "1 min", "1 min", "3 min 5 s", "1 h", "1 h 2 min", "1 d", "1 d 1 h", "−1 min", "NaN"];
  equal(seconds.map(durationText), texts);
  equal(seconds.map((each) => value(Number.isNaN(each) ? "NaN" : each, "duration")), texts);
  equal(seconds.map((each) => valueText(each, "time")), texts);
  equal([value(null, "duration"), exact(3725.25, "duration")], ["", "3725.25 s"]);
});

test("numbers of axes, tables and tooltips", () => {
  equal([valueText(12345678, "step"), valueText(-0.5, "number")], ["12345678", "−0.5"]);
  equal([0.1, 1234567, 0.00001234, -2.34567, "NaN", "-Infinity", "9007199254740993"].map((each) => value(each, "number")), ["0.1", "1234567", "1.234e−5", "−2.346", "NaN", "−∞", "9007199254740993"]);
  equal([1e-3, -0.25, 123.456, 1e-5].map((each) => value(each, "number", -1)), ["0.001", "−0.25", "123.5", "1e−5"]);
  equal([0.5, -12.3456, 2e-5, 0, NaN].map(signed), ["+0.500", "−12.35", "+2e−5", "0.000", ""]);
});

test("a column has the decimals that its values need, and none that none of them has", () => {
  equal([[1, 20, 300], [0.5, 0.25], [2.31234, 0.0123], [87.2634, 89.87], [12.5, 0.00125], [], [NaN], [1e9, 0.5]].map((each) => sharedDecimals(each)), [0, 2, 3, 2, -1, 0, 0, -1]);
  equal([2.31234, 0.0123, NaN, -5].map((each) => fixedText(each, 3)), ["2.312", "0.012", "NaN", "−5.000"]);
  for (let k = 1; k < 500; ++k) {
    const most = Math.abs(Math.sin(k)) * 10 ** (k % 9 - 3), decimals = sharedDecimals([most, most / 3]);
    const shown = Number(fixedText(most, decimals).replace(/−/g, "-"));
    holds(Math.abs(shown - most) <= 1e-3 * most, `${most} is shown as ${shown}`);
  }
});

test("counts", () => {
  equal([0, 999, 1000, 12345678].map(countText), ["0", "999", "1,000", "12,345,678"]);
  equal([plural(1, "run"), plural(10000, "run"), plural(2, "axis", "axes")], ["1 run", "10,000 runs", "2 axes"]);
  equal([numberText(1234567), numberText(12345678)], ["1234567", "1.2346e7"]);
});
