// Losses that ask for a margin.
#include "stet/nn/distance.h"
#include "stet/nn/loss_parts.h"
#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/ops/elementwise.h"
#include "stet/tensor/ops/reduce.h"

namespace stet::nn {

namespace {

// maximum(x, 0), whose gradient passes at 0, as PyTorch's clamp_min has it.
Tensor hinge(const Tensor& x) { return maximum(x, zeros({}, x.dtype(), x.device())); }

// a where y is 1, b where it is -1, and +0 elsewhere.
Tensor by_sign(const Tensor& y, const Tensor& a, const Tensor& b) {
  const Tensor zero = zeros(a.shape(), a.dtype(), a.device());
  return stet::where(y == 1, a, stet::where(y == -1, b, zero));
}

}  // namespace

Tensor margin_ranking(const Tensor& a, const Tensor& b, const Tensor& y, double margin, Reduction reduction) {
  const ContractFloatEnv env;
  require_equal_shapes("margin_ranking", a, b);
  require_equal_shapes("margin_ranking", a, y);
  return reduce(hinge(margin - y.to(a.dtype()) * (a - b)), reduction);
}

Tensor hinge_embedding(const Tensor& x, const Tensor& y, double margin, Reduction reduction) {
  const ContractFloatEnv env;
  require_equal_shapes("hinge_embedding", x, y);
  return reduce(by_sign(y, x, hinge(margin - x)), reduction);
}

Tensor soft_margin(const Tensor& x, const Tensor& y, Reduction reduction) {
  const ContractFloatEnv env;
  require_equal_shapes("soft_margin", x, y);
  return reduce(softplus(-(y.to(x.dtype()) * x)), reduction);
}

Tensor cosine_embedding(const Tensor& a, const Tensor& b, const Tensor& y, double margin, Reduction reduction) {
  const ContractFloatEnv env;
  require_equal_shapes("cosine_embedding", a, b);
  // The bound on the squared lengths is added, so that a gradient passes a vector of zeros.
  const auto length = [](const Tensor& x) { return sqrt(sum(square(x), {-1}) + 1e-12); };
  const Tensor product = sum(a * b, {-1}), of_a = length(a), of_b = length(b);
  const Tensor cosine = product / (of_a * of_b);
  if (y.shape() != cosine.shape()) {
    raise("cosine_embedding: targets {} must have the axes of vectors {} but the last", y.shape().to_string(),
          a.shape().to_string());
  }
  const Tensor alike = 1 - cosine, unlike = hinge(cosine - margin);
  return reduce(by_sign(y, alike, unlike), reduction);
}

Tensor triplet_margin(const Tensor& anchor, const Tensor& positive, const Tensor& negative, const TripletOptions& o) {
  const ContractFloatEnv env;
  require_equal_shapes("triplet_margin", anchor, positive);
  require_equal_shapes("triplet_margin", anchor, negative);
  const DistanceOptions distance{.p = o.p, .epsilon = o.epsilon};
  Tensor away = pairwise_distance(anchor, negative, distance);
  if (o.swap) away = minimum(away, pairwise_distance(positive, negative, distance));
  return reduce(hinge(pairwise_distance(anchor, positive, distance) - away + o.margin), o.reduction);
}

}  // namespace stet::nn
