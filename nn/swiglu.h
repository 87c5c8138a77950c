// SwiGLU: a gated feed-forward layer.
#pragma once

#include "stet/nn/linear.h"
#include "stet/nn/module.h"

namespace stet::nn {

struct SwiGLUOptions {
  bool bias = false;  ///< of all three linear layers
  DType dtype = DType::float32;
};

/// Shazeer, 2020 (arXiv 2002.05202): down(silu(gate(x)) * up(x)), x [.., width] to [.., width] through `hidden`
/// features, drawn from rng/gate, rng/up and rng/down. As a function of halves it is stet::swiglu.
class SwiGLU : public Module {
 public:
  /// Throws UsageError unless width and hidden are positive.
  SwiGLU(int64_t width, int64_t hidden, const Rng& rng, const SwiGLUOptions& options = {});

  Tensor operator()(const Tensor& x) const;
  void members(Visitor& v) override;
  std::string describe() const override;

  Linear gate, up;  ///< [hidden, width]
  Linear down;      ///< [width, hidden]
};

}  // namespace stet::nn
