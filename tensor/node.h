// A node of the tape: an op's result, or a leaf (a cell, or a watched value that nothing was computed for).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "stet/tensor/autograd.h"

namespace stet {

class Node {
 public:
  struct Edge {
    std::shared_ptr<Node> input;
    OutputPullback pullback;
  };

  Node(const char* op, std::vector<Edge> edges) : Node(op, std::move(edges), next_sequence()) {}
  Node(const char* op, std::vector<Edge> edges, uint64_t sequence)
      : op_(op), sequence_(sequence), edges_(std::move(edges)) {}
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// The leaf of a cell. It refers to the cell weakly, since the cell owns it.
  static std::shared_ptr<Node> cell_leaf(const std::shared_ptr<CellState>& cell);
  /// A value that backward reports; the gradient goes on along the edges, of which a leaf has none.
  static std::shared_ptr<Node> watched(std::vector<Edge> edges);

  const char* op() const { return op_; }
  /// Later ops have higher numbers, so descending order visits every result before its inputs.
  uint64_t sequence() const { return sequence_; }
  const std::vector<Edge>& edges() const { return edges_; }
  bool is_leaf() const { return leaf_; }
  bool is_watched() const { return watched_; }
  std::shared_ptr<CellState> cell() const { return cell_.lock(); }
  bool freed() const { return freed_; }
  void free();

  /// The result, for ops whose gradient uses it; without its node, which would be a cycle.
  Tensor output;

  /// Of a checkpoint: runs again what it stands for and gives the last node, which has this one's number. Its edges
  /// have no pullbacks.
  std::function<std::shared_ptr<Node>()> remake;

 private:
  static uint64_t next_sequence();

  const char* op_;
  uint64_t sequence_;
  std::vector<Edge> edges_;
  std::weak_ptr<CellState> cell_;
  bool leaf_ = false, watched_ = false, freed_ = false;
};

}  // namespace stet
