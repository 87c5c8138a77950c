// What siblings announce to the run without knowing it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "stet/tensor/tensor.h"

namespace stet {

class Gradients;
class Stateful;
struct CellState;

/// One file that a dataset was read from.
struct FileFingerprint {
  std::string path;
  int64_t size = 0;
  std::string sha256;  ///< hex
  bool operator==(const FileFingerprint&) const = default;
};

/// What a dataset announces: where it came from and what it holds.
struct DatasetRecord {
  std::string name;
  std::vector<FileFingerprint> files = {};
  int64_t samples = 0;
  std::string samples_sha256 = {};  ///< hex, of the decoded samples, so that a .gz equals its plain file
  std::string split = {};           ///< how it was split: "", or fractions, seed and path
  std::string digest = {};          ///< hex, of the indices that the split chose; "" without a split
  bool operator==(const DatasetRecord&) const = default;
};

/// What `Run` installs to hear of datasets, losses and optimizers.
class Recorder {
 public:
  virtual ~Recorder() = default;
  /// A dataset was opened or split.
  virtual void dataset(const DatasetRecord& record) = 0;
  /// backward was called on this scalar.
  virtual void loss(const Tensor& value) = 0;
  /// An optimizer is about to change these parameters.
  virtual void training(const Stateful& optimizer, const std::vector<std::shared_ptr<CellState>>& parameters) = 0;
  /// By these gradients.
  virtual void gradients(const Gradients&) {}
  /// Something that the training depends on changes, as a count or an average; `what` names its kind.
  virtual void changing(const Stateful&, const char* /*what*/) {}
  /// A thing that was watched is being destroyed.
  virtual void gone(const Stateful&) noexcept {}
};

/// The installed recorder, or null.
Recorder* recorder();
/// Installs one (null: none) and returns what was there before.
Recorder* install_recorder(Recorder* r);

}  // namespace stet
