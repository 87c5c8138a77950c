// Positions in a sequence: rotations of queries and keys, and sinusoids that are added.
#pragma once

#include <cstdint>

#include "stet/nn/module.h"

namespace stet::nn {

struct RotaryOptions {
  double base = 10000;
  bool interleaved = false;  ///< features 2i and 2i + 1 turn together, not i and i + D / 2
};

/// Su et al., 2021 (arXiv 2104.09864): turns pairs of features of x [.., T, D] by position times base^(-2i / D), so
/// that products of queries and keys depend on distances. Angles are those of exact positions, in binary64; a table of
/// their cosines and sines grows with the positions that it is asked for.
class RotaryEmbedding : public Module {
 public:
  /// Throws UsageError unless width is even and positive, and base above 0.
  explicit RotaryEmbedding(int64_t width, const RotaryOptions& options = {});

  /// `first` is the position of x's first row.
  Tensor operator()(const Tensor& x, int64_t first = 0) const;
  void members(Visitor& v) override;
  std::string describe() const override;

 private:
  int64_t width_;
  RotaryOptions options_;
  mutable Tensor cos_, sin_;  // [positions, D / 2], of the dtype and device asked for last
};

/// Vaswani et al., 2017 (arXiv 1706.03762): [positions, width], whose features 2i and 2i + 1 are sine and cosine of
/// position times 10000^(-2i / width). Throws UsageError unless width is even and positive.
Tensor sinusoidal_positions(int64_t positions, int64_t width, DType dtype = DType::float32);

}  // namespace stet::nn
