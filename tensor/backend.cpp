#include "stet/tensor/backend.h"

#include "stet/tensor/error.h"

namespace stet {
namespace {

size_t bytes_of(const Tensor& x) { return static_cast<size_t>(x.elements()) * size_of(x.dtype()); }

}  // namespace

void no_kernel(const Backend& on, const char* op) {
  raise("{}: there is no kernel for device {} that keeps the numerics contract; run it on the CPU", op, on.name());
}

Backend& backend(Device device) {
  return device.kind == Device::Kind::cpu ? cpu_backend() : cuda_backend(device.index);
}

Tensor Backend::stage(const Tensor& x) { return x; }

void* Backend::upload(const Tensor& x) {
  const auto bytes = bytes_of(x);
  void* data = allocate(bytes);
  to_device(x.data(), data, bytes);
  return data;
}

std::shared_ptr<PendingRead> Backend::read_later(const Tensor& x) {
  const Tensor host = contiguous(x.detach()).to(cpu);
  const auto* data = static_cast<const std::byte*>(host.data());
  return std::make_shared<ArrivedRead>(std::vector<std::byte>(data, data + bytes_of(host)));
}

}  // namespace stet
