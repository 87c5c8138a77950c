#include "stet/nn/dropout.h"

#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet::nn {

Dropping::Dropping(const char* name, double p, const Rng& rng) : name_(name), p_(p), stream_(rng) {
  if (!(p >= 0 && p < 1)) raise("{} at {}: p = {} is not a probability of dropping in [0, 1)", name, rng.path(), p);
}

void Dropping::members(Visitor& v) { v.hyper("p", p_); }

std::string Dropping::describe() const { return fmt::format("{}({:.6g})", name_, p_); }

Tensor Dropout::operator()(const Tensor& x) { return training() ? dropout(x, p_, stream_) : x; }

// Without a probability nothing is drawn or copied: stochastic depth has such a first block.
Tensor Dropout2d::operator()(const Tensor& x) { return training() && p_ > 0 ? dropout2d(x, p_, stream_) : x; }

Tensor DropPath::operator()(const Tensor& x) { return training() && p_ > 0 ? drop_path(x, p_, stream_) : x; }

}  // namespace stet::nn
