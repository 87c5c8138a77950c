// += and its kin: a name gets another value, as `a = a + b` gives it. Other names of the old value keep that.
#pragma once

#include "stet/tensor/ops/elementwise.h"

namespace stet {

inline Tensor& operator+=(Tensor& a, const Tensor& b) { return a = a + b; }
inline Tensor& operator-=(Tensor& a, const Tensor& b) { return a = a - b; }
inline Tensor& operator*=(Tensor& a, const Tensor& b) { return a = a * b; }
inline Tensor& operator/=(Tensor& a, const Tensor& b) { return a = a / b; }
inline Tensor& operator+=(Tensor& a, Number b) { return a = a + b; }
inline Tensor& operator-=(Tensor& a, Number b) { return a = a - b; }
inline Tensor& operator*=(Tensor& a, Number b) { return a = a * b; }
inline Tensor& operator/=(Tensor& a, Number b) { return a = a / b; }

}  // namespace stet
