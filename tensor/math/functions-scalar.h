// functions-inl.h for one value, on any processor.
#pragma once

#include "stet/tensor/math/coefficients.h"
#include "stet/tensor/math/lanes-scalar.h"

namespace stet::math::scalar {
#include "stet/tensor/math/functions-inl.h"
}  // namespace stet::math::scalar
