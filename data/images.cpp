#include "stet/data/images.h"

#include "stet/data/sample.h"
#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"

namespace stet::data {
namespace {

std::array<float, 256> levels_of(const PixelScale& scale) {
  const ContractFloatEnv env;
  std::array<float, 256> values;
  for (size_t x = 0; x < values.size(); ++x)
    values[x] = (static_cast<float>(x) / 255.0f - scale.mean) / scale.deviation;
  return values;
}

}  // namespace

Images::Images(Tensor images, Tensor labels, DatasetRecord record, const std::vector<PixelScale>& scales) {
  if (images.dtype() != DType::uint8 || (images.rank() != 3 && images.rank() != 4) || labels.dtype() != DType::int64 ||
      labels.rank() != 1) {
    raise("data: images are uint8 [N, H, W] or [N, C, H, W] and labels int64 [N], not {} {} and {} {}",
          name_of(images.dtype()), images.shape().to_string(), name_of(labels.dtype()), labels.shape().to_string());
  }
  if (images.size(0) != labels.size(0)) {
    raise<DataError>("data: {} has {} images and {} labels", record.name, images.size(0), labels.size(0));
  }
  const int64_t channels = images.rank() == 3 ? 1 : images.size(1);
  if (static_cast<int64_t>(scales.size()) != channels) {
    raise("data: {} has {} channels and {} scales; give one for each", record.name, channels, scales.size());
  }
  State state{contiguous(images), contiguous(labels), std::move(record), {}};
  for (const PixelScale& scale : scales) state.levels.push_back(levels_of(scale));
  state_ = std::make_shared<const State>(std::move(state));
}

std::array<Tensor, 2> Images::get(int64_t i) const {
  const int64_t index[] = {i};
  const std::vector<Tensor> one = batch(index);
  return {one[0][0], one[1][0]};
}

std::vector<Tensor> Images::batch(std::span<const int64_t> indices) const {
  const int64_t c = static_cast<int64_t>(state_->levels.size()), h = state_->images.size(-2),
                w = state_->images.size(-1);
  Tensor x = Tensor::uninitialized(Shape{static_cast<int64_t>(indices.size()), c, h, w}, DType::float32);
  Tensor y = take_rows(state_->labels, indices);
  float* out = x.mutable_data_as<float>();
  for (int64_t i : indices) {
    const uint8_t* from = state_->images.data_as<uint8_t>() + i * c * h * w;
    for (const std::array<float, 256>& levels : state_->levels) {
      for (int64_t k = 0; k < h * w; ++k) *out++ = levels[*from++];
    }
  }
  return {std::move(x), std::move(y)};
}

}  // namespace stet::data
