// Identity.
#pragma once

#include "stet/nn/module.h"

namespace stet::nn {

/// x as it is: what stands where another variant of a network has a layer.
class Identity : public Module {
 public:
  Tensor operator()(const Tensor& x) const { return x; }
  void members(Visitor&) override {}
  std::string describe() const override { return "Identity"; }
};

}  // namespace stet::nn
