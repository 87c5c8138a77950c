#include "stet/optim/average.h"

#include <map>
#include <set>

#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/recorder.h"

namespace stet::optim {

namespace {

// Every name's cell; a tied cell has several.
struct Cells : Visitor {
  explicit Cells(Stateful& s) { s.members(*this); }
  void on_parameter(const std::string& path, Parameter& p) override { parameters[path] = p.shared_state(); }
  void on_buffer(const std::string& path, Buffer& b) override { buffers[path] = b.shared_state(); }
  void on_alias(const std::string& path, const std::string& first) override {
    aliases.insert(path);
    for (Map* map : {&parameters, &buffers}) {
      if (const auto at = map->find(first); at != map->end()) (*map)[path] = at->second;
    }
  }

  using Map = std::map<std::string, std::shared_ptr<CellState>>;
  Map parameters, buffers;
  std::set<std::string> aliases;  // the names of tied cells but the first
};

bool are_alike(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() && a.device() == b.device();
}

void require_pairs(const Cells::Map& average, const Cells::Map& net) {
  for (const auto& [name, to] : average) {
    const auto from = net.find(name);
    if (from == net.end() || !are_alike(from->second->value, to->value)) {
      raise(
          "average: {} is not in the network, or has another shape, dtype or device there; average a copy of the "
          "network",
          name);
    }
  }
  for (const auto& [name, from] : net) {
    if (!average.contains(name)) raise("average: {} is not in the average; make it a copy of the network", name);
  }
}

template <class Change>
void for_each_pair(const Cells& averages, const Cells::Map& average, const Cells::Map& net, Change change) {
  for (const auto& [name, to] : average) {
    if (!averages.aliases.contains(name)) change(*to, net.at(name)->value);
  }
}

}  // namespace

void move_average(Stateful& average, Stateful& net, double decay) {
  const ContractFloatEnv env;
  if (Recorder* r = recorder()) r->changing(average, "an average of weights");
  if (!(decay >= 0 && decay < 1)) raise("average: decay {} is outside [0, 1)", decay);
  const Cells to(average), from(net);
  require_pairs(to.parameters, from.parameters);
  require_pairs(to.buffers, from.buffers);
  for_each_pair(to, to.parameters, from.parameters,
                [&](CellState& a, const Tensor& p) { a.value = a.value + (1 - decay) * (p - a.value); });
  for_each_pair(to, to.buffers, from.buffers, [](CellState& a, const Tensor& b) { a.value = b; });
}

}  // namespace stet::optim
