#include "stet/nn/distance.h"

#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/ops/elementwise.h"
#include "stet/tensor/ops/reduce.h"

namespace stet::nn {

namespace {

// At least epsilon; the root's argument has that bound, as the gradient of a root at 0 is infinite.
Tensor norm(const Tensor& x, int axis, double epsilon) {
  return sqrt(maximum(sum(square(x), {axis}), full({}, epsilon * epsilon, x.dtype(), x.device())));
}

}  // namespace

Tensor cosine_similarity(const Tensor& a, const Tensor& b, int axis, double epsilon) {
  const ContractFloatEnv env;
  if (!(epsilon > 0)) raise("cosine_similarity: epsilon {} must be positive", epsilon);
  // One after another: the tape's order is the order of gradients, and operands are evaluated in any.
  const Tensor product = sum(a * b, {axis}), of_a = norm(a, axis, epsilon), of_b = norm(b, axis, epsilon);
  return product / (of_a * of_b);
}

Tensor pairwise_distance(const Tensor& a, const Tensor& b, const DistanceOptions& o) {
  const ContractFloatEnv env;
  if (!(o.p >= 1)) raise("pairwise_distance: p = {} is below 1", o.p);
  const Tensor difference = a - b + o.epsilon;
  if (o.p == 2) return sqrt(sum(square(difference), {-1}));
  if (o.p == 1) return sum(abs(difference), {-1});
  return pow(sum(pow(abs(difference), o.p), {-1}), 1 / o.p);
}

}  // namespace stet::nn
