// linear's kernel, and its gradients, against the public ops that define them.
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

using Linear = Tensor (*)(const Tensor&, const Tensor&, const Tensor&, Activation);

// The result and the gradients of input, weight and bias.
std::vector<std::vector<float>> results(Linear op, const std::vector<Tensor>& in, Activation activation,
                                        const Tensor& g) {
  std::vector<Tensor> watched;
  for (const Tensor& x : in) watched.push_back(x.defined() ? watch(x) : x);
  const Tensor y = op(watched[0], watched[1], watched[2], activation);
  const Gradients gradients = backward(sum(y * g));
  std::vector<std::vector<float>> all = {y.to_vector<float>()};
  for (const Tensor& x : watched) {
    if (x.defined()) all.push_back(gradients[x].to_vector<float>());
  }
  return all;
}

TEST(Linear, ForwardAndGradientsEqualTheComposition) {
  struct Case {
    Shape x;
    int64_t out;
  };
  for (const Case& c : {Case{{1, 1}, 1}, Case{{5, 7}, 3}, Case{{3, 2, 17}, 33}, Case{{9}, 65}, Case{{26, 513}, 10},
                        Case{{0, 4}, 3}, Case{{4, 0}, 3}}) {
    const int64_t in = c.x.dims().back();
    std::vector<int64_t> out = c.x.dims();
    out.back() = c.out;
    for (bool specials : {false, true}) {
      for (bool with_bias : {false, true}) {
        for (Activation activation : {Activation::none, Activation::relu}) {
          SCOPED_TRACE(c.x.to_string() + " to " + std::to_string(c.out) + (with_bias ? " bias " : " ") +
                       name_of(activation));
          const std::vector<Tensor> inputs = {awkward(c.x, 1, specials), awkward({c.out, in}, 2, specials),
                                              with_bias ? awkward({c.out}, 3, specials) : Tensor()};
          const Tensor g = awkward(Shape(out), 4, specials);
          const auto want = results(composed::linear, inputs, activation, g);
          testing::on_all_machines([&] {
            const auto got = results(linear, inputs, activation, g);
            ASSERT_EQ(got.size(), want.size());
            for (size_t i = 0; i < got.size(); ++i) EXPECT_TRUE(all_same_bits(got[i], want[i])) << "result " << i;
          });
        }
      }
    }
  }
}

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

TEST(Linear, RefusesABiasOfAnotherExtent) {
  EXPECT_THAT(
      [] {
        linear(zeros({2, 3}), zeros({4, 3}), zeros({3}));
      },
      ::testing::ThrowsMessage<UsageError>(::testing::HasSubstr("linear: bias [3]")));
}

}  // namespace
}  // namespace stet
