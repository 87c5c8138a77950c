// Rows of attention's scores, and what is added to them. Include it after hwy/highway.h.
#if defined(STET_TENSOR_CPU_ATTENTION_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef STET_TENSOR_CPU_ATTENTION_ROWS_INL_H_
#undef STET_TENSOR_CPU_ATTENTION_ROWS_INL_H_
#else
#define STET_TENSOR_CPU_ATTENTION_ROWS_INL_H_
#endif

#include <algorithm>
#include <limits>

#include "hwy/highway.h"
#include "stet/tensor/cpu/row-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stet::cpu_kernels {
namespace HWY_NAMESPACE {
namespace attention_rows {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
inline constexpr int64_t kWidth = hn::MaxLanes(D());

/// y[i] = f(vector i) over n elements; then +0 up to the end of the vector that holds n - 1 or, if that is further,
/// `end`'s.
template <class F> HWY_INLINE void for_row(float* y, int64_t n, int64_t end, const F& f) {
  const D d;
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) hn::StoreU(f(i), d, y + i);
  if (i < n) {
    hn::StoreU(hn::IfThenElseZero(hn::FirstN(d, static_cast<size_t>(n - i)), f(i)), d, y + i);
    i += kWidth;
  }
  for (; i < end; i += kWidth) hn::StoreU(hn::Zero(d), d, y + i);
}

/// The sum of a row that ForRow wrote.
HWY_INLINE float sum_of_row(const float* x, int64_t n) {
  const auto load = [=](int64_t i, int64_t = 0) HWY_ATTR { return hn::LoadU(D(), x + i); };
  return n <= kSumBlock ? block_sum_of<float>(n, load, load) : row_sum(x, n);
}

/// Writes n elements that f gives vector by vector.
template <class F> HWY_INLINE void write_row(float* y, int64_t n, const F& f) {
  const D d;
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) hn::StoreU(f(i), d, y + i);
  if (i < n) store_part(d, f(i), y + i, n - i);
}

inline constexpr float kHidden = -std::numeric_limits<float>::infinity();

/// What is added to a row's scores. Where it is -infinity, the key is hidden.
class MaskRow {
 public:
  MaskRow(const float* mask, int64_t n) : mask_(mask), n_(n) {}

  // Vector i, of hidden keys behind the last.
  HWY_INLINE V at(int64_t i) const {
    return n_ - i < kWidth ? load_part(D(), mask_ + i, n_ - i, kHidden) : hn::LoadU(D(), mask_ + i);
  }
  // x where vector i is seen, else `hidden`.
  HWY_INLINE V select(int64_t i, V x, V hidden) const {
    return hn::IfThenElse(hn::Eq(at(i), hn::Set(D(), kHidden)), hidden, x);
  }
  // Keys up to the last of the first n that is seen.
  int64_t seen(int64_t n) const {
    const V hidden = hn::Set(D(), kHidden);
    while (n > 0 && mask_[n - 1] == kHidden) {
      n -= n >= kWidth && hn::AllTrue(D(), hn::Eq(hn::LoadU(D(), mask_ + n - kWidth), hidden)) ? kWidth : 1;
    }
    return n;
  }

 private:
  const float* mask_;
  int64_t n_;
};

/// The maximum of n scores, of which f makes vector i. Which of two zeros or whether a NaN wins shows nowhere: the
/// former changes no difference's power of e, the latter makes their sum NaN, and with it the whole row.
template <class F> HWY_INLINE float greatest(int64_t n, const F& f) {
  const D d;
  const V lowest = hn::Set(d, kHidden);
  V most = lowest;
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) most = hn::Max(most, f(i));
  if (i < n) most = hn::Max(most, hn::IfThenElse(hn::FirstN(d, static_cast<size_t>(n - i)), f(i), lowest));
  return halve(d, most, [](auto a, auto b) HWY_ATTR { return hn::Max(a, b); });
}

}  // namespace attention_rows
}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#endif
