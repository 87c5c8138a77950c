#include "stet/tensor/checkpoint.h"

#include <algorithm>
#include <set>

#include "stet/tensor/autograd.h"
#include "stet/tensor/counted.h"
#include "stet/tensor/error.h"
#include "stet/tensor/node.h"

namespace stet {
namespace {

thread_local Counting* counting = nullptr;

[[noreturn]] void fail_other_run() {
  raise("checkpoint: the function did other things when backward ran it again; it must depend on its inputs alone");
}

}  // namespace

Counting::Counting(Counted& counted, bool again) : counted_(counted), again_(again), outer_(counting) {
  counting = this;
}
Counting::~Counting() { counting = outer_; }

template <class T>
T Counting::take(Counting* from, std::vector<T> Counted::*list, size_t Counting::*at, const std::function<T()>& next) {
  if (!from) return next();
  std::vector<T>& all = from->counted_.*list;
  if (from->again_) {
    if (from->*at == all.size()) fail_other_run();
    return all[(from->*at)++];
  }
  all.push_back(take(from->outer_, list, at, next));
  return all.back();
}

uint64_t next_place(const std::function<uint64_t()>& next) {
  return Counting::take(counting, &Counted::places, &Counting::place_, next);
}
Draw next_draw(const std::function<Draw()>& next) {
  return Counting::take(counting, &Counted::draws, &Counting::draw_, next);
}
Tensor next_value(const std::function<Tensor()>& next) {
  return Counting::take(counting, &Counted::values, &Counting::value_, next);
}

bool recomputing() {
  for (const Counting* c = counting; c; c = c->outer_) {
    if (c->again_) return true;
  }
  return false;
}

namespace {

// What the nodes at `places` that end in `last` lead to, outside of them.
std::vector<Node::Edge> edges_out(const std::shared_ptr<Node>& last, const std::vector<uint64_t>& places) {
  std::vector<Node::Edge> edges;
  std::set<const Node*> reached = {last.get()};
  std::vector<const Node*> pending = {last.get()};
  while (!pending.empty()) {
    const Node* node = pending.back();
    pending.pop_back();
    for (const Node::Edge& edge : node->edges()) {
      if (!reached.insert(edge.input.get()).second) continue;
      const bool inside =
          !edge.input->is_leaf() && std::binary_search(places.begin(), places.end(), edge.input->sequence());
      if (inside) pending.push_back(edge.input.get());
      else edges.push_back({edge.input, {}});
    }
  }
  return edges;
}

}  // namespace

Tensor checkpoint_of(Checkpointed f, std::vector<Tensor> inputs) {
  if (!grad_enabled()) return f(inputs);
  auto counted = std::make_shared<Counted>();
  const Tensor y = [&] {
    const Counting counting(*counted, false);
    return f(inputs);
  }();
  const std::vector<uint64_t>& places = counted->places;
  if (!y.has_gradient() || !std::binary_search(places.begin(), places.end(), y.node()->sequence())) return y;
  const uint64_t place = y.node()->sequence();
  auto node = std::make_shared<Node>("checkpoint", edges_out(y.node(), places), place);
  node->remake = [f = std::move(f), inputs = std::move(inputs), counted, place] {
    const Counting again(*counted, true);
    const bool before = set_grad_enabled(true);
    struct Restore {
      bool before;
      ~Restore() { set_grad_enabled(before); }
    } restore{before};
    const Tensor y = f(inputs);
    if (!again.is_over() || !y.has_gradient() || y.node()->sequence() != place) fail_other_run();
    return y.node();
  };
  return y.detach().with_node(std::move(node));
}

}  // namespace stet
