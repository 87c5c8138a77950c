#include "stet/tracking/record/png.h"

#include <png.h>

#include <cmath>
#include <vector>

#include "stet/tensor/error.h"

namespace stet::tracking {
namespace {

std::vector<uint8_t> to_bytes(const Tensor& image) {
  const Tensor x = contiguous(image.detach().to(cpu));
  if (x.dtype() == DType::uint8) return x.to_vector<uint8_t>();
  if (!is_floating(x.dtype()))
    raise("log_image: {} is no image type; give uint8, or floating in [0, 1]", name_of(x.dtype()));
  std::vector<uint8_t> bytes;
  for (const double v : x.to(DType::float64).to_vector<double>()) {
    bytes.push_back(v > 0 ? static_cast<uint8_t>(std::lround(std::fmin(v, 1.0) * 255)) : uint8_t{0});
  }
  return bytes;
}

// Planes [3, H, W] to pixels [H, W, 3].
std::vector<uint8_t> interleave(const std::vector<uint8_t>& planes) {
  const size_t pixels = planes.size() / 3;
  std::vector<uint8_t> out(planes.size());
  for (size_t i = 0; i < pixels; ++i) {
    for (size_t c = 0; c < 3; ++c) out[3 * i + c] = planes[c * pixels + i];
  }
  return out;
}

}  // namespace

Png encode_png(const Tensor& image) {
  const bool planes = image.rank() == 3 && (image.size(0) == 3 || image.size(0) == 1);
  const bool colour = planes && image.size(0) == 3;
  if ((!planes && image.rank() != 2) || image.elements() == 0)
    raise("log_image: an image has shape [H, W], [1, H, W] or [3, H, W], not {}", image.shape().to_string());
  constexpr int64_t longest = 0x7fffffff;  // of the format
  if (image.size(-1) > longest || image.size(-2) > longest)
    raise("log_image: {} is larger than a PNG can be", image.shape().to_string());
  std::vector<uint8_t> pixels = to_bytes(image);
  if (colour) pixels = interleave(pixels);
  Png result{image.size(-1), image.size(-2), {}};
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<png_uint_32>(result.width);
  png.height = static_cast<png_uint_32>(result.height);
  png.format = colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  png_alloc_size_t size = 0;
  if (!png_image_write_to_memory(&png, nullptr, &size, 0, pixels.data(), 0, nullptr))
    raise("log_image: {} can't be written as PNG", image.shape().to_string());
  result.bytes.resize(size);
  if (!png_image_write_to_memory(&png, result.bytes.data(), &size, 0, pixels.data(), 0, nullptr))
    raise("log_image: {} can't be written as PNG", image.shape().to_string());
  result.bytes.resize(size);
  return result;
}

}  // namespace stet::tracking
