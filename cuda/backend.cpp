// The CUDA backend: its table of kernels, its memory and transfers.
#include "stet/tensor/backend.h"

#include <array>
#include <cstring>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "stet/cuda/digest.h"
#include "stet/cuda/queue.h"
#include "stet/cuda/transfers.h"
#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"

namespace stet {

// Declared by the table's entries, with the queue first, and defined in the sources of this folder.
namespace cuda_kernels {

template <class Signature> struct WithQueue;
template <class... Arguments> struct WithQueue<void(Arguments...)> { using Type = void(cuda::Queue&, Arguments...); };
template <auto kEntry> using CudaKernelOf = typename WithQueue<KernelOf<kEntry>>::Type;

CudaKernelOf<&Kernels::copy> copy;
CudaKernelOf<&Kernels::fill> fill;
CudaKernelOf<&Kernels::unary> unary;
CudaKernelOf<&Kernels::binary> binary;
CudaKernelOf<&Kernels::where> where;
CudaKernelOf<&Kernels::reduce> reduce;
CudaKernelOf<&Kernels::arg_extreme> arg_extreme;
CudaKernelOf<&Kernels::matmul> matmul;
CudaKernelOf<&Kernels::linear> linear;
CudaKernelOf<&Kernels::conv2d> conv2d;
CudaKernelOf<&Kernels::conv2d_input_gradient> conv2d_input_gradient;
CudaKernelOf<&Kernels::conv2d_weight_gradient> conv2d_weight_gradient;
CudaKernelOf<&Kernels::max_pool2d> max_pool2d;
CudaKernelOf<&Kernels::max_pool2d_gradient> max_pool2d_gradient;
CudaKernelOf<&Kernels::avg_pool2d> avg_pool2d;
CudaKernelOf<&Kernels::avg_pool2d_gradient> avg_pool2d_gradient;
CudaKernelOf<&Kernels::index_select> index_select;
CudaKernelOf<&Kernels::index_add> index_add;
CudaKernelOf<&Kernels::gather> gather;
CudaKernelOf<&Kernels::scatter_add> scatter_add;
CudaKernelOf<&Kernels::last_writers> last_writers;
CudaKernelOf<&Kernels::resample> resample;
CudaKernelOf<&Kernels::cumulate> cumulate;
CudaKernelOf<&Kernels::recurrence> recurrence;
CudaKernelOf<&Kernels::argsort> argsort;
CudaKernelOf<&Kernels::multinomial> multinomial;
CudaKernelOf<&Kernels::one_hot> one_hot;
CudaKernelOf<&Kernels::gelu> gelu;
CudaKernelOf<&Kernels::gelu_gradient> gelu_gradient;
CudaKernelOf<&Kernels::attention> attention;
CudaKernelOf<&Kernels::attention_gradient> attention_gradient;
CudaKernelOf<&Kernels::lstm> lstm;
CudaKernelOf<&Kernels::lstm_gradient> lstm_gradient;
CudaKernelOf<&Kernels::random> random;
CudaKernelOf<&Kernels::batch_norm> batch_norm;
CudaKernelOf<&Kernels::batch_norm_evaluation> batch_norm_evaluation;
CudaKernelOf<&Kernels::batch_norm_gradient> batch_norm_gradient;
CudaKernelOf<&Kernels::layer_norm> layer_norm;
CudaKernelOf<&Kernels::layer_norm_gradient> layer_norm_gradient;
CudaKernelOf<&Kernels::softmax> softmax;
CudaKernelOf<&Kernels::softmax_gradient> softmax_gradient;
CudaKernelOf<&Kernels::log_softmax> log_softmax;
CudaKernelOf<&Kernels::cross_entropy> cross_entropy;
CudaKernelOf<&Kernels::cross_entropy_gradient> cross_entropy_gradient;
CudaKernelOf<&Kernels::dropout> dropout;
CudaKernelOf<&Kernels::sgd> sgd;
CudaKernelOf<&Kernels::adam> adam;
CudaKernelOf<&Kernels::clip_norm> clip_norm;

}  // namespace cuda_kernels

namespace {

// A kernel in its backend's queue.
template <auto kKernel, class... Arguments> void on_queue(Backend& on, Arguments... arguments);

class CudaBackend : public Backend {
 public:
  explicit CudaBackend(int index) : queue_(index), transfers_(queue_) {
    copy = on_queue<cuda_kernels::copy>;
    fill = on_queue<cuda_kernels::fill>;
    unary = on_queue<cuda_kernels::unary>;
    binary = on_queue<cuda_kernels::binary>;
    where = on_queue<cuda_kernels::where>;
    reduce = on_queue<cuda_kernels::reduce>;
    arg_extreme = on_queue<cuda_kernels::arg_extreme>;
    matmul = on_queue<cuda_kernels::matmul>;
    linear = on_queue<cuda_kernels::linear>;
    conv2d = on_queue<cuda_kernels::conv2d>;
    conv2d_input_gradient = on_queue<cuda_kernels::conv2d_input_gradient>;
    conv2d_weight_gradient = on_queue<cuda_kernels::conv2d_weight_gradient>;
    max_pool2d = on_queue<cuda_kernels::max_pool2d>;
    max_pool2d_gradient = on_queue<cuda_kernels::max_pool2d_gradient>;
    avg_pool2d = on_queue<cuda_kernels::avg_pool2d>;
    avg_pool2d_gradient = on_queue<cuda_kernels::avg_pool2d_gradient>;
    index_select = on_queue<cuda_kernels::index_select>;
    index_add = on_queue<cuda_kernels::index_add>;
    gather = on_queue<cuda_kernels::gather>;
    scatter_add = on_queue<cuda_kernels::scatter_add>;
    last_writers = on_queue<cuda_kernels::last_writers>;
    resample = on_queue<cuda_kernels::resample>;
    cumulate = on_queue<cuda_kernels::cumulate>;
    recurrence = on_queue<cuda_kernels::recurrence>;
    argsort = on_queue<cuda_kernels::argsort>;
    multinomial = on_queue<cuda_kernels::multinomial>;
    one_hot = on_queue<cuda_kernels::one_hot>;
    gelu = on_queue<cuda_kernels::gelu>;
    gelu_gradient = on_queue<cuda_kernels::gelu_gradient>;
    attention = on_queue<cuda_kernels::attention>;
    attention_gradient = on_queue<cuda_kernels::attention_gradient>;
    lstm = on_queue<cuda_kernels::lstm>;
    lstm_gradient = on_queue<cuda_kernels::lstm_gradient>;
    random = on_queue<cuda_kernels::random>;
    batch_norm = on_queue<cuda_kernels::batch_norm>;
    batch_norm_evaluation = on_queue<cuda_kernels::batch_norm_evaluation>;
    batch_norm_gradient = on_queue<cuda_kernels::batch_norm_gradient>;
    layer_norm = on_queue<cuda_kernels::layer_norm>;
    layer_norm_gradient = on_queue<cuda_kernels::layer_norm_gradient>;
    softmax = on_queue<cuda_kernels::softmax>;
    softmax_gradient = on_queue<cuda_kernels::softmax_gradient>;
    log_softmax = on_queue<cuda_kernels::log_softmax>;
    cross_entropy = on_queue<cuda_kernels::cross_entropy>;
    cross_entropy_gradient = on_queue<cuda_kernels::cross_entropy_gradient>;
    dropout = on_queue<cuda_kernels::dropout>;
    sgd = on_queue<cuda_kernels::sgd>;
    adam = on_queue<cuda_kernels::adam>;
    clip_norm = on_queue<cuda_kernels::clip_norm>;
  }

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

  std::shared_ptr<PendingRead> digests(std::span<const DigestTask> tasks) override {
    std::vector<int64_t> salts;  // what the sums begin with
    for (const DigestTask& t : tasks)
      salts.insert(salts.end(), {static_cast<int64_t>(t.salt.low), static_cast<int64_t>(t.salt.high)});
    const Tensor sums = Tensor::from(salts).to(Device{Device::Kind::cuda, queue_.index()});
    cuda_kernels::add_digests(queue_, tasks, static_cast<unsigned long long*>(sums.mutable_data()));
    return read_later(sums);
  }

 private:
  cuda::Queue queue_;
  cuda::Transfers transfers_;
};

// The host computes numbers for kernels, such as a constant of the dtype, in the contract's environment.
template <auto kKernel, class... Arguments> void on_queue(Backend& on, Arguments... arguments) {
  const ContractFloatEnv env;
  kKernel(static_cast<CudaBackend&>(on).queue(), std::forward<Arguments>(arguments)...);
}

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
