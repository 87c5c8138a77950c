// Softmax and what is made of it.
#pragma once

#include "stet/tensor/tensor.h"

namespace stet {

Tensor softmax(const Tensor& x, int axis = -1);
Tensor log_softmax(const Tensor& x, int axis = -1);
/// Loss of each row: logits [.., C], target int64 [..]; result [..]. -log softmax(logits)[target].
Tensor cross_entropy_rows(const Tensor& logits, const Tensor& target);

}  // namespace stet
