#include <cmath>
#include <limits>

#include "stet/tensor/clip_factors.h"
#include "stet/tensor/contract.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/clip_simd.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once a target.
#include "hwy/highway.h"
#include "stet/tensor/cpu/row-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stet::cpu_kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Of x * factor.
template <class T> T squares(const T* x, T factor, int64_t n) {
  const auto f = hn::Set(hn::ScalableTag<T>(), factor);
  return block_sum(x, n, [f](auto v) HWY_ATTR {
    const auto scaled = hn::Mul(v, f);
    return hn::Mul(scaled, scaled);
  });
}

template <class T> void scale(const T* x, ClipFactors<T> by, T* y, int64_t n) {
  const hn::ScalableTag<T> d;
  const auto first = hn::Set(d, by.first), second = hn::Set(d, by.second);
  constexpr int64_t kWidth = hn::MaxLanes(d);
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) { hn::StoreU(hn::Mul(hn::Mul(hn::LoadU(d, x + i), first), second), d, y + i); }
  for (; i < n; ++i) y[i] = (x[i] * by.first) * by.second;
}

}  // namespace

float squares_float(const float* x, float factor, int64_t n) { return squares(x, factor, n); }
double squares_double(const double* x, double factor, int64_t n) { return squares(x, factor, n); }
float sum_float(const float* x, int64_t n) { return row_sum(x, n); }
double sum_double(const double* x, int64_t n) { return row_sum(x, n); }
void scale_float(const float* x, ClipFactors<float> by, float* y, int64_t n) { scale(x, by, y, n); }
void scale_double(const double* x, ClipFactors<double> by, double* y, int64_t n) { scale(x, by, y, n); }

}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include "stet/tensor/cpu/joined.h"
#include "stet/tensor/cpu/workspace.h"
#include "stet/tensor/kernels.h"

namespace stet::cpu_kernels {

HWY_EXPORT(squares_float);
HWY_EXPORT(squares_double);
HWY_EXPORT(sum_float);
HWY_EXPORT(sum_double);
HWY_EXPORT(scale_float);
HWY_EXPORT(scale_double);

using contract::kSumBlock;

namespace {

float squares(const float* x, float f, int64_t n) { return STET_DISPATCH(squares_float)(x, f, n); }
double squares(const double* x, double f, int64_t n) { return STET_DISPATCH(squares_double)(x, f, n); }
float sum(const float* x, int64_t n) { return STET_DISPATCH(sum_float)(x, n); }
double sum(const double* x, int64_t n) { return STET_DISPATCH(sum_double)(x, n); }
void scale(const float* x, ClipFactors<float> by, float* y, int64_t n) { STET_DISPATCH(scale_float)(x, by, y, n); }
void scale(const double* x, ClipFactors<double> by, double* y, int64_t n) { STET_DISPATCH(scale_double)(x, by, y, n); }

int64_t blocks_of(const Tensor& g) { return (g.elements() + kSumBlock - 1) / kSumBlock; }

// The chain of the tensors' sums of squares, each the sum of its blocks', of elements times `factor`.
template <class T> T total_of_squares(std::span<const Tensor> gradients, T factor) {
  thread_local Workspace workspace;
  int64_t blocks = 0;
  std::vector<int64_t> first;
  for (const Tensor& g : gradients) {
    first.push_back(blocks);
    blocks += blocks_of(g);
  }
  T* sums = workspace.get<T>(blocks);
  const auto length = [&](size_t i) { return blocks_of(gradients[i]); };
  for_joined(
      gradients.size(), length,
      [&](size_t i, int64_t begin, int64_t end) {
        const T* x = gradients[i].data_as<T>();
        for (int64_t b = begin; b < end; ++b) {
          sums[first[i] + b] =
              squares(x + b * kSumBlock, factor, std::min(kSumBlock, gradients[i].elements() - b * kSumBlock));
        }
      },
      kElementGrain / kSumBlock);
  T total = 0;
  for (size_t i = 0; i < gradients.size(); ++i) total += sum(sums + first[i], length(i));
  return total;
}

template <class T>
void clip(double max_norm, std::span<const Tensor> gradients, std::span<const Tensor> to, const Tensor& norm) {
  T n = std::sqrt(total_of_squares(gradients, T{1}));
  ClipFactors<T> by = clip_factors(static_cast<T>(max_norm), n);
  if (n > std::numeric_limits<T>::max()) {  // the squares overflow, if not the gradients themselves
    const T scaled = std::sqrt(total_of_squares(gradients, contract::kClipScale<T>));
    n = scaled / contract::kClipScale<T>;
    by = clip_factors_of_scaled(static_cast<T>(max_norm), scaled);
  }
  *norm.mutable_data_as<T>() = n;
  const auto length = [&](size_t i) { return gradients[i].elements(); };
  for_joined(gradients.size(), length, [&](size_t i, int64_t begin, int64_t end) {
    const T* x = gradients[i].data_as<T>() + begin;
    T* y = to[i].mutable_data_as<T>() + begin;
    if (!by.changes_nothing() || x != y) scale(x, by, y, end - begin);
  });
}

}  // namespace

void clip_norm(double max_norm, std::span<const Tensor> gradients, std::span<const Tensor> to, const Tensor& norm) {
  visit_floating(norm.dtype(), [&]<class T>(T) { clip<T>(max_norm, gradients, to, norm); });
}

}  // namespace stet::cpu_kernels
#endif
