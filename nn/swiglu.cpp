#include "stet/nn/swiglu.h"

#include "stet/tensor/error.h"
#include "stet/tensor/ops/elementwise.h"

namespace stet::nn {

SwiGLU::SwiGLU(int64_t width, int64_t hidden, const Rng& rng, const SwiGLUOptions& options)
    : gate(width, hidden, rng / "gate", {.bias = options.bias, .dtype = options.dtype}),
      up(width, hidden, rng / "up", {.bias = options.bias, .dtype = options.dtype}),
      down(hidden, width, rng / "down", {.bias = options.bias, .dtype = options.dtype}) {}

// Named, as C++ leaves open which operand of an expression comes first: the order of a value's uses is that in which
// its gradients add up.
Tensor SwiGLU::operator()(const Tensor& x) const {
  const Tensor raised = up(x);
  return down(silu(gate(x)) * raised);
}

void SwiGLU::members(Visitor& v) { v("gate", gate)("up", up)("down", down); }

std::string SwiGLU::describe() const {
  const Shape& s = gate.weight.shape();
  return fmt::format("SwiGLU({}, {}{})", s[1], s[0], gate.bias.defined() ? "" : ", no bias");
}

}  // namespace stet::nn
