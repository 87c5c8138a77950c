#include "stet/nn/init.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/ops.h"

namespace stet::nn::init {

namespace {

double kaiming_deviation(const Shape& shape, const KaimingOptions& options) {
  const ContractFloatEnv env;
  const Fans f = fans(shape);
  const double gain = std::sqrt(2.0 / (1.0 + options.a * options.a));
  return gain / std::sqrt(static_cast<double>(options.fan == Fan::in ? f.in : f.out));
}

double xavier_deviation(const Shape& shape, double gain) {
  const ContractFloatEnv env;
  const Fans f = fans(shape);
  return gain * std::sqrt(2.0 / static_cast<double>(f.in + f.out));
}

Tensor symmetric(const Shape& shape, const Rng& rng, double deviation, DType dtype) {
  const ContractFloatEnv env;
  const double bound = std::sqrt(3.0) * deviation;
  if (bound == 0) return zeros(shape, dtype);
  return uniform(shape, rng, -bound, bound, dtype);
}

}  // namespace

Fans fans(const Shape& shape) {
  if (shape.rank() < 2)
    raise("init: {} has no fan-in; give a weight of at least two axes, [out, in, ...]", shape.to_string());
  std::vector<int64_t> in(shape.begin() + 1, shape.end()), out = shape.dims();
  out.erase(out.begin() + 1);
  return {elements_of(in, "init"), elements_of(out, "init")};
}

Tensor kaiming_uniform(const Shape& shape, const Rng& rng, const KaimingOptions& options) {
  return symmetric(shape, rng, kaiming_deviation(shape, options), options.dtype);
}

Tensor kaiming_normal(const Shape& shape, const Rng& rng, const KaimingOptions& options) {
  return normal(shape, rng, 0, kaiming_deviation(shape, options), options.dtype);
}

Tensor xavier_uniform(const Shape& shape, const Rng& rng, double gain, DType dtype) {
  return symmetric(shape, rng, xavier_deviation(shape, gain), dtype);
}

Tensor xavier_normal(const Shape& shape, const Rng& rng, double gain, DType dtype) {
  return normal(shape, rng, 0, xavier_deviation(shape, gain), dtype);
}

Tensor uniform(const Shape& shape, const Rng& rng, double low, double high, DType dtype) {
  Stream stream(rng);
  return stet::uniform(stream, shape, low, high, dtype);
}

Tensor normal(const Shape& shape, const Rng& rng, double mean, double deviation, DType dtype) {
  Stream stream(rng);
  return stet::normal(stream, shape, mean, deviation, dtype);
}

Tensor truncated_normal(const Shape& shape, const Rng& rng, const TruncatedOptions& o) {
  Stream stream(rng);
  return stet::truncated_normal(
      stream, shape, {.mean = o.mean, .deviation = o.deviation, .low = o.low, .high = o.high, .dtype = o.dtype});
}

Tensor constant(const Shape& shape, double value, DType dtype) { return full(shape, value, dtype); }

void orthonormalize(double* a, int64_t rows, int64_t columns) {
  const ContractFloatEnv env;
  std::vector<double> r(static_cast<size_t>(columns));
  // The second time repairs what rounding took from the first's orthogonality.
  for (int pass = 0; pass < 2; ++pass) {
    for (int64_t k = 0; k < columns; ++k) {
      double s = 0;
      for (int64_t i = 0; i < rows; ++i) s += a[i * columns + k] * a[i * columns + k];
      if (!(s > 0)) raise("orthonormalize: column {} is zero or depends on those before it", k);
      const double norm = std::sqrt(s);
      for (int64_t i = 0; i < rows; ++i) a[i * columns + k] /= norm;
      // All columns to the right at once: memory is walked along rows, and the chains of different columns are
      // independent.
      std::fill(r.begin(), r.end(), 0.0);
      for (int64_t i = 0; i < rows; ++i) {
        const double* row = a + i * columns;
        for (int64_t j = k + 1; j < columns; ++j) r[static_cast<size_t>(j)] += row[k] * row[j];
      }
      for (int64_t i = 0; i < rows; ++i) {
        double* row = a + i * columns;
        for (int64_t j = k + 1; j < columns; ++j) row[j] -= row[k] * r[static_cast<size_t>(j)];
      }
    }
  }
}

Tensor orthogonal(const Shape& shape, const Rng& rng, double gain, DType dtype) {
  if (shape.rank() < 2) raise("orthogonal: {} is no matrix; give a weight of at least two axes", shape.to_string());
  const int64_t rows = shape[0], columns = rows == 0 ? 0 : shape.elements() / rows;
  const bool wide = rows < columns;
  const int64_t tall = wide ? columns : rows, narrow = wide ? rows : columns;
  std::vector<double> q = normal({tall, narrow}, rng, 0, 1, DType::float64).to_vector<double>();
  orthonormalize(q.data(), tall, narrow);
  const Tensor matrix = Tensor::from(q, Shape{tall, narrow});
  return contiguous(((wide ? matrix.transpose() : matrix) * gain).reshape(shape.dims()).to(dtype));
}

}  // namespace stet::nn::init
