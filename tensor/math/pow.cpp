// The float32 power.
#include "stet/tensor/math/elementary.h"
#include "stet/tensor/math/mpfr_scope.h"

namespace stet {

void pow(const float* x, const float* y, float* z, int64_t n) {
  math::MpfrScope evaluate(math::kFloat32);
  for (int64_t i = 0; i < n; ++i) z[i] = static_cast<float>(evaluate.pow(x[i], y[i]));
}

float math::pow(float x, float y) { return static_cast<float>(MpfrScope(kFloat32).pow(x, y)); }

}  // namespace stet
