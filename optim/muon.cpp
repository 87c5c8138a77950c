#include "stet/optim/muon.h"

#include <algorithm>
#include <cmath>

#include "stet/optim/power.h"
#include "stet/optim/step_parts.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops/elementwise.h"
#include "stet/tensor/ops/products.h"
#include "stet/tensor/ops/reduce.h"
#include "stet/tensor/pattern.h"
#include "stet/tensor/update.h"

namespace stet::optim {

namespace {

// A quintic whose iteration takes singular values from (0, 1] to about 1 in five steps.
constexpr double kFirst = 3.4445, kThird = -4.7750, kFifth = 2.0315;
constexpr int kSteps = 5;

// m [r, c] with its singular values brought near 1.
Tensor orthogonalized(const Tensor& m) {
  const bool tall = m.size(0) > m.size(1);
  Tensor x = tall ? m.transpose() : m;
  x = x / (sqrt(sum(square(x))) + 1e-7);
  for (int step = 0; step < kSteps; ++step) {
    const Tensor a = matmul(x, x.transpose());
    x = kFirst * x + matmul(kThird * a + kFifth * matmul(a, a), x);
  }
  return tall ? x.transpose() : x;
}

std::string joined(const std::vector<std::string>& patterns) {
  std::string all;
  for (const std::string& p : patterns) all += (all.empty() ? "" : " ") + p;
  return all;
}

}  // namespace

Muon::Muon(Stateful& net, const MuonOptions& o, Groups groups)
    : Optimizer("Muon", net, o.lr, o.schedule, std::move(groups),
                [&](const NamedParameter& p) {
                  const Tensor& value = p.cell->value;
                  const Tensor zero = zeros(value.shape(), value.dtype(), value.device());
                  if (value.rank() > 1 && !matches_any(o.by_adamw, p.name))
                    return Start{o.lr, o.weight_decay, {{"momentum", zero}}};
                  return Start{o.adamw_lr, o.adamw_weight_decay, {{"mean", zero}, {"square", zero}}};
                }),
      options_(o) {
  require("momentum", o.momentum, 0, 1);
  require("beta1", o.beta1, 0, 1);
  require("beta2", o.beta2, 0, 1);
  if (!(o.adamw_lr >= 0)) raise("Muon: adamw_lr = {} is negative", o.adamw_lr);
  require_epsilon("epsilon", o.epsilon);
  for (const std::string& pattern : o.by_adamw) {
    const auto all = parameters(net);
    if (std::none_of(all.begin(), all.end(), [&](const NamedParameter& p) { return matches(pattern, p.name); }))
      raise("Muon: the pattern '{}' of by_adamw matches no parameter; names are as in {}", pattern, all.front().name);
  }
}

void Muon::update_matrix(const Change& change) {
  const auto& [slot, gradient, rate] = change;
  Tensor &p = slot->cell->value, &momentum = slot->value(0);
  const Tensor g = gradient->detach();
  momentum = flush(momentum + (1 - options_.momentum) * (g - momentum));
  const Tensor u = options_.nesterov ? g + options_.momentum * (momentum - g) : momentum;
  const Tensor matrix = u.flatten(1);
  const double shape = static_cast<double>(matrix.size(0)) / static_cast<double>(matrix.size(1));
  const Tensor direction = orthogonalized(matrix).reshape(p.shape().dims());
  if (slot->weight_decay != 0) p = p * (1 - rate * slot->weight_decay);
  p = p - (rate * std::sqrt(std::max(1.0, shape))) * direction;
}

void Muon::update(std::span<const Change> changes) {
  std::vector<AdamUpdate> others;
  for (const Change& change : changes) {
    const auto& [slot, gradient, rate] = change;
    if (slot->state.size() == 1) {
      update_matrix(change);
      continue;
    }
    const AdamStep step{.rate = rate / (1 - power(options_.beta1, slot->steps)),
                        .beta1 = options_.beta1,
                        .beta2 = options_.beta2,
                        .scale = 1 / std::sqrt(1 - power(options_.beta2, slot->steps)),
                        .epsilon = options_.epsilon,
                        .weight_decay = 0,
                        .decay = rate * slot->weight_decay};
    others.push_back({step, *gradient, slot->cell->value, slot->value(0), slot->value(1)});
  }
  stet::update(others);
}

void Muon::hyperparameters(Visitor& v) {
  v.hyper("momentum", options_.momentum).hyper("nesterov", options_.nesterov);
  v.hyper("weight_decay", options_.weight_decay).hyper("by_adamw", joined(options_.by_adamw));
  v.hyper("adamw_lr", options_.adamw_lr).hyper("beta1", options_.beta1).hyper("beta2", options_.beta2);
  v.hyper("epsilon", options_.epsilon).hyper("adamw_weight_decay", options_.adamw_weight_decay);
}

}  // namespace stet::optim
