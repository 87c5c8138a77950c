// The queue of a real GPU: a stream of the CUDA runtime, and a pool that memory is taken from and given back to in the
// stream's order.
#include "stet/cuda/queue.h"

#include <cuda_runtime.h>

#include <fstream>
#include <sstream>

#include "stet/cuda/errors.h"
#include "stet/cuda/status.h"

namespace stet::cuda {
namespace {

cudaStream_t stream_of(void* stream) { return static_cast<cudaStream_t>(stream); }

// CUDA's versions are numbers such as 12040.
std::string version_text(int version) { return fmt::format("{}.{}", version / 1000, version % 1000 / 10); }

void require_gpu(int index) {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaErrorInsufficientDriver) {
    int known = 0;
    cudaDriverGetVersion(&known);
    const std::string needed = version_text(CUDART_VERSION);
    if (known == 0)
      raise("device cuda:{}: this machine has no NVIDIA driver; install one that knows CUDA {}", index, needed);
    raise("device cuda:{}: the NVIDIA driver knows CUDA {}, and this build needs {}; install a newer driver", index,
          version_text(known), needed);
  }
  if (status == cudaErrorNoDevice || (status == cudaSuccess && count == 0))
    raise("device cuda:{}: the driver finds no GPU on this machine", index);
  if (status != cudaSuccess) raise("device cuda:{}: {}", index, cudaGetErrorString(status));
  if (index >= count)
    raise("device cuda:{}: this machine has {} GPU{}, the last is cuda:{}", index, count, count == 1 ? "" : "s",
          count - 1);
}

cudaStream_t new_stream() {
  cudaStream_t stream;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "making a stream");
  return stream;
}

cudaMemPool_t pool_of(int index) {
  cudaMemPool_t pool;
  check(cudaDeviceGetDefaultMemPool(&pool, index), "finding the memory pool");
  return pool;
}

}  // namespace

Queue::Queue(int index) : index_(index), name_("cuda:" + std::to_string(index)) {
  require_gpu(index);
  check(cudaSetDevice(index), "choosing the GPU");
  check(cudaDeviceGetAttribute(&multiprocessors_, cudaDevAttrMultiProcessorCount, index), "asking for its size");
  int most_shared = 0;
  check(cudaDeviceGetAttribute(&most_shared, cudaDevAttrMaxSharedMemoryPerBlockOptin, index),
        "asking for its shared memory");
  most_shared_ = static_cast<size_t>(most_shared);
  stream_ = new_stream();
  copy_stream_ = new_stream();
  uint64_t keep = UINT64_MAX;  // what is free stays in the pool, so a steady step asks the driver for nothing
  check(cudaMemPoolSetAttribute(pool_of(index), cudaMemPoolAttrReleaseThreshold, &keep), "setting the memory pool up");
  int wait_for_memory = 0;  // a batch's copy that waited for a step to free memory would not go on beside it
  check(cudaMemPoolSetAttribute(pool_of(index), cudaMemPoolReuseAllowInternalDependencies, &wait_for_memory),
        "setting the memory pool up");
  fault_ = static_cast<Fault*>(allocate(sizeof(Fault)));
  to_device(&kNoFault, fault_, sizeof(Fault));
}

Queue::~Queue() = default;  // lives as long as the process

// Asking costs little, and choosing more, even of the one that is chosen.
void Queue::choose() const noexcept {
  int chosen = -1;
  if (cudaGetDevice(&chosen) != cudaSuccess || chosen != index_)
    cudaSetDevice(index_);  // where it fails, so does the call that follows
}

void* Queue::stream() const noexcept {
  choose();
  return stream_;
}

void* Queue::copy_stream() const noexcept {
  choose();
  return copy_stream_;
}

size_t Queue::most_shared() const { return most_shared_; }

std::string Queue::gpu() const {
  cudaDeviceProp properties;
  check(cudaGetDeviceProperties(&properties, index_), "asking for its name");
  return properties.name;
}

std::string Queue::driver() const {
  int cuda = 0;
  check(cudaDriverGetVersion(&cuda), "asking for the driver's version");
  // The first line of this file holds the driver's own version as the only word that begins with a digit and has a
  // point.
  std::ifstream file("/proc/driver/nvidia/version");
  std::string line;
  std::getline(file, line);
  std::istringstream words(line);
  for (std::string word; words >> word;) {
    if (word[0] >= '0' && word[0] <= '9' && word.find('.') != word.npos)
      return fmt::format("{} (CUDA {})", word, version_text(cuda));
  }
  return "CUDA " + version_text(cuda);
}

std::string Queue::runtime() const {
  int version = 0;
  check(cudaRuntimeGetVersion(&version), "asking for the runtime's version");
  return version_text(version);
}

void* Queue::allocate(size_t bytes) { return allocate_on(stream(), bytes); }
void* Queue::allocate_ahead(size_t bytes) { return allocate_on(copy_stream(), bytes); }

void* Queue::allocate_on(void* stream, size_t bytes) {
  void* data = nullptr;
  cudaError_t status = cudaMallocAsync(&data, bytes == 0 ? 1 : bytes, stream_of(stream));
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    check(cudaStreamSynchronize(stream_of(stream_)), "waiting for the GPU");
    check(cudaStreamSynchronize(stream_of(copy_stream_)), "waiting for the GPU");
    check(cudaMemPoolTrimTo(pool_of(index_), 0), "giving memory back");
    status = cudaMallocAsync(&data, bytes == 0 ? 1 : bytes, stream_of(stream));
  }
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    out_of_memory(*this, bytes, held_, free, total);
  }
  check(status, "allocating memory");
  held_ += bytes;
  return data;
}

void Queue::release(void* data, size_t bytes) {
  held_ -= bytes;
  cudaFreeAsync(data,
                stream_of(stream()));  // fails only where the process ends, or on an error that the next call reports
}

void Queue::fill_zero(void* data, size_t bytes) {
  check(cudaMemsetAsync(data, 0, bytes, stream_of(stream())), "clearing memory");
}

void Queue::copy(const void* from, void* to, size_t bytes) {
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream_of(stream())), "copying");
}

void Queue::to_host(const void* from, void* to, size_t bytes) {
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream_of(stream())), "copying to the host");
  wait();
}

void Queue::to_device(const void* from, void* to, size_t bytes) {
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream_of(stream())), "copying to the GPU");
  check(cudaStreamSynchronize(stream_of(stream_)), "waiting for the GPU");  // it may be reading `from`
}

void Queue::wait() {
  Fault seen;
  check(cudaMemcpyAsync(&seen, fault_, sizeof(Fault), cudaMemcpyDeviceToHost, stream_of(stream())),
        "asking for reports");
  check(cudaStreamSynchronize(stream_of(stream_)), "waiting for the GPU");
  throw_fault(seen);
}

void Queue::throw_fault(const Fault& seen) {
  if (seen.launch == 0) return;
  const Fault fault = seen;
  to_device(&kNoFault, fault_, sizeof(Fault));
  throw_error(fault);
}

void Queue::allow_shared(const void* kernel, size_t bytes) {
  constexpr size_t kPlainShared = 48 * 1024;  // beyond it a kernel has to ask, once on each GPU
  if (bytes <= kPlainShared) return;
  std::lock_guard lock(mutex_);
  size_t& allowed = allowed_shared_[kernel];
  if (bytes <= allowed) return;
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes)),
        "asking for shared memory");
  allowed = bytes;
}

void Queue::launch(const void* kernel, const Grid& grid, void** arguments) {
  const cudaStream_t in = stream_of(stream());
  allow_shared(kernel, grid.shared);
  const auto [x, y, z] = grid.blocks;
  const dim3 blocks(static_cast<unsigned>(x), static_cast<unsigned>(y), static_cast<unsigned>(z));
  check(cudaLaunchKernel(kernel, blocks, dim3(grid.threads), arguments, grid.shared, in), "launching a kernel");
}

}  // namespace stet::cuda
