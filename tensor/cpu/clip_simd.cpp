#include <cmath>

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

template <class T> T squares(const T* x, int64_t n) {
  return block_sum(x, n, [](auto v) HWY_ATTR { return hn::Mul(v, v); });
}

template <class T> void scale(const T* x, T factor, T* y, int64_t n) {
  const hn::ScalableTag<T> d;
  const auto f = hn::Set(d, factor);
  constexpr int64_t kWidth = hn::MaxLanes(d);
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) hn::StoreU(hn::Mul(hn::LoadU(d, x + i), f), d, y + i);
  for (; i < n; ++i) y[i] = x[i] * factor;
}

}  // namespace

float squares_float(const float* x, int64_t n) { return squares(x, n); }
double squares_double(const double* x, int64_t n) { return squares(x, n); }
float sum_float(const float* x, int64_t n) { return row_sum(x, n); }
double sum_double(const double* x, int64_t n) { return row_sum(x, n); }
void scale_float(const float* x, float factor, float* y, int64_t n) { scale(x, factor, y, n); }
void scale_double(const double* x, double factor, double* y, int64_t n) { scale(x, factor, y, n); }

}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include "stet/tensor/cpu/joined.h"
#include "stet/tensor/cpu/workspace.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/scalar_ops.h"

namespace stet::cpu_kernels {

HWY_EXPORT(squares_float);
HWY_EXPORT(squares_double);
HWY_EXPORT(sum_float);
HWY_EXPORT(sum_double);
HWY_EXPORT(scale_float);
HWY_EXPORT(scale_double);

using contract::kSumBlock;

namespace {

float squares(const float* x, int64_t n) { return STET_DISPATCH(squares_float)(x, n); }
double squares(const double* x, int64_t n) { return STET_DISPATCH(squares_double)(x, n); }
float sum(const float* x, int64_t n) { return STET_DISPATCH(sum_float)(x, n); }
double sum(const double* x, int64_t n) { return STET_DISPATCH(sum_double)(x, n); }
void scale(const float* x, float f, float* y, int64_t n) { STET_DISPATCH(scale_float)(x, f, y, n); }
void scale(const double* x, double f, double* y, int64_t n) { STET_DISPATCH(scale_double)(x, f, y, n); }

int64_t blocks_of(const Tensor& g) { return (g.elements() + kSumBlock - 1) / kSumBlock; }

// The chain of the tensors' sums of squares, each the sum of its blocks'.
template <class T> T total_of_squares(std::span<const Tensor> gradients) {
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
          sums[first[i] + b] = squares(x + b * kSumBlock, std::min(kSumBlock, gradients[i].elements() - b * kSumBlock));
        }
      },
      kElementGrain / kSumBlock);
  T total = 0;
  for (size_t i = 0; i < gradients.size(); ++i) total += sum(sums + first[i], length(i));
  return total;
}

template <class T>
void clip(double max_norm, std::span<const Tensor> gradients, std::span<const Tensor> to, const Tensor& norm) {
  const T n = std::sqrt(total_of_squares<T>(gradients));
  *norm.mutable_data_as<T>() = n;
  const T factor = scalar_ops::minimum(static_cast<T>(max_norm) / (n + static_cast<T>(contract::kClipEpsilon)), T{1});
  const auto length = [&](size_t i) { return gradients[i].elements(); };
  for_joined(gradients.size(), length, [&](size_t i, int64_t begin, int64_t end) {
    const T* x = gradients[i].data_as<T>() + begin;
    T* y = to[i].mutable_data_as<T>() + begin;
    // A factor of 1 changes nothing.
    if (factor != 1 || x != y) scale(x, factor, y, end - begin);
  });
}

}  // namespace

void clip_norm(double max_norm, std::span<const Tensor> gradients, std::span<const Tensor> to, const Tensor& norm) {
  visit_floating(norm.dtype(), [&]<class T>(T) { clip<T>(max_norm, gradients, to, norm); });
}

}  // namespace stet::cpu_kernels
#endif
