// Initial values of parameters. Each is a function of shape and rng alone.
#pragma once

#include "stet/tensor/dtype.h"
#include "stet/tensor/rng.h"
#include "stet/tensor/shape.h"
#include "stet/tensor/tensor.h"

namespace stet::nn::init {

/// Inputs and outputs of one unit: of a weight [out, in, ...] the second extent, and the first, times the rest's
/// product. Throws UsageError below rank 2.
struct Fans {
  int64_t in, out;
};
Fans fans(const Shape& shape);

enum class Fan { in, out };

/// He et al., 2015 (arXiv 1502.01852): deviation sqrt(2 / (1 + a^2)) / sqrt(fan), for layers followed by a leaky ReLU
/// of slope a.
struct KaimingOptions {
  double a = 0;
  Fan fan = Fan::in;
  DType dtype = DType::float32;
};
/// Uniform in [-b, b), b = sqrt(3) times the deviation.
Tensor kaiming_uniform(const Shape& shape, const Rng& rng, const KaimingOptions& options = {});
Tensor kaiming_normal(const Shape& shape, const Rng& rng, const KaimingOptions& options = {});

/// Glorot and Bengio, 2010: deviation gain * sqrt(2 / (fan_in + fan_out)).
Tensor xavier_uniform(const Shape& shape, const Rng& rng, double gain = 1, DType dtype = DType::float32);
Tensor xavier_normal(const Shape& shape, const Rng& rng, double gain = 1, DType dtype = DType::float32);

/// Uniform in [low, high).
Tensor uniform(const Shape& shape, const Rng& rng, double low = 0, double high = 1, DType dtype = DType::float32);
Tensor normal(const Shape& shape, const Rng& rng, double mean = 0, double deviation = 1, DType dtype = DType::float32);

/// Normal as far as it lies in [low, high], which bounds the values themselves, as PyTorch's trunc_normal_ has it.
/// Throws as stet::truncated_normal does.
struct TruncatedOptions {
  double mean = 0, deviation = 1;
  double low = -2, high = 2;
  DType dtype = DType::float32;
};
Tensor truncated_normal(const Shape& shape, const Rng& rng, const TruncatedOptions& options = {});

/// Every element `value`, as `full`.
Tensor constant(const Shape& shape, double value, DType dtype = DType::float32);

/// Saxe et al., 2014 (arXiv 1312.6120): the rows of [shape[0], the rest] (or the columns, where there are fewer) are
/// orthonormal, times gain; uniform among such matrices. It is the Q of the QR decomposition, with R's diagonal
/// positive, of a matrix of standard normals; see orthonormalize. Throws UsageError below rank 2.
Tensor orthogonal(const Shape& shape, const Rng& rng, double gain = 1, DType dtype = DType::float32);

/// Makes the columns of a row-major matrix a [rows, columns], rows >= columns, orthonormal: modified Gram-Schmidt, made
/// twice. All in binary64, each operation rounded on its own, every sum one chain from +0 in ascending row i. For
/// column k = 0, 1, ...:
///   s = sum of a[i,k] * a[i,k];  a[i,k] = a[i,k] / sqrt(s);
///   then for each j > k:  r = sum of a[i,k] * a[i,j];  a[i,j] = a[i,j] - a[i,k] * r.
/// Throws UsageError if a column depends on those before it.
void orthonormalize(double* a, int64_t rows, int64_t columns);

}  // namespace stet::nn::init
