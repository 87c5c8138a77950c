// The CUDA backend: every op is handed on to its kernel.
#include "stet/tensor/backend.h"

#include <array>
#include <cstring>
#include <memory>
#include <mutex>
#include <vector>

#include "stet/cuda/attention.h"
#include "stet/cuda/clip.h"
#include "stet/cuda/conv.h"
#include "stet/cuda/digest.h"
#include "stet/cuda/elementwise.h"
#include "stet/cuda/gelu.h"
#include "stet/cuda/index.h"
#include "stet/cuda/lstm.h"
#include "stet/cuda/matmul.h"
#include "stet/cuda/norm.h"
#include "stet/cuda/pool.h"
#include "stet/cuda/queue.h"
#include "stet/cuda/random.h"
#include "stet/cuda/reduce.h"
#include "stet/cuda/softmax.h"
#include "stet/cuda/transfers.h"
#include "stet/cuda/update.h"
#include "stet/tensor/error.h"

namespace stet {
namespace {

class CudaBackend : public Backend {
 public:
  explicit CudaBackend(int index) : queue_(index), transfers_(queue_) {}

  const char* name() const override { return queue_.name(); }
  cuda::Queue& queue() { return queue_; }
  DeviceDescription describe() const override { return {queue_.gpu(), queue_.driver(), queue_.runtime()}; }

  void* allocate(size_t bytes) override { return queue_.allocate(bytes); }
  void release(void* data, size_t bytes) override { queue_.release(data, bytes); }
  void to_host(const void* from, void* to, size_t bytes) override { queue_.to_host(from, to, bytes); }
  void to_device(const void* from, void* to, size_t bytes) override { queue_.to_device(from, to, bytes); }
  Tensor stage(const Tensor& x) override { return transfers_.stage(x); }
  void* upload(const Tensor& x) override { return transfers_.upload(x); }
  std::shared_ptr<PendingRead> read_later(const Tensor& x) override {
    const Tensor plain = contiguous(x.detach());
    return transfers_.read_later(plain.data(), static_cast<size_t>(plain.elements()) * size_of(plain.dtype()));
  }

  void copy(const Tensor& x, const Tensor& y) override { cuda_kernels::copy(queue_, x, y); }
  void fill(double value, const Tensor& y) override { cuda_kernels::fill(queue_, value, y); }
  void unary(Unary op, const Tensor& x, const Tensor& y) override { cuda_kernels::unary(queue_, op, x, y); }
  void binary(Binary op, const Tensor& a, const Tensor& b, const Tensor& y) override {
    cuda_kernels::binary(queue_, op, a, b, y);
  }
  void where(const Tensor& condition, const Tensor& a, const Tensor& b, const Tensor& y) override {
    cuda_kernels::where(queue_, condition, a, b, y);
  }
  void reduce(Reduce op, const Tensor& x, const std::vector<bool>& reduced, const Tensor& y) override {
    cuda_kernels::reduce(queue_, op, x, reduced, y);
  }
  void arg_extreme(Reduce op, const Tensor& x, int axis, const Tensor& y) override {
    cuda_kernels::arg_extreme(queue_, op, x, axis, y);
  }
  void matmul(const Tensor& a, const Tensor& b, const Tensor& y) override { cuda_kernels::matmul(queue_, a, b, y); }
  void linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation,
              const Tensor& y) override {
    cuda_kernels::linear(queue_, x, weight, bias, activation, y);
  }
  void conv2d(const Window& s, const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation,
              const Tensor& y) override {
    cuda_kernels::conv2d(queue_, s, x, weight, bias, activation, y);
  }
  void conv2d_input_gradient(const Window& s, const Tensor& dy, const Tensor& weight, const Tensor& dx) override {
    cuda_kernels::conv2d_input_gradient(queue_, s, dy, weight, dx);
  }
  void conv2d_weight_gradient(const Window& s, const Tensor& dy, const Tensor& x, const Tensor& dw) override {
    cuda_kernels::conv2d_weight_gradient(queue_, s, dy, x, dw);
  }
  void max_pool2d(const Window& s, const Tensor& x, const Tensor& y, const Tensor& index) override {
    cuda_kernels::max_pool2d(queue_, s, x, y, index);
  }
  void max_pool2d_gradient(const Window& s, const Tensor& dy, const Tensor& index, const Tensor& dx) override {
    cuda_kernels::max_pool2d_gradient(queue_, s, dy, index, dx);
  }
  void avg_pool2d(const Window& s, const Tensor& x, const Tensor& y) override {
    cuda_kernels::avg_pool2d(queue_, s, x, y);
  }
  void avg_pool2d_gradient(const Window& s, const Tensor& dy, const Tensor& dx) override {
    cuda_kernels::avg_pool2d_gradient(queue_, s, dy, dx);
  }
  void index_select(const Tensor& x, const Tensor& index, const Tensor& y) override {
    cuda_kernels::index_select(queue_, x, index, y);
  }
  void index_add(const Tensor& g, const Tensor& index, const Tensor& y) override {
    cuda_kernels::index_add(queue_, g, index, y);
  }
  void gather(const Tensor& x, const Tensor& index, const Tensor& y) override {
    cuda_kernels::gather(queue_, x, index, y);
  }
  void scatter_add(const Tensor& g, const Tensor& index, const Tensor& y) override {
    cuda_kernels::scatter_add(queue_, g, index, y);
  }
  void gelu(const Tensor& x, const Tensor& y, const Tensor& one_plus_erf) override {
    cuda_kernels::gelu(queue_, x, y, one_plus_erf);
  }
  void gelu_gradient(const Tensor& g, const Tensor& x, const Tensor& one_plus_erf, const Tensor& dx) override {
    cuda_kernels::gelu_gradient(queue_, g, x, one_plus_erf, dx);
  }
  void attention(const AttentionRule& rule, const AttentionInputs& in, const Tensor& o, const Tensor& extremes,
                 const Tensor& totals) override {
    cuda_kernels::attention(queue_, rule, in, o, extremes, totals);
  }
  void attention_gradient(const AttentionRule& rule, const AttentionInputs& in, const Tensor& o, const Tensor& extremes,
                          const Tensor& totals, const Tensor& g, const AttentionInputs& gradients) override {
    cuda_kernels::attention_gradient(queue_, rule, in, o, extremes, totals, g, gradients);
  }
  void lstm(const Tensor& weight, const Tensor& bias, const LstmTrace& trace, const Tensor& output) override {
    cuda_kernels::lstm(queue_, weight, bias, trace, output);
  }
  void lstm_gradient(const Tensor& weight, const LstmTrace& trace, const Tensor& g, const Tensor& g_cell,
                     const Tensor& d_gates, const Tensor& d_hidden, const Tensor& d_cell) override {
    cuda_kernels::lstm_gradient(queue_, weight, trace, g, g_cell, d_gates, d_hidden, d_cell);
  }
  void random(Distribution d, const Draw& draw, const Tensor& y) override { cuda_kernels::random(queue_, d, draw, y); }
  void batch_norm(const BatchNormInputs& in, const Tensor& y, const BatchStatistics& statistics) override {
    cuda_kernels::batch_norm(queue_, in, y, statistics);
  }
  void batch_norm_evaluation(const BatchNormInputs& in, const BatchStatistics& statistics, const Tensor& y) override {
    cuda_kernels::batch_norm_evaluation(queue_, in, statistics, y);
  }
  void batch_norm_gradient(const BatchNormInputs& in, const BatchStatistics& statistics, const Tensor& y,
                           const Tensor& g, const BatchNormGradients& to) override {
    cuda_kernels::batch_norm_gradient(queue_, in, statistics, y, g, to);
  }
  void layer_norm(const LayerNormInputs& in, const Tensor& y, const RowStatistics& statistics) override {
    cuda_kernels::layer_norm(queue_, in, y, statistics);
  }
  void layer_norm_gradient(const LayerNormInputs& in, const RowStatistics& statistics, const Tensor& g,
                           const LayerNormGradients& to) override {
    cuda_kernels::layer_norm_gradient(queue_, in, statistics, g, to);
  }
  void softmax(const Tensor& x, const Tensor& y) override { cuda_kernels::softmax(queue_, x, y); }
  void softmax_gradient(const Tensor& g, const Tensor& y, const Tensor& dx) override {
    cuda_kernels::softmax_gradient(queue_, g, y, dx);
  }
  void log_softmax(const Tensor& x, const Tensor& y) override { cuda_kernels::log_softmax(queue_, x, y); }
  void cross_entropy(const Tensor& logits, const Tensor& target, const Tensor& loss, const Tensor& exponentials,
                     const Tensor& total) override {
    cuda_kernels::cross_entropy(queue_, logits, target, loss, exponentials, total);
  }
  void cross_entropy_gradient(const Tensor& g, const Tensor& target, const Tensor& exponentials, const Tensor& total,
                              const Tensor& dx) override {
    cuda_kernels::cross_entropy_gradient(queue_, g, target, exponentials, total, dx);
  }
  void dropout(const Tensor& x, const Draw& draw, uint64_t threshold, double scale, const Tensor& y) override {
    cuda_kernels::dropout(queue_, x, draw, threshold, scale, y);
  }
  Digest digest(const DigestSalt& salt, const Tensor& x) override {
    const DigestTask task{salt, x};
    Digest found;
    std::memcpy(&found, digests({&task, 1})->bytes().data(), sizeof(found));
    return found;
  }
  std::shared_ptr<PendingRead> digests(std::span<const DigestTask> tasks) override {
    std::vector<int64_t> salts;  // what the sums begin with
    for (const DigestTask& t : tasks)
      salts.insert(salts.end(), {static_cast<int64_t>(t.salt.low), static_cast<int64_t>(t.salt.high)});
    const Tensor sums = Tensor::from(salts).to(Device{Device::Kind::cuda, queue_.index()});
    cuda_kernels::add_digests(queue_, tasks, static_cast<unsigned long long*>(sums.mutable_data()));
    return read_later(sums);
  }
  void sgd(std::span<const SgdTask> tasks) override { cuda_kernels::sgd(queue_, tasks); }
  void adam(std::span<const AdamTask> tasks) override { cuda_kernels::adam(queue_, tasks); }
  void clip_norm(double max_norm, std::span<const Tensor> gradients, std::span<const Tensor> to,
                 const Tensor& norm) override {
    cuda_kernels::clip_norm(queue_, max_norm, gradients, to, norm);
  }

 private:
  cuda::Queue queue_;
  cuda::Transfers transfers_;
};

CudaBackend& gpu(int index) {
  static std::mutex mutex;
  static auto& backends = *new std::array<std::unique_ptr<CudaBackend>, 64>;  // never destroyed: tensors may outlive it
  if (index < 0 || index >= static_cast<int>(backends.size())) raise("device cuda:{}: there is no such GPU", index);
  std::lock_guard lock(mutex);
  auto& one = backends[static_cast<size_t>(index)];
  if (!one) one = std::make_unique<CudaBackend>(index);
  return *one;
}

}  // namespace

Backend& cuda_backend(int index) { return gpu(index); }

cuda::Queue& cuda::queue_of(int index) { return gpu(index).queue(); }

}  // namespace stet
