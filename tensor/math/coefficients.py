#!/usr/bin/env python3
"""Makes the constants of functions-inl.h and float-lanes-inl.h: coefficients.h, erf_points.h and exp_floats.h, in the current folder.

Needs mpmath. Takes about a minute.
"""

import contextlib
import itertools
import struct

from mpmath import mp, mpf, matrix, lu_solve
import mpmath

mp.prec = 300


def double(value):
    """The nearest double, as an exact mpf."""
    return mpf(float(mpmath.mpf(value)))


def single(value):
    """The nearest float, as an exact mpf."""
    return mpf(struct.unpack("f", struct.pack("f", float(mpmath.mpf(value))))[0])


def chop(value, lowest):
    """`value` rounded down to a multiple of 2^lowest."""
    return mpmath.floor(mpmath.ldexp(value, -lowest)) * mpmath.ldexp(1, lowest)


def least_squares(target, weight, low, high, powers):
    """Coefficients of x^p, p in powers, near the polynomial of least weighted error on [low, high].

    Fitted at Chebyshev points, which keeps the largest error within a small factor of the least possible.
    """
    count = 4 * len(powers)
    points = [(low + high) / 2 + (high - low) / 2 * mpmath.cos(mp.pi * (2 * i + 1) / (2 * count)) for i in range(count)]
    rows = matrix(count, len(powers))
    values = matrix(count, 1)
    for i, x in enumerate(points):
        w = weight(x)
        for j, power in enumerate(powers):
            rows[i, j] = x**power * w
        values[i] = target(x) * w
    return list(lu_solve(rows, values))


def polynomial(function, low, high, count, fixed=(), weight=lambda x: mpf(1), rounded=double):
    """Coefficients c[0..count), doubles or as `rounded`, lowest power first, starting with `fixed`.

    Each is rounded in turn and the ones above it are fitted again, so that they make up for what the rounding did.
    """
    low, high = mpf(low), mpf(high)
    coefficients = [mpf(c) for c in fixed]
    while len(coefficients) < count:
        known = list(coefficients)

        def rest(x):
            return function(x) - mpmath.polyval(known[::-1], x) if known else function(x)

        coefficients.append(rounded(least_squares(rest, weight, low, high, range(len(known), count))[0]))
    return coefficients


def hexadecimal(value):
    return float(value).hex().replace(".0000000000000p", "p")


def constant(name, value, comment):
    print(f"/// {comment}\nSTET_COEFFICIENTS {name} = {hexadecimal(value)};\n")


def table(name, values, comment, kind="STET_COEFFICIENTS"):
    print(f"/// {comment}\n{kind} {name}[{len(values)}] = {{")
    line = "   "
    for value in values:
        text = f" {hexadecimal(value)},"
        if len(line) + len(text) > 120:
            print(line)
            line = "   "
        line += text
    print(line + "\n};\n")


def split(value, bits):
    """`value` as a double of so many bits and the double nearest to what is left."""
    high = chop(value, mpmath.frexp(value)[1] - bits)
    return high, double(value - high)


def exponential():
    log2e = 1 / mpmath.log(2)
    constant("kLog2eHigh", double(log2e), "log2(e), its leading 53 bits.")
    constant("kLog2eLow", double(log2e - double(log2e)), "log2(e) - kLog2eHigh.")
    m1 = lambda x: mpmath.expm1(x * mpmath.log(2)) / x if x else mpmath.log(2)
    table("kExp2m1", polynomial(m1, -0.5, 0.5, 11), "(2^f - 1) / f on [-1/2, 1/2].")
    table("kExp2m1Near", polynomial(m1, mpf(-1) / 32, mpf(1) / 32, 6, weight=lambda f: f), "(2^f - 1) / f on [-1/32, 1/32].")
    table("kExp2m1Fine", polynomial(m1, mpf(-1) / 32, mpf(1) / 32, 8, weight=lambda f: f), "The same, closer.")
    table("kExp2Sixteenths", [double(mpf(2) ** (mpf(i) / 16)) for i in range(16)], "2^(i / 16).")
    roots = [mpf(2) ** (mpf(i) / 16) for i in range(16)]
    table("kExp2SixteenthsLow", [double(root - double(root)) for root in roots], "2^(i / 16) - kExp2Sixteenths[i].")
    tail = lambda z: (mpmath.sinh(mpmath.sqrt(z)) / mpmath.sqrt(z) - 1) / z
    table("kSinhTail", polynomial(tail, 0, mpf(1) / 16, 6, weight=lambda z: z), "(sinh(x) - x) / x^3 in z = x^2, |x| <= 1/4.")


def exponential_in_floats():
    roots = [mpf(2) ** (mpf(i) / 8) for i in range(8)]
    kind = "alignas(32) inline constexpr float"
    table("kExpRootHigh", [single(root) for root in roots], "2^(i / 8) as a float.", kind)
    table("kExpRootLow", [single(root - single(root)) for root in roots], "2^(i / 8) - kExpRootHigh[i].", kind)
    step = mpmath.log(2) / 8
    table("kExpStep", [single(step), single(step - single(step))], "ln(2) / 8 as the sum of two floats.", "inline constexpr float")
    square = lambda r: (mpmath.expm1(r) - r) / r**2 if r else mpf(1) / 2
    reach = step / 2 * mpf("1.0001")
    table("kExpSquare", polynomial(square, -reach, reach, 4, weight=lambda r: r**2, rounded=single), "(e^r - 1 - r) / r^2 on [-1/16, 1/16] ln(2).",
          "inline constexpr float")


def logarithm():
    high, low = split(mpmath.log(2), 44)
    constant("kLn2High", high, "ln(2), its leading 44 bits: a product with a float's exponent is exact.")
    constant("kLn2Low", low, "ln(2) - kLn2High.")
    constant("kSqrtHalf", double(mpmath.sqrt(mpf(1) / 2)), "sqrt(1/2).")
    # log((1 + s) / (1 - s)) = 2s + s z P(z), z = s^2; |s| reaches (sqrt(2) - 1) / (sqrt(2) + 1).
    reach = (mpmath.sqrt(2) - 1) / (mpmath.sqrt(2) + 1)

    def tail(z):
        s = mpmath.sqrt(z)
        return (mpmath.log((1 + s) / (1 - s)) - 2 * s) / (s * z)

    table("kLogTail", polynomial(tail, 0, reach**2 * mpf("1.0001"), 9, weight=lambda z: z),
          "(log((1 + s) / (1 - s)) - 2 s) / s^3 in z = s^2.")


def logarithm_to_ten():
    high, low = split(mpmath.log10(2), 44)
    constant("kLog10Of2High", high, "log10(2), its leading 44 bits.")
    constant("kLog10Of2Low", low, "log10(2) - kLog10Of2High.")
    base = 1 / mpmath.log(10)
    constant("kLog10eHigh", double(base), "log10(e), its leading 53 bits.")
    constant("kLog10eLow", double(base - double(base)), "log10(e) - kLog10eHigh.")


def arc_tangent():
    # atan(u) = u + u z P(z), z = u^2; |u| reaches 1/15.
    tail = lambda z: (mpmath.atan(mpmath.sqrt(z)) / mpmath.sqrt(z) - 1) / z
    table("kAtanTail", polynomial(tail, 0, mpf(1) / 225, 7, weight=lambda z: z), "(atan(u) - u) / u^3 in z = u^2, |u| <= 1/15.")
    angles = [mpmath.atan(mpf(i) / 8) for i in range(8)]
    angles += [mp.pi / 2 - a for a in angles]
    table("kAtanHigh", [double(a) for a in angles], "atan(i / 8) at [i], pi/2 - atan(i / 8) at [8 + i].")
    table("kAtanLow", [double(a - double(a)) for a in angles], "What kAtanHigh lacks.")


def logarithm_by_intervals():
    # m runs over [first, 2 first), whose 16 intervals are equal in the bits of a double. 1 stands at two thirds of its own, since numbers
    # below 1 lie twice as dense.
    one, interval = 0x3FF0000000000000, 1 << 48
    own = 9
    first = one - own * interval - 2 * interval // 3
    value = lambda bits: mpf(struct.unpack("d", struct.pack("q", bits))[0])
    def reciprocal(middle):
        """Near 1 / middle, of 24 bits, with a logarithm that is a multiple of kLn2High's last bit but for 2^-58 (an idea of Gal's, 1991)."""
        start = mpmath.nint(mpmath.ldexp(1 / middle, 24))
        for i in itertools.count():
            r = mpmath.ldexp(start + (i // 2 if i % 2 else -(i // 2)), -24)
            scaled = mpmath.ldexp(mpmath.log(r), 44)
            if abs(scaled - mpmath.nint(scaled)) < mpf(2) ** -14:
                return r

    reciprocals = []
    for i in range(16):
        low, high = value(first + i * interval), value(first + (i + 1) * interval)
        mp.prec = 100
        reciprocals.append(mpf(1) if i == own else reciprocal((low + high) / 2))
        mp.prec = 300
    reach = max(abs(value(first + (i + j) * interval) * r - 1) for i, r in enumerate(reciprocals) for j in (0, 1))
    logs = [mpmath.ldexp(mpmath.nint(mpmath.ldexp(-mpmath.log(r), 44)), -44) for r in reciprocals]
    print(f"/// The bits of the least number of 16 intervals that are equal in bits.\ninline constexpr int64_t kLogFirst = {first:#x};\n")
    table("kLogReciprocal", reciprocals, "About the reciprocal of each interval's middle, of 24 bits; 1 for the interval that holds 1.")
    table("kLogInterval", logs, "-log of it but for 2^-58, a multiple of kLn2High's last bit.")
    quadratic = lambda f: (mpmath.log1p(f) - f) / f**2 if f else mpf(-1) / 2
    table("kLogQuadratic", polynomial(quadratic, -reach, reach, 9, weight=lambda f: f), "(log(1 + f) - f) / f^2 in f = m r - 1.")


def sine():
    quarter = mp.pi / 2
    constant("kHalfPiHigh", double(quarter), "pi / 2, its leading 53 bits.")
    constant("kHalfPiLow", double(quarter - double(quarter)), "pi / 2 - kHalfPiHigh.")
    square = -quarter**2 / 2
    constant("kCosSquareHigh", double(square), "-(pi / 2)^2 / 2, its leading 53 bits.")
    constant("kCosSquareLow", double(square - double(square)), "-(pi / 2)^2 / 2 - kCosSquareHigh.")

    def sine_tail(z):
        h = mpmath.sqrt(z)
        return (mpmath.sin(quarter * h) - quarter * h) / (h * z)

    def cosine_tail(z):
        return (mpmath.cos(quarter * mpmath.sqrt(z)) - 1 - square * z) / z**2

    table("kSinTail", polynomial(sine_tail, 0, mpf("0.2501"), 7, weight=lambda z: z),
          "(sin(pi/2 h) - pi/2 h) / h^3 in z = h^2, |h| <= 1/2.")
    table("kCosTail", polynomial(cosine_tail, 0, mpf("0.2501"), 7, weight=lambda z: z**2),
          "(cos(pi/2 h) - 1 + (pi/2)^2/2 h^2) / h^4 in z = h^2, |h| <= 1/2.")

    # For x = m 2^e, 1 <= m < 2: x 2/pi = m T modulo 4, T = (2/pi 2^(e - 23) mod 4) 2^23, as m 2^23 is an integer.
    # T is cut in two parts of 29 bits, whose products with m's 24 are exact, and a third.
    mp.prec = 600
    parts = [[], [], []]
    for e in range(-12, 128):
        rest = mpmath.ldexp(mpmath.fmod(mpmath.ldexp(2 / mp.pi, e - 23), 4), 23)
        top = min(mpmath.frexp(mpmath.ldexp(2 / mp.pi, e))[1], 25)
        for part, lowest in zip(parts, (top - 29, top - 58, None)):
            value = double(rest) if lowest is None else chop(rest, lowest)
            part.append(value)
            rest -= value
    mp.prec = 300
    for name, part in zip(("High", "Middle", "Low"), parts):
        table(f"kTwoOverPi{name}", part,
              f"2/pi 2^e without the multiples of 4 that it adds for a float of exponent e, from e = -12; its {name.lower()} part.")


def error_function():
    # erf(x) = x p(x - centre) on 16 intervals of width 1/4; the table is by coefficient, then by interval.
    by_interval = []
    for i in range(16):
        centre = (i + mpf("0.5")) / 4
        ratio = lambda r: mpmath.erf(centre + r) / (centre + r) if centre + r else 2 / mpmath.sqrt(mp.pi)
        by_interval.append(polynomial(ratio, -0.125, 0.125, 13))
    table("kErf", [by_interval[i][j] for j in range(13) for i in range(16)],
          "erf(x) / x in r = x - (i + 1/2) / 4 on [i / 4, (i + 1) / 4]: coefficient j at [16 j + i].")


def error_function_at_points():
    points = [mpf(i) / 256 for i in range(1024)]
    pairs = [(mpmath.erf(c), 2 / mpmath.sqrt(mp.pi) * mpmath.exp(-c * c)) for c in points]
    table("kErfPoints", [double(value) for pair in pairs for value in pair], "erf(i / 256) at [2 i], and its derivative there at [2 i + 1].",
          kind="alignas(16) inline constexpr double")


@contextlib.contextmanager
def header(name):
    with open(name, "w") as file, contextlib.redirect_stdout(file):
        print("// Made by coefficients.py; not edited by hand.\n// clang-format off")
        print("#pragma once\n")
        yield
        print("}  // namespace stet::math")


with header("coefficients.h"):
    print("// A device compiler may put them into its own memory.")
    print("#ifndef STET_COEFFICIENTS\n#define STET_COEFFICIENTS inline constexpr double\n#endif\n")
    print("namespace stet::math {\n")
    exponential()
    logarithm()
    logarithm_by_intervals()
    logarithm_to_ten()
    sine()
    arc_tangent()
    error_function()

with header("erf_points.h"):
    print("namespace stet::math {\n")
    error_function_at_points()

with header("exp_floats.h"):
    print("namespace stet::math {\n")
    exponential_in_floats()
