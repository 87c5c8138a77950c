// Activations as modules; as functions they are in tensor/ops.h.
#pragma once

#include <string>

#include "stet/nn/module.h"
#include "stet/tensor/ops/activations.h"
#include "stet/tensor/ops/elementwise.h"
#include "stet/tensor/ops/softmax.h"

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

/// (e^x - e^-x) / (e^x + e^-x).
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

/// log(sigmoid(x)).
class LogSigmoid : public Activation {
 public:
  Tensor operator()(const Tensor& x) const { return log_sigmoid(x); }
  std::string describe() const override { return "LogSigmoid"; }
};

/// x / (1 + |x|).
class Softsign : public Activation {
 public:
  Tensor operator()(const Tensor& x) const { return softsign(x); }
  std::string describe() const override { return "Softsign"; }
};

/// clamp(x, 0, 6).
class ReLU6 : public Activation {
 public:
  Tensor operator()(const Tensor& x) const { return relu6(x); }
  std::string describe() const override { return "ReLU6"; }
};

/// x relu6(x + 3) / 6.
class Hardswish : public Activation {
 public:
  Tensor operator()(const Tensor& x) const { return hardswish(x); }
  std::string describe() const override { return "Hardswish"; }
};

/// relu6(x + 3) / 6.
class Hardsigmoid : public Activation {
 public:
  Tensor operator()(const Tensor& x) const { return hardsigmoid(x); }
  std::string describe() const override { return "Hardsigmoid"; }
};

/// Klambauer et al., 2017 (arXiv 1706.02515).
class SELU : public Activation {
 public:
  Tensor operator()(const Tensor& x) const { return selu(x); }
  std::string describe() const override { return "SELU"; }
};

/// x tanh(softplus(x)).
class Mish : public Activation {
 public:
  Tensor operator()(const Tensor& x) const { return mish(x); }
  std::string describe() const override { return "Mish"; }
};

/// clamp(x, low, high). Throws UsageError unless low < high.
class Hardtanh : public Activation {
 public:
  explicit Hardtanh(double low = -1, double high = 1);
  Tensor operator()(const Tensor& x) const { return hardtanh(x, low_, high_); }
  void members(Visitor& v) override { v.hyper("low", low_).hyper("high", high_); }
  std::string describe() const override;

 private:
  double low_, high_;
};

/// An activation of one number.
class Shaped : public Activation {
 public:
  void members(Visitor& v) override { v.hyper(what_, number_); }
  std::string describe() const override;

 protected:
  Shaped(const char* name, const char* what, double number) : name_(name), what_(what), number_(number) {}
  const char *name_, *what_;
  double number_;
};

/// x where x > 0, else slope * x.
class LeakyReLU : public Shaped {
 public:
  explicit LeakyReLU(double slope = 0.01) : Shaped("LeakyReLU", "slope", slope) {}
  Tensor operator()(const Tensor& x) const { return leaky_relu(x, number_); }
};

/// x where x > 0, else alpha (e^x - 1).
class ELU : public Shaped {
 public:
  explicit ELU(double alpha = 1) : Shaped("ELU", "alpha", alpha) {}
  Tensor operator()(const Tensor& x) const { return elu(x, number_); }
};

/// x where x > 0, else alpha (e^(x / alpha) - 1). Throws UsageError where alpha is 0.
class CELU : public Shaped {
 public:
  explicit CELU(double alpha = 1);
  Tensor operator()(const Tensor& x) const { return celu(x, number_); }
};

/// leaky_relu with a learned slope, one for all channels of x [N, C, ...] or one for each; they start at `slope`.
class PReLU : public Module {
 public:
  /// Throws UsageError unless slopes is positive.
  explicit PReLU(int64_t slopes = 1, double slope = 0.25, DType dtype = DType::float32);
  Tensor operator()(const Tensor& x) const { return prelu(x, weight); }
  void members(Visitor& v) override { v("weight", weight); }
  std::string describe() const override;

  Parameter weight;  ///< [slopes]
};

/// What works along an axis.
class Along : public Activation {
 public:
  void members(Visitor& v) override { v.hyper("axis", axis_); }
  std::string describe() const override { return std::string(name_) + "(" + std::to_string(axis_) + ")"; }

 protected:
  Along(const char* name, int axis) : name_(name), axis_(axis) {}
  const char* name_;
  int axis_;
};

/// Shares that sum to one along an axis: softmax(x, axis).
class Softmax : public Along {
 public:
  explicit Softmax(int axis = -1) : Along("Softmax", axis) {}
  Tensor operator()(const Tensor& x) const { return softmax(x, axis_); }
};

/// Their logarithms: log_softmax(x, axis).
class LogSoftmax : public Along {
 public:
  explicit LogSoftmax(int axis = -1) : Along("LogSoftmax", axis) {}
  Tensor operator()(const Tensor& x) const { return log_softmax(x, axis_); }
};

/// a sigmoid(b), the halves of x along an axis: Dauphin et al., 2017 (arXiv 1612.08083).
class GLU : public Along {
 public:
  explicit GLU(int axis = -1) : Along("GLU", axis) {}
  Tensor operator()(const Tensor& x) const { return glu(x, axis_); }
};

}  // namespace stet::nn
