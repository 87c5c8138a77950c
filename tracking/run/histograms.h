// What histograms are made of.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stet/tensor/autograd.h"
#include "stet/tensor/tensor.h"
#include "stet/tracking/record/events.h"
#include "stet/tracking/run/state.h"

namespace stet::tracking {

/// The values that are finite, in double; waits for a device. Throws TrainingError that names the step where some are
/// not and `allow_nan` is false, and UsageError on a tensor of booleans.
std::vector<double> finite_values(int64_t step, std::string_view name, const Tensor& tensor, bool allow_nan);

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;
/// The parameters of a state, under the names of their histograms.
NamedTensors weights_of(const State& state);
/// Of those gradients that are of a state's parameters.
NamedTensors gradients_of(const State& state, const Gradients& gradients);

}  // namespace stet::tracking
