// A layer's parameter that may be left out, such as its bias.
#pragma once

#include "stet/tensor/cell.h"

namespace stet::nn {

/// p's value, or an undefined tensor where p is undefined.
inline Tensor value_or_none(const Parameter& p) { return p.defined() ? p.value() : Tensor(); }

}  // namespace stet::nn
