// The float32 elementary functions, evaluated in binary64: the one text of them, for scalars, vectors and devices.
//
// Included inside a namespace that has the operations of lanes-scalar.h; STET_LANES is what stands before a function
// there. Each function takes a float's value as a double, and returns a double that the caller rounds to float: the
// result is then the correctly rounded one. Every line is IEEE 754 binary64 arithmetic in round-to-nearest-even or
// works on bit patterns, so all instantiations give the same bits. bench/exhaustive.cpp proves the rounding for all
// 2^32 inputs.
//
// There is no include guard: one inclusion makes one instantiation.

/// Added and subtracted again, it rounds a number below 2^51 to an integer, which the sum's lowest bits then hold.
constexpr double kToInteger = 0x1.8p52;
constexpr int64_t kOneBits = 0x3ff0000000000000, kFractionBits = 0x000fffffffffffff;
constexpr double kInfinity = __builtin_inf();

/// c[kFirst] + c[kFirst + 2] z + c[kFirst + 4] z^2 + ...
template <int kFirst, int kSize> STET_LANES F64 every_other(F64 z, const double (&c)[kSize]) {
  if constexpr (kFirst + 2 >= kSize) {
    return splat(c[kFirst]);
  } else {
    return fma(every_other<kFirst + 2>(z, c), z, splat(c[kFirst]));
  }
}

/// c[0] + c[1] x + c[2] x^2 + ..., even and odd powers side by side: half as long a chain as Horner's.
template <int kSize> STET_LANES F64 polynomial(F64 x, const double (&c)[kSize]) {
  const F64 z = x * x;
  return fma(every_other<1>(z, c), x, every_other<0>(z, c));
}

/// The magnitude of one with the sign of the other.
STET_LANES F64 copy_sign(F64 magnitude, F64 sign) {
  return from_bits((bits(magnitude) & splat_bits(INT64_MAX)) | (bits(sign) & splat_bits(INT64_MIN)));
}

/// high + low with the last bit set, on the side of zero where that is inexact, |low| <= |high|: so it is on the right
/// side of every tie between two floats, and rounding it to float rounds high + low as if at once. A float's own double
/// stays on its side too.
STET_LANES F64 round_to_odd(F64 high, F64 low) {
  const F64 sum = high + low;
  const F64 error = low - (sum - high);
  const I64 too_far = shift_right<63>(bits(sum) ^ bits(error));  // 1 where the sum was rounded away from zero
  return from_bits(subtract(bits(sum), too_far) | splat_bits(1));
}

/// high + low, |low| <= |high|.
struct Sum {
  F64 high, low;
};

/// The same with low at most half of high's last place.
STET_LANES Sum renormalised(const Sum& sum) {
  const F64 high = sum.high + sum.low;
  return {high, sum.low - (high - sum.high)};
}

/// An argument of e^x as k + f, in binary: x log2(e) = k + f, |f| <= 1/2.
struct BinaryExponent {
  F64 k;  ///< an integer, below 2^10 in magnitude
  F64 f;
  I64 shift;  ///< its lowest bits are k
};

STET_LANES BinaryExponent binary_exponent(F64 x) {
  const F64 t = fma(x, splat(kLog2eHigh), splat(kToInteger));
  const F64 k = t - splat(kToInteger);
  return {k, fma(x, splat(kLog2eLow), fms(x, splat(kLog2eHigh), k)), bits(t)};
}

/// e^x for |x| <= 128, with a relative error of about 2^-53; by sixteenths of the exponent where a table of them is at
/// hand.
STET_LANES F64 exp_in_range(F64 x) {
  if constexpr (kCheapLookup) {
    const F64 t = fma(x, splat(kLog2eHigh), splat(kToInteger / 16));
    const F64 k = t - splat(kToInteger / 16);
    const F64 f = fma(x, splat(kLog2eLow), fms(x, splat(kLog2eHigh), k));
    const F64 root = lookup16(kExp2Sixteenths, bits(t));
    const F64 power = fma(polynomial(f, kExp2m1Near) * f, root, root);
    return from_bits(add(bits(power), shift_left<52>(shift_right<4>(bits(t)))));
  }
  const BinaryExponent e = binary_exponent(x);
  return from_bits(add(bits(fma(polynomial(e.f, kExp2m1), e.f, splat(1))), shift_left<52>(e.shift)));
}

/// e^x - 1 for |x| <= 128, with a small relative error near 0 too.
STET_LANES F64 expm1_in_range(F64 x) {
  const BinaryExponent e = binary_exponent(x);
  const F64 power = from_bits(add(splat_bits(kOneBits), shift_left<52>(e.shift)));
  return fma(power, polynomial(e.f, kExp2m1) * e.f, power - splat(1));
}

STET_LANES F64 exp(F64 x) {
  // Beyond these e^x rounds to +0 and to infinity.
  return exp_in_range(at_most(at_least(x, -105), 89));
}

STET_LANES F64 expm1(F64 x) {
  const F64 result = expm1_in_range(at_most(at_least(x, -20), 89));
  return select(x == splat(0), x, result);
}

/// e^x for |x| <= 90, with a relative error of about 2^-58.
STET_LANES Sum exp_as_sum(F64 x) {
  const F64 t = fma(x, splat(kLog2eHigh), splat(kToInteger / 16));
  const F64 k = t - splat(kToInteger / 16);
  const F64 f = fma(x, splat(kLog2eLow), fms(x, splat(kLog2eHigh), k));
  const F64 root = lookup16(kExp2Sixteenths, bits(t));
  const F64 low = fma(polynomial(f, kExp2m1Fine) * f, root, lookup16(kExp2SixteenthsLow, bits(t)));
  const I64 exponent = shift_left<52>(shift_right<4>(bits(t)));
  const F64 power = from_bits(add(splat_bits(kOneBits), exponent));
  return {root * power, low * power};
}

/// (e^a + e^-a) / 2 and, where `less` holds, (e^a - e^-a) / 2, for 0 <= a <= 90.
STET_LANES F64 half_sum_of_exps(F64 a, bool less) {
  const Sum grown = exp_as_sum(a), shrunk = exp_as_sum(splat(0) - a);
  const F64 sign = splat(less ? -0.5 : 0.5);
  const F64 first = grown.high * splat(0.5), second = shrunk.high * sign;
  const F64 high = first + second;
  const F64 low = (second - (high - first)) + fma(grown.low, splat(0.5), shrunk.low * sign);
  return round_to_odd(high, low);
}

STET_LANES F64 sinh(F64 x) {
  const F64 a = abs(x);
  const F64 z = a * a;
  const F64 near = round_to_odd(a, a * z * polynomial(z, kSinhTail));
  // From 90 on it rounds to infinity.
  const F64 far = half_sum_of_exps(at_most(a, 90), true);
  const F64 result = copy_sign(select(a < splat(0.25), near, far), x);
  return select(x == splat(0), x, result);
}

STET_LANES F64 cosh(F64 x) { return half_sum_of_exps(at_most(abs(x), 90), false); }

STET_LANES F64 tanh(F64 x) {
  // (e^2a - 1) / (e^2a + 1); 1 from 10 on.
  const F64 a = at_most(abs(x), 10);
  const F64 e = expm1_in_range(a + a);
  return copy_sign(e / (e + splat(2)), x);
}

STET_LANES F64 sigmoid(F64 x) {
  // Near 0 it is 1/2 + x/4 - x^3/48 + ..., and 1/2 + x/4 may be a tie between two floats, which the next term breaks
  // toward 1/2 although it is too small for a double's sum. That sum does feel 2^-52 from an x that is nearer to 0 by
  // 2^-50.
  const F64 nearer = select(abs(x) < splat(0x1p-7), x - copy_sign(splat(0x1p-50), x), x);
  return splat(1) / (splat(1) + exp_in_range(splat(0) - at_most(at_least(nearer, -105), 30)));
}

STET_LANES F64 erf(F64 x) {
  // Of a table of polynomials; 1 from 3.9999 on.
  const F64 a = at_most(abs(x), 3.9999);
  const F64 t = fma(a, splat(4), splat(-0.5)) + splat(kToInteger);
  const F64 interval = t - splat(kToInteger);
  const F64 r = fnma(interval, splat(0.25), a) - splat(0.125);
  const I64 index = bits(t);
  F64 p = lookup16(kErf + 16 * 12, index);
  for (int j = 11; j >= 0; --j) p = fma(p, r, lookup16(kErf + 16 * j, index));
  return copy_sign(a * p, x);
}

/// log(1 + f) + e ln 2, |f| <= sqrt(2) - 1, e = 0 or |e| >= 1 an integer, with a relative error of about 2^-58:
/// atanh's series in s = f / (2 + f).
STET_LANES Sum log_of_reduced(F64 f, F64 e) {
  const F64 d = f + splat(2);
  const F64 d_low = f - (d - splat(2));
  const F64 reciprocal = splat(1) / d;
  const F64 s = f * reciprocal;
  const F64 s_low = fnma(s, d_low, fnma(s, d, f)) * reciprocal;
  const F64 z = s * s;
  const F64 tail = s * z * polynomial(z, kLogTail);
  const F64 a = e * splat(kLn2High), b = s + s;
  const F64 high = a + b;
  return {high, (b - (high - a)) + fma(e, splat(kLn2Low), fma(s_low, splat(2), tail))};
}

/// A positive number as (1 + f) 2^e, sqrt(1/2) <= 1 + f < sqrt(2).
struct Reduced {
  F64 f, e;
};

/// The exponent field as a number: in the fraction of 2^52 it is a double without a conversion.
STET_LANES F64 biased_exponent(I64 b) {
  return from_bits(shift_right<52>(b) | splat_bits(0x4330000000000000)) - splat(0x1p52 + 1023);
}

STET_LANES Reduced reduce_for_log(F64 x) {
  const int64_t sqrt_half = 0x3fe6a09e667f3bcd;
  const I64 shifted = add(bits(x), splat_bits(kOneBits - sqrt_half));
  const F64 m = from_bits(add(shifted & splat_bits(kFractionBits), splat_bits(sqrt_half)));
  return {m - splat(1), biased_exponent(shifted)};
}

/// The result for what lies outside (0, infinity): of infinity itself, of 0, of negative numbers and of NaN.
STET_LANES F64 log_outside(F64 x, F64 result) {
  result = select(x < splat(kInfinity), result, x);
  result = select(x == splat(0), splat(-kInfinity), result);
  return select(x < splat(0), splat(__builtin_nan("")), result);
}

/// log x of a positive number x = m 2^e, with a relative error of about 2^-58. Each of 16 intervals of m has a
/// reciprocal r: log x = e ln 2 - log r + log(1 + f), f = m r - 1. The interval that holds 1 has r = 1, so that nothing
/// cancels near 1.
STET_LANES Sum log_by_intervals(F64 x) {
  const I64 shifted = subtract(bits(x), splat_bits(kLogFirst - kOneBits));
  const I64 interval = shift_right<48>(shifted);
  const F64 e = biased_exponent(shifted);
  const F64 m = from_bits(add(shifted & splat_bits(kFractionBits), splat_bits(kLogFirst)));
  const F64 f = fms(m, lookup16(kLogReciprocal, interval), splat(1));       // exact
  const F64 a = fma(e, splat(kLn2High), lookup16(kLogInterval, interval));  // exact
  const F64 high = a + f;
  const F64 low = fma(f * f, polynomial(f, kLogQuadratic), e * splat(kLn2Low));
  return {high, (f - (high - a)) + low};
}

STET_LANES Sum log_of_positive(F64 x) {
  if constexpr (kCheapLookup) return log_by_intervals(x);
  const Reduced r = reduce_for_log(x);
  return log_of_reduced(r.f, r.e);
}

STET_LANES F64 log(F64 x) {
  const Sum sum = log_of_positive(x);
  return log_outside(x, round_to_odd(sum.high, sum.low));
}

/// log x of another base of which `e_high` + `e_low` is the logarithm of 2, and `factor` + `factor_low` that of e.
STET_LANES F64 log_to_base(F64 x, double e_high, double e_low, double factor, double factor_low) {
  const Reduced r = reduce_for_log(x);
  const Sum log = renormalised(log_of_positive(r.f + splat(1)));
  const F64 a = r.e * splat(e_high);  // exact
  const F64 b = log.high * splat(factor);
  const F64 b_low = fma(log.low, splat(factor), fma(log.high, splat(factor_low), fms(log.high, splat(factor), b)));
  const F64 high = a + b;
  return log_outside(x, round_to_odd(high, (b - (high - a)) + fma(r.e, splat(e_low), b_low)));
}

STET_LANES F64 log2(F64 x) { return log_to_base(x, 1, 0, kLog2eHigh, kLog2eLow); }
STET_LANES F64 log10(F64 x) { return log_to_base(x, kLog10Of2High, kLog10Of2Low, kLog10eHigh, kLog10eLow); }

STET_LANES F64 log1p(F64 x) {
  const F64 u = splat(1) + x;
  const Reduced r = reduce_for_log(u);
  // Where u is near 1 it may have lost bits of x, and x itself is f.
  const F64 f = select(r.e == splat(0), x, r.f);
  const Sum sum = log_of_reduced(f, r.e);
  return select(x == splat(0), x, log_outside(u, round_to_odd(sum.high, sum.low)));
}

/// An angle in quarter turns: q + h + l, q an integer modulo 4, |h| <= 1/2 and a little, l small against h.
struct Turn {
  F64 h, l;
  I64 q;  ///< in its two lowest bits
};

/// Sine and cosine of a turn but for its quarters.
struct Sines {
  Sum sine, cosine;
};

STET_LANES Sines sines_of_turn(const Turn& turn) {
  const F64 h = turn.h, l = turn.l;
  const F64 z = h * h;
  const F64 z_low = fma(h + h, l, fms(h, h, z));

  // sin(pi/2 (h + l)) = pi/2 h + (pi/2 l cos(pi/2 h) + h^3 S(h^2))
  const F64 sine = h * splat(kHalfPiHigh);
  const F64 l_factor = fma(z, splat(kCosSquareHigh), splat(1)) * splat(kHalfPiHigh);
  F64 sine_low = fma(h, splat(kHalfPiLow), fms(h, splat(kHalfPiHigh), sine));
  sine_low = fma(h * z, polynomial(z, kSinTail), fma(l, l_factor, sine_low));

  // cos(pi/2 (h + l)) = 1 - (pi/2)^2/2 (h + l)^2 + h^4 C(h^2)
  const F64 square = z * splat(kCosSquareHigh);
  const F64 cosine = splat(1) + square;
  F64 cosine_low = fma(z, splat(kCosSquareLow), fms(z, splat(kCosSquareHigh), square));
  cosine_low = fma(z_low, splat(kCosSquareHigh), cosine_low) + (square - (cosine - splat(1)));
  cosine_low = fma(z * z, polynomial(z, kCosTail), cosine_low);
  return {{sine, sine_low}, {cosine, cosine_low}};
}

/// The sine (`shift` 0) or cosine (`shift` 1) of a turn, to be rounded to float. In place of 0, at quarter turns, it is
/// a number that rounds to 0 (`is_zero_turn`).
STET_LANES F64 sine_of_turn(const Turn& turn, int64_t shift) {
  const Sines s = sines_of_turn(turn);
  const I64 q = add(turn.q, splat_bits(shift));
  const Mask even = is_zero(q & splat_bits(1));
  const F64 result = round_to_odd(select(even, s.sine.high, s.cosine.high), select(even, s.sine.low, s.cosine.low));
  return from_bits(bits(result) ^ shift_left<62>(q & splat_bits(2)));
}

STET_LANES Mask is_zero_turn(F64 sine) { return abs(sine) < splat(0x1p-200); }

/// a in quarter turns of radians, for 2^-12 <= a < infinity: a 2/pi modulo 4, from as many bits of 2/pi as a's exponent
/// asks for.
STET_LANES Turn turn_of_radians(F64 a) {
  const I64 b = bits(a);
  const F64 m = from_bits((b & splat_bits(kFractionBits)) | splat_bits(kOneBits));
  const I64 index = subtract(shift_right<52>(b), splat_bits(1023 - 12));
  const F64 high = m * lookup(kTwoOverPiHigh, index);      // exact
  const F64 middle = m * lookup(kTwoOverPiMiddle, index);  // exact
  const F64 t = (high + middle) + splat(kToInteger);
  const F64 rest = high - (t - splat(kToInteger));  // exact
  // rest + middle as a sum and its error, whichever is larger.
  const F64 sum = rest + middle;
  const F64 part = sum - rest;
  const F64 error = (rest - (sum - part)) + (middle - part);
  const F64 low = fma(m, lookup(kTwoOverPiLow, index), error);
  const F64 h = sum + low;
  return {h, low - (h - sum), bits(t)};
}

/// a in quarter turns of half turns, 0 <= a < 2^50; exact.
STET_LANES Turn turn_of_half_turns(F64 a) {
  const F64 u = a + a;
  const F64 t = u + splat(kToInteger);
  return {u - (t - splat(kToInteger)), splat(0), bits(t)};
}

STET_LANES F64 flip_sign(F64 x, F64 sign) { return from_bits(bits(x) ^ (bits(sign) & splat_bits(INT64_MIN))); }

/// a, or `instead` where a is infinite or NaN.
STET_LANES F64 finite_or(F64 a, double instead) { return select(a < splat(kInfinity), a, splat(instead)); }

STET_LANES F64 sin(F64 x) {
  const F64 a = abs(x);
  const F64 result = flip_sign(sine_of_turn(turn_of_radians(at_least(finite_or(a, 1), 0x1p-12)), 0), x);
  // Below 2^-12, x - x^3/6 rounds to x.
  return select(a < splat(0x1p-12), x, select(a < splat(kInfinity), result, splat(__builtin_nan(""))));
}

STET_LANES F64 cos(F64 x) {
  const F64 a = abs(x);
  const F64 result = sine_of_turn(turn_of_radians(at_least(finite_or(a, 1), 0x1p-12)), 1);
  // Up to 2^-12, 1 - x^2/2 + x^4/24 rounds to 1: at 2^-12 itself, whose square ends on a tie, the last term decides.
  return select(a <= splat(0x1p-12), splat(1), select(a < splat(kInfinity), result, splat(__builtin_nan(""))));
}

/// |x|, or 0 where x is an even integer because of its size alone; infinity and NaN become 0 too.
STET_LANES F64 small_half_turns(F64 x) {
  const F64 a = abs(x);
  return select(a < splat(0x1p25), a, splat(0));
}

STET_LANES F64 sinpi(F64 x) {
  const F64 result = flip_sign(sine_of_turn(turn_of_half_turns(small_half_turns(x)), 0), x);
  // IEEE 754: the sine of n half turns is zero with n's sign.
  const F64 zero = copy_sign(splat(0), x);
  return select(abs(x) < splat(kInfinity), select(is_zero_turn(result), zero, result), splat(__builtin_nan("")));
}

STET_LANES F64 cospi(F64 x) {
  const F64 result = sine_of_turn(turn_of_half_turns(small_half_turns(x)), 1);
  // IEEE 754: the cosine of n + 1/2 half turns is +0.
  const F64 nonnegative_zero = select(is_zero_turn(result), splat(0), result);
  return select(abs(x) < splat(kInfinity), nonnegative_zero, splat(__builtin_nan("")));
}

#include "stet/tensor/math/functions-angles-inl.h"

/// Two doubles with x^y between them: where they round to one float, it is the power. They are -1 and 1 where x is zero
/// or either is infinite or NaN, or x is negative and y no integer.
struct Bounds {
  F64 low, high;
};

STET_LANES Bounds pow_bounds(F64 x, F64 y) {
  const F64 a = abs(x);
  const Reduced r = reduce_for_log(a);
  const Sum sum = log_of_reduced(r.f, r.e);
  const F64 log = sum.high + sum.low;
  const F64 log_low = sum.low - (log - sum.high);
  // y log(a) as a sum, kept where e^ of it is neither 0 nor infinity.
  const F64 unlimited = y * log;
  const F64 p = at_most(at_least(unlimited, -105), 89);
  const F64 p_low = select(p == unlimited, fma(y, log_low, fms(y, log, p)), splat(0));
  const BinaryExponent e = binary_exponent(p);
  const F64 f = fma(p_low, splat(kLog2eHigh), e.f);
  F64 power = from_bits(add(bits(fma(polynomial(f, kExp2m1), f, splat(1))), shift_left<52>(e.shift)));

  // From 2^24 on, a float is an even integer.
  const F64 small_y = select(abs(y) < splat(0x1p24), y, splat(0));
  const F64 t = small_y + splat(kToInteger);
  const I64 sign_if_odd = shift_left<63>(bits(t)) & bits(x);
  power = from_bits(bits(power) ^ (sign_if_odd & splat_bits(INT64_MIN)));

  // The logarithm's error is below 2^-57 of at most 105, the polynomial's is about 2^-53.
  Bounds bounds = {power * splat(1 - 0x1p-48), power * splat(1 + 0x1p-48)};
  const F64 needs_integer = select(x < splat(0), small_y - (t - splat(kToInteger)), splat(0));
  // Infinity, NaN and fractions leave something other than 0; a zero x is not above 0.
  const F64 odd_one_out = (x - x) + (y - y) + needs_integer;
  const F64 ordinary = select(odd_one_out == splat(0), a, splat(0));
  bounds.low = select(ordinary > splat(0), bounds.low, splat(-1));
  bounds.high = select(ordinary > splat(0), bounds.high, splat(1));
  return bounds;
}
