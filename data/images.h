// Labelled images in memory.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "stet/tensor/recorder.h"
#include "stet/tensor/tensor.h"

namespace stet::data {

/// How a channel's pixels 0 … 255 become numbers: (x / 255 - mean) / deviation, each constant and operation rounded to
/// float32.
struct PixelScale {
  float mean = 0.1307f, deviation = 0.3081f;  // MNIST's
};

/// Labelled images in memory, 8 bits a pixel.
class Images {
 public:
  /// images uint8 [N, H, W] or [N, C, H, W], labels int64 [N], and a scale for each channel. Throws DataError if the
  /// counts differ.
  Images(Tensor images, Tensor labels, DatasetRecord record, const std::vector<PixelScale>& scales = {PixelScale()});

  int64_t size() const { return state_->labels.size(0); }
  /// The image, float32 [C, H, W] by the channels' scales, and the label, an int64 scalar.
  std::array<Tensor, 2> get(int64_t i) const;
  std::vector<Tensor> batch(std::span<const int64_t> indices) const;
  const DatasetRecord& record() const { return state_->record; }

  /// The pixels as they were given, uint8.
  const Tensor& pixels() const { return state_->images; }
  /// int64 [N].
  const Tensor& labels() const { return state_->labels; }

 private:
  struct State {
    Tensor images, labels;
    DatasetRecord record;
    std::vector<std::array<float, 256>>
        levels;  // of each channel; a table gives the bits of computing it pixel by pixel
  };
  std::shared_ptr<const State> state_;
};

}  // namespace stet::data
