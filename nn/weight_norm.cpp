#include "stet/nn/weight_norm.h"

#include <vector>

#include "stet/nn/init.h"
#include "stet/tensor/counted.h"
#include "stet/tensor/error.h"
#include "stet/tensor/mode.h"
#include "stet/tensor/ops.h"

namespace stet::nn {

Tensor norm_beside(const Tensor& x, int axis) {
  const int kept = x.shape().normal_axis(axis, "WeightNorm");
  std::vector<int> others;
  for (int i = 0; i < x.rank(); ++i) {
    if (i != kept) others.push_back(i);
  }
  // No axes would be all of them.
  return others.empty() ? abs(x) : sqrt(sum(square(x), others, true));
}

Tensor weight_of(const Tensor& direction, const Tensor& magnitude, int axis) {
  return direction * (magnitude / norm_beside(direction, axis));
}

namespace {

Tensor unit(const Tensor& x, double epsilon) {
  const Tensor norm = sqrt(sum(square(x)));
  return x / maximum(norm, full({}, epsilon, x.dtype(), x.device()));
}

}  // namespace

Tensor SpectralState::as_matrix(const Tensor& weight) const {
  const Tensor out_first = out_axis_ == 0 ? weight : movedim(weight, {out_axis_}, {0});
  return out_first.reshape({out_first.size(0), -1});
}

SpectralState::SpectralState(const Tensor& weight, int out_axis, const Rng& rng, const SpectralNormOptions& options)
    : out_axis_(out_axis), options_(options) {
  constexpr int64_t kFirstIterations = 15;
  if (options.iterations < 1 || !(options.epsilon > 0)) {
    raise("SpectralNorm at {}: {} iterations and epsilon {} must be positive", rng.path(), options.iterations,
          options.epsilon);
  }
  if (weight.rank() < 2) raise("SpectralNorm at {}: a weight {} is no matrix", rng.path(), weight.shape().to_string());
  const Tensor matrix = as_matrix(weight);
  const auto start = [&](const char* name, int64_t n) {
    return unit(init::normal({n}, rng / name, 0, 1, weight.dtype()), options.epsilon);
  };
  u = Buffer(start("u", matrix.size(0)));
  v = Buffer(start("v", matrix.size(1)));
  iterate(matrix, kFirstIterations);
}

void SpectralState::iterate(const Tensor& matrix, int64_t times) {
  const NoGrad no_grad;
  for (int64_t i = 0; i < times; ++i) {
    u.set(unit(matmul(matrix, v), options_.epsilon));
    v.set(unit(matmul(matrix.transpose(), u), options_.epsilon));
  }
}

Tensor SpectralState::normalised(const Tensor& weight) {
  const Tensor matrix = as_matrix(weight);
  // A checkpoint's function may be called again before backward runs it anew: its vectors are those of its own call.
  const Tensor left = next_value([&] {
    if (training()) iterate(matrix.detach(), options_.iterations);
    return u.value();
  });
  const Tensor right = next_value([&] { return v.value(); });
  return weight / matmul(left, matmul(matrix, right));
}

void SpectralState::members(Visitor& visitor) {
  visitor("u", u)("v", v).hyper("iterations", options_.iterations).hyper("epsilon", options_.epsilon);
}

}  // namespace stet::nn
