// Random choices by weight, and their smooth stand-in.
#pragma once

#include "stet/tensor/rng.h"
#include "stet/tensor/tensor.h"

namespace stet {

/// int64 [.., count]: indices drawn from each row of the weights [.., n], in proportion to them; they need not sum
/// to 1. A weight of 0 is never drawn, and without replacement no index is drawn twice in a row. Throws DataError on a
/// weight that is negative, infinite or NaN, and on a row with too few above 0.
Tensor multinomial(Stream& stream, const Tensor& weights, int64_t count, bool replacement = false);

/// -log(-log(u)): standard Gumbel noise; the largest of logits + noise is drawn by softmax(logits).
Tensor gumbel(Stream& stream, Shape shape, DType dtype = DType::float32, Device device = cpu);

struct GumbelOptions {
  double temperature = 1;
  bool hard = false;  ///< the result is 1 at the largest and 0 elsewhere; its gradient is the soft one's
  int axis = -1;
};
/// Jang et al., 2017 (arXiv 1611.01144): softmax((logits + noise) / temperature) along the axis.
Tensor gumbel_softmax(Stream& stream, const Tensor& logits, const GumbelOptions& options = {});

}  // namespace stet
