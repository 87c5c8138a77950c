// Values on their way from a device to the host.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace stet {

class PendingRead {
 public:
  virtual ~PendingRead() = default;
  /// Whether bytes() would not wait.
  virtual bool arrived() = 0;
  /// The values in row-major order; waits for them, and throws what kernels reported until then.
  virtual std::span<const std::byte> bytes() = 0;
};

/// Values that are on the host already.
class ArrivedRead final : public PendingRead {
 public:
  explicit ArrivedRead(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}
  bool arrived() override { return true; }
  std::span<const std::byte> bytes() override { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace stet
