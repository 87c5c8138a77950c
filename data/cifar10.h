// CIFAR-10 and CIFAR-100: small colour photographs of ten and of a hundred kinds of things.
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

enum class Cifar100Labels {
  fine,    ///< 0 to 99
  coarse,  ///< 0 to 19: what kinds have in common
};

struct Cifar100Options {
  Cifar10Part part = Cifar10Part::train;  ///< train.bin or test.bin
  Cifar100Labels labels = Cifar100Labels::fine;
  std::string name = {};  ///< in the run's record; empty: "cifar100/train" or "cifar100/test"
};

/// The same of CIFAR-100's binary files, whose records begin with two labels, the coarse one first; normalised by means
/// 0.5071, 0.4867, 0.4408 and deviations 0.2675, 0.2565, 0.2761.
Images cifar100(const std::filesystem::path& folder, const Cifar100Options& options = {});

}  // namespace stet::data
