// The fully connected layer: one product, and its bias and activation while the result is in cache.
#include <utility>
#include <vector>

#include "stet/tensor/autograd.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/composed.h"
#include "stet/tensor/work.h"

namespace stet {
namespace {

void require_linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  require_floating("linear", x);
  require_same_dtype("linear", x, weight);
  if (weight.rank() != 2) raise("linear: weight {} is no matrix [out, in]", weight.shape().to_string());
  if (x.rank() == 0 || x.size(-1) != weight.size(1)) {
    raise("linear: input {} does not end in the {} that weight {} takes", x.shape().to_string(), weight.size(1),
          weight.shape().to_string());
  }
  if (!bias.defined()) return;
  require_same_dtype("linear", x, bias);
  if (bias.shape() != Shape{weight.size(0)}) {
    raise("linear: bias {} is not one number for each row of weight {}", bias.shape().to_string(),
          weight.shape().to_string());
  }
}

// Rows [rows, out] with x's leading axes.
Tensor like_input(const Tensor& rows, const Tensor& x) {
  if (x.rank() == 2) return rows;
  std::vector<int64_t> dims(x.shape().begin(), x.shape().end() - 1);
  dims.push_back(rows.size(-1));
  return rows.reshape(std::move(dims));
}

}  // namespace

namespace composed {

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation) {
  Tensor y = matmul(as_rows("linear", x), transpose(weight));
  if (bias.defined()) y = y + bias;
  if (activation == Activation::relu) y = relu(y);
  return like_input(y, x);
}

}  // namespace composed

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation) {
  require_linear(x, weight, bias);
  // One product over all leading axes, so that a weight's gradient is one chain over every row.
  const Tensor rows = as_rows("linear", x);
  Tensor y = new_tensor("linear", {rows.size(0), weight.size(0)}, x.dtype(), x.device());
  // As the ops count that this stands for.
  add_work(y.elements() * (weight.size(1) + (bias.defined() ? 8 : 0) + (activation == Activation::none ? 0 : 8)));
  backend(x.device())
      .linear(rows.detach(), weight.detach(), bias.defined() ? contiguous(bias.detach()) : bias, activation, y);
  y = record("linear", y,
             {{bias, [](const Tensor& g) { return sum(g, {0}); }},
              {rows, [weight](const Tensor& g) { return matmul(g, weight); }},
              {weight, [rows](const Tensor& g) { return matmul(transpose(g), rows); }}});
  // The activation's own place on the tape, so that its gradient is taken once; relu's result is above 0 where its
  // input is.
  if (activation == Activation::relu) y = record_with_output("relu", y, y, relu_gradient);
  return like_input(y, x);
}

}  // namespace stet
