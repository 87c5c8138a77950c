// Every op at a small size, for checks of gradients.
#pragma once

#include <cmath>
#include <vector>

#include "gradient_check.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/rng.h"

namespace stet::testing {

/// A function of tensors of these shapes that is smooth at inputs_of it.
struct GradientCase {
  using Inputs = const std::vector<Tensor>&;

  const char* name;
  TensorFunction f;
  std::vector<Shape> shapes;
  double low = -2, high = 2;  // inputs are spread over this range, away from kinks
};

/// Values that lie at least 0.04 from 0 and from each other, in no order.
inline std::vector<Tensor> inputs_of(const GradientCase& c) {
  std::vector<Tensor> inputs;
  uint64_t seed = 1;
  for (const Shape& shape : c.shapes) {
    const int64_t n = shape.elements();
    const std::vector<int64_t> order = permutation(Rng(seed++, "inputs"), n);
    std::vector<double> v;
    for (int64_t i : order) {
      const double shift = 0.013 * static_cast<double>(seed);  // no two inputs hold equal values
      const double x = c.low + (c.high - c.low) * (static_cast<double>(i) + 0.5) / static_cast<double>(n) + shift;
      v.push_back(std::abs(x) < 0.04 ? x + 0.1 : x);
    }
    inputs.push_back(Tensor::from(v, shape));
  }
  return inputs;
}

/// On x's device.
inline Tensor indices_for(const Tensor& x, const std::vector<int64_t>& v) { return Tensor::from(v).to(x.device()); }

/// Every op.
inline std::vector<GradientCase> gradient_cases() {
  using Inputs = GradientCase::Inputs;
  const auto unary = [](Tensor (*op)(const Tensor&)) { return [op](Inputs x) { return op(x[0]); }; };
  const Shape s{3, 4};
  std::vector<GradientCase> all = {
      {"add", [](Inputs x) { return x[0] + x[1]; }, {s, {4}}},
      {"sub", [](Inputs x) { return x[0] - x[1]; }, {s, {3, 1}}},
      {"mul", [](Inputs x) { return x[0] * x[1]; }, {s, {4}}},
      {"div", [](Inputs x) { return x[0] / (x[1] + 3); }, {s, {3, 1}}},
      {"neg", [](Inputs x) { return -x[0] * x[0]; }, {s}},
      {"same input twice", [](Inputs x) { return x[0] * x[0] - x[0] / (x[0] + 3); }, {s}},
      {"numbers", [](Inputs x) { return 2 - (3 / (x[0] + 4)) * 0.5 + 1; }, {s}},
      {"maximum", [](Inputs x) { return maximum(x[0], x[1]); }, {s, {4}}},
      {"minimum", [](Inputs x) { return minimum(x[0], x[1]); }, {{4}, s}},
      {"where", [](Inputs x) { return where(x[0] > 0.3, x[0] * x[0], x[1]); }, {s, {4}}},
      {"clamp", [](Inputs x) { return clamp(x[0], -0.51, 0.77); }, {s}},
      {"abs", unary(abs), {s}},
      {"square", unary(square), {s}},
      {"exp", unary(exp), {s}},
      {"expm1", unary(expm1), {s}},
      {"log", unary(log), {s}, 0.2, 3},
      {"log1p", unary(log1p), {s}, -0.7, 3},
      {"sqrt", unary(sqrt), {s}, 0.3, 3},
      {"rsqrt", unary(rsqrt), {s}, 0.5, 3},
      {"tanh", unary(tanh), {s}},
      {"sigmoid", unary(sigmoid), {s}},
      {"erf", unary(erf), {s}},
      {"sin", unary(sin), {s}},
      {"cos", unary(cos), {s}},
      {"sinpi", unary(sinpi), {s}, -0.6, 0.6},
      {"cospi", unary(cospi), {s}, -0.6, 0.6},
      {"pow", [](Inputs x) { return pow(x[0] + 2.5, x[1]); }, {s, {4}}},
      {"pow to a number", [](Inputs x) { return pow(x[0] + 2.5, 1.7); }, {s}},
      {"integer pow", [](Inputs x) { return pow(x[0], 5) + pow(x[0] + 4, -2); }, {s}},
      {"relu", unary(relu), {s}},
      {"gelu", [](Inputs x) { return gelu(x[0]); }, {s}},
      {"gelu tanh", [](Inputs x) { return gelu(x[0], Gelu::tanh); }, {s}},
      {"silu", unary(silu), {s}},
      {"softplus", unary(softplus), {s}},
      {"sum all", [](Inputs x) { return sum(x[0] * x[0]); }, {{2, 3, 4}}},
      {"sum ends",
       [](Inputs x) {
         return sum(x[0] * x[0], {0, -1});
       },
       {{2, 3, 4}}},
      {"sum keep", [](Inputs x) { return x[0] * sum(x[0], {1}, true); }, {{2, 3, 4}}},
      {"mean",
       [](Inputs x) {
         return mean(x[0] * x[0], {0, 2});
       },
       {{2, 3, 4}}},
      {"max", [](Inputs x) { return max(exp(x[0]), {1}); }, {{2, 3, 4}}},
      {"min",
       [](Inputs x) {
         return min(x[0], {0, 2}, true);
       },
       {{2, 3, 4}}},
      {"reshape",
       [](Inputs x) {
         return x[0].transpose().reshape({2, 6}) * x[0].reshape({2, 6});
       },
       {s}},
      {"flatten", [](Inputs x) { return square(x[0].flatten(1)); }, {{2, 3, 2}}},
      {"permute",
       [](Inputs x) {
         return square(x[0].permute({2, 0, 1}));
       },
       {{2, 3, 4}}},
      {"slice", [](Inputs x) { return square(x[0].slice(1, 1, 4, 2)); }, {s}},
      {"index", [](Inputs x) { return x[0][1] * x[0][-1]; }, {s}},
      {"squeeze", [](Inputs x) { return square(x[0].unsqueeze(1).squeeze(1)); }, {s}},
      {"broadcast_to",
       [](Inputs x) {
         return square(broadcast_to(x[0], {2, 3, 4}));
       },
       {{3, 1}}},
      {"contiguous", [](Inputs x) { return square(contiguous(x[0].transpose())); }, {s}},
      {"concatenate",
       [](Inputs x) {
         return square(concatenate({x[0], x[1], x[0]}, 1));
       },
       {s, {3, 2}}},
      {"stack",
       [](Inputs x) {
         return square(stack({x[0], x[1]}, -1));
       },
       {s, s}},
      {"pad",
       [](Inputs x) {
         return square(pad(x[0], {{1, 2}, {0, 1}}, 0.5));
       },
       {s}},
      {"split", [](Inputs x) { return split(x[0], 2, 1)[0] * split(x[0], 2, 1)[1]; }, {s}},
      {"index_select",
       [](Inputs x) {
         return square(index_select(x[0], 0, indices_for(x[0], {2, 0, 2})));
       },
       {s}},
      {"gather",
       [](Inputs x) {
         return square(gather(x[0], 1, indices_for(x[0], {0, 0, 3, 1, 2, 2}).reshape({3, 2})));
       },
       {s}},
      {"scatter_add",
       [](Inputs x) {
         return square(
             scatter_add(x[0], 1, indices_for(x[0], {0, 0, 3, 1, 2, 2, 1, 1, 1, 0, 4, 4}).reshape({3, 4}), 5));
       },
       {s}},
      {"to", [](Inputs x) { return square(x[0].to(DType::float64)); }, {s}},
      {"matmul", [](Inputs x) { return matmul(x[0], x[1]); }, {{2, 3}, {3, 4}}},
      {"matmul batched", [](Inputs x) { return matmul(x[0], x[1]); }, {{2, 2, 3}, {3, 2}}},
      {"matmul broadcast", [](Inputs x) { return matmul(x[0], x[1]); }, {{2, 1, 2, 3}, {2, 3, 2}}},
      {"matmul vectors", [](Inputs x) { return matmul(x[0], matmul(x[1], x[0])); }, {{3}, {3, 3}}},
      {"linear", [](Inputs x) { return linear(x[0], x[1], x[2]); }, {{2, 2, 3}, {4, 3}, {4}}},
      {"linear relu", [](Inputs x) { return linear(x[0], x[1], x[2], Activation::relu); }, {{2, 2, 3}, {4, 3}, {4}}},
      {"conv2d", [](Inputs x) { return conv2d(x[0], x[1], x[2]); }, {{2, 2, 5, 4}, {3, 2, 3, 2}, {3}}},
      {"conv2d relu",
       [](Inputs x) { return conv2d(x[0], x[1], x[2], {.activation = Activation::relu}); },
       {{2, 2, 5, 4}, {3, 2, 3, 2}, {3}}},
      {"conv2d strided",
       [](Inputs x) {
         return conv2d(x[0], x[1], {}, {.stride = {2, 1}, .padding = {1, 2}, .dilation = {1, 2}, .groups = 2});
       },
       {{1, 2, 5, 4}, {2, 1, 3, 2}}},
      {"max_pool2d",
       [](Inputs x) {
         return square(max_pool2d(x[0], {2, 2}));
       },
       {{1, 2, 4, 4}}},
      {"max_pool2d padded",
       [](Inputs x) {
         return square(max_pool2d(x[0], {3, 2}, {.stride = {2, 1}, .padding = {1, 1}}));
       },
       {{1, 2, 4, 3}}},
      {"avg_pool2d",
       [](Inputs x) {
         return square(avg_pool2d(x[0], {3, 2}, {.stride = {2, 1}, .padding = {1, 1}}));
       },
       {{1, 2, 4, 3}}},
      {"softmax", [](Inputs x) { return softmax(x[0]); }, {s}},
      {"softmax axis 0", [](Inputs x) { return softmax(x[0], 0); }, {s}},
      {"log_softmax", [](Inputs x) { return log_softmax(x[0]); }, {s}},
      {"cross_entropy_rows",
       [](Inputs x) {
         return cross_entropy_rows(x[0], indices_for(x[0], {3, 0, 1}));
       },
       {s}},
      {"batch_norm", [](Inputs x) { return batch_norm(x[0], x[1], x[2], 0.1).y; }, {{3, 2, 2, 2}, {2}, {2}}},
      {"batch_norm plain", [](Inputs x) { return batch_norm(x[0], {}, {}, 0.1).y; }, {{4, 3}}},
      {"batch_norm relu",
       [](Inputs x) { return batch_norm(x[0], x[1], x[2], 0.1, Activation::relu).y; },
       {{3, 2, 3}, {2}, {2}}},
      {"batch_norm residual relu",
       [](Inputs x) { return batch_norm(x[0], x[1], x[2], 0.1, Activation::relu, x[3]).y; },
       {{3, 2, 3}, {2}, {2}, {3, 2, 3}}},
      {"batch_norm of itself",
       [](Inputs x) { return batch_norm(x[0], x[1], {}, 0.1, Activation::none, x[0]).y; },
       {{3, 2, 3}, {2}}},
      {"batch_norm_evaluation",
       [](Inputs x) {
         return batch_norm_evaluation(x[0], x[1], square(x[2]), x[3], x[4], 0.1, Activation::relu, x[5]);
       },
       {{2, 3, 2}, {3}, {3}, {3}, {3}, {2, 3, 2}}},
      {"layer_norm", [](Inputs x) { return layer_norm(x[0], x[1], x[2], 0.1); }, {{2, 3, 4}, {4}, {4}}},
      {"layer_norm plain", [](Inputs x) { return layer_norm(x[0], {}, {}, 0.1); }, {{5}}},
      {"attention", [](Inputs x) { return attention(x[0], x[1], x[2]); }, {{2, 3, 2}, {2, 4, 2}, {2, 4, 3}}},
      {"attention causal",
       [](Inputs x) { return attention(x[0], x[1], x[2], {.causal = true, .scale = 0.8}); },
       {{4, 2}, {4, 2}, {4, 3}}},
      {"self_attention", [](Inputs x) { return self_attention(x[0], 2, {.causal = true}); }, {{2, 3, 12}}},
      {"lstm",
       [](Inputs x) {
         return lstm(x[0], {x[1], x[2], x[3], x[4]}, {x[5], x[6]}).output;
       },
       {{2, 3, 2}, {8, 2}, {8, 2}, {8}, {8}, {2, 2}, {2, 2}}},
      {"lstm state",
       [](Inputs x) {
         const LstmResult r = lstm(x[0], {x[1], x[2], {}, {}});
         return r.last.hidden * r.last.cell;
       },
       {{2, 3, 2}, {8, 2}, {8, 2}}},
      {"dropout",
       [](Inputs x) {
         Stream stream(Rng(5, "drop"));
         return square(dropout(x[0], 0.4, stream));
       },
       {s}},
  };
  return all;
}

}  // namespace stet::testing
