#include "stet/nn/check_gradients.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops/elementwise.h"
#include "stet/tensor/ops/reduce.h"

namespace stet::nn {

namespace {

// Fixed weights of no pattern, so that a gradient that lands on the wrong element shows.
Tensor weights(const Tensor& y) {
  std::vector<double> w(static_cast<size_t>(y.elements()));
  uint32_t bits = 12345;
  for (double& x : w) {
    bits = bits * 1664525 + 1013904223;
    x = static_cast<double>(bits >> 8) * 0x1p-23 - 1;
  }
  return Tensor::from(w, y.shape()).to(y.dtype()).to(y.device());
}

Tensor project(const Tensor& y) { return sum(y * weights(y)); }

bool is_checked(const Tensor& x) { return x.dtype() == DType::float64; }

// `value(x)` is a scalar for x in the place of `at`; `gradient` is backward's, undefined where it found none. Returns
// the largest error.
double compare(const std::string& what, const Tensor& at, const Tensor& gradient,
               const std::function<double(const Tensor&)>& value, const GradientCheck& check) {
  if (gradient.defined() && gradient.shape() != at.shape()) {
    raise("check_gradients: {} has shape {}, its gradient {}", what, at.shape().to_string(),
          gradient.shape().to_string());
  }
  const std::vector<double> x = at.to(cpu).to_vector<double>();
  const std::vector<double> g = gradient.defined() ? gradient.to(cpu).to_vector<double>() : std::vector(x.size(), 0.0);
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const auto moved = [&](double by) {
      std::vector<double> copy = x;
      copy[i] += by;
      return value(Tensor::from(copy, at.shape()).to(at.device()));
    };
    const double slope = (moved(check.step) - moved(-check.step)) / (2 * check.step);
    const double error = std::abs(slope - g[i]) / std::max(1.0, std::abs(slope));
    if (!(error <= check.tolerance)) {
      raise("check_gradients: {}, element {} of {} at {}: backward gives {}, differences give {}", what, i,
            at.shape().to_string(), x[i], gradient.defined() ? fmt::format("{}", g[i]) : "no gradient", slope);
    }
    worst = std::max(worst, error);
  }
  return worst;
}

// Of a result that nothing is known of: none.
Gradients gradients_of(const Tensor& result, BackwardOptions options = {}) {
  const Tensor loss = project(result);
  return loss.has_gradient() ? backward(loss, options) : Gradients();
}

Tensor plus(const Tensor& total, const Tensor& gradient) {
  if (!gradient.defined()) return total;
  const Tensor part = project(gradient);
  return total.defined() ? total + part : part;
}

double check_inputs(const std::string& order, const TensorFunction& f, const std::vector<Tensor>& inputs,
                    const GradientCheck& check) {
  std::vector<Tensor> watched;
  for (const Tensor& x : inputs) watched.push_back(is_checked(x) ? watch(x) : x);
  const Gradients gradients = gradients_of(f(watched));
  double worst = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!is_checked(inputs[i])) continue;
    const auto value = [&](const Tensor& x) {
      std::vector<Tensor> changed = inputs;
      changed[i] = x;
      return project(f(changed)).item<double>();
    };
    worst =
        std::max(worst, compare(order + "input " + std::to_string(i), inputs[i], gradients[watched[i]], value, check));
  }
  return worst;
}

std::vector<NamedParameter> checked_parameters(Stateful& module) {
  std::vector<NamedParameter> checked = parameters(module);
  std::erase_if(checked, [](const NamedParameter& p) { return !is_checked(p.cell->value); });
  if (checked.empty()) raise("check_gradients: the module has no float64 parameter; make it with DType::float64");
  return checked;
}

Tensor gradient_for(const Gradients& gradients, const NamedParameter& p) {
  for (const auto& entry : gradients.entries()) {
    if (entry.cell == p.cell) return entry.value;
  }
  return {};
}

double check_parameters(const std::string& order, const std::function<Tensor()>& f, Stateful& module,
                        const GradientCheck& check) {
  const Gradients gradients = gradients_of(f());
  double worst = 0;
  for (const NamedParameter& p : checked_parameters(module)) {
    // Puts the value back, however the comparison ends.
    struct Kept {
      CellState& cell;
      Tensor value = cell.value;
      ~Kept() { cell.value = value; }
    } kept{*p.cell};
    const auto value = [&](const Tensor& x) {
      p.cell->value = x;
      return project(f()).item<double>();
    };
    worst =
        std::max(worst, compare(order + "parameter " + p.name, kept.value, gradient_for(gradients, p), value, check));
  }
  return worst;
}

constexpr char kSecond[] = "the gradient's gradient, ";

GradientCheck of_second(GradientCheck check) {
  check.tolerance *= 10;
  return check;
}

}  // namespace

TensorFunction gradient_of(TensorFunction f) {
  return [f = std::move(f)](const std::vector<Tensor>& at) {
    std::vector<Tensor> watched;
    for (const Tensor& x : at) watched.push_back(x.has_gradient() || !is_checked(x) ? x : watch(x));
    const Gradients g = gradients_of(f(watched), {.graph = true});
    Tensor total;
    for (const Tensor& x : watched) {
      if (is_checked(x)) total = plus(total, g[x]);
    }
    return total.defined() ? total : zeros({}, DType::float64);
  };
}

double check_gradients(const TensorFunction& f, const std::vector<Tensor>& inputs, const GradientCheck& check) {
  if (std::none_of(inputs.begin(), inputs.end(), is_checked)) {
    raise(
        "check_gradients: no input is float64, and differences of others tell little; convert them with "
        "to(DType::float64)");
  }
  const double worst = check_inputs("", f, inputs, check);
  return check.second ? std::max(worst, check_inputs(kSecond, gradient_of(f), inputs, of_second(check))) : worst;
}

double check_gradients(const std::function<Tensor()>& f, Stateful& module, const GradientCheck& check) {
  const double worst = check_parameters("", f, module, check);
  if (!check.second) return worst;
  const auto gradient = [&] {
    const Gradients g = gradients_of(f(), {.graph = true});
    Tensor total;
    for (const NamedParameter& p : checked_parameters(module)) total = plus(total, gradient_for(g, p));
    return total.defined() ? total : zeros({}, DType::float64);
  };
  return std::max(worst, check_parameters(kSecond, gradient, module, of_second(check)));
}

}  // namespace stet::nn
