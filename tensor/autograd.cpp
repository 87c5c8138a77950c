#include "stet/tensor/autograd.h"

#include <algorithm>
#include <set>

#include "stet/tensor/counted.h"
#include "stet/tensor/error.h"
#include "stet/tensor/node.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/recorder.h"
#include "stet/tensor/stateful.h"

namespace stet {

uint64_t Node::next_sequence() {
  static std::atomic<uint64_t> next{1};
  return next_place([] { return next++; });
}

std::shared_ptr<Node> Node::cell_leaf(const std::shared_ptr<CellState>& cell) {
  auto node = std::make_shared<Node>("parameter", std::vector<Edge>{});
  node->cell_ = cell;
  node->leaf_ = true;
  return node;
}

std::shared_ptr<Node> Node::watched(std::vector<Edge> edges) {
  auto node = std::make_shared<Node>("watch", std::move(edges));
  node->leaf_ = node->edges_.empty();
  node->watched_ = true;
  return node;
}

namespace {

// Edges are dropped one after another, not one within another: a tape of a million ops must not need a stack of a
// million frames.
void drop(std::vector<Node::Edge> edges) {
  thread_local std::vector<std::vector<Node::Edge>>* pending = nullptr;
  if (pending) {
    pending->push_back(std::move(edges));
    return;
  }
  std::vector<std::vector<Node::Edge>> queue;
  pending = &queue;
  edges.clear();
  while (!queue.empty()) {
    auto next = std::move(queue.back());
    queue.pop_back();
    next.clear();
  }
  pending = nullptr;
}

}  // namespace

Node::~Node() {
  if (!edges_.empty()) drop(std::move(edges_));
}

void Node::free() {
  freed_ = true;
  output = {};
  remake = nullptr;
  drop(std::exchange(edges_, {}));
}

namespace {

Tensor attach(const char* op, Tensor value, std::vector<Node::Edge> edges, bool keeps_output) {
  auto node = std::make_shared<Node>(op, std::move(edges));
  if (keeps_output) node->output = value.detach();
  return value.with_node(std::move(node));
}

template <class Inputs> Tensor record_inputs(const char* op, Tensor value, const Inputs& inputs) {
  if (!grad_enabled()) return value;
  std::vector<Node::Edge> edges;
  edges.reserve(inputs.size());
  for (const Input& in : inputs) {
    if (!in.value.has_gradient()) continue;
    edges.push_back(
        {in.value.node(), [pullback = in.pullback](const Tensor& g, const Tensor&) { return pullback(g); }});
  }
  return edges.empty() ? value : attach(op, std::move(value), std::move(edges), false);
}

}  // namespace

Tensor record(const char* op, Tensor value, std::initializer_list<Input> inputs) {
  return record_inputs(op, std::move(value), inputs);
}

Tensor record(const char* op, Tensor value, std::vector<Input> inputs) {
  return record_inputs(op, std::move(value), inputs);
}

Tensor record_with_output(const char* op, Tensor value, const Tensor& input, OutputPullback pullback) {
  if (!grad_enabled() || !input.has_gradient()) return value;
  return attach(op, std::move(value), {{input.node(), std::move(pullback)}}, true);
}

namespace {

// The same elements on the same place of the tape.
bool same_value(const Tensor& a, const Tensor& b) {
  return a.data() == b.data() && a.strides() == b.strides() && a.shape() == b.shape() && a.node() == b.node();
}

}  // namespace

Tensor function(const char* name, std::vector<Tensor> inputs, Tensor value,
                std::function<std::vector<Tensor>(const Tensor& g)> vjp) {
  // vjp gives all inputs' gradients at once: it is called for the first that is asked for, and the others take theirs
  // from there. A backward that wants only some inputs leaves the rest behind, so what is kept serves the same upstream
  // gradient alone.
  struct Shared {
    std::function<std::vector<Tensor>(const Tensor&)> vjp;
    Tensor upstream;
    std::vector<Tensor> gradients;
    size_t pending = 0;
  };
  auto shared = std::make_shared<Shared>(Shared{std::move(vjp), {}, {}, 0});
  size_t wanted = 0;
  for (const Tensor& in : inputs) wanted += in.has_gradient();
  std::vector<Input> edges;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].has_gradient()) continue;
    edges.push_back({inputs[i], [shared, i, wanted, count = inputs.size(), name, shape = inputs[i].shape(),
                                 dtype = inputs[i].dtype()](const Tensor& g) {
                       if (shared->pending == 0 || !same_value(shared->upstream, g)) {
                         shared->gradients = shared->vjp(g);
                         shared->upstream = g;
                         shared->pending = wanted;
                         if (shared->gradients.size() != count) {
                           raise("{}: vjp gave {} gradients for {} inputs", name, shared->gradients.size(), count);
                         }
                       }
                       Tensor result = shared->gradients[i];
                       if (result.defined() && (result.shape() != shape || result.dtype() != dtype)) {
                         raise("{}: vjp's gradient {} is {} {}, its input {} {}", name, i, name_of(result.dtype()),
                               result.shape().to_string(), name_of(dtype), shape.to_string());
                       }
                       if (--shared->pending == 0) {
                         shared->gradients.clear();
                         shared->upstream = {};
                       }
                       return result;
                     }});
  }
  return record(name, value.detach(), std::move(edges));
}

Tensor watch(const Tensor& x) {
  if (!is_floating(x.dtype())) {
    raise("watch: {} has no gradient; watch a float32 or float64, as to(DType::float32) gives", name_of(x.dtype()));
  }
  std::vector<Node::Edge> edges;
  if (x.has_gradient() && grad_enabled()) edges.push_back({x.node(), [](const Tensor& g, const Tensor&) { return g; }});
  return x.with_node(Node::watched(std::move(edges)));
}

Gradients::Entry* Gradients::find(const Node* leaf) {
  const auto it = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.leaf.get() == leaf; });
  return it == entries_.end() ? nullptr : &*it;
}

Tensor Gradients::operator[](const Parameter& p) const {
  if (!p.defined()) return {};
  const Entry* e = find(p.shared_state()->leaf.get());
  return e ? e->value : Tensor();
}

Tensor Gradients::operator[](const Tensor& watched) const {
  const Entry* e = watched.has_gradient() ? find(watched.node().get()) : nullptr;
  return e ? e->value : Tensor();
}

Gradients& Gradients::operator+=(const Gradients& other) {
  tick_ = std::min(tick_, other.tick_);
  for (const Entry& e : other.entries_) {
    if (Entry* mine = find(e.leaf.get())) {
      Tensor added = e.value;  // e may be mine
      mine->value = accumulate(std::move(mine->value), std::move(added));
    } else {
      entries_.push_back(e);
    }
  }
  return *this;
}

Gradients& Gradients::operator*=(double factor) {
  for (Entry& e : entries_) e.value = e.value * factor;
  return *this;
}

/// One walk over the tape.
class Backward {
 public:
  Backward(const BackwardOptions& options, const std::set<const CellState*>* only) : options_(options), only_(only) {}

  Gradients run(const Tensor& loss) {
    check(loss);
    collect(loss.node());
    mark_wanted(0);
    const bool before = set_grad_enabled(options_.graph);
    struct Restore {
      bool before;
      ~Restore() { set_grad_enabled(before); }
    } restore{before};
    stops_.front().gradient = ones(loss.shape(), loss.dtype(), loss.device());
    for (size_t i = 0; i < stops_.size(); ++i) {
      if (!stops_[i].gradient.defined()) continue;
      while (stops_[i].node->remake) remake(i);
      const std::shared_ptr<Node> node = std::move(stops_[i].node);
      const Tensor gradient = std::move(stops_[i].gradient);
      visit(node, gradient);
    }
    if (result_.empty()) {
      raise("backward: the loss depends on no {}; was it computed under NoGrad, or from detached values?",
            only_ ? "parameter of this module" : "parameter or watched value");
    }
    result_.tick_ = tick();
    return std::move(result_);
  }

 private:
  struct Stop {
    uint64_t sequence;
    std::shared_ptr<Node> node;
    bool wanted = false;   // a wanted leaf can be reached from here; other nodes' gradients are never computed
    Tensor gradient = {};  // what has come so far
  };

  static void check(const Tensor& loss) {
    if (!loss.defined()) raise("backward: the loss is undefined");
    if (loss.elements() != 1) {
      raise("backward: the loss has shape {}, not one element; reduce it with mean() or sum()",
            loss.shape().to_string());
    }
    if (!loss.has_gradient()) {
      raise(
          "backward: the loss depends on no parameter or watched value; was it computed under NoGrad, or from detached "
          "values?");
    }
    if (loss.node()->freed()) fail_freed(*loss.node());
  }

  [[noreturn]] static void fail_freed(const Node& node) {
    raise(
        "backward: the graph through '{}' was freed by an earlier backward; pass {{.keep = true}} to the first, or "
        "compute the loss again",
        node.op());
  }

  bool is_wanted_leaf(const Node& n) const {
    if (n.is_watched()) return true;
    return n.is_leaf() && (!only_ || only_->contains(n.cell().get()));
  }

  // Appends all nodes that the root depends on and that have no stop yet, last op first. A loop, since tapes are deep.
  void collect(const std::shared_ptr<Node>& root) {
    const size_t known = stops_.size();
    using Reached = const std::shared_ptr<Node>*;
    const auto earlier = [](Reached a, Reached b) { return (*a)->sequence() < (*b)->sequence(); };
    std::vector<Reached> heap{&root};
    while (!heap.empty()) {
      std::pop_heap(heap.begin(), heap.end(), earlier);
      const std::shared_ptr<Node>& node = *heap.back();
      heap.pop_back();
      if (stops_.size() > known && stops_.back().node == node) continue;
      if (has_stop(*node, known)) continue;
      if (node->freed()) fail_freed(*node);
      stops_.push_back({node->sequence(), node});
      for (const auto& e : node->edges()) {
        heap.push_back(&e.input);
        std::push_heap(heap.begin(), heap.end(), earlier);
      }
    }
  }

  // Whether one of the first n stops is the node's.
  bool has_stop(const Node& node, size_t n) const {
    const auto end = stops_.begin() + static_cast<std::ptrdiff_t>(n);
    const auto at = std::lower_bound(stops_.begin(), end, node.sequence(),
                                     [](const Stop& s, uint64_t sequence) { return s.sequence > sequence; });
    return at != end && at->node.get() == &node;
  }

  // Puts what a checkpoint stands for in its place, from stop i on: each of its nodes is visited in its turn.
  void remake(size_t i) {
    if (options_.graph) raise("backward: a checkpoint has no gradients of gradients; call its function itself");
    const std::shared_ptr<Node> checkpoint = stops_[i].node;
    const auto known = static_cast<std::ptrdiff_t>(stops_.size()), at = static_cast<std::ptrdiff_t>(i);
    collect(checkpoint->remake());
    if (!options_.keep) checkpoint->free();
    stops_[static_cast<size_t>(known)].gradient = std::move(stops_[i].gradient);
    stops_.erase(stops_.begin() + at);
    std::inplace_merge(stops_.begin() + at, stops_.begin() + known - 1, stops_.end(),
                       [](const Stop& a, const Stop& b) { return a.sequence > b.sequence; });
    mark_wanted(i);
  }

  // Those from stop `first` on.
  void mark_wanted(size_t first) {
    for (auto stop = stops_.rbegin(); stop != stops_.rend() - static_cast<std::ptrdiff_t>(first); ++stop) {
      const auto& edges = stop->node->edges();
      stop->wanted = is_wanted_leaf(*stop->node) || std::any_of(edges.begin(), edges.end(), [&](const Node::Edge& e) {
                       return stop_of(*e.input).wanted;
                     });
    }
  }

  Stop& stop_of(const Node& node) {
    return *std::lower_bound(stops_.begin(), stops_.end(), node.sequence(),
                             [](const Stop& s, uint64_t sequence) { return s.sequence > sequence; });
  }

  void visit(const std::shared_ptr<Node>& node, const Tensor& gradient) {
    if (node->is_leaf() || node->is_watched()) result_.entries_.push_back({node->cell(), node, gradient});
    if (node->is_leaf()) return;
    const Tensor output =
        node->output.defined() ? (options_.graph ? node->output.with_node(node) : node->output) : Tensor();
    for (const auto& edge : node->edges()) {
      Stop& input = stop_of(*edge.input);
      if (!input.wanted) continue;
      Tensor g = edge.pullback(gradient, output);
      if (!g.defined()) continue;
      input.gradient = input.gradient.defined() ? accumulate(std::move(input.gradient), std::move(g)) : std::move(g);
    }
    if (!options_.keep && !options_.graph) node->free();
  }

  BackwardOptions options_;
  const std::set<const CellState*>* only_;
  std::vector<Stop> stops_;  // by descending sequence
  Gradients result_;
};

Gradients backward(const Tensor& loss, BackwardOptions options) {
  Gradients g = Backward(options, nullptr).run(loss);
  if (recorder()) recorder()->loss(loss);
  return g;
}

Gradients backward(const Tensor& loss, Stateful& only, BackwardOptions options) {
  std::set<const CellState*> cells;
  for (const auto& p : parameters(only)) cells.insert(p.cell.get());
  Gradients g = Backward(options, &cells).run(loss);
  if (recorder()) recorder()->loss(loss);
  return g;
}

}  // namespace stet
