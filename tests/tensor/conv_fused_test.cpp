// conv2d with its bias and activation, and its gradients, against the public ops that define them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/composed.h"
#include "tensor/bits.h"
#include "tensor/machines.h"

namespace stet {
namespace {

using testing::all_same_bits;
using testing::awkward;

using Convolution = Tensor (*)(const Tensor&, const Tensor&, const Tensor&, const Conv2dOptions&);

// The result and the gradients of input, weight and bias.
std::vector<std::vector<float>> results(Convolution op, const std::vector<Tensor>& in, const Conv2dOptions& options,
                                        uint64_t seed, bool specials) {
  std::vector<Tensor> watched;
  for (const Tensor& x : in) watched.push_back(x.defined() ? watch(x) : x);
  const Tensor y = op(watched[0], watched[1], watched[2], options);
  const Gradients gradients = backward(sum(y * awkward(y.shape(), seed, specials)));
  std::vector<std::vector<float>> all = {y.to_vector<float>()};
  for (const Tensor& x : watched) {
    if (x.defined()) all.push_back(gradients[x].to_vector<float>());
  }
  return all;
}

TEST(ConvFused, ForwardAndGradientsEqualTheComposition) {
  struct Case {
    Shape x, weight;
    Conv2dOptions options;
  };
  const Case cases[] = {{{2, 3, 9, 11}, {17, 3, 3, 3}, {}},
                        {{2, 16, 16, 16}, {5, 16, 3, 3}, {.padding = {1, 1}}},
                        {{3, 66, 8, 8}, {9, 66, 3, 3}, {.padding = {1, 1}}},
                        {{3, 66, 5, 8}, {64, 66, 3, 3}, {.padding = {1, 1}}},
                        {{2, 4, 7, 9}, {6, 2, 2, 3}, {.stride = {2, 3}, .padding = {1, 0}, .groups = 2}},
                        {{5, 3, 2, 2}, {4, 3, 2, 2}, {}}};
  for (Case c : cases) {
    for (bool specials : {false, true}) {
      for (bool with_bias : {false, true}) {
        for (Activation activation : {Activation::none, Activation::relu}) {
          SCOPED_TRACE(c.x.to_string() + " by " + c.weight.to_string() + (with_bias ? " bias " : " ") +
                       name_of(activation));
          c.options.activation = activation;
          const std::vector<Tensor> inputs = {awkward(c.x, 1, specials), awkward(c.weight, 2, specials),
                                              with_bias ? awkward({c.weight.dims()[0]}, 3, specials) : Tensor()};
          const auto want = results(composed::conv2d, inputs, c.options, 4, specials);
          testing::on_all_machines([&] {
            const auto got = results(conv2d, inputs, c.options, 4, specials);
            ASSERT_EQ(got.size(), want.size());
            for (size_t i = 0; i < got.size(); ++i) EXPECT_TRUE(all_same_bits(got[i], want[i])) << "result " << i;
          });
        }
      }
    }
  }
}

TEST(ConvFused, RefusesABiasOfAnotherExtent) {
  EXPECT_THAT(
      [] {
        conv2d(zeros({1, 3, 8, 8}), zeros({16, 3, 3, 3}), zeros({3}));
      },
      ::testing::ThrowsMessage<UsageError>(::testing::HasSubstr("conv2d: bias [3]")));
}

}  // namespace
}  // namespace stet
