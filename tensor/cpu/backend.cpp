// The CPU: its table of kernels, and memory that is the host's.
#include "stet/tensor/backend.h"

#include <cstdlib>
#include <cstring>

#include "stet/tensor/cpu/conv/conv.h"
#include "stet/tensor/float_env.h"

namespace stet {

// Declared by the table's entries, and defined in the sources of this folder.
namespace cpu_kernels {

KernelOf<&Kernels::copy> copy;
KernelOf<&Kernels::fill> fill;
KernelOf<&Kernels::unary> unary;
KernelOf<&Kernels::binary> binary;
KernelOf<&Kernels::where> where;
KernelOf<&Kernels::reduce> reduce;
KernelOf<&Kernels::arg_extreme> arg_extreme;
KernelOf<&Kernels::matmul> matmul;
KernelOf<&Kernels::linear> linear;
KernelOf<&Kernels::max_pool2d> max_pool2d;
KernelOf<&Kernels::max_pool2d_gradient> max_pool2d_gradient;
KernelOf<&Kernels::avg_pool2d> avg_pool2d;
KernelOf<&Kernels::avg_pool2d_gradient> avg_pool2d_gradient;
KernelOf<&Kernels::index_select> index_select;
KernelOf<&Kernels::index_add> index_add;
KernelOf<&Kernels::gather> gather;
KernelOf<&Kernels::scatter_add> scatter_add;
KernelOf<&Kernels::last_writers> last_writers;
KernelOf<&Kernels::resample> resample;
KernelOf<&Kernels::cumulate> cumulate;
KernelOf<&Kernels::recurrence> recurrence;
KernelOf<&Kernels::argsort> argsort;
KernelOf<&Kernels::multinomial> multinomial;
KernelOf<&Kernels::one_hot> one_hot;
KernelOf<&Kernels::gelu> gelu;
KernelOf<&Kernels::gelu_gradient> gelu_gradient;
KernelOf<&Kernels::attention> attention;
KernelOf<&Kernels::attention_gradient> attention_gradient;
KernelOf<&Kernels::lstm> lstm;
KernelOf<&Kernels::lstm_gradient> lstm_gradient;
KernelOf<&Kernels::gru> gru;
KernelOf<&Kernels::gru_gradient> gru_gradient;
KernelOf<&Kernels::random> random;
KernelOf<&Kernels::batch_norm> batch_norm;
KernelOf<&Kernels::batch_norm_evaluation> batch_norm_evaluation;
KernelOf<&Kernels::batch_norm_gradient> batch_norm_gradient;
KernelOf<&Kernels::layer_norm> layer_norm;
KernelOf<&Kernels::layer_norm_gradient> layer_norm_gradient;
KernelOf<&Kernels::group_norm> group_norm;
KernelOf<&Kernels::group_norm_gradient> group_norm_gradient;
KernelOf<&Kernels::rms_norm> rms_norm;
KernelOf<&Kernels::rms_norm_gradient> rms_norm_gradient;
KernelOf<&Kernels::softmax> softmax;
KernelOf<&Kernels::softmax_gradient> softmax_gradient;
KernelOf<&Kernels::log_softmax> log_softmax;
KernelOf<&Kernels::cross_entropy> cross_entropy;
KernelOf<&Kernels::cross_entropy_gradient> cross_entropy_gradient;
KernelOf<&Kernels::dropout> dropout;
KernelOf<&Kernels::sgd> sgd;
KernelOf<&Kernels::adam> adam;
KernelOf<&Kernels::clip_norm> clip_norm;

}  // namespace cpu_kernels

namespace {

// A kernel in the contract's floating-point environment, which is set here and nowhere else on the thread that asks.
template <auto kKernel, class... Arguments> void in_contract(Backend&, Arguments... arguments) {
  ContractFloatEnv env;
  kKernel(std::forward<Arguments>(arguments)...);
}

class CpuBackend : public Backend {
 public:
  CpuBackend() {
    copy = in_contract<cpu_kernels::copy>;
    fill = in_contract<cpu_kernels::fill>;
    unary = in_contract<cpu_kernels::unary>;
    binary = in_contract<cpu_kernels::binary>;
    where = in_contract<cpu_kernels::where>;
    reduce = in_contract<cpu_kernels::reduce>;
    arg_extreme = in_contract<cpu_kernels::arg_extreme>;
    matmul = in_contract<cpu_kernels::matmul>;
    linear = in_contract<cpu_kernels::linear>;
    conv2d = in_contract<cpu_kernels::conv2d>;
    conv2d_input_gradient = in_contract<cpu_kernels::conv2d_input_gradient>;
    conv2d_weight_gradient = in_contract<cpu_kernels::conv2d_weight_gradient>;
    max_pool2d = in_contract<cpu_kernels::max_pool2d>;
    max_pool2d_gradient = in_contract<cpu_kernels::max_pool2d_gradient>;
    avg_pool2d = in_contract<cpu_kernels::avg_pool2d>;
    avg_pool2d_gradient = in_contract<cpu_kernels::avg_pool2d_gradient>;
    index_select = in_contract<cpu_kernels::index_select>;
    index_add = in_contract<cpu_kernels::index_add>;
    gather = in_contract<cpu_kernels::gather>;
    scatter_add = in_contract<cpu_kernels::scatter_add>;
    last_writers = in_contract<cpu_kernels::last_writers>;
    resample = in_contract<cpu_kernels::resample>;
    cumulate = in_contract<cpu_kernels::cumulate>;
    recurrence = in_contract<cpu_kernels::recurrence>;
    argsort = in_contract<cpu_kernels::argsort>;
    multinomial = in_contract<cpu_kernels::multinomial>;
    one_hot = in_contract<cpu_kernels::one_hot>;
    gelu = in_contract<cpu_kernels::gelu>;
    gelu_gradient = in_contract<cpu_kernels::gelu_gradient>;
    attention = in_contract<cpu_kernels::attention>;
    attention_gradient = in_contract<cpu_kernels::attention_gradient>;
    lstm = in_contract<cpu_kernels::lstm>;
    lstm_gradient = in_contract<cpu_kernels::lstm_gradient>;
    gru = in_contract<cpu_kernels::gru>;
    gru_gradient = in_contract<cpu_kernels::gru_gradient>;
    random = in_contract<cpu_kernels::random>;
    batch_norm = in_contract<cpu_kernels::batch_norm>;
    batch_norm_evaluation = in_contract<cpu_kernels::batch_norm_evaluation>;
    batch_norm_gradient = in_contract<cpu_kernels::batch_norm_gradient>;
    layer_norm = in_contract<cpu_kernels::layer_norm>;
    layer_norm_gradient = in_contract<cpu_kernels::layer_norm_gradient>;
    group_norm = in_contract<cpu_kernels::group_norm>;
    group_norm_gradient = in_contract<cpu_kernels::group_norm_gradient>;
    rms_norm = in_contract<cpu_kernels::rms_norm>;
    rms_norm_gradient = in_contract<cpu_kernels::rms_norm_gradient>;
    softmax = in_contract<cpu_kernels::softmax>;
    softmax_gradient = in_contract<cpu_kernels::softmax_gradient>;
    log_softmax = in_contract<cpu_kernels::log_softmax>;
    cross_entropy = in_contract<cpu_kernels::cross_entropy>;
    cross_entropy_gradient = in_contract<cpu_kernels::cross_entropy_gradient>;
    dropout = in_contract<cpu_kernels::dropout>;
    sgd = in_contract<cpu_kernels::sgd>;
    adam = in_contract<cpu_kernels::adam>;
    clip_norm = in_contract<cpu_kernels::clip_norm>;
  }

  const char* name() const override { return "cpu"; }

  // Storage takes the CPU's memory from its own cache.
  void* allocate(size_t bytes) override { return std::malloc(bytes); }
  void release(void* data, size_t) override { std::free(data); }
  void to_host(const void* from, void* to, size_t bytes) override { std::memcpy(to, from, bytes); }
  void to_device(const void* from, void* to, size_t bytes) override { std::memcpy(to, from, bytes); }
};

}  // namespace

Backend& cpu_backend() {
  static CpuBackend& instance = *new CpuBackend;
  return instance;
}

}  // namespace stet
