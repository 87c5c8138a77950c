// Handwritten digits and everything else that comes in MNIST's four files.
#pragma once

#include <filesystem>
#include <string>

#include "stet/data/images.h"

namespace stet::data {

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

/// Reads MNIST's files, plain or .gz, from a folder; the run's record says which. Pixels are normalised by the set's
/// mean and deviation, (x / 255 - 0.1307) / 0.3081. Throws DataError in one line that names the file at fault, as in
/// "data: t10k-images-idx3-ubyte has 10000 images, t10k-labels-idx1-ubyte has 9999 labels".
Images mnist(const std::filesystem::path& folder, const MnistOptions& options = {});

/// The same of Fashion-MNIST (Xiao et al., 2017, arXiv 1708.07747), which has MNIST's files: normalised by its own mean
/// 0.2860 and deviation 0.3530, in the record as "fashion-mnist/train" or "fashion-mnist/t10k".
Images fashion_mnist(const std::filesystem::path& folder, const MnistOptions& options = {});

}  // namespace stet::data
