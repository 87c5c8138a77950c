// Handwritten digits and everything else that comes in MNIST's four files.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "stet/tensor/recorder.h"
#include "stet/tensor/tensor.h"

namespace stet::data {

/// Labelled grey images in memory, 8 bits a pixel.
class Images {
 public:
  /// images uint8 [N, H, W], labels int64 [N]. Throws DataError if the counts differ.
  Images(Tensor images, Tensor labels, DatasetRecord record);

  int64_t size() const { return state_->labels.size(0); }
  /// The image, float32 [1, H, W], normalised by MNIST's mean and deviation as (x / 255 - 0.1307) / 0.3081, each constant and
  /// operation rounded to float32; and the label, an int64 scalar.
  std::array<Tensor, 2> get(int64_t i) const;
  std::vector<Tensor> batch(std::span<const int64_t> indices) const;
  const DatasetRecord& record() const { return state_->record; }

  /// The pixels as they were read, uint8 [N, H, W].
  const Tensor& pixels() const { return state_->images; }
  /// int64 [N].
  const Tensor& labels() const { return state_->labels; }

 private:
  struct State {
    Tensor images, labels;
    DatasetRecord record;
  };
  std::shared_ptr<const State> state_;
};

/// Which of MNIST's files to read.
enum class MnistPart {
  train_or_test,  ///< the 60,000 training images where the folder has them, else the 10,000 test images
  train,          ///< train-images-idx3-ubyte and train-labels-idx1-ubyte
  test,           ///< t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte
};

struct MnistOptions {
  MnistPart part = MnistPart::train_or_test;
  std::string name = {};  ///< in the run's record; empty: "mnist/train" or "mnist/t10k"
};

/// Reads MNIST's files, plain or .gz, from a folder; the run's record says which. Throws DataError in one line that names the
/// file at fault, as in "data: t10k-images-idx3-ubyte has 10000 images, t10k-labels-idx1-ubyte has 9999 labels".
Images mnist(const std::filesystem::path& folder, const MnistOptions& options = {});

}  // namespace stet::data
