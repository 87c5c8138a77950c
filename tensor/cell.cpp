#include "stet/tensor/cell.h"

#include <map>
#include <utility>

#include "stet/tensor/error.h"
#include "stet/tensor/node.h"

namespace stet {

// The copies that were made, by the state that they are copies of.
struct CopyingCells::Copies {
  struct Copy {
    std::shared_ptr<CellState> state;
    std::shared_ptr<Cell::Names> names;
  };
  std::map<const CellState*, Copy> made;
};

namespace {
thread_local CopyingCells* copying = nullptr;
}

CopyingCells::CopyingCells() : copies_(std::make_unique<Copies>()), outer_(std::exchange(copying, this)) {}
CopyingCells::~CopyingCells() { copying = outer_; }

Cell::Cell(const Cell& other) {
  if (!other.state_) return;
  if (!copying && other.names_.use_count() > 1) {
    raise("cell {}: {} names share it, and a plain copy would part them; use copy(network), which keeps ties",
          other.state_->origin.empty() ? other.shape().to_string() : other.state_->origin, other.names_.use_count());
  }
  if (copying) {
    if (const auto at = copying->copies_->made.find(other.state_.get()); at != copying->copies_->made.end()) {
      state_ = at->second.state;
      names_ = at->second.names;
      return;
    }
  }
  state_ = std::make_shared<CellState>(*other.state_);
  if (state_->leaf) state_->leaf = Node::cell_leaf(state_);
  names_ = std::make_shared<Names>();
  if (copying) copying->copies_->made.emplace(other.state_.get(), CopyingCells::Copies::Copy{state_, names_});
}

Cell& Cell::operator=(const Cell& other) {
  if (this == &other || state_ == other.state_) return *this;
  // An assigned cell stays the cell it was: an optimizer that knows it goes on knowing it.
  if (state_ && other.state_ && state_->value.shape() == other.state_->value.shape() && dtype() == other.dtype()) {
    state_->value = other.state_->value;
  } else {
    *this = Cell(other);
  }
  return *this;
}

const CellState& Cell::state() const {
  if (!state_) raise("a cell was used that was never given a value, or was moved from");
  return *state_;
}

Tensor Cell::value() const {
  const CellState& s = state();
  return s.leaf && grad_enabled() ? s.value.with_node(s.leaf) : s.value;
}

void Cell::set(Tensor value) {
  const Tensor& old = state().value;
  if (value.shape() != old.shape() || value.dtype() != old.dtype()) {
    raise("cell {}: its value is {} {}, and can't become {} {}", state_->origin, name_of(old.dtype()),
          old.shape().to_string(), name_of(value.dtype()), value.shape().to_string());
  }
  state_->value = contiguous(value.detach());
}

Parameter::Parameter(Tensor initial, std::string origin)
    : Cell(std::make_shared<CellState>(CellState{contiguous(initial.detach()), nullptr, std::move(origin)})) {
  if (!is_floating(dtype())) raise("parameter: {} can't be trained; only floating types can", name_of(dtype()));
  state_->leaf = Node::cell_leaf(state_);
}

Buffer::Buffer(Tensor initial, std::string origin)
    : Cell(std::make_shared<CellState>(CellState{contiguous(initial.detach()), nullptr, std::move(origin)})) {}

}  // namespace stet
