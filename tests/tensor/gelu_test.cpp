// gelu's kernels against the public ops that define them.
#include <gtest/gtest.h>

#include "stet/tensor/autograd.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/composed.h"
#include "tensor/bits.h"
#include "tensor/machines.h"

namespace stet {
namespace {

using testing::all_same_bits;
using testing::awkward;

TEST(Gelu, ForwardAndGradientEqualTheComposition) {
  for (int64_t n : {1, 7, 15, 16, 17, 31, 33, 4099, 20011}) {
    for (bool specials : {false, true}) {
      const Tensor x = awkward({n}, 1, specials), g = awkward({n}, 2, specials);
      const auto y = composed::gelu(x).to_vector<float>(), dx = composed::gelu_gradient(g, x).to_vector<float>();
      const Tensor by_tape = watch(x);
      EXPECT_TRUE(all_same_bits(backward(sum(composed::gelu(by_tape) * g))[by_tape].to_vector<float>(), dx));
      testing::on_all_machines([&] {
        const Tensor watched = watch(x);
        const Tensor value = gelu(watched);
        EXPECT_TRUE(all_same_bits(value.to_vector<float>(), y)) << n;
        EXPECT_TRUE(all_same_bits(backward(sum(value * g))[watched].to_vector<float>(), dx)) << n;
      });
    }
  }
}

}  // namespace
}  // namespace stet
