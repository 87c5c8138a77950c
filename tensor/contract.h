// The numbers of docs/numerics.md that several sources need, by the page's sections; those of one op alone stand in its
// source. Under one version of the contract none of them changes.
#pragma once

#include <cstdint>

namespace stet {

/// Version of docs/numerics.md. Runs and checkpoints name it: under one version a result has one bit pattern.
inline constexpr int numerics_version = 2;

namespace contract {

// Element by element. Those that are rounded to the dtype stand in binary64.
inline constexpr double kPi = 0x1.921fb54442d18p1;
inline constexpr double kLog2 = 0x1.62e42fefa39efp-1;          ///< the natural logarithm of 2
inline constexpr double kLog10 = 0x1.26bb1bbb55516p1;          ///< and of 10
inline constexpr double kTwoOverSqrtPi = 0x1.20dd750429b6dp0;  ///< of erf's gradient and gelu's
inline constexpr double kSqrtHalf = 0x1.6a09e667f3bcdp-1;
inline constexpr double kSqrtTwoOverPi = 0x1.9884533d43651p-1;
inline constexpr double kGeluCubic = 0.044715;  ///< of gelu's tanh form

// Sums. A run that holds the last axis: elements of a block, and the lanes that they go to.
inline constexpr int64_t kSumBlock = 1024, kSumLanes = 32;
/// Elements of a chain of any other run.
inline constexpr int64_t kSumChain = 64;
/// Elements of a chain of a running sum or product.
inline constexpr int64_t kScanChain = 1024;

// Products. K is cut in chunks of this length, from k = 0. A chunk is one chain of fused multiply-adds in ascending k,
// starting from +0; the chunks' sums are added, in order, to an accumulator that starts from +0.
inline constexpr int64_t kProductChunk = 512;

// Randomness. A uniform draw is (word >> kUniformShift) * kUniformStep.
inline constexpr int kUniformShift = 8;
inline constexpr float kUniformStep = 0x1p-24f;
inline constexpr int64_t kMostDrawn = int64_t{1} << 34;  ///< elements of a draw
// Philox4x32-10's (Salmon et al., SC'11).
inline constexpr int kPhiloxRounds = 10;
inline constexpr uint32_t kPhiloxFactor0 = 0xD2511F53, kPhiloxFactor1 = 0xCD9E8D57;
inline constexpr uint32_t kPhiloxKeyStep0 = 0x9E3779B9, kPhiloxKeyStep1 = 0xBB67AE85;

// Optimizers, schedules, clipping: what clip_norm adds to the norm, and what it multiplies gradients by where the sum
// of their squares overflows.
inline constexpr double kClipEpsilon = 1e-6;
template <class T> inline constexpr T kClipScale = sizeof(T) == 4 ? T{0x1p-96f} : T(0x1p-768);

// Digests. mix's factor, what tells words apart by their place, the factor of z, and how every NaN is written.
inline constexpr uint64_t kDigestMix = 0xD6E8FEB86659FD93, kDigestStep = 0x9E3779B97F4A7C15,
                          kDigestSecond = 0x9FB21C651E98DF25;
inline constexpr uint32_t kDigestNan32 = 0x7fc00000;
inline constexpr uint64_t kDigestNan64 = 0x7ff8000000000000;

}  // namespace contract
}  // namespace stet
