#include "stet/nn/fan_in_init.h"

#include <cmath>

#include "stet/nn/init.h"
#include "stet/tensor/float_env.h"

namespace stet::nn {

Parameter fan_in_uniform(const Shape& shape, int64_t fan_in, const Rng& rng, DType dtype) {
  const ContractFloatEnv env;
  const double bound = 1.0 / std::sqrt(static_cast<double>(fan_in));
  return Parameter(init::uniform(shape, rng, -bound, bound, dtype), rng.path());
}

}  // namespace stet::nn
