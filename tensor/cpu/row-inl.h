// Sums and extremes along a row, in the orders of docs/numerics.md, on vectors. Include it after hwy/highway.h.
#include <algorithm>
#include <cstdint>

#include "stet/tensor/contract.h"
#include "stet/tensor/simd/maximum-inl.h"

#if defined(STET_TENSOR_CPU_ROW_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef STET_TENSOR_CPU_ROW_INL_H_
#undef STET_TENSOR_CPU_ROW_INL_H_
#else
#define STET_TENSOR_CPU_ROW_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace stet::cpu_kernels {
namespace HWY_NAMESPACE {

using contract::kSumBlock, contract::kSumLanes;

/// The first `count` elements at x, fewer than a vector's, and `rest` in the other lanes. Nothing behind them is read.
template <class D, class T = hwy::HWY_NAMESPACE::TFromD<D>>
HWY_INLINE hwy::HWY_NAMESPACE::Vec<D> load_part(D d, const T* x, int64_t count, T rest) {
  namespace hn = hwy::HWY_NAMESPACE;
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2
  const auto mask = hn::FirstN(d, static_cast<size_t>(count));
  return hn::IfThenElse(mask, hn::MaskedLoad(mask, d, x), hn::Set(d, rest));
#else
  if constexpr (hn::MaxLanes(d) == 1) {  // No part of a vector of one has an element.
    return hn::Set(d, rest);
  } else {
    HWY_ALIGN T buffer[hn::MaxLanes(d)];
    std::fill(buffer, buffer + hn::MaxLanes(d), rest);
    std::copy(x, x + count, buffer);
    return hn::Load(d, buffer);
  }
#endif
}

/// Lane j of v and lane j + half, by f, until one is left.
#if HWY_TARGET == HWY_SCALAR
template <class D, class V, class F> HWY_INLINE hwy::HWY_NAMESPACE::TFromD<D> halve(D, V v, const F&) {
  return hwy::HWY_NAMESPACE::GetLane(v);
}
#else
template <class D, class V, class F> HWY_INLINE hwy::HWY_NAMESPACE::TFromD<D> halve(D d, V v, const F& f) {
  namespace hn = hwy::HWY_NAMESPACE;
  constexpr size_t kSize = sizeof(hn::TFromD<D>);
  static_assert(kSize == 4 || kSize == 8);
  if constexpr (hn::MaxLanes(d) * kSize > 16) {
    const hn::Half<D> half;
    return halve(half, f(hn::LowerHalf(half, v), hn::UpperHalf(half, v)), f);
  } else if constexpr (kSize == 4) {
    v = f(v, hn::Shuffle1032(v));
    return hn::GetLane(f(v, hn::Shuffle2301(v)));
  } else {
    return hn::GetLane(f(v, hn::Shuffle01(v)));
  }
}
#endif

/// Stores the first `count` lanes of v, fewer than all.
template <class D, class V, class T = hwy::HWY_NAMESPACE::TFromD<D>>
HWY_INLINE void store_part(D d, V v, T* y, int64_t count) {
  namespace hn = hwy::HWY_NAMESPACE;
#if HWY_TARGET == HWY_AVX3
  hn::BlendedStore(v, hn::FirstN(d, static_cast<size_t>(count)), d, y);
#else
  if constexpr (hn::MaxLanes(d) > 1) {
    HWY_ALIGN T buffer[hn::MaxLanes(d)];
    hn::Store(v, d, buffer);
    std::copy(buffer, buffer + count, y);
  }
#endif
}

/// Sum of n <= kSumBlock terms: whole(i) gives a vector of those from i on, part(i, count) fewer, and +0 in the other
/// lanes.
template <class T, class Whole, class Part> HWY_INLINE T block_sum_of(int64_t n, const Whole& whole, const Part& part) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::ScalableTag<T> d;
  constexpr int64_t kWidth = hn::MaxLanes(d), kVectors = kSumLanes / kWidth;
  hn::Vec<decltype(d)> lane[kVectors];
  for (int64_t k = 0; k < kVectors; ++k) lane[k] = hn::Zero(d);
  int64_t i = 0;
  for (; i + kSumLanes <= n; i += kSumLanes) {
    HWY_UNROLL(8) for (int64_t k = 0; k < kVectors; ++k) lane[k] = hn::Add(lane[k], whole(i + k * kWidth));
  }
  // Lanes without a term here add +0, which changes nothing, since no sum from +0 is ever -0.
  HWY_UNROLL(8) for (int64_t k = 0; k < kVectors; ++k, i += kWidth) {
    if (i >= n) break;
    lane[k] = hn::Add(lane[k], n - i < kWidth ? part(i, n - i) : whole(i));
  }
  for (int64_t half = kVectors / 2; half > 0; half /= 2) {
    for (int64_t k = 0; k < half; ++k) lane[k] = hn::Add(lane[k], lane[k + half]);
  }
  return halve(d, lane[0], [](auto a, auto b) HWY_ATTR { return hn::Add(a, b); });
}

/// Sum of terms(v) for the vectors v of at most kSumBlock elements; of +0 it must be +0.
template <class T, class Terms> HWY_INLINE T block_sum(const T* x, int64_t n, const Terms& terms) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::ScalableTag<T> d;
  return block_sum_of<T>(
      n, [&](int64_t i) HWY_ATTR { return terms(hn::LoadU(d, x + i)); },
      [&](int64_t i, int64_t count) HWY_ATTR { return terms(load_part(d, x + i, count, T{0})); });
}

template <class T> HWY_INLINE T block_sum(const T* x, int64_t n) {
  return block_sum(x, n, [](auto v) HWY_ATTR { return v; });
}

/// Sum of a row of n elements from `begin` on, of which block(i, count) gives the sum of a block, in ascending order:
/// the blocks' sums are summed by blocks, and so on. A block's sum alone is its own sum, so a short last part may skip
/// levels.
template <class T, class Block> T sum_of_blocks(int64_t begin, int64_t n, const Block& block) {
  if (n <= kSumBlock) return block(begin, n);
  int64_t span = kSumBlock;
  while (n > span * kSumBlock) span *= kSumBlock;
  T sums[kSumBlock];
  int64_t count = 0;
  for (int64_t i = 0; i < n; i += span) sums[count++] = sum_of_blocks<T>(begin + i, std::min(span, n - i), block);
  return block_sum(sums, count);
}

template <class T> T row_sum(const T* x, int64_t n) {
  return sum_of_blocks<T>(0, n, [x](int64_t i, int64_t count) HWY_ATTR { return block_sum(x + i, count); });
}

/// f folded over a row, in any order; f's result for `start` and a is a.
template <class T, class F> HWY_INLINE T row_fold(const T* x, int64_t n, T start, const F& f) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::ScalableTag<T> d;
  constexpr int64_t kWidth = hn::MaxLanes(d), kVectors = 4;
  hn::Vec<decltype(d)> lane[kVectors];
  for (auto& v : lane) v = hn::Set(d, start);
  int64_t i = 0;
  for (; i + kVectors * kWidth <= n; i += kVectors * kWidth) {
    HWY_UNROLL(4) for (int64_t k = 0; k < kVectors; ++k) lane[k] = f(lane[k], hn::LoadU(d, x + i + k * kWidth));
  }
  for (; i + kWidth <= n; i += kWidth) lane[0] = f(lane[0], hn::LoadU(d, x + i));
  if (i < n) lane[1] = f(lane[1], load_part(d, x + i, n - i, start));
  return halve(d, f(f(lane[0], lane[1]), f(lane[2], lane[3])), f);
}

}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#endif
