import { makeScale, niceStep, padded, ticksOf } from "../../../tracking/ui/page/chart/axis";
import { alignedTexts, compactText, numberText, printable } from "../../../tracking/ui/page/chart/text";
import { equal, holds, near, test } from "./check";

const ticks = (low: number, high: number, most: number, kind: "step" | "time" | "wall" | "number" = "number", log = false): string[] =>
  ticksOf(makeScale(low, high, 0, 100, log), kind, most).texts;

test("steps are 1, 2, 5 times a power of ten", () => {
  equal([0.9, 1, 1.1, 2, 2.1, 5, 5.1, 0.03, 7e-9].map(niceStep), [1, 1, 2, 2, 5, 5, 10, 0.05, 1e-8]);
});

test("ticks lie at 1-2-5 and are never more than asked for", () => {
  equal(ticks(0, 1, 5), ["0.0", "0.5", "1.0"]);
  equal(ticks(0, 0.9, 5), ["0.0", "0.2", "0.4", "0.6", "0.8"]);
  equal(ticks(-3, 3, 5), ["−2", "0", "2"]);
  equal(ticks(0, 2000, 5), ["0", "500", "1k", "1.5k", "2k"]);
  equal(ticks(0, 3e-4, 5), ["0", "1e−4", "2e−4", "3e−4"]);
  for (let k = 1; k < 3000; ++k) {
    const low = Math.sin(k) * 10 ** (k % 7), span = 10 ** ((k * 7) % 11 - 5);
    for (const most of [3, 5, 6]) {
      const { values, texts } = ticksOf(makeScale(low, low + span, 0, 1), "number", most);
      holds(values.length <= most && values.length >= 1, `${values.length} ticks of ${most} in ${low} + ${span}`);
      if (span / Math.abs(low) > 1e-9) equal(new Set(texts).size, texts.length, `different texts of ${low} + ${span}: ${texts.join(" ")}`);
    }
  }
});

test("steps are whole numbers", () => {
  equal(ticks(0, 3, 6, "step"), ["0", "1", "2", "3"]);
  equal(ticks(0, 1, 6, "step"), ["0", "1"]);
  equal(ticks(0, 1e6, 6, "step"), ["0", "200k", "400k", "600k", "800k", "1M"]);
});

test("texts of one axis tell its ticks apart", () => {
  equal(ticks(100000, 100004, 5), ["100000", "100001", "100002", "100003", "100004"]);
  equal(ticks(0.99991, 0.99994, 5), ["0.99991", "0.99992", "0.99993", "0.99994"]);
});

test("time has ticks of a clock", () => {
  equal(ticks(0, 600, 6, "time"), ["0 s", "2 min", "4 min", "6 min", "8 min", "10 min"]);
  equal(ticks(0, 7200, 5, "time"), ["0 s", "30 min", "1 h", "1 h 30 min", "2 h"]);
  equal(ticks(0, 3 * 86400, 6, "time"), ["0 s", "1 d", "2 d", "3 d"]);
});

test("wall time has ticks on local hours, and each day's first says the date", () => {
  const begin = new Date(2026, 10, 29, 23, 50).getTime() / 1e3;
  equal(ticks(begin, begin + 3600, 6, "wall"), ["30 Nov", "00:20", "00:40"]);
});

test("a logarithmic axis has decades, fewer where there are many, 1-2-5 where there are few", () => {
  equal(ticks(1e-4, 1e-1, 5, "number", true), ["1e−4", "0.001", "0.01", "0.1"]);
  equal(ticks(1, 10, 5, "number", true), ["1", "2", "5", "10"]);
  holds(ticks(1e-30, 1e30, 5, "number", true).length <= 5, "at most five over sixty decades");
  equal(ticks(2.1, 2.9, 5, "number", true), ["2.2", "2.4", "2.6", "2.8"]);
});

test("scales and their inverse", () => {
  for (const log of [false, true]) {
    const scale = makeScale(0.5, 800, 300, 20, log);
    near(scale.at(0.5), 300, 1e-9);
    near(scale.at(800), 20, 1e-9);
    near(scale.value(scale.at(37)), 37, 1e-9);
  }
});

test("room around values, none below zero", () => {
  equal(padded(0.1, 1, false)[0] > 0.05 && padded(0.1, 1, false)[0] < 0.1, true);
  equal(padded(0, 1, false)[0], 0);
  equal(padded(0.01, 1, false)[0], 0);
  equal(padded(Infinity, -Infinity, false), [0, 1]);
  holds(padded(5, 5, false)[1] > 5, "a single value has a range");
  holds(padded(1e-9, 1, true)[0] > 0, "a logarithmic range is positive");
});

test("numbers", () => {
  equal([0, -1.5, 1234567, 12345678, 0.00001234, NaN, Infinity, -Infinity, 0.1 + 0.2].map((v) => numberText(v)),
    ["0", "−1.5", "1234567", "1.2346e7", "1.234e−5", "NaN", "∞", "−∞", "0.3"]);
  equal([999, 1000, 1234, 999.9, 999999, 1.5e6, -2e9, 0.5].map(compactText), ["999", "1k", "1.23k", "1k", "1M", "1.5M", "−2G", "0.5"]);
});

test("values one below the other have the same decimals, unless a small one would lose its digits", () => {
  equal(alignedTexts([87.263, 89.87, -92.4089, NaN]), ["87.263", "89.870", "−92.409", "NaN"]);
  equal(alignedTexts([12.5, 0.00125]), ["12.5", "0.00125"]);
  equal(alignedTexts([1, 20, 300, 0]), ["1", "20", "300", "0"]);
  equal(alignedTexts([0.5, 0]), ["0.5", "0.0"]);
  equal([alignedTexts([]), alignedTexts([NaN]), alignedTexts([1e9, 0.5])], [[], ["NaN"], ["1e9", "0.5"]]);
});

test("texts of records have no control characters", () => {
  equal(printable("a\u001b[31mb\nc\u202ed\u00ad\ud800é👍\u200d"), "a\\x1b[31mb\\nc\\u{202e}d\\u{ad}\\u{d800}é👍\u200d");
});
