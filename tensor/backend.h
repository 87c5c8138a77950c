// What a device must be able to do.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "stet/tensor/digest.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/pending_read.h"

namespace stet {

/// A device, for records: its name, its driver's version, and the version of what this program calls it by.
struct DeviceDescription {
  std::string name, driver, runtime;
};

/// A tensor to digest, contiguous.
struct DigestTask {
  DigestSalt salt;
  Tensor value;
};

/// A device: its kernels, which it fills in, its memory, and what goes between that and the host's.
class Backend : public Kernels {
 public:
  Backend() : Kernels(*this) {}
  virtual ~Backend() = default;
  virtual const char* name() const = 0;
  virtual DeviceDescription describe() const { return {}; }

  virtual void* allocate(size_t bytes) = 0;
  virtual void release(void* data, size_t bytes) = 0;
  /// Between the host's memory and the device's; both contiguous.
  virtual void to_host(const void* device, void* host, size_t bytes) = 0;
  virtual void to_device(const void* host, void* device, size_t bytes) = 0;
  /// x with its elements in memory of the host that the device reads by itself; x itself where it is not contiguous and
  /// on the CPU. From any thread. The base class gives x.
  virtual Tensor stage(const Tensor& x);
  /// Memory of this device, as from allocate(), with the values of x, which is contiguous and on the CPU. May return
  /// before they are there: what is asked for later waits for them, and x is kept till then.
  virtual void* upload(const Tensor& x);
  /// Begins to bring x's elements to the host as they are now, and doesn't wait. The base class brings them at once.
  virtual std::shared_ptr<PendingRead> read_later(const Tensor& x);
  /// As read_later: the Digests of tensors of this device, as digest.h defines them, side by side. The base class
  /// brings the tensors to the host and digests them there.
  virtual std::shared_ptr<PendingRead> digests(std::span<const DigestTask> tasks);
};

/// The backend of a device. Throws UsageError that says what is missing: built without CUDA, no driver, or no GPU.
Backend& backend(Device device);

/// The CPU's. tensor/cpu/ defines it.
Backend& cpu_backend();

/// The backend of a GPU. cuda/ defines it: the real one, or in a build without CUDA one that says so.
Backend& cuda_backend(int index);

}  // namespace stet
