// Transfers of the emulated GPU. They are as late as a real one's may be, so that what doesn't wait for them shows.
#include "stet/cuda/transfers.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "stet/cuda/emulation/memory.h"
#include "stet/cuda/emulation/settings.h"
#include "stet/tensor/dtype.h"
#include "stet/tensor/storage.h"

namespace stet::cuda {

namespace emulation {

Settings& settings() {
  static Settings s = [] {
    const char *memory = std::getenv("STET_EMULATED_MEMORY"), *late = std::getenv("STET_EMULATED_LATE");
    return Settings{memory ? std::stoull(memory) : std::numeric_limits<size_t>::max() / 2, late ? std::stoi(late) : 3};
  }();
  return s;
}

}  // namespace emulation

namespace {

size_t bytes_of(const Tensor& x) { return static_cast<size_t>(x.elements()) * size_of(x.dtype()); }

Tensor copy_of(const Tensor& x) {
  const Tensor copy = Tensor::uninitialized(x.shape(), x.dtype());
  if (x.elements() > 0) std::memcpy(copy.mutable_data(), x.data(), bytes_of(x));
  return copy;
}

class Read final : public PendingRead {
 public:
  Read(Queue& queue, const void* data, size_t bytes) : queue_(queue), values_(bytes), number_(++asked_for) {
    if (bytes > 0) queue.copy(data, values_.data(), bytes);
    queue.copy(queue.fault(), &reported_, sizeof(Fault));
  }
  bool arrived() override { return asked_for - number_ >= emulation::settings().late || number_ <= waited_for; }
  std::span<const std::byte> bytes() override {
    if (waited_for < number_) waited_for = number_;
    queue_.throw_fault(reported_);
    return values_;
  }

 private:
  inline static std::atomic<int64_t> asked_for = 0, waited_for = 0;
  Queue& queue_;
  std::vector<std::byte> values_;
  Fault reported_;
  const int64_t number_;
};

}  // namespace

struct Transfers::Copies {};

Transfers::Transfers(Queue& queue) : queue_(queue) {}
Transfers::~Transfers() = default;

Tensor Transfers::stage(const Tensor& x) { return x.device() == cpu && x.is_contiguous() ? copy_of(x) : x; }

void* Transfers::upload(const Tensor& x) {
  void* const data = queue_.allocate_ahead(bytes_of(x));
  queue_.later([from = copy_of(x), data] {
    const emulation::MemoryAccess access;
    if (from.elements() > 0) std::memcpy(data, from.data(), bytes_of(from));
  });
  return data;
}

std::shared_ptr<PendingRead> Transfers::read_later(const void* data, size_t bytes) {
  return std::make_shared<Read>(queue_, data, bytes);
}

}  // namespace stet::cuda
