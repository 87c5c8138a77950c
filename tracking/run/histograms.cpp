#include "stet/tracking/run/histograms.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet::tracking {
namespace {

struct ParameterVisitor : Visitor {
  std::vector<std::pair<std::string, Parameter*>> found;
  void on_parameter(const std::string& path, Parameter& p) override { found.emplace_back(path, &p); }
};

}  // namespace

std::vector<double> finite_values(int64_t step, std::string_view name, const Tensor& tensor, bool allow_nan) {
  if (tensor.dtype() == DType::boolean) raise("log: '{}' is of booleans; give numbers", name);
  std::vector<double> values = tensor.detach().to(cpu).to(DType::float64).to_vector<double>();
  const auto odd = std::remove_if(values.begin(), values.end(), [](double v) { return !std::isfinite(v); });
  if (odd != values.end() && !allow_nan)
    raise<TrainingError>("step {}: {} holds a NaN or an infinity; log finite values, or go on with --allow-nan", step,
                         name);
  values.erase(odd, values.end());
  return values;
}

NamedTensors weights_of(const State& state) {
  ParameterVisitor parameters;
  state.visit(parameters);
  NamedTensors weights;
  for (const auto& [path, p] : parameters.found) weights.emplace_back("weights/" + path, p->value());
  return weights;
}

NamedTensors gradients_of(const State& state, const Gradients& gradients) {
  ParameterVisitor parameters;
  state.visit(parameters);
  NamedTensors named;
  for (const auto& [path, p] : parameters.found) {
    if (const Tensor gradient = gradients[*p]; gradient.defined()) named.emplace_back("gradients/" + path, gradient);
  }
  return named;
}

}  // namespace stet::tracking
