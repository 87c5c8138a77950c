// Batch norm and layer norm: the kernels against the compositions that define them, and those against plain loops, bit
// for bit.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "error_of.h"
#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/composed.h"
#include "tensor/bits.h"
#include "tensor/machines.h"
#include "tensor/reference.h"

namespace stet {
namespace {

using reference::Array;
using testing::all_same_bits;
using testing::awkward;
using testing::on_all_machines;

using Results = std::vector<std::vector<float>>;

void expect_same(const Results& got, const Results& want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_TRUE(all_same_bits(got[i], want[i])) << "result " << i;
}

// Values of ordinary size, so that statistics don't drown in infinities.
Tensor moderate(const Shape& shape, uint64_t seed) {
  Stream stream(Rng(seed, "moderate"));
  return normal(stream, shape, 0.5, 2);
}

struct BatchCase {
  Shape shape;
  bool weight, bias, residual;
  Activation activation;
};

std::vector<BatchCase> batch_cases() {
  std::vector<BatchCase> cases;
  const Shape shapes[] = {{2, 1, 1},      {2, 3},        {1, 2, 2},      {3, 2, 5},    {5, 7, 31},  {64, 3, 8, 8},
                          {65, 4, 1, 33}, {3, 20, 7, 7}, {2, 2, 63, 65}, {1, 2, 1025}, {130, 17, 2}};
  int k = 0;
  for (const Shape& s : shapes) {
    for (int options : {0, 1 + k % 15, 15}) {
      cases.push_back({s, (options & 1) != 0, (options & 2) != 0, (options & 4) != 0,
                       options & 8 ? Activation::relu : Activation::none});
    }
    k += 4;
  }
  return cases;
}

BatchNormInputs inputs_of(const BatchCase& c, const std::function<Tensor(const Shape&, uint64_t)>& values) {
  const Shape channels{c.shape[1]};
  return {watch(values(c.shape, 1)),
          c.weight ? watch(values(channels, 2)) : Tensor(),
          c.bias ? watch(values(channels, 3)) : Tensor(),
          c.residual ? watch(values(c.shape, 4)) : Tensor(),
          1e-3,
          c.activation};
}

template <class Op> Results batch_results(const BatchNormInputs& in, const Tensor& upstream, const Op& op) {
  const BatchNorm result = op(in);
  const Gradients g = backward(sum(result.y * upstream));
  Results results{result.y.to_vector<float>(), result.mean.to_vector<float>(), result.variance.to_vector<float>()};
  for (const Tensor* t : {&in.x, &in.weight, &in.bias, &in.residual}) {
    if (t->defined()) results.push_back(g[*t].to_vector<float>());
  }
  return results;
}

BatchNorm fused(const BatchNormInputs& in) {
  return batch_norm(in.x, in.weight, in.bias, in.epsilon, in.activation, in.residual);
}

TEST(Norm, BatchNormEqualsItsComposition) {
  for (const BatchCase& c : batch_cases()) {
    for (bool specials : {false, true}) {
      SCOPED_TRACE(c.shape.to_string() + " weight " + std::to_string(c.weight) + " bias " + std::to_string(c.bias) +
                   " residual " + std::to_string(c.residual) + " " + name_of(c.activation) +
                   (specials ? " specials" : ""));
      const BatchNormInputs in = specials ? inputs_of(c, [](const Shape& s, uint64_t seed) { return awkward(s, seed); })
                                          : inputs_of(c, moderate);
      const Tensor upstream = specials ? awkward(c.shape, 9) : moderate(c.shape, 9);
      const Results want = batch_results(in, upstream, composed::batch_norm);
      on_all_machines([&] { expect_same(batch_results(in, upstream, fused), want); });
    }
  }
}

// Tensors so large that channels go one by one.
TEST(Norm, LargeBatchNormEqualsItsComposition) {
  for (bool residual : {false, true}) {
    const BatchNormInputs in = inputs_of({{3, 8, 300, 300}, true, true, residual, Activation::relu}, moderate);
    const Tensor upstream = moderate(in.x.shape(), 9);
    const Results want = batch_results(in, upstream, composed::batch_norm);
    on_all_machines([&] { expect_same(batch_results(in, upstream, fused), want); });
  }
}

TEST(Norm, BatchNormTakesAnyLayout) {
  const Tensor x = watch(moderate({3, 4, 5, 6}, 1)), swapped = watch(contiguous(x.detach().permute({1, 3, 0, 2})));
  const Tensor view = swapped.permute({2, 0, 3, 1}), upstream = moderate({6, 5, 4, 3}, 2).permute({3, 2, 1, 0});
  const Gradients a = backward(sum(batch_norm(x, {}, {}, 1e-5, Activation::relu, view).y * upstream), {.keep = true});
  const Gradients b = backward(sum(batch_norm(view, {}, {}, 1e-5, Activation::relu, x).y * upstream));
  EXPECT_TRUE(all_same_bits(a[x].to_vector<float>(), b[swapped].permute({2, 0, 3, 1}).to_vector<float>()));
  EXPECT_TRUE(all_same_bits(b[x].to_vector<float>(), a[swapped].permute({2, 0, 3, 1}).to_vector<float>()));
}

float median_of(float a, float b, float c) {
  return reference::maximum(reference::minimum(a, b), reference::minimum(reference::maximum(a, b), c)) + 0.0f;
}

// A mean and what its rounding left out of a + b.
std::pair<float, float> centre_of(float a, float b) {
  const float mean = a + b, part = mean - a;
  return {mean, (a - (mean - part)) + (b - part)};
}

// The contract's page as plain loops: batch statistics and result, with weight, bias and residual, then relu.
struct PlainBatchNorm {
  std::vector<float> y, mean, variance;
};
PlainBatchNorm plain_batch_norm(const Array<float>& x, const Array<float>& weight, const Array<float>& bias,
                                const Array<float>& residual, float epsilon) {
  const auto n = static_cast<size_t>(x.shape[0]), c = static_cast<size_t>(x.shape[1]),
             p = static_cast<size_t>(x.shape[2]);
  const auto count = static_cast<float>(n * p);
  PlainBatchNorm r{x.values, std::vector<float>(c), std::vector<float>(c)};
  for (size_t k = 0; k < c; ++k) {
    const auto at = [&](size_t i, size_t j) { return (i * c + k) * p + j; };
    const auto element = [&](size_t e) {
      e = std::min(e, n * p - 1);
      return at(e / p, e % p);
    };
    const float origin = median_of(x.values[at(0, 0)], x.values[element(1)], x.values[element(2)]);
    std::vector<float> means, squares, spreads;
    for (size_t i = 0; i < n; ++i) {
      std::vector<float> d, terms;
      for (size_t j = 0; j < p; ++j) d.push_back(x.values[at(i, j)] - origin);
      means.push_back(reference::lane_sum(d) / static_cast<float>(p));
      const auto [centre, left] = centre_of(origin, means[i]);
      for (size_t j = 0; j < p; ++j) {
        const float centred = x.values[at(i, j)] - centre;
        terms.push_back(centred * centred);
      }
      squares.push_back(reference::lane_sum(terms) - (left * left) * static_cast<float>(p));
    }
    const float offset = reference::chain_sum(means) / static_cast<float>(n);
    const auto [mean, rest] = centre_of(origin, offset);
    r.mean[k] = mean;
    for (float m : means) spreads.push_back((m - offset) * (m - offset));
    r.variance[k] = (reference::chain_sum(squares) + reference::chain_sum(spreads) * static_cast<float>(p)) / count;
    const float factor = weight.values[k] * (1 / std::sqrt(r.variance[k] + epsilon));
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < p; ++j) {
        const float shift = bias.values[k] - rest * factor;
        const float z = ((x.values[at(i, j)] - mean) * factor + shift) + residual.values[at(i, j)];
        r.y[at(i, j)] = z < 0 ? 0 : z;
      }
    }
  }
  return r;
}

TEST(Norm, BatchNormEqualsPlainLoops) {
  for (const Shape& shape : {Shape{2, 3, 1}, Shape{5, 2, 33}, Shape{65, 3, 64}, Shape{3, 2, 1025}, Shape{4200, 2, 3}}) {
    SCOPED_TRACE(shape.to_string());
    const Shape channels{shape[1]};
    const Tensor x = moderate(shape, 1), weight = moderate(channels, 2), bias = moderate(channels, 3),
                 residual = moderate(shape, 4);
    const auto array = [](const Tensor& t) { return reference::array<float>(t); };
    const PlainBatchNorm want = plain_batch_norm(array(x), array(weight), array(bias), array(residual), 1e-5f);
    const BatchNorm got = batch_norm(x, weight, bias, 1e-5, Activation::relu, residual);
    EXPECT_TRUE(all_same_bits(got.mean.to_vector<float>(), want.mean));
    EXPECT_TRUE(all_same_bits(got.variance.to_vector<float>(), want.variance));
    EXPECT_TRUE(all_same_bits(got.y.to_vector<float>(), want.y));
  }
}

TEST(Norm, BatchNormInEvaluationEqualsItsComposition) {
  for (const BatchCase& c : batch_cases()) {
    SCOPED_TRACE(c.shape.to_string());
    const BatchNormInputs in = inputs_of(c, [](const Shape& s, uint64_t seed) { return awkward(s, seed); });
    const Tensor mean = awkward({c.shape[1]}, 5), variance = abs(awkward({c.shape[1]}, 6));
    const Evaluation evaluation;
    const std::vector<float> want = composed::batch_norm_evaluation(in, {mean, variance, {}}).to_vector<float>();
    on_all_machines([&] {
      const Tensor y =
          batch_norm_evaluation(in.x, mean, variance, in.weight, in.bias, in.epsilon, in.activation, in.residual);
      EXPECT_TRUE(all_same_bits(y.to_vector<float>(), want));
    });
  }
}

TEST(Norm, LayerNormEqualsPlainLoops) {
  const Tensor x = moderate({5, 1100}, 1), weight = moderate({1100}, 2), bias = moderate({1100}, 3);
  const std::vector<float> got = layer_norm(x, weight, bias).to_vector<float>(), v = x.to_vector<float>();
  const std::vector<float> w = weight.to_vector<float>(), b = bias.to_vector<float>();
  for (size_t r = 0; r < 5; ++r) {
    const std::vector<float> row(v.begin() + static_cast<std::ptrdiff_t>(r * 1100),
                                 v.begin() + static_cast<std::ptrdiff_t>((r + 1) * 1100));
    const float origin = median_of(row[0], row[1], row[2]);
    std::vector<float> d, squares;
    for (float e : row) d.push_back(e - origin);
    const auto [mean, rest] = centre_of(origin, reference::lane_sum(d) / 1100.0f);
    for (float e : row) squares.push_back((e - mean) * (e - mean));
    const float scale = 1 / std::sqrt((reference::lane_sum(squares) / 1100.0f - rest * rest) + 1e-5f);
    for (size_t i = 0; i < 1100; ++i)
      ASSERT_EQ(got[r * 1100 + i], (((row[i] - mean) - rest) * scale) * w[i] + b[i]) << r << " " << i;
  }
}

TEST(Norm, ARowOrAnImageDoesNotDependOnItsBatch) {
  const Tensor x = moderate({7, 3, 40}, 1), weight = moderate({40}, 2), g = moderate({7, 3, 40}, 3);
  const auto input_gradient = [&](const Tensor& rows, const Tensor& upstream) {
    const Tensor w = watch(rows);
    return backward(sum(layer_norm(w, weight, {}) * upstream))[w];
  };
  const Tensor all = layer_norm(x, weight, {}), gradient = input_gradient(x, g);
  for (int64_t i = 0; i < 7; ++i) {
    EXPECT_TRUE(all_same_bits(layer_norm(x[i], weight, {}).to_vector<float>(), all[i].to_vector<float>()));
    EXPECT_TRUE(all_same_bits(input_gradient(x[i], g[i]).to_vector<float>(), gradient[i].to_vector<float>()));
  }
}

TEST(Norm, ErrorsNameTheOpTheShapesAndTheRemedy) {
  const Tensor x = zeros({2, 3, 4, 4});
  EXPECT_EQ(error_of([&] { batch_norm(zeros({3}), {}, {}); }), "batch_norm: takes [N, C, ...], not [3]");
  EXPECT_EQ(error_of([&] { batch_norm(x, zeros({4}), {}); }),
            "batch_norm: weight [4] does not fit input [2, 3, 4, 4]; it must be [3]");
  EXPECT_EQ(error_of([&] {
              batch_norm(zeros({1, 3, 1, 1}), {}, {});
            }),
            "batch_norm: input [1, 3, 1, 1] has fewer than two values a channel, so no variance; use a larger batch, "
            "or evaluate");
  EXPECT_EQ(error_of([&] {
              batch_norm(x, {}, {}, 1e-5, Activation::none, zeros({2, 3, 4}));
            }),
            "batch_norm: residual [2, 3, 4] differs from input [2, 3, 4, 4]");
  EXPECT_EQ(error_of([&] { batch_norm_evaluation(x, zeros({2}), zeros({3}), {}, {}); }),
            "batch_norm_evaluation: mean [2] does not fit input [2, 3, 4, 4]; it must be [3]");
  EXPECT_EQ(error_of([&] { layer_norm(x, {}, zeros({5})); }),
            "layer_norm: bias [5] does not fit input [2, 3, 4, 4]; it must be [4]");
  EXPECT_EQ(error_of([&] {
              layer_norm(zeros({2, 0}), {}, {});
            }),
            "layer_norm: takes [.., D] with D of at least 1, not [2, 0]");
  EXPECT_EQ(error_of([&] {
              layer_norm(zeros({2, 3}, DType::int64), {}, {});
            }),
            "layer_norm: takes float32 or float64, not int64; convert with to()");
}

}  // namespace
}  // namespace stet
