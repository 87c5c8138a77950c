// CIFAR-10: small colour photographs of ten kinds of things.
#pragma once

#include <filesystem>
#include <string>

#include "stet/data/images.h"

namespace stet::data {

enum class Cifar10Part {
  train,  ///< data_batch_1.bin to data_batch_5.bin
  test,   ///< test_batch.bin
};

struct Cifar10Options {
  Cifar10Part part = Cifar10Part::train;
  std::string name = {};  ///< in the run's record; empty: "cifar10/train" or "cifar10/test"
};

/// Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009: reads the set's binary files from a folder.
/// A record is one byte of label, 0 to 9, and 3072 of pixels, a 32x32 plane each of red, green and blue. Images are [3,
/// 32, 32], normalised by the training set's means 0.4914, 0.4822, 0.4465 and deviations 0.2470, 0.2435, 0.2616. Throws
/// DataError in one line that names the file at fault.
Images cifar10(const std::filesystem::path& folder, const Cifar10Options& options = {});

}  // namespace stet::data
