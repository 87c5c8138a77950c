// The queue of a GPU that is emulated on the CPU: everything is done at once.
#include "stet/cuda/queue.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "stet/tensor/error.h"

namespace stet::cuda {

Queue::Queue(int index) : index_(index), name_("cuda:" + std::to_string(index)), multiprocessors_(4) {
  if (index != 0) raise("device cuda:{}: there is one GPU here, cuda:0, which is emulated on the CPU", index);
  fault_ = static_cast<Fault*>(allocate(sizeof(Fault)));
  *fault_ = kNoFault;
}

Queue::~Queue() { release(fault_, sizeof(Fault)); }

size_t Queue::most_shared() const { return emulation::most_shared(); }

void* Queue::allocate(size_t bytes) {
  void* data = nullptr;
  if (posix_memalign(&data, 256, bytes == 0 ? 1 : bytes) != 0) throw std::bad_alloc();
  std::memset(data, 0xff, bytes);  // nothing that looks like a result
  held_ += bytes;
  return data;
}

void Queue::release(void* data, size_t bytes) {
  held_ -= bytes;
  std::free(data);
}

void Queue::fill_zero(void* data, size_t bytes) { std::memset(data, 0, bytes); }
void Queue::copy(const void* from, void* to, size_t bytes) { std::memcpy(to, from, bytes); }

void Queue::to_host(const void* from, void* to, size_t bytes) {
  std::memcpy(to, from, bytes);
  wait();
}

void Queue::to_device(const void* from, void* to, size_t bytes) { std::memcpy(to, from, bytes); }

void Queue::wait() { throw_fault(*fault_); }

void Queue::throw_fault(const Fault& seen) {
  if (seen.first == kNoFault.first) return;
  const Fault fault = seen;
  *fault_ = kNoFault;
  throw_error(fault);
}

}  // namespace stet::cuda
