// Padding layers.
#pragma once

#include <optional>

#include "stet/nn/module.h"
#include "stet/tensor/ops/padding.h"

namespace stet::nn {

/// Columns before and after an image, rows above and below it, in PyTorch's order; or as many of all.
struct Frame {
  int64_t left, right, top, bottom;
  Frame(int64_t all) : Frame(all, all, all, all) {}  // NOLINT: `ZeroPad2d(1)` reads as it should
  Frame(int64_t before, int64_t after, int64_t above, int64_t below)
      : left(before), right(after), top(above), bottom(below) {}
};

/// What padding layers share: x [.., H, W] in a frame.
class Padding2d : public Module {
 public:
  Tensor operator()(const Tensor& x) const;
  void members(Visitor& v) override;
  std::string describe() const override;

 protected:
  /// By a mode, or with a number. Throws UsageError on a negative width.
  Padding2d(const char* name, const Frame& frame, std::optional<Padding> mode, double value = 0);

 private:
  const char* name_;
  Frame frame_;
  std::optional<Padding> mode_;
  double value_;
};

class ZeroPad2d : public Padding2d {
 public:
  explicit ZeroPad2d(const Frame& frame) : Padding2d("ZeroPad2d", frame, std::nullopt) {}
};

class ConstantPad2d : public Padding2d {
 public:
  ConstantPad2d(const Frame& frame, double value) : Padding2d("ConstantPad2d", frame, std::nullopt, value) {}
};

/// The image mirrored about the row or column at its edge.
class ReflectionPad2d : public Padding2d {
 public:
  explicit ReflectionPad2d(const Frame& frame) : Padding2d("ReflectionPad2d", frame, Padding::reflect) {}
};

/// The row or column at the edge again.
class ReplicationPad2d : public Padding2d {
 public:
  explicit ReplicationPad2d(const Frame& frame) : Padding2d("ReplicationPad2d", frame, Padding::replicate) {}
};

}  // namespace stet::nn
