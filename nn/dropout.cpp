#include "stet/nn/dropout.h"

#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet::nn {

Dropout::Dropout(double p, const Rng& rng) : p_(p), stream_(rng) {
  if (!(p >= 0 && p < 1)) raise("Dropout at {}: p = {} is not a probability of dropping in [0, 1)", rng.path(), p);
}

Tensor Dropout::operator()(const Tensor& x) { return training() ? dropout(x, p_, stream_) : x; }

void Dropout::members(Visitor& v) { v.hyper("p", p_); }

std::string Dropout::describe() const { return fmt::format("Dropout({:.6g})", p_); }

}  // namespace stet::nn
