// The tape: ops record how their result's gradient passes to their inputs; backward walks it, last op first.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "stet/tensor/cell.h"
#include "stet/tensor/mode.h"
#include "stet/tensor/tensor.h"

namespace stet {

/// The gradient of one input, from the gradient `g` of the op's result. Composed of public ops, so that it can be
/// differentiated again.
using Pullback = std::function<Tensor(const Tensor& g)>;
/// The same for an op whose gradient uses its own result `y`.
using OutputPullback = std::function<Tensor(const Tensor& g, const Tensor& y)>;

/// One input of an op, and its gradient.
struct Input {
  const Tensor& value;
  Pullback pullback;
};

/// Gives `value`, the op's result, its place on the tape, where recording is on and an input has a gradient; else
/// returns it as it is.
Tensor record(const char* op, Tensor value, std::initializer_list<Input> inputs);
Tensor record(const char* op, Tensor value, std::vector<Input> inputs);
/// An op of one input whose gradient uses the result.
Tensor record_with_output(const char* op, Tensor value, const Tensor& input, OutputPullback pullback);

/// A custom gradient: `value` as a function of `inputs`; `vjp(g)` gives each input's gradient, in order, of its shape
/// and dtype (undefined: none). Backward throws UsageError on another.
Tensor function(const char* name, std::vector<Tensor> inputs, Tensor value,
                std::function<std::vector<Tensor>(const Tensor& g)> vjp);

/// x as a value whose gradient is asked for: `backward(loss)[watched]`. Use it for gradients of inputs, and of what was
/// computed in between: what x was computed from has its gradients too, unless x.detach() is watched. Throws UsageError
/// unless x is floating.
Tensor watch(const Tensor& x);

/// Gradients are values: they add, scale and clip, and there is nothing to zero.
class Gradients {
 public:
  /// Gradient of a cell, or of a watched value; undefined if backward did not reach it, or if there is no such cell.
  Tensor operator[](const Parameter& p) const;
  Tensor operator[](const Tensor& watched) const;
  bool contains(const Parameter& p) const { return (*this)[p].defined(); }

  /// Adds, cell by cell; a cell that only one side has keeps that side's value.
  Gradients& operator+=(const Gradients& other);
  Gradients& operator*=(double factor);

  /// One entry a cell or watched value, in the order in which backward finished them.
  struct Entry {
    std::shared_ptr<CellState> cell;  ///< null for a watched value
    std::shared_ptr<Node> leaf;
    Tensor value;
  };
  std::span<const Entry> entries() const { return entries_; }
  std::span<Entry> entries() { return entries_; }
  bool empty() const { return entries_.empty(); }
  /// When the first of them was made: tick() then.
  uint32_t tick() const { return tick_; }

 private:
  friend class Backward;
  Entry* find(const Node* leaf);
  const Entry* find(const Node* leaf) const { return const_cast<Gradients*>(this)->find(leaf); }
  std::vector<Entry> entries_;
  uint32_t tick_ = std::numeric_limits<uint32_t>::max();
};

struct BackwardOptions {
  bool graph = false;  ///< record the gradients' own ops, for gradients of gradients; keeps the graph
  bool keep = false;   ///< keep the graph, so that backward can go through it again
};

class Stateful;

/// Gradients of a scalar for all cells and watched values that it reaches. Frees the graph, unless options say
/// otherwise. Several gradients of one value are added last use first. Throws UsageError if loss is not a scalar,
/// reaches no cell, or its graph was freed.
Gradients backward(const Tensor& loss, BackwardOptions options = {});

/// Gradients for the parameters of one module only: a GAN's discriminator step leaves the generator alone.
Gradients backward(const Tensor& loss, Stateful& only, BackwardOptions options = {});

}  // namespace stet
