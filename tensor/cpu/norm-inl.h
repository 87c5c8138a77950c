// What batch norm and layer norm share: several sums over one sweep of a row. Include it after hwy/highway.h.
#include "stet/tensor/cpu/row-inl.h"

#if defined(STET_TENSOR_CPU_NORM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef STET_TENSOR_CPU_NORM_INL_H_
#undef STET_TENSOR_CPU_NORM_INL_H_
#else
#define STET_TENSOR_CPU_NORM_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace stet::cpu_kernels {
namespace HWY_NAMESPACE {

using RowTag = hwy::HWY_NAMESPACE::ScalableTag<float>;
using RowVector = hwy::HWY_NAMESPACE::Vec<RowTag>;

/// Stands for RowTag where fewer elements are left than a vector holds.
struct PartTag {
  int64_t count;
};

HWY_INLINE RowVector load_at(RowTag d, const float* p) { return hwy::HWY_NAMESPACE::LoadU(d, p); }
HWY_INLINE RowVector load_at(PartTag part, const float* p) { return load_part(RowTag(), p, part.count, 0.0f); }
HWY_INLINE void store_at(RowVector v, RowTag d, float* p) { hwy::HWY_NAMESPACE::StoreU(v, d, p); }
HWY_INLINE void store_at(RowVector v, PartTag part, float* p) { store_part(RowTag(), v, p, part.count); }
HWY_INLINE RowVector splat(float value) { return hwy::HWY_NAMESPACE::Set(RowTag(), value); }

/// centre_of of norm_centre.h.
HWY_INLINE void centres_of(RowVector origin, RowVector offset, RowVector& mean, RowVector& rest) {
  namespace hn = hwy::HWY_NAMESPACE;
  mean = hn::Add(origin, offset);
  const auto part = hn::Sub(mean, origin);
  rest = hn::Add(hn::Sub(origin, hn::Sub(mean, part)), hn::Sub(offset, part));
}

/// body(tag, i) for whole vectors, and for the elements that are left.
template <class Body> HWY_INLINE void for_elements(int64_t n, const Body& body) {
  constexpr int64_t kWidth = hwy::HWY_NAMESPACE::MaxLanes(RowTag());
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) body(RowTag(), i);
  if (i < n) body(PartTag{n - i}, i);
}

/// kSums sums at once over at most kSumBlock elements from `begin`: terms(tag, i, out) gives out[s], the vector at i of
/// what sum s adds.
template <int kSums, class Terms>
HWY_INLINE void block_sums(int64_t begin, int64_t n, const Terms& terms, float* sums) {
  namespace hn = hwy::HWY_NAMESPACE;
  const RowTag d;
  constexpr int64_t kWidth = hn::MaxLanes(d), kVectors = kSumLanes / kWidth;
  RowVector lane[kSums][kVectors];
  for (auto& lanes : lane) {
    for (RowVector& v : lanes) v = hn::Zero(d);
  }
  const int64_t end = begin + n;
  int64_t i = begin;
  const auto add = [&](int64_t k) HWY_ATTR {
    RowVector term[kSums];
    terms(d, i + k * kWidth, term);
    for (int s = 0; s < kSums; ++s) lane[s][k] = hn::Add(lane[s][k], term[s]);
  };
  for (; i + kSumLanes <= end; i += kSumLanes) { HWY_UNROLL(8) for (int64_t k = 0; k < kVectors; ++k) add(k); }
  // Lanes without an element here add nothing: +0 would not change them, since none is ever -0.
  HWY_UNROLL(8) for (int64_t k = 0; k < kVectors; ++k) {
    const int64_t left = end - i - k * kWidth;
    if (left >= kWidth) {
      add(k);
    } else if (left > 0) {
      RowVector term[kSums];
      terms(PartTag{left}, i + k * kWidth, term);
      const auto mask = hn::FirstN(d, static_cast<size_t>(left));
      for (int s = 0; s < kSums; ++s) lane[s][k] = hn::Add(lane[s][k], hn::IfThenElseZero(mask, term[s]));
    }
  }
  for (int s = 0; s < kSums; ++s) {
    for (int64_t half = kVectors / 2; half > 0; half /= 2) {
      for (int64_t k = 0; k < half; ++k) lane[s][k] = hn::Add(lane[s][k], lane[s][k + half]);
    }
    sums[s] = halve(d, lane[s][0], [](auto a, auto b) HWY_ATTR { return hn::Add(a, b); });
  }
}

/// The same over a row of any length, by blocks, as row_sum does.
template <int kSums, class Terms> void row_sums(int64_t begin, int64_t n, const Terms& terms, float* sums) {
  if (n <= kSumBlock) return block_sums<kSums>(begin, n, terms, sums);
  int64_t span = kSumBlock;
  while (n > span * kSumBlock) span *= kSumBlock;
  float parts[kSums][kSumBlock];
  int64_t count = 0;
  for (int64_t i = 0; i < n; i += span, ++count) {
    float part[kSums];
    row_sums<kSums>(begin + i, std::min(span, n - i), terms, part);
    for (int s = 0; s < kSums; ++s) parts[s][count] = part[s];
  }
  for (int s = 0; s < kSums; ++s) sums[s] = block_sum(parts[s], count);
}

}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#endif
