// Matrix products; their gradients are products again.
#include "stet/tensor/autograd.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/work.h"

namespace stet {
namespace {

Shape with_tail(const Shape& batch, int64_t rows, int64_t columns) {
  std::vector<int64_t> dims = batch.dims();
  dims.push_back(rows);
  dims.push_back(columns);
  return Shape(std::move(dims));
}

Shape batch_of(const Tensor& x) { return Shape(std::vector<int64_t>(x.shape().begin(), x.shape().end() - 2)); }

Shape common_batch(const Tensor& a, const Tensor& b) {
  try {
    return broadcast_shape("matmul", batch_of(a), batch_of(b));
  } catch (const UsageError&) {
    raise("matmul: {} x {}: the axes before the last two do not broadcast", a.shape().to_string(),
          b.shape().to_string());
  }
}

// Both of rank 2 and more.
Tensor matrix_product(const Tensor& a, const Tensor& b) {
  const Shape batch = common_batch(a, b);
  Tensor y = new_tensor("matmul", with_tail(batch, a.size(-2), b.size(-1)), a.dtype(), a.device());
  {
    NoGrad no_grad;
    add_work(y.elements() * a.size(-1));
    backend(a.device())
        .matmul(broadcast_to(a, with_tail(batch, a.size(-2), a.size(-1))),
                broadcast_to(b, with_tail(batch, b.size(-2), b.size(-1))), y);
  }
  return record("matmul", y,
                {{a, [a, b](const Tensor& g) { return sum_to(matrix_product(g, transpose(b)), a.shape()); }},
                 {b, [a, b](const Tensor& g) { return sum_to(matrix_product(transpose(a), g), b.shape()); }}});
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b) {
  require_floating("matmul", a);
  require_same_dtype("matmul", a, b);
  if (a.rank() == 0 || b.rank() == 0 || a.size(-1) != b.size(b.rank() == 1 ? 0 : -2)) {
    raise("matmul: {} x {}: the first's last axis must match the second's last but one", a.shape().to_string(),
          b.shape().to_string());
  }
  if (a.rank() == 1) return matmul(a.unsqueeze(0), b).squeeze(b.rank() == 1 ? 0 : -2);
  if (b.rank() == 1) return matmul(a, b.unsqueeze(1)).squeeze(-1);
  return matrix_product(a, b);
}

}  // namespace stet
