// Softmax and what is made of it.
#pragma once

#include "stet/tensor/tensor.h"

namespace stet {

/// exp(x - m) / sum of exp(x - m) along an axis, m its greatest value; of x's shape, floating. Throws UsageError on
/// another dtype, or an axis that x lacks.
Tensor softmax(const Tensor& x, int axis = -1);
/// Its logarithm, x - m - log(sum of exp(x - m)).
Tensor log_softmax(const Tensor& x, int axis = -1);
/// Loss of each row: logits [.., C], target int64 [..]; result [..]. -log softmax(logits)[target].
Tensor cross_entropy_rows(const Tensor& logits, const Tensor& target);

}  // namespace stet
