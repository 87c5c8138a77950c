#include "stet/data/random_box.h"

#include <cmath>

#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/math/elementary.h"

namespace stet::data {

void require_box(const char* name, float least, float most, float flattest) {
  if (!(least > 0 && least <= most && most <= 1 && flattest > 0 && flattest <= 1))
    raise("{}: parts {} to {} and a flattest of {}; these are above 0 and at most 1, in order", name, least, most,
          flattest);
}

std::optional<Box> random_box(int64_t h, int64_t w, float least, float most, float flattest, Ratio drawn,
                              SampleDraws& draws) {
  const ContractFloatEnv env;
  const float span = math::log(flattest);  // to its opposite
  for (int attempt = 0; attempt < 10; ++attempt) {
    const float area = static_cast<float>(h * w) * (least + draws.uniform() * (most - least));
    const float ratio = math::exp(span - draws.uniform() * (2.0f * span));
    const auto first = static_cast<int64_t>(std::round(math::sqrt(area * ratio)));
    const auto second = static_cast<int64_t>(std::round(math::sqrt(area / ratio)));
    const bool upright = drawn == Ratio::height_to_width;
    const int64_t height = upright ? first : second, width = upright ? second : first;
    if (height < 1 || width < 1 || height > h || width > w) continue;
    const int64_t top = draws.below(h - height + 1), left = draws.below(w - width + 1);
    return Box{top, left, height, width};
  }
  return {};
}

}  // namespace stet::data
