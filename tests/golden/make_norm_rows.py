#!/usr/bin/env python3
"""Writes norm_rows.txt: rows that are hard to normalise, with results and gradients as real arithmetic has them, rounded once.

Run it from this folder; it needs nothing but Python. Each row begins with a line of its name and length; then an element a line: x (a
float32), an upstream gradient, (x - mean) / sqrt(variance + epsilon), and x's gradient. Epsilon is 1e-5 as a float32.
"""
import decimal
import fractions
import random
import struct

decimal.getcontext().prec = 60
F = fractions.Fraction


def float32(value):
    return struct.unpack("f", struct.pack("f", value))[0]


def decimal_of(q):
    return decimal.Decimal(q.numerator) / decimal.Decimal(q.denominator)


def normalised(row, upstream):
    """Lists of decimals: results and gradients."""
    x, g = [F(v) for v in row], [F(v) for v in upstream]
    n = len(x)
    mean = sum(x) / n
    variance = sum((v - mean) ** 2 for v in x) / n
    scale = 1 / (decimal_of(variance + F(float32(1e-5)))).sqrt()
    h = [decimal_of(v - mean) * scale for v in x]
    level = decimal_of(sum(g) / n)
    slope = sum(decimal_of(a) * b for a, b in zip(g, h)) / n
    return h, [((decimal_of(a) - level) - b * slope) * scale for a, b in zip(g, h)]


def main():
    draw = random.Random(5)

    def near(n, mean, deviation, **elements):
        row = [float32(draw.gauss(mean, deviation)) for _ in range(n)]
        for place, value in elements.items():
            row[{"first": 0, "middle": n // 2, "last": n - 1, "second": 1}[place]] = float32(value)
        return row

    rows = {
        "ordinary": near(33, 0.5, 2),
        "constant": [float32(1000.1)] * 96,
        "far from zero": near(768, 1e6, 1),
        "far below zero": near(65, -3e5, 0.3),
        "air pressure": near(130, 101325, 0.1),
        "small and close": near(64, 1, 1e-3),
        "one step above": [float32(123456.7)] * 63 + [float32(123456.7) + 2.0**-7],
        "outlier first": near(64, 0, 1, first=1e6),
        "outlier first, far from zero": near(96, 1e5, 0.5, first=-1e5),
        "outlier in the middle": near(64, 0, 1, middle=-3e4),
        "outlier last": near(65, 7, 1, last=1e6),
        "outliers first and last": near(64, 0, 1, first=1e5, last=1e5),
        "outlier second": near(64, 1e4, 0.1, second=2e4),
        "two outliers first": near(64, 1e4, 0.1, first=3e4, second=2e4),
        "two far outliers first": near(96, 0, 1, first=1e6, second=1e6),
        "two elements": [float32(1e6), float32(1e6 + 1)],
        "large": near(40, 0, 1e18),
    }
    with open("norm_rows.txt", "w", encoding="ascii") as out:
        for name, row in rows.items():
            upstream = [draw.randrange(-16, 17) / 8 for _ in row]
            h, dx = normalised(row, upstream)
            print(f"{name}: {len(row)}", file=out)
            for values in zip(row, upstream, h, dx):
                print(*(f"{float(v):.10g}" for v in values), file=out)


if __name__ == "__main__":
    main()
