// Activations as modules; as functions they are in tensor/ops.h.
#pragma once

#include "stet/nn/module.h"
#include "stet/tensor/ops.h"

namespace stet::nn {

/// What is called with one tensor and holds nothing.
class Activation : public Module {
 public:
  void members(Visitor&) override {}
};

/// x < 0 ? 0 : x.
class ReLU : public Activation {
 public:
  Tensor operator()(const Tensor& x) const { return relu(x); }
  std::string describe() const override { return "ReLU"; }
};

/// Hendrycks and Gimpel, 2016 (arXiv 1606.08415).
class GELU : public Activation {
 public:
  explicit GELU(Gelu form = Gelu::erf) : form_(form) {}
  Tensor operator()(const Tensor& x) const { return gelu(x, form_); }
  void members(Visitor& v) override { v.hyper("form", form_ == Gelu::erf ? "erf" : "tanh"); }
  std::string describe() const override { return form_ == Gelu::erf ? "GELU" : "GELU(tanh)"; }

 private:
  Gelu form_;
};

/// x sigmoid(x).
class SiLU : public Activation {
 public:
  Tensor operator()(const Tensor& x) const { return silu(x); }
  std::string describe() const override { return "SiLU"; }
};

class Tanh : public Activation {
 public:
  Tensor operator()(const Tensor& x) const { return stet::tanh(x); }
  std::string describe() const override { return "Tanh"; }
};

/// 1 / (1 + e^-x).
class Sigmoid : public Activation {
 public:
  Tensor operator()(const Tensor& x) const { return sigmoid(x); }
  std::string describe() const override { return "Sigmoid"; }
};

/// log(1 + e^x).
class Softplus : public Activation {
 public:
  Tensor operator()(const Tensor& x) const { return softplus(x); }
  std::string describe() const override { return "Softplus"; }
};

}  // namespace stet::nn
