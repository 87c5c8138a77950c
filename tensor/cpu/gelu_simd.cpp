#include <algorithm>

#include "stet/tensor/contract.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/gelu_simd.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once a target.
#include "hwy/highway.h"
#include "stet/tensor/math/float-lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stet::cpu_kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
namespace fn = stet::math::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

constexpr auto kSqrtHalf = static_cast<float>(contract::kSqrtHalf);
constexpr auto kTwoOverSqrtPi = static_cast<float>(contract::kTwoOverSqrtPi);

// n is a multiple of the lanes. erf + 1 is kept for the gradient, where it is wanted.
HWY_INLINE void gelu_vectors(const float* x, float* y, float* one_plus_erf, int64_t n) {
  const D d;
  fn::ErfOfEach(
      n, [&](int64_t i) HWY_ATTR { return hn::Mul(hn::LoadU(d, x + i), hn::Set(d, kSqrtHalf)); },
      [&](int64_t i, V erf) HWY_ATTR {
        const V sum = hn::Add(erf, hn::Set(d, 1));
        if (one_plus_erf != nullptr) hn::StoreU(sum, d, one_plus_erf + i);
        hn::StoreU(hn::Mul(hn::Mul(hn::LoadU(d, x + i), hn::Set(d, 0.5f)), sum), d, y + i);
      });
}

// n is a multiple of the lanes. Pass by pass over a block: in one pass, an element's chain of operations would be
// longer than the processor looks ahead.
HWY_INLINE void gelu_gradient_vectors(const float* g, const float* x, const float* one_plus_erf, float* dx, int64_t n) {
  const D d;
  constexpr int64_t kLanes = hn::MaxLanes(d), kBlock = 16 * kLanes;
  HWY_ALIGN float slope[kBlock];
  for (int64_t begin = 0; begin < n; begin += kBlock, g += kBlock, x += kBlock, one_plus_erf += kBlock, dx += kBlock) {
    const int64_t count = std::min(kBlock, n - begin);
    for (int64_t i = 0; i < count; i += kLanes) {
      const V u = hn::Mul(hn::LoadU(d, x + i), hn::Set(d, kSqrtHalf));
      hn::Store(hn::Neg(hn::Mul(u, u)), d, slope + i);
    }
    for (int64_t i = 0; i < count; i += kLanes) hn::Store(fn::Exp(hn::Load(d, slope + i)), d, slope + i);
    for (int64_t i = 0; i < count; i += kLanes) {
      const V upstream = hn::LoadU(d, g + i), half = hn::Mul(hn::LoadU(d, x + i), hn::Set(d, 0.5f));
      const V of_erf = hn::Mul(hn::Load(d, slope + i), hn::Set(d, kTwoOverSqrtPi));
      const V through_erf = hn::Mul(hn::Mul(hn::Mul(upstream, half), of_erf), hn::Set(d, kSqrtHalf));
      const V through_half = hn::Mul(hn::Mul(upstream, hn::LoadU(d, one_plus_erf + i)), hn::Set(d, 0.5f));
      hn::StoreU(hn::Add(through_erf, through_half), d, dx + i);
    }
  }
}

// What is left of an array, less than a vector, with room for a whole one.
struct Rest {
  Rest() = default;
  Rest(const float* from, int64_t n) { std::copy_n(from, n, values); }
  HWY_ALIGN float values[hn::MaxLanes(D())] = {};
};

void gelu_floats(const float* x, float* y, float* one_plus_erf, int64_t n) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(D()));
  const int64_t i = n / lanes * lanes;
  gelu_vectors(x, y, one_plus_erf, i);
  if (i == n) return;
  Rest in(x + i, n - i), out, kept;
  gelu_vectors(in.values, out.values, kept.values, lanes);
  std::copy_n(out.values, n - i, y + i);
  if (one_plus_erf != nullptr) std::copy_n(kept.values, n - i, one_plus_erf + i);
}

void gelu_gradient_floats(const float* g, const float* x, const float* one_plus_erf, float* dx, int64_t n) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(D()));
  const int64_t i = n / lanes * lanes;
  gelu_gradient_vectors(g, x, one_plus_erf, dx, i);
  if (i == n) return;
  Rest upstream(g + i, n - i), in(x + i, n - i), kept(one_plus_erf + i, n - i), out;
  gelu_gradient_vectors(upstream.values, in.values, kept.values, out.values, lanes);
  std::copy_n(out.values, n - i, dx + i);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include "stet/tensor/parallel.h"

namespace stet::cpu_kernels {

HWY_EXPORT(gelu_floats);
HWY_EXPORT(gelu_gradient_floats);

namespace {
constexpr int64_t kGrain = 4096;  // elements; a few microseconds of work
}

void gelu(const Tensor& x, const Tensor& y, const Tensor& one_plus_erf) {
  const float* from = x.data_as<float>();
  float* to = y.mutable_data_as<float>();
  float* kept = one_plus_erf.defined() ? one_plus_erf.mutable_data_as<float>() : nullptr;
  parallel_for(y.elements(), kGrain, [&](int64_t b, int64_t e) {
    STET_DISPATCH(gelu_floats)(from + b, to + b, kept == nullptr ? nullptr : kept + b, e - b);
  });
}

void gelu_gradient(const Tensor& g, const Tensor& x, const Tensor& one_plus_erf, const Tensor& dx) {
  const float *upstream = g.data_as<float>(), *from = x.data_as<float>(), *kept = one_plus_erf.data_as<float>();
  float* to = dx.mutable_data_as<float>();
  parallel_for(dx.elements(), kGrain, [&](int64_t b, int64_t e) {
    STET_DISPATCH(gelu_gradient_floats)(upstream + b, from + b, kept + b, to + b, e - b);
  });
}

}  // namespace stet::cpu_kernels

#endif
