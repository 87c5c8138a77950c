// Evenly spaced numbers.
#pragma once

#include <cstdint>
#include <optional>

#include "stet/tensor/number.h"
#include "stet/tensor/tensor.h"

namespace stet {

/// begin, begin + step, … before end: int64 where all are integers, else float32, unless a dtype is told. Throws
/// UsageError where the step is 0 or leads away from the end, or the dtype lacks a value.
Tensor arange(Number begin, Number end, Number step = 1, std::optional<DType> dtype = {});
/// n numbers from `first` to `last`, both included, as far from each other, of a floating dtype.
Tensor linspace(double first, double last, int64_t n, DType dtype = DType::float32);

}  // namespace stet
