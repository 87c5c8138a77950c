// The optimizers' passes on the CPU, one element after another as update.h defines them.
#include <limits>

#include "stet/tensor/cpu/update_arrays.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/update_simd.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once a target.
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace stet::cpu_kernels {
namespace HWY_NAMESPACE {

namespace {

namespace hn = hwy::HWY_NAMESPACE;

// +0 below the smallest normal number; NaN stays, as it is not below.
template <class D, class V = hn::Vec<D>> HWY_INLINE V flush(D d, V x) {
  return hn::IfThenZeroElse(hn::Lt(hn::Abs(x), hn::Set(d, std::numeric_limits<hn::TFromD<D>>::min())), x);
}

// Calls body(tag, i) for whole vectors, then for the elements that are left.
template <class T, class Body> HWY_INLINE void for_each(int64_t begin, int64_t end, Body body) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = begin;
  for (; i + lanes <= end; i += lanes) body(d, i);
  for (; i < end; ++i) body(hn::CappedTag<T, 1>(), i);
}

template <class T> void sgd(const SgdStep& s, const SgdArrays<T>& a, int64_t begin, int64_t end) {
  const T rate = static_cast<T>(s.rate), momentum = static_cast<T>(s.momentum), take = static_cast<T>(s.take);
  const T weight_decay = static_cast<T>(s.weight_decay);
  for_each<T>(begin, end, [&](auto d, int64_t i) HWY_ATTR {
    const auto p = hn::LoadU(d, a.p + i);
    auto u = hn::LoadU(d, a.g + i);
    if (weight_decay != 0) u = hn::Add(u, hn::Mul(hn::Set(d, weight_decay), p));
    if (a.b) {
      const auto b =
          flush(d, hn::Add(hn::Mul(hn::Set(d, momentum), hn::LoadU(d, a.b + i)), hn::Mul(hn::Set(d, take), u)));
      hn::StoreU(b, d, a.b_out + i);
      u = s.nesterov ? hn::Add(u, hn::Mul(hn::Set(d, momentum), b)) : b;
    }
    hn::StoreU(hn::Sub(p, hn::Mul(hn::Set(d, rate), u)), d, a.p_out + i);
  });
}

template <class T> void adam(const AdamStep& s, const AdamArrays<T>& a, int64_t begin, int64_t end) {
  const T rate = static_cast<T>(s.rate), scale = static_cast<T>(s.scale), epsilon = static_cast<T>(s.epsilon);
  const T b1 = static_cast<T>(s.beta1), c1 = static_cast<T>(1 - s.beta1);
  const T b2 = static_cast<T>(s.beta2), c2 = static_cast<T>(1 - s.beta2);
  const T weight_decay = static_cast<T>(s.weight_decay), decay = static_cast<T>(s.decay);
  for_each<T>(begin, end, [&](auto d, int64_t i) HWY_ATTR {
    const auto p = hn::LoadU(d, a.p + i);
    auto g = hn::LoadU(d, a.g + i);
    if (weight_decay != 0) g = hn::Add(g, hn::Mul(hn::Set(d, weight_decay), p));
    const auto m = flush(d, hn::Add(hn::Mul(hn::Set(d, b1), hn::LoadU(d, a.m + i)), hn::Mul(hn::Set(d, c1), g)));
    const auto v =
        flush(d, hn::Add(hn::Mul(hn::Set(d, b2), hn::LoadU(d, a.v + i)), hn::Mul(hn::Mul(hn::Set(d, c2), g), g)));
    hn::StoreU(m, d, a.m_out + i);
    hn::StoreU(v, d, a.v_out + i);
    const auto denominator = hn::Add(hn::Mul(hn::Sqrt(v), hn::Set(d, scale)), hn::Set(d, epsilon));
    auto change = hn::Div(hn::Mul(hn::Set(d, rate), m), denominator);
    if (decay != 0) change = hn::Add(hn::Mul(hn::Set(d, decay), p), change);
    hn::StoreU(hn::Sub(p, change), d, a.p_out + i);
  });
}

void sgd_float(const SgdStep& s, const SgdArrays<float>& a, int64_t begin, int64_t end) { sgd(s, a, begin, end); }
void sgd_double(const SgdStep& s, const SgdArrays<double>& a, int64_t begin, int64_t end) { sgd(s, a, begin, end); }
void adam_float(const AdamStep& s, const AdamArrays<float>& a, int64_t begin, int64_t end) { adam(s, a, begin, end); }
void adam_double(const AdamStep& s, const AdamArrays<double>& a, int64_t begin, int64_t end) { adam(s, a, begin, end); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <algorithm>
#include <vector>

#include "stet/tensor/cpu/joined.h"

namespace stet::cpu_kernels {

HWY_EXPORT(sgd_float);
HWY_EXPORT(sgd_double);
HWY_EXPORT(adam_float);
HWY_EXPORT(adam_double);

namespace {

template <class T> SgdArrays<T> arrays(const SgdTask& t) {
  SgdArrays<T> a{t.gradient.data_as<T>(), t.from.parameter.data_as<T>(), nullptr, t.to.parameter.mutable_data_as<T>(),
                 nullptr};
  if (t.from.momentum.defined()) a.b = t.from.momentum.data_as<T>(), a.b_out = t.to.momentum.mutable_data_as<T>();
  return a;
}

template <class T> AdamArrays<T> arrays(const AdamTask& t) {
  return {t.gradient.data_as<T>(),         t.from.parameter.data_as<T>(),       t.from.mean.data_as<T>(),
          t.from.square.data_as<T>(),      t.to.parameter.mutable_data_as<T>(), t.to.mean.mutable_data_as<T>(),
          t.to.square.mutable_data_as<T>()};
}

}  // namespace

void sgd(std::span<const SgdTask> tasks) {
  const auto elements = [&](size_t i) { return tasks[i].gradient.elements(); };
  for_joined(tasks.size(), elements, [&](size_t i, int64_t begin, int64_t end) {
    const SgdTask& t = tasks[i];
    visit_floating(t.gradient.dtype(), [&]<class T>(T) {
      STET_DISPATCH_OF(T, sgd_float, sgd_double)(t.step, arrays<T>(t), begin, end);
    });
  });
}

void adam(std::span<const AdamTask> tasks) {
  const auto elements = [&](size_t i) { return tasks[i].gradient.elements(); };
  for_joined(tasks.size(), elements, [&](size_t i, int64_t begin, int64_t end) {
    const AdamTask& t = tasks[i];
    visit_floating(t.gradient.dtype(), [&]<class T>(T) {
      STET_DISPATCH_OF(T, adam_float, adam_double)(t.step, arrays<T>(t), begin, end);
    });
  });
}

}  // namespace stet::cpu_kernels

#endif
