// Folders of images, one a class.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "stet/tensor/recorder.h"
#include "stet/tensor/tensor.h"

namespace stet::data {

struct ImageFolderOptions {
  int channels = 3;       ///< of the images, as PngOptions have them
  std::string name = {};  ///< in the run's record; empty: the folder's own
};

/// The PNG files below a folder's subfolders, which are the classes: FOLDER/cat/1.png, FOLDER/dog/new/2.png. Classes
/// are numbered in byte order of their names, files are in byte order of their paths. A file is read when its sample is
/// asked for; a loader's workers do it. A value that is cheap to copy.
class ImageFolder {
 public:
  /// Throws DataError where the folder can't be read, or a class has no image.
  explicit ImageFolder(const std::filesystem::path& folder, const ImageFolderOptions& options = {});

  int64_t size() const;
  /// The image, float32 [C, H, W], x / 255, and its class, an int64 scalar. Images keep their extents: crop or resize
  /// them (`augment`, `map`) to stack them. Throws DataError that names the file.
  std::array<Tensor, 2> get(int64_t i) const;
  /// Names of the classes.
  const std::vector<std::string>& classes() const;
  /// The class of every sample, int64 [N].
  Tensor labels() const;
  /// The i-th sample's file.
  const std::filesystem::path& path(int64_t i) const;
  /// With all files; the samples' fingerprint is of the decoded pixels and the labels. Computed where a run asks.
  DatasetRecord record() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace stet::data
