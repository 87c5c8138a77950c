// An op on the GPU against the same op on the CPU.
#pragma once

#include <functional>

#include "cuda/device.h"
#include "ops/case.h"
#include "stet/tensor/dtype.h"
#include "tensor/bits.h"

namespace stet::testing {

/// The tensors on a device; undefined ones stay undefined.
inline Tensors on(Device device, Tensors all) {
  for (Tensor& t : all) {
    if (t.defined()) t = t.to(device);
  }
  return all;
}

/// Whether two tensors, maybe on different devices, have the same dtype, shape and bits.
inline ::testing::AssertionResult same_tensor(const Tensor& got, const Tensor& want) {
  if (got.defined() != want.defined()) return ::testing::AssertionFailure() << "one is undefined";
  if (!want.defined()) return ::testing::AssertionSuccess();
  if (got.dtype() != want.dtype() || got.shape() != want.shape())
    return ::testing::AssertionFailure() << "other dtype or shape";
  ::testing::AssertionResult result = ::testing::AssertionSuccess();
  visit_dtype(want.dtype(), [&](auto sample) {
    using T = decltype(sample);
    result = all_same_bits(got.to_vector<T>(), want.to_vector<T>());
  });
  return result;
}

/// Expects the results of `op`, which makes its tensors where its inputs are, to be the CPU's on the GPU too, and to be
/// there.
inline void expect_same(const Tensors& inputs, const std::function<Tensors(const Tensors&)>& op) {
  const Tensors want = op(inputs), got = op(on(device(), inputs));
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) {
    EXPECT_TRUE(same_tensor(got[i], want[i])) << "result " << i;
    EXPECT_TRUE(!got[i].defined() || got[i].device() == device()) << "result " << i;
  }
}

}  // namespace stet::testing
