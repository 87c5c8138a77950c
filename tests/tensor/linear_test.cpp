// linear's edges. The table of ops holds its kernel, and its gradients, to the public ops that define them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/composed.h"
#include "tensor/bits.h"

namespace stet {
namespace {

using testing::all_same_bits;
using testing::awkward;

TEST(Linear, TakesViews) {
  const Tensor x = awkward({6, 10}, 1, false).transpose(), w = awkward({6, 14}, 2, false).transpose();
  const Tensor b = awkward({14, 2}, 3, false).slice(1, 0, 1).squeeze(1);
  EXPECT_TRUE(all_same_bits(linear(x, w, b, Activation::relu).to_vector<float>(),
                            composed::linear(x, w, b, Activation::relu).to_vector<float>()));
}

TEST(Linear, OfNoTermsIsTheBias) {
  const Tensor y = linear(zeros({2, 3, 0}), zeros({2, 0}), Tensor::from<float>({5, -7}));
  EXPECT_EQ(y.shape(), (Shape{2, 3, 2}));
  EXPECT_EQ(y.to_vector<float>(), (std::vector<float>{5, -7, 5, -7, 5, -7, 5, -7, 5, -7, 5, -7}));
}

TEST(Linear, RefusesAWeightThatIsNoMatrix) {
  EXPECT_THAT(
      [] {
        linear(zeros({2, 3}), zeros({3}), {});
      },
      ::testing::ThrowsMessage<UsageError>(::testing::HasSubstr("linear: weight [3] is no matrix [out, in]")));
}

TEST(Linear, RefusesABiasOfAnotherExtent) {
  EXPECT_THAT(
      [] {
        linear(zeros({2, 3}), zeros({4, 3}), zeros({3}));
      },
      ::testing::ThrowsMessage<UsageError>(::testing::HasSubstr("linear: bias [3]")));
}

}  // namespace
}  // namespace stet
