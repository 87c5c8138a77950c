// Flatten.
#pragma once

#include "stet/nn/module.h"

namespace stet::nn {

/// Axes from `first` on become one: [N, C, H, W] to [N, C * H * W].
class Flatten : public Module {
 public:
  explicit Flatten(int first = 1) : first_(first) {}
  Tensor operator()(const Tensor& x) const { return x.flatten(first_); }
  void members(Visitor& v) override { v.hyper("first", first_); }
  std::string describe() const override { return "Flatten(" + std::to_string(first_) + ")"; }

 private:
  int first_;
};

}  // namespace stet::nn
