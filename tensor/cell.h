// Cells: what changes. A Parameter is trained; a Buffer is other tensor state.
#pragma once

#include <memory>
#include <string>

#include "stet/tensor/tensor.h"

namespace stet {

/// What a cell's copies of a name share; its address is the cell's identity.
struct CellState {
  Tensor value;                ///< detached
  std::shared_ptr<Node> leaf;  ///< the tape's leaf; null for a buffer
  std::string origin;  ///< the path it was drawn from, for messages that must name a cell that no members() names
};

/// A place for a tensor that changes. Copying makes an independent cell with the same value; moving keeps the cell, so
/// an optimizer survives a vector of modules that grows; `tie` makes two names share one. A cell that several names
/// share is copied by `copy(network)`, which keeps them together; a plain copy would part them, and throws UsageError.
class Cell {
 public:
  /// The value; of a Parameter, one that backward knows.
  Tensor value() const;
  operator Tensor() const { return value(); }  // NOLINT: a cell stands for its value
  const Shape& shape() const { return state().value.shape(); }
  DType dtype() const { return state().value.dtype(); }
  /// Replaces the value. Throws UsageError if shape or dtype differ: a checkpoint or optimizer must not change them by
  /// accident.
  void set(Tensor value);
  bool defined() const { return state_ != nullptr; }
  const std::shared_ptr<CellState>& shared_state() const { return state_; }

 protected:
  Cell() = default;
  explicit Cell(std::shared_ptr<CellState> state) : state_(std::move(state)), names_(std::make_shared<Names>()) {}
  Cell(const Cell& other);
  Cell(Cell&&) noexcept = default;
  Cell& operator=(const Cell& other);
  Cell& operator=(Cell&&) noexcept = default;
  ~Cell() = default;

  const CellState& state() const;
  void share(const Cell& other) {
    state_ = other.state_;
    names_ = other.names_;
  }

  std::shared_ptr<CellState> state_;

 private:
  friend class CopyingCells;
  struct Names {};
  std::shared_ptr<Names> names_;  ///< held once by each cell that shares the state
};

/// While it lives, copies that this thread makes of cells which share a state share one as well: what `copy` stands on.
class CopyingCells {
 public:
  CopyingCells();
  ~CopyingCells();
  CopyingCells(const CopyingCells&) = delete;
  CopyingCells& operator=(const CopyingCells&) = delete;

 private:
  friend class Cell;
  struct Copies;
  std::unique_ptr<Copies> copies_;
  CopyingCells* outer_;
};

/// A copy of a network, or of anything that holds cells, with cells of its own: those that were tied are tied in the
/// copy.
template <class T> T copy(const T& thing) {
  const CopyingCells copying;
  return T(thing);
}

/// A tensor that is trained.
class Parameter : public Cell {
 public:
  Parameter() = default;
  /// `origin` names it in messages, as the path it was drawn from does.
  explicit Parameter(Tensor initial, std::string origin = "");
  friend void tie(Parameter& a, Parameter& b) { b.share(a); }
};

/// A tensor that changes but is not trained: running statistics, optimizer state.
class Buffer : public Cell {
 public:
  Buffer() = default;
  explicit Buffer(Tensor initial, std::string origin = "");
  friend void tie(Buffer& a, Buffer& b) { b.share(a); }
};

/// From now on b is the same cell as a. The walk visits it once, under its first name.
void tie(Parameter& a, Parameter& b);
void tie(Buffer& a, Buffer& b);

}  // namespace stet
