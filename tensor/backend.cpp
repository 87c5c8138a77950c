#include "stet/tensor/backend.h"

#include "stet/tensor/cpu/backend.h"
#include "stet/tensor/error.h"

namespace stet {
namespace {

[[noreturn]] void unsupported(const Backend& b, const char* op) {
  raise("{}: there is no kernel for device {} that keeps the numerics contract; run it on the CPU", op, b.name());
}

size_t bytes_of(const Tensor& x) { return static_cast<size_t>(x.elements()) * size_of(x.dtype()); }

}  // namespace

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

std::shared_ptr<PendingRead> Backend::digests(std::span<const DigestTask> tasks) {
  std::vector<Digest> found;
  for (const DigestTask& t : tasks) found.push_back(digest(t.salt, t.value));
  const auto bytes = std::as_bytes(std::span(found));
  return std::make_shared<ArrivedRead>(std::vector<std::byte>(bytes.begin(), bytes.end()));
}

void Backend::copy(const Tensor&, const Tensor&) { unsupported(*this, "copy"); }
void Backend::fill(double, const Tensor&) { unsupported(*this, "fill"); }
void Backend::unary(Unary, const Tensor&, const Tensor&) { unsupported(*this, "unary"); }
void Backend::binary(Binary, const Tensor&, const Tensor&, const Tensor&) { unsupported(*this, "binary"); }
void Backend::where(const Tensor&, const Tensor&, const Tensor&, const Tensor&) { unsupported(*this, "where"); }
void Backend::reduce(Reduce, const Tensor&, const std::vector<bool>&, const Tensor&) { unsupported(*this, "reduce"); }
void Backend::arg_extreme(Reduce, const Tensor&, int, const Tensor&) { unsupported(*this, "argmax"); }
void Backend::matmul(const Tensor&, const Tensor&, const Tensor&) { unsupported(*this, "matmul"); }
void Backend::linear(const Tensor&, const Tensor&, const Tensor&, Activation, const Tensor&) {
  unsupported(*this, "linear");
}
void Backend::conv2d(const Window&, const Tensor&, const Tensor&, const Tensor&, Activation, const Tensor&) {
  unsupported(*this, "conv2d");
}
void Backend::conv2d_input_gradient(const Window&, const Tensor&, const Tensor&, const Tensor&) {
  unsupported(*this, "conv2d_input_gradient");
}
void Backend::conv2d_weight_gradient(const Window&, const Tensor&, const Tensor&, const Tensor&) {
  unsupported(*this, "conv2d_weight_gradient");
}
void Backend::max_pool2d(const Window&, const Tensor&, const Tensor&, const Tensor&) {
  unsupported(*this, "max_pool2d");
}
void Backend::max_pool2d_gradient(const Window&, const Tensor&, const Tensor&, const Tensor&) {
  unsupported(*this, "max_pool2d_gradient");
}
void Backend::avg_pool2d(const Window&, const Tensor&, const Tensor&) { unsupported(*this, "avg_pool2d"); }
void Backend::avg_pool2d_gradient(const Window&, const Tensor&, const Tensor&) {
  unsupported(*this, "avg_pool2d_gradient");
}
void Backend::index_select(const Tensor&, const Tensor&, const Tensor&) { unsupported(*this, "index_select"); }
void Backend::index_add(const Tensor&, const Tensor&, const Tensor&) { unsupported(*this, "index_add"); }
void Backend::gather(const Tensor&, const Tensor&, const Tensor&) { unsupported(*this, "gather"); }
void Backend::scatter_add(const Tensor&, const Tensor&, const Tensor&) { unsupported(*this, "scatter_add"); }
void Backend::gelu(const Tensor&, const Tensor&, const Tensor&) { unsupported(*this, "gelu"); }
void Backend::gelu_gradient(const Tensor&, const Tensor&, const Tensor&, const Tensor&) {
  unsupported(*this, "gelu_gradient");
}
void Backend::attention(const AttentionRule&, const AttentionInputs&, const Tensor&, const Tensor&, const Tensor&) {
  unsupported(*this, "attention");
}
void Backend::attention_gradient(const AttentionRule&, const AttentionInputs&, const Tensor&, const Tensor&,
                                 const Tensor&, const Tensor&, const AttentionInputs&) {
  unsupported(*this, "attention_gradient");
}
void Backend::lstm(const Tensor&, const Tensor&, const LstmTrace&, const Tensor&) { unsupported(*this, "lstm"); }
void Backend::lstm_gradient(const Tensor&, const LstmTrace&, const Tensor&, const Tensor&, const Tensor&, const Tensor&,
                            const Tensor&) {
  unsupported(*this, "lstm_gradient");
}
void Backend::random(Distribution, const Draw&, const Tensor&) { unsupported(*this, "random"); }
void Backend::batch_norm(const BatchNormInputs&, const Tensor&, const BatchStatistics&) {
  unsupported(*this, "batch_norm");
}
void Backend::batch_norm_evaluation(const BatchNormInputs&, const BatchStatistics&, const Tensor&) {
  unsupported(*this, "batch_norm_evaluation");
}
void Backend::batch_norm_gradient(const BatchNormInputs&, const BatchStatistics&, const Tensor&, const Tensor&,
                                  const BatchNormGradients&) {
  unsupported(*this, "batch_norm_gradient");
}
void Backend::layer_norm(const LayerNormInputs&, const Tensor&, const RowStatistics&) {
  unsupported(*this, "layer_norm");
}
void Backend::layer_norm_gradient(const LayerNormInputs&, const RowStatistics&, const Tensor&,
                                  const LayerNormGradients&) {
  unsupported(*this, "layer_norm_gradient");
}
void Backend::dropout(const Tensor&, const Draw&, uint64_t, double, const Tensor&) { unsupported(*this, "dropout"); }
void Backend::softmax(const Tensor&, const Tensor&) { unsupported(*this, "softmax"); }
void Backend::softmax_gradient(const Tensor&, const Tensor&, const Tensor&) { unsupported(*this, "softmax_gradient"); }
void Backend::log_softmax(const Tensor&, const Tensor&) { unsupported(*this, "log_softmax"); }
void Backend::cross_entropy(const Tensor&, const Tensor&, const Tensor&, const Tensor&, const Tensor&) {
  unsupported(*this, "cross_entropy");
}
void Backend::cross_entropy_gradient(const Tensor&, const Tensor&, const Tensor&, const Tensor&, const Tensor&) {
  unsupported(*this, "cross_entropy_gradient");
}
void Backend::sgd(std::span<const SgdTask>) { unsupported(*this, "sgd"); }
void Backend::adam(std::span<const AdamTask>) { unsupported(*this, "adam"); }
void Backend::clip_norm(double, std::span<const Tensor>, std::span<const Tensor>, const Tensor&) {
  unsupported(*this, "clip_norm");
}

}  // namespace stet
