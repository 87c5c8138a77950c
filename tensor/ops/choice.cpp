#include "stet/tensor/ops/choice.h"

#include <utility>

#include "stet/tensor/autograd.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/elementwise.h"
#include "stet/tensor/ops/index_ops.h"
#include "stet/tensor/ops/reduce.h"
#include "stet/tensor/ops/shape_ops.h"
#include "stet/tensor/ops/softmax.h"

namespace stet {

Tensor multinomial(Stream& stream, const Tensor& weights, int64_t count, bool replacement) {
  constexpr auto kOp = "multinomial";
  require_floating(kOp, weights);
  if (weights.rank() == 0) raise("multinomial: takes weights [.., n], not a scalar");
  if (count < 0) raise("multinomial: {} is not a number of draws", count);
  const Tensor rows = as_rows(kOp, contiguous(weights.detach()));
  const Shape shape = with_axis(weights.shape(), weights.rank() - 1, count);
  if (elements_of(shape.dims(), kOp) == 0) return new_tensor(kOp, shape, DType::int64, weights.device());
  const Tensor words = random_words(kOp, stream, {rows.size(0), count, 2}, weights.device());
  const Tensor y = new_tensor(kOp, shape, DType::int64, weights.device());
  backend(weights.device()).multinomial(rows, words, replacement, y.reshape({rows.size(0), count}));
  return y;
}

Tensor gumbel(Stream& stream, Shape shape, DType dtype, Device device) {
  constexpr auto kOp = "gumbel";
  if (!is_floating(dtype)) raise("gumbel: draws float32 or float64, not {}", name_of(dtype));
  // Odd multiples of 2^-24, so that neither logarithm is infinite.
  const Tensor odd = random_words(kOp, stream, std::move(shape), device) / 512 * 2 + 1;
  const Tensor u = odd.to(DType::float32) * 0x1p-24;
  return (-log(-log(u))).to(dtype);
}

Tensor gumbel_softmax(Stream& stream, const Tensor& logits, const GumbelOptions& options) {
  require_floating("gumbel_softmax", logits);
  const int axis = logits.shape().normal_axis(options.axis, "gumbel_softmax");
  if (!(options.temperature > 0))
    raise("gumbel_softmax: the temperature is {}, and must be above 0", options.temperature);
  const Tensor noise = gumbel(stream, logits.shape(), logits.dtype(), logits.device());
  const Tensor soft = softmax((logits + noise) / options.temperature, axis);
  if (!options.hard || soft.elements() == 0) return soft;
  const Tensor best = argmax(soft.detach(), axis);
  const Tensor ones = transpose(unsqueeze(one_hot(best, soft.size(axis), soft.dtype()), axis), axis, -1);
  return record("gumbel_softmax", contiguous(squeeze(ones, -1)), {{soft, [](const Tensor& g) { return g; }}});
}

}  // namespace stet
