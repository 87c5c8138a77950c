#include "stet/optim/adafactor.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "stet/optim/step_parts.h"
#include "stet/tensor/error.h"
#include "stet/tensor/math/elementary.h"
#include "stet/tensor/ops/elementwise.h"
#include "stet/tensor/ops/reduce.h"

namespace stet::optim {

namespace {

// `shape` with extent 1 along an axis from the end.
Tensor means_along(const Tensor& value, int from_end) {
  std::vector<int64_t> dims = value.shape().dims();
  dims[dims.size() - static_cast<size_t>(from_end)] = 1;
  return zeros(Shape(dims), value.dtype(), value.device());
}

Tensor at_least(const Tensor& x, double low) { return maximum(x, full({}, low, x.dtype(), x.device())); }

// The root mean square of x, divided by d.
Tensor size_of(const Tensor& x, double d) {
  return sqrt(sum(square(x))) / (std::sqrt(static_cast<double>(x.elements())) * d);
}

Tensor moved(const Tensor& a, const Tensor& to, double share) { return flush(a + share * (to - a)); }

}  // namespace

Adafactor::Adafactor(Stateful& net, const AdafactorOptions& o, Groups groups)
    : Optimizer("Adafactor", net, o.lr, o.schedule, std::move(groups),
                [&](const NamedParameter& p) {
                  const Tensor& value = p.cell->value;
                  Start start{o.lr, o.weight_decay, {}};
                  if (value.rank() > 1) {
                    start.state = {{"row", means_along(value, 1)}, {"column", means_along(value, 2)}};
                  } else {
                    start.state = {{"square", zeros(value.shape(), value.dtype(), value.device())}};
                  }
                  return start;
                }),
      options_(o) {
  if (!(o.beta2_decay <= 0)) raise("Adafactor: beta2_decay = {} is above 0", o.beta2_decay);
  if (o.epsilon1 && !(*o.epsilon1 > 0)) raise("Adafactor: epsilon1 = {} must be positive", *o.epsilon1);
  if (o.epsilon1) require_epsilon("epsilon1, squared,", *o.epsilon1 * *o.epsilon1);
  if (!(o.epsilon2 >= 0)) raise("Adafactor: epsilon2 = {} is negative", o.epsilon2);
  if (!(o.clip > 0)) raise("Adafactor: clip = {} must be positive", o.clip);
}

void Adafactor::update(std::span<const Change> changes) {
  for (const auto& [slot, gradient, rate] : changes) {
    Tensor& p = slot->cell->value;
    const Tensor g = gradient->detach(), squares = square(g);
    const double precision = p.dtype() == DType::float32 ? double{std::numeric_limits<float>::epsilon()}
                                                         : std::numeric_limits<double>::epsilon();
    const double epsilon1 = options_.epsilon1.value_or(precision), t = static_cast<double>(slot->steps);
    const double share = math::pow(t, options_.beta2_decay);
    Tensor estimate;
    if (p.rank() > 1) {
      Tensor &row = slot->value(0), &column = slot->value(1);
      row = moved(row, mean(squares, {-1}, true), share);
      column = moved(column, mean(squares, {-2}, true), share);
      estimate = (row * column) / at_least(mean(row, {-2}, true), epsilon1);
    } else {
      estimate = slot->value(0) = moved(slot->value(0), squares, share);
    }
    const Tensor change = rsqrt(at_least(estimate, epsilon1 * epsilon1)) * g;
    const Tensor relative = at_least(size_of(p, 1), options_.epsilon2) * std::min(rate, 1 / std::sqrt(t));
    if (slot->weight_decay != 0) p = p * (1 - rate * slot->weight_decay);
    p = p - (relative / at_least(size_of(change, options_.clip), 1)) * change;
  }
}

void Adafactor::hyperparameters(Visitor& v) {
  v.hyper("beta2_decay", options_.beta2_decay).hyper("epsilon2", options_.epsilon2).hyper("clip", options_.clip);
  if (options_.epsilon1) v.hyper("epsilon1", *options_.epsilon1);
  v.hyper("weight_decay", options_.weight_decay);
}

}  // namespace stet::optim
