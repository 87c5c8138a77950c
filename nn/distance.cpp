#include "stet/nn/distance.h"

#include <cmath>
#include <limits>

#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/ops/elementwise.h"
#include "stet/tensor/ops/masks.h"
#include "stet/tensor/ops/reduce.h"
#include "stet/tensor/ops/shape_ops.h"
#include "stet/tensor/ops/statistics.h"

namespace stet::nn {

namespace {

// At least epsilon; the root's argument has that bound, as the gradient of a root at 0 is infinite.
Tensor bounded_norm(const Tensor& x, int axis, double epsilon) {
  return sqrt(maximum(sum(square(x), {axis}), full({}, epsilon * epsilon, x.dtype(), x.device())));
}

// The p-th root of a sum, whose slope at 0 would be infinite: there it is 0, as norm's is.
Tensor root(const Tensor& sum, double p) {
  const Tensor none = sum == 0, some = stet::where(none, 1, sum);
  return stet::where(none, 0, p == 2 ? sqrt(some) : pow(some, 1 / p));
}

// Of a smaller one the quotients in gradients overflow.
double smallest_normal(DType dtype) {
  return dtype == DType::float32 ? double{std::numeric_limits<float>::min()} : std::numeric_limits<double>::min();
}

}  // namespace

Tensor cosine_similarity(const Tensor& a, const Tensor& b, int axis, double epsilon) {
  const ContractFloatEnv env;
  if (!is_floating(a.dtype())) raise("cosine_similarity: takes float32 or float64, not {}", name_of(a.dtype()));
  if (!(epsilon > 0) || epsilon * epsilon < smallest_normal(a.dtype())) {
    raise("cosine_similarity: epsilon {} must be positive, and its square a normal {}", epsilon, name_of(a.dtype()));
  }
  // One after another: the tape's order is the order of gradients, and operands are evaluated in any.
  const Tensor products = a * b, product = sum(products, {axis});
  const Tensor of_a = bounded_norm(broadcast_to(a, products.shape()), axis, epsilon),
               of_b = bounded_norm(broadcast_to(b, products.shape()), axis, epsilon);
  return product / (of_a * of_b);
}

Tensor pairwise_distance(const Tensor& a, const Tensor& b, const DistanceOptions& o) {
  const ContractFloatEnv env;
  if (!(o.p >= 1)) raise("pairwise_distance: p = {} is below 1", o.p);
  const Tensor difference = a - b + o.epsilon;
  if (o.p == 2) return root(sum(square(difference), {-1}), 2);
  if (o.p == 1) return sum(abs(difference), {-1});
  if (std::isinf(o.p)) return stet::norm(difference, o.p, {-1});
  return root(sum(pow(abs(difference), o.p), {-1}), o.p);
}

}  // namespace stet::nn
