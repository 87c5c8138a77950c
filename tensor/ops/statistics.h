// Statistics and norms over axes. `axes` empty means all; `keep` leaves reduced axes with extent 1.
#pragma once

#include "stet/tensor/tensor.h"

namespace stet {

/// sum((x - mean)²) / max(0, count - correction): unbiased with correction 1, the population's with 0.
Tensor var(const Tensor& x, const Axes& axes = {}, bool keep = false, double correction = 1);
/// Its root, whose gradient where it is 0 is 0. (`std` would hide the standard library; a tensor has x.std().)
Tensor stddev(const Tensor& x, const Axes& axes = {}, bool keep = false, double correction = 1);
/// (Σ|x|^p)^(1/p); the largest and the least |x| for p = ±infinity, the number of elements other than 0 for p = 0. Its
/// gradient where it is 0 is 0.
Tensor norm(const Tensor& x, double p = 2, const Axes& axes = {}, bool keep = false);
/// x / maximum(norm(x, p) along the axis, epsilon).
Tensor normalize(const Tensor& x, double p = 2, int axis = 1, double epsilon = 1e-12);
/// log(Σ e^x), from x less its maximum; -infinity of nothing.
Tensor logsumexp(const Tensor& x, const Axes& axes, bool keep = false);

/// bool: whether one element, or every one, is true, or other than 0 (NaN is). Of nothing: false, and true.
Tensor any(const Tensor& x, const Axes& axes = {}, bool keep = false);
Tensor all(const Tensor& x, const Axes& axes = {}, bool keep = false);

}  // namespace stet
