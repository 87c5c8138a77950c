// Random tensors. A stream's numbers are the same on every device.
#pragma once

#include "stet/tensor/rng.h"
#include "stet/tensor/tensor.h"

namespace stet {

/// Uniform in [low, high): low + u * (high - low), u of 24 bits; never below low or from high on, as the dtype rounds
/// them. Throws UsageError on a range that holds no number of the dtype, or is wider than its greatest one.
Tensor uniform(Stream& stream, Shape shape, double low = 0, double high = 1, DType dtype = DType::float32,
               Device device = cpu);
/// mean + deviation * z, z by Box and Muller, 1958. Throws UsageError unless deviation >= 0.
Tensor normal(Stream& stream, Shape shape, double mean = 0, double deviation = 1, DType dtype = DType::float32,
              Device device = cpu);
/// mean + deviation * z as far as it lies in [low, high]: each element draws again until it does. Throws UsageError
/// where the range is empty, or holds so little of the distribution that an element meets it in none of 2^16 draws.
struct TruncatedNormalOptions {
  double mean = 0, deviation = 1;
  double low = -2, high = 2;  ///< bounds of the values, not of z
  DType dtype = DType::float32;
  Device device = cpu;
};
Tensor truncated_normal(Stream& stream, Shape shape, const TruncatedNormalOptions& options = {});
/// bool, true with probability p.
Tensor bernoulli(Stream& stream, Shape shape, double p, Device device = cpu);
/// int64 uniform in low … high-1, high - low up to 2^32.
Tensor random_integers(Stream& stream, Shape shape, int64_t low, int64_t high, Device device = cpu);
/// Srivastava et al., JMLR 2014: +0 with probability p, else x * (1 / (1 - p)).
Tensor dropout(const Tensor& x, double p, Stream& stream);
/// The same for whole channels of x [N, C, ...]: Tompson et al., 2015 (arXiv 1411.4280).
Tensor dropout2d(const Tensor& x, double p, Stream& stream);
/// The same for whole samples of x [N, ...]: stochastic depth, Huang et al., 2016 (arXiv 1603.09382).
Tensor drop_path(const Tensor& x, double p, Stream& stream);

}  // namespace stet
