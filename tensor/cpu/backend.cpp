#include "stet/tensor/cpu/backend.h"

#include <cstdlib>
#include <cstring>

#include "stet/tensor/cpu/attention.h"
#include "stet/tensor/cpu/clip.h"
#include "stet/tensor/cpu/conv/conv.h"
#include "stet/tensor/cpu/elementwise.h"
#include "stet/tensor/cpu/gelu.h"
#include "stet/tensor/cpu/index.h"
#include "stet/tensor/cpu/lstm.h"
#include "stet/tensor/cpu/matmul.h"
#include "stet/tensor/cpu/norm.h"
#include "stet/tensor/cpu/pool.h"
#include "stet/tensor/cpu/random.h"
#include "stet/tensor/cpu/reduce.h"
#include "stet/tensor/cpu/softmax.h"
#include "stet/tensor/cpu/strided.h"
#include "stet/tensor/cpu/update.h"
#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"

namespace stet {
namespace {

/// Every op enters the contract's floating-point environment, and hands on to its kernel.
class CpuBackend : public Backend {
 public:
  const char* name() const override { return "cpu"; }

  // Storage takes the CPU's memory from its own cache.
  void* allocate(size_t bytes) override { return std::malloc(bytes); }
  void release(void* data, size_t) override { std::free(data); }
  void to_host(const void* from, void* to, size_t bytes) override { std::memcpy(to, from, bytes); }
  void to_device(const void* from, void* to, size_t bytes) override { std::memcpy(to, from, bytes); }

  void copy(const Tensor& x, const Tensor& y) override {
    ContractFloatEnv env;
    cpu_kernels::copy(x, y);
  }
  void fill(double value, const Tensor& y) override {
    ContractFloatEnv env;
    cpu_kernels::fill(value, y);
  }
  void unary(Unary op, const Tensor& x, const Tensor& y) override {
    ContractFloatEnv env;
    cpu_kernels::unary(op, x, y);
  }
  void binary(Binary op, const Tensor& a, const Tensor& b, const Tensor& y) override {
    ContractFloatEnv env;
    cpu_kernels::binary(op, a, b, y);
  }
  void where(const Tensor& condition, const Tensor& a, const Tensor& b, const Tensor& y) override {
    ContractFloatEnv env;
    cpu_kernels::where(condition, a, b, y);
  }
  void reduce(Reduce op, const Tensor& x, const std::vector<bool>& reduced, const Tensor& y) override {
    ContractFloatEnv env;
    cpu_kernels::reduce(op, x, reduced, y);
  }
  void arg_extreme(Reduce op, const Tensor& x, int axis, const Tensor& y) override {
    ContractFloatEnv env;
    cpu_kernels::arg_extreme(op, x, axis, y);
  }
  void matmul(const Tensor& a, const Tensor& b, const Tensor& y) override {
    ContractFloatEnv env;
    visit_floating(a.dtype(), [&]<class T>(T) { products<T>(a, b, y); });
  }
  void linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation,
              const Tensor& y) override {
    ContractFloatEnv env;
    visit_floating(y.dtype(), [&]<class T>(T) {
      const Epilogue<T> end = {bias.defined() ? bias.data_as<T>() : nullptr, activation};
      stet::matmul(matrix<T>(x), matrix<T>(weight).transposed(), y.mutable_data_as<T>(), y.size(1), end);
    });
  }
  void conv2d(const Window& s, const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation,
              const Tensor& y) override {
    ContractFloatEnv env;
    cpu_kernels::conv2d(s, x, weight, bias, activation, y);
  }
  void conv2d_input_gradient(const Window& s, const Tensor& dy, const Tensor& weight, const Tensor& dx) override {
    ContractFloatEnv env;
    cpu_kernels::conv2d_input_gradient(s, dy, weight, dx);
  }
  void conv2d_weight_gradient(const Window& s, const Tensor& dy, const Tensor& x, const Tensor& dw) override {
    ContractFloatEnv env;
    cpu_kernels::conv2d_weight_gradient(s, dy, x, dw);
  }
  void max_pool2d(const Window& s, const Tensor& x, const Tensor& y, const Tensor& index) override {
    ContractFloatEnv env;
    visit_floating(x.dtype(), [&]<class T>(T) {
      max_pool2d_forward(pool(s), x.data_as<T>(), y.mutable_data_as<T>(), index.mutable_data_as<int64_t>());
    });
  }
  void max_pool2d_gradient(const Window& s, const Tensor& dy, const Tensor& index, const Tensor& dx) override {
    ContractFloatEnv env;
    visit_floating(dy.dtype(), [&]<class T>(T) {
      stet::max_pool2d_gradient(pool(s), dy.data_as<T>(), index.data_as<int64_t>(), dx.mutable_data_as<T>());
    });
  }
  void avg_pool2d(const Window& s, const Tensor& x, const Tensor& y) override {
    ContractFloatEnv env;
    visit_floating(x.dtype(), [&]<class T>(T) { avg_pool2d_forward(pool(s), x.data_as<T>(), y.mutable_data_as<T>()); });
  }
  void avg_pool2d_gradient(const Window& s, const Tensor& dy, const Tensor& dx) override {
    ContractFloatEnv env;
    visit_floating(dy.dtype(),
                   [&]<class T>(T) { stet::avg_pool2d_gradient(pool(s), dy.data_as<T>(), dx.mutable_data_as<T>()); });
  }
  void index_select(const Tensor& x, const Tensor& index, const Tensor& y) override {
    cpu_kernels::index_select(x, index, y);
  }
  void index_add(const Tensor& g, const Tensor& index, const Tensor& y) override {
    ContractFloatEnv env;
    cpu_kernels::index_add(g, index, y);
  }
  void gather(const Tensor& x, const Tensor& index, const Tensor& y) override { cpu_kernels::gather(x, index, y); }
  void scatter_add(const Tensor& g, const Tensor& index, const Tensor& y) override {
    ContractFloatEnv env;
    cpu_kernels::scatter_add(g, index, y);
  }
  void gelu(const Tensor& x, const Tensor& y, const Tensor& one_plus_erf) override {
    ContractFloatEnv env;
    cpu_kernels::gelu(x, y, one_plus_erf);
  }
  void gelu_gradient(const Tensor& g, const Tensor& x, const Tensor& one_plus_erf, const Tensor& dx) override {
    ContractFloatEnv env;
    cpu_kernels::gelu_gradient(g, x, one_plus_erf, dx);
  }
  void attention(const AttentionRule& rule, const AttentionInputs& in, const Tensor& o, const Tensor& extremes,
                 const Tensor& totals) override {
    ContractFloatEnv env;
    cpu_kernels::attention(rule, in, o, extremes, totals);
  }
  void attention_gradient(const AttentionRule& rule, const AttentionInputs& in, const Tensor& o, const Tensor& extremes,
                          const Tensor& totals, const Tensor& g, const AttentionInputs& gradients) override {
    ContractFloatEnv env;
    cpu_kernels::attention_gradient(rule, in, o, extremes, totals, g, gradients);
  }
  void lstm(const Tensor& weight, const Tensor& bias, const LstmTrace& trace, const Tensor& output) override {
    ContractFloatEnv env;
    cpu_kernels::lstm(weight, bias, trace, output);
  }
  void lstm_gradient(const Tensor& weight, const LstmTrace& trace, const Tensor& g, const Tensor& g_cell,
                     const Tensor& d_gates, const Tensor& d_hidden, const Tensor& d_cell) override {
    ContractFloatEnv env;
    cpu_kernels::lstm_gradient(weight, trace, g, g_cell, d_gates, d_hidden, d_cell);
  }
  void random(Distribution d, const Draw& draw, const Tensor& y) override {
    ContractFloatEnv env;
    cpu_kernels::random(d, draw, y);
  }
  void dropout(const Tensor& x, const Draw& draw, uint64_t threshold, double scale, const Tensor& y) override {
    ContractFloatEnv env;
    cpu_kernels::dropout(x, draw, threshold, scale, y);
  }
  void batch_norm(const BatchNormInputs& in, const Tensor& y, const BatchStatistics& statistics) override {
    ContractFloatEnv env;
    cpu_kernels::batch_norm(in, y, statistics);
  }
  void batch_norm_evaluation(const BatchNormInputs& in, const BatchStatistics& statistics, const Tensor& y) override {
    ContractFloatEnv env;
    cpu_kernels::batch_norm_evaluation(in, statistics, y);
  }
  void batch_norm_gradient(const BatchNormInputs& in, const BatchStatistics& statistics, const Tensor& y,
                           const Tensor& g, const BatchNormGradients& to) override {
    ContractFloatEnv env;
    cpu_kernels::batch_norm_gradient(in, statistics, y, g, to);
  }
  void layer_norm(const LayerNormInputs& in, const Tensor& y, const RowStatistics& statistics) override {
    ContractFloatEnv env;
    cpu_kernels::layer_norm(in, y, statistics);
  }
  void layer_norm_gradient(const LayerNormInputs& in, const RowStatistics& statistics, const Tensor& g,
                           const LayerNormGradients& to) override {
    ContractFloatEnv env;
    cpu_kernels::layer_norm_gradient(in, statistics, g, to);
  }
  void softmax(const Tensor& x, const Tensor& y) override {
    ContractFloatEnv env;
    cpu_kernels::softmax(x, y);
  }
  void softmax_gradient(const Tensor& g, const Tensor& y, const Tensor& dx) override {
    ContractFloatEnv env;
    cpu_kernels::softmax_gradient(g, y, dx);
  }
  void log_softmax(const Tensor& x, const Tensor& y) override {
    ContractFloatEnv env;
    cpu_kernels::log_softmax(x, y);
  }
  void cross_entropy(const Tensor& logits, const Tensor& target, const Tensor& loss, const Tensor& exponentials,
                     const Tensor& total) override {
    ContractFloatEnv env;
    cpu_kernels::cross_entropy(logits, target, loss, exponentials, total);
  }
  void cross_entropy_gradient(const Tensor& g, const Tensor& target, const Tensor& exponentials, const Tensor& total,
                              const Tensor& dx) override {
    ContractFloatEnv env;
    cpu_kernels::cross_entropy_gradient(g, target, exponentials, total, dx);
  }
  void sgd(std::span<const SgdTask> tasks) override {
    ContractFloatEnv env;
    cpu_kernels::sgd(tasks);
  }
  void adam(std::span<const AdamTask> tasks) override {
    ContractFloatEnv env;
    cpu_kernels::adam(tasks);
  }
  void clip_norm(double max_norm, std::span<const Tensor> gradients, std::span<const Tensor> to,
                 const Tensor& norm) override {
    ContractFloatEnv env;
    cpu_kernels::clip_norm(max_norm, gradients, to, norm);
  }

 private:
  static PoolShape pool(const Window& s) {
    return {.n = s.n,
            .c = s.c,
            .h = s.h,
            .w = s.w,
            .kh = s.kh,
            .kw = s.kw,
            .stride_h = s.stride_h,
            .stride_w = s.stride_w,
            .pad_h = s.pad_h,
            .pad_w = s.pad_w};
  }

  template <class T> static MatrixView<T> matrix(const Tensor& t) {
    const Strides& s = t.strides();
    return {t.data_as<T>(), t.size(-2), t.size(-1), s[s.size() - 2], s[s.size() - 1]};
  }

  // Offsets of a tensor's matrices, in the order of its batch axes.
  static std::vector<int64_t> batch_offsets(const Tensor& t) {
    std::vector<int64_t> offsets{0};
    for (int axis = 0; axis < t.rank() - 2; ++axis) {
      std::vector<int64_t> next;
      for (int64_t base : offsets) {
        for (int64_t i = 0; i < t.size(axis); ++i) next.push_back(base + i * t.strides()[static_cast<size_t>(axis)]);
      }
      offsets = std::move(next);
    }
    return offsets;
  }

  template <class T> static void products(const Tensor& a, const Tensor& b, const Tensor& y) {
    if (y.rank() == 2) return stet::matmul(matrix<T>(a), matrix<T>(b), y.mutable_data_as<T>(), y.size(1));
    stet::matmul(matrix<T>(a), batch_offsets(a), matrix<T>(b), batch_offsets(b), y.mutable_data_as<T>());
  }
};

}  // namespace

Backend& cpu_backend() {
  static CpuBackend& instance = *new CpuBackend;
  return instance;
}

}  // namespace stet
