// The queue of a GPU that is emulated on the CPU: everything is done at once, but for copies that transfers.cpp puts
// off.
#include "stet/cuda/queue.h"

#include <cstring>
#include <utility>

#include "stet/cuda/emulation/memory.h"
#include "stet/cuda/emulation/settings.h"
#include "stet/cuda/errors.h"
#include "stet/tensor/error.h"

namespace stet::cuda {

using emulation::MemoryAccess;

Queue::Queue(int index) : index_(index), name_("cuda:" + std::to_string(index)), multiprocessors_(4) {
  if (index != 0) raise("device cuda:{}: there is one GPU here, cuda:0, which is emulated on the CPU", index);
  fault_ = static_cast<Fault*>(allocate(sizeof(Fault)));
  to_device(&kNoFault, fault_, sizeof(Fault));
}

Queue::~Queue() { release(fault_, sizeof(Fault)); }

void Queue::choose() const noexcept {}
void* Queue::stream() const noexcept { return stream_; }
void* Queue::copy_stream() const noexcept { return copy_stream_; }

size_t Queue::most_shared() const { return emulation::most_shared(); }

std::string Queue::gpu() const { return "emulated on the CPU"; }
std::string Queue::driver() const { return "none"; }
std::string Queue::runtime() const { return "none"; }

void* Queue::allocate(size_t bytes) { return allocate_on(stream_, bytes); }
void* Queue::allocate_ahead(size_t bytes) { return allocate_on(copy_stream_, bytes); }

void* Queue::allocate_on(void*, size_t bytes) {
  const size_t total = emulation::settings().memory;
  if (held_ + bytes > total) out_of_memory(*this, bytes, held_, total - held_, total);
  held_ += bytes;
  return emulation::allocate_memory(bytes);
}

void Queue::release(void* data, size_t bytes) {
  catch_up();
  held_ -= bytes;
  emulation::free_memory(data, bytes);
}

void Queue::later(std::function<void()> copy) {
  std::lock_guard lock(mutex_);
  put_off_.push_back(std::move(copy));
}

void Queue::catch_up() {
  std::lock_guard lock(mutex_);
  for (auto& copy : std::exchange(put_off_, {})) copy();
}

void Queue::fill_zero(void* data, size_t bytes) {
  catch_up();
  const MemoryAccess access;
  std::memset(data, 0, bytes);
}

void Queue::copy(const void* from, void* to, size_t bytes) {
  catch_up();
  const MemoryAccess access;
  std::memcpy(to, from, bytes);
}

void Queue::to_host(const void* from, void* to, size_t bytes) {
  copy(from, to, bytes);
  wait();
}

void Queue::to_device(const void* from, void* to, size_t bytes) { copy(from, to, bytes); }

void Queue::wait() {
  Fault seen;
  copy(fault_, &seen, sizeof(Fault));
  throw_fault(seen);
}

void Queue::throw_fault(const Fault& seen) {
  if (seen.launch == 0) return;
  to_device(&kNoFault, fault_, sizeof(Fault));
  throw_error(seen);
}

}  // namespace stet::cuda
