#include "stet/optim/clip.h"

#include <map>
#include <vector>

#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/update.h"

namespace stet::optim {

namespace {

// The gradients that there are, in walk order.
std::vector<Tensor*> gradients_of(Stateful& net, Gradients& gradients) {
  std::map<const CellState*, Tensor*> by_cell;
  for (auto& entry : gradients.entries()) {
    if (entry.cell) by_cell[entry.cell.get()] = &entry.value;
  }
  std::vector<Tensor*> found;
  for (const NamedParameter& p : parameters(net)) {
    if (const auto at = by_cell.find(p.cell.get()); at != by_cell.end()) found.push_back(at->second);
  }
  return found;
}

}  // namespace

Tensor clip_norm(Gradients& gradients, Stateful& net, double max_norm) {
  if (!(max_norm > 0)) raise("clip_norm: the norm {} must be positive", max_norm);
  const std::vector<Tensor*> found = gradients_of(net, gradients);
  if (found.empty()) raise("clip_norm: there is no gradient of this network's parameters");
  return stet::clip_norm(found, max_norm);
}

void clip_value(Gradients& gradients, Stateful& net, double limit) {
  if (!(limit > 0)) raise("clip_value: the limit {} must be positive", limit);
  for (Tensor* g : gradients_of(net, gradients)) *g = clamp(*g, -limit, limit);
}

}  // namespace stet::optim
