// The kernels that a device may have. Each follows docs/numerics.md to the bit.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "stet/tensor/activation.h"
#include "stet/tensor/rng.h"
#include "stet/tensor/tensor.h"
#include "stet/tensor/update.h"
#include "stet/tensor/window.h"

namespace stet {

class Backend;

enum class Unary {
  neg,
  abs,
  sign,
  relu,
  floor,
  ceil,
  round,
  trunc,
  bitwise_not,
  logical_not,
  exp,
  expm1,
  log,
  log1p,
  tanh,
  sigmoid,
  erf,
  sqrt,
  sin,
  cos,
  sinpi,
  cospi,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  log2,
  log10,
};
/// Arithmetic comes before `equal`, comparisons from it on; the CPU computes `add` to `relu_gradient` by vectors.
enum class Binary {
  add,
  sub,
  mul,
  div,
  maximum,
  minimum,
  relu_gradient,  // a where b > 0, else +0
  pow,
  floor_divide,
  remainder,
  fmod,
  bitwise_and,
  bitwise_or,
  bitwise_xor,
  left_shift,
  right_shift,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  logical_and,
  logical_or,
};
enum class Reduce { sum, max, min };
enum class Cumulation { sum, product };

/// Element j of an axis is the sum of weights[t] · x[sources[t]] for t from starts[j] to starts[j + 1] - 1, in this
/// order.
struct Taps {
  Tensor starts, sources, weights;  // int64 [m + 1], int64 [k], [k] of x's dtype
};

/// What the scores of attention are multiplied by, whether query i sees keys up to i + S - T alone, and what is added
/// to the scaled scores: [B, H, T, S], undefined or with elements of the last axis side by side and any other strides.
/// -infinity hides a key.
struct AttentionRule {
  float scale = 1;
  bool causal = false;
  Tensor mask = {};
};
/// [B, H, T or S, D]: elements of the last axis lie side by side, the other axes have any strides. k and v may have
/// fewer heads, each of which serves as many of q's, one after another; gradients have q's heads.
struct AttentionInputs {
  const Tensor &q, &k, &v;
};

/// What a layer's steps leave for its gradient: gates [T, B, 4 H], cells and hiddens [T + 1, B, H] from the initial
/// state on.
struct LstmTrace {
  const Tensor &gates, &cells, &hiddens;
};
/// The same of a GRU: inputs [T, B, 3 H] are the steps' parts of x, gates [T, B, 4 H] reset, update, candidate and what
/// the state gave to the candidate, hiddens [T + 1, B, H].
struct GruTrace {
  const Tensor &inputs, &gates, &hiddens;
};

enum class Distribution { bits, uniform, normal };

/// A parameter's value and its optimizer's state before a step (`from`) and after (`to`), which may be in the same
/// memory. All are contiguous; momentum is undefined without one.
struct SgdTask {
  SgdStep step;
  struct Values {
    Tensor parameter, momentum;
  };
  Tensor gradient;
  Values from, to;
};
struct AdamTask {
  AdamStep step;
  struct Values {
    Tensor parameter, mean, square;
  };
  Tensor gradient;
  Values from, to;
};

/// Inputs of batch norm, contiguous: x [N, C, P], weight and bias [C], residual of x's shape; the last three may be
/// undefined.
struct BatchNormInputs {
  Tensor x, weight, bias, residual;
  double epsilon = 0;
  Activation activation = Activation::none;
};
/// [C]. In training `rest` is what rounding left out of `mean`; where statistics are given it is undefined.
struct BatchStatistics {
  Tensor mean, variance, rest;
};
/// Gradients of batch norm's inputs, in their shapes. The residual's is undefined where there is no residual.
struct BatchNormGradients {
  Tensor x, weight, bias, residual;
};

/// Layer norm's inputs, contiguous: x [rows, D], weight and bias [D] or undefined.
struct LayerNormInputs {
  Tensor x, weight, bias;
  double epsilon = 0;
};
/// Of each row, [rows]: its mean and rest as above, and scale = 1 / sqrt(variance + epsilon).
struct RowStatistics {
  Tensor mean, rest, scale;
};
struct LayerNormGradients {
  Tensor x, weight, bias;
};

/// Group norm's inputs, contiguous: x [N, C, P], weight and bias [C] or undefined. Its RowStatistics are [N * groups].
struct GroupNormInputs {
  Tensor x, weight, bias;
  int64_t groups = 1;
  double epsilon = 0;
};
struct GroupNormGradients {
  Tensor x, weight, bias;
};

/// Of rms_norm, contiguous: x [rows, D], weight [D] or undefined.
struct RmsNormInputs {
  Tensor x, weight;
  double epsilon = 0;
};

/// Throws UsageError that names op and device.
[[noreturn]] void no_kernel(const Backend& on, const char* op);

template <class Signature> class Kernel;

/// An op's kernel on one device: called as a function of this signature. Empty until the device's table fills it in, so
/// that an op without a kernel fails, and nothing falls back silently.
template <class... Arguments> class Kernel<void(Arguments...)> {
 public:
  using Signature = void(Arguments...);
  using Function = void (*)(Backend& on, Arguments...);

  Kernel(Backend& on, const char* op) : on_(on), op_(op) {}
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;
  Kernel& operator=(Function function) {
    function_ = function;
    return *this;
  }

  /// Throws UsageError naming op and device where the device has no such kernel.
  void operator()(Arguments... arguments) const {
    if (function_ == nullptr) no_kernel(on_, op_);
    function_(on_, std::forward<Arguments>(arguments)...);
  }

 private:
  Backend& on_;
  Function function_ = nullptr;
  const char* op_;
};

/// The kernels of one device, by op. Inputs may have any strides unless said otherwise; `y` is contiguous, of its final
/// shape, and not yet seen by anyone. Where two inputs meet, they have been broadcast to y's shape (stride 0).
class Kernels {
 private:
  Backend& on_;

 public:
  explicit Kernels(Backend& on) : on_(on) {}

  /// y = x, converted to y's dtype.
  Kernel<void(const Tensor& x, const Tensor& y)> copy{on_, "copy"};
  Kernel<void(double value, const Tensor& y)> fill{on_, "fill"};
  Kernel<void(Unary op, const Tensor& x, const Tensor& y)> unary{on_, "unary"};
  /// y may be a or b itself where that is contiguous and of y's shape.
  Kernel<void(Binary op, const Tensor& a, const Tensor& b, const Tensor& y)> binary{on_, "binary"};
  Kernel<void(const Tensor& condition, const Tensor& a, const Tensor& b, const Tensor& y)> where{on_, "where"};
  /// Reduces the axes where `reduced` is true; y has the other axes, and x's dtype, but sums of uint8 and bool are
  /// int64.
  Kernel<void(Reduce op, const Tensor& x, const std::vector<bool>& reduced, const Tensor& y)> reduce{on_, "reduce"};
  /// int64 index of the largest (or smallest) along an axis.
  Kernel<void(Reduce op, const Tensor& x, int axis, const Tensor& y)> arg_extreme{on_, "argmax"};
  /// [..., m, k] x [..., k, n]; batch axes already broadcast.
  Kernel<void(const Tensor& a, const Tensor& b, const Tensor& y)> matmul{on_, "matmul"};
  /// y [rows, out] = activation(x [rows, in] weight [out, in]^T + bias); bias [out] is contiguous, or undefined.
  Kernel<void(const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation, const Tensor& y)>
      linear{on_, "linear"};

  // Contiguous inputs from here on.
  /// y = activation(convolution + bias); bias [co] may be undefined.
  Kernel<void(const Window& s, const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation,
              const Tensor& y)>
      conv2d{on_, "conv2d"};
  Kernel<void(const Window& s, const Tensor& dy, const Tensor& weight, const Tensor& dx)> conv2d_input_gradient{
      on_, "conv2d_input_gradient"};
  Kernel<void(const Window& s, const Tensor& dy, const Tensor& x, const Tensor& dw)> conv2d_weight_gradient{
      on_, "conv2d_weight_gradient"};
  /// `index`: int64 position h * w_extent + w of the maximum in its plane.
  Kernel<void(const Window& s, const Tensor& x, const Tensor& y, const Tensor& index)> max_pool2d{on_, "max_pool2d"};
  /// dx starts at +0 and adds each dy at its index, in ascending output position.
  Kernel<void(const Window& s, const Tensor& dy, const Tensor& index, const Tensor& dx)> max_pool2d_gradient{
      on_, "max_pool2d_gradient"};
  Kernel<void(const Window& s, const Tensor& x, const Tensor& y)> avg_pool2d{on_, "avg_pool2d"};
  Kernel<void(const Window& s, const Tensor& dy, const Tensor& dx)> avg_pool2d_gradient{on_, "avg_pool2d_gradient"};
  /// x [outer, n, inner], index [m] int64: y [outer, m, inner].
  Kernel<void(const Tensor& x, const Tensor& index, const Tensor& y)> index_select{on_, "index_select"};
  /// The adjoint: y [outer, n, inner] starts at +0; y[:, index[j], :] += g[:, j, :] in ascending j.
  Kernel<void(const Tensor& g, const Tensor& index, const Tensor& y)> index_add{on_, "index_add"};
  /// x [outer, n, inner], index [outer, m, inner] int64: y[o, j, i] = x[o, index[o, j, i], i].
  Kernel<void(const Tensor& x, const Tensor& index, const Tensor& y)> gather{on_, "gather"};
  /// The adjoint of gather: y starts at +0; adds in ascending j.
  Kernel<void(const Tensor& g, const Tensor& index, const Tensor& y)> scatter_add{on_, "scatter_add"};
  /// index [outer, m, inner] int64: y [outer, n, inner] int64 is the last j whose index names the place, or -1.
  Kernel<void(const Tensor& index, const Tensor& y)> last_writers{on_, "scatter"};
  /// y [outer, m, inner] of x [outer, n, inner]; an element without taps is +0.
  Kernel<void(const Tensor& x, const Taps& taps, const Tensor& y)> resample{on_, "interpolate"};
  /// Running sums or products of x [outer, n, inner] along n; from the back on where `reverse`.
  Kernel<void(Cumulation op, const Tensor& x, bool reverse, const Tensor& y)> cumulate{on_, "cumulate"};
  /// y[0] = b[0], y[k + 1] = m[k] · y[k] + b[k + 1] along n for b [outer, n, inner], m [outer, n - 1, inner]; where
  /// `reverse`, y[n - 1] = b[n - 1], y[k] = m[k] · y[k + 1] + b[k].
  Kernel<void(const Tensor& m, const Tensor& b, bool reverse, const Tensor& y)> recurrence{on_, "recurrence"};
  /// index [rows, k] int64: the first k of the stable order of x [rows, n].
  Kernel<void(const Tensor& x, bool descending, const Tensor& index)> argsort{on_, "sort"};
  /// y [rows, count] int64: drawn by weights [rows, n], with the words [rows, count, 2] of a draw. Throws DataError on
  /// weights of which no draw can be made.
  Kernel<void(const Tensor& weights, const Tensor& words, bool replacement, const Tensor& y)> multinomial{
      on_, "multinomial"};
  /// index [m] int64: y [m, classes] is 1 at each row's index and 0 elsewhere. Throws DataError on one that is no
  /// class.
  Kernel<void(const Tensor& index, const Tensor& y)> one_hot{on_, "one_hot"};
  /// The erf form, and its gradient for an upstream g. The forward leaves erf(x sqrt 1/2) + 1 for the gradient;
  /// undefined: not wanted.
  Kernel<void(const Tensor& x, const Tensor& y, const Tensor& one_plus_erf)> gelu{on_, "gelu"};
  Kernel<void(const Tensor& g, const Tensor& x, const Tensor& one_plus_erf, const Tensor& dx)> gelu_gradient{
      on_, "gelu_gradient"};
  /// o has the inputs' layout; `extremes` and `totals` [B, H, T] take each row's maximum and sum, for the gradient.
  Kernel<void(const AttentionRule& rule, const AttentionInputs& in, const Tensor& o, const Tensor& extremes,
              const Tensor& totals)>
      attention{on_, "attention"};
  /// g, o and the gradients have the inputs' layout; d_mask is undefined, or contiguous [B, H, T, S].
  Kernel<void(const AttentionRule& rule, const AttentionInputs& in, const Tensor& o, const Tensor& extremes,
              const Tensor& totals, const Tensor& g, const AttentionInputs& gradients, const Tensor& d_mask)>
      attention_gradient{on_, "attention_gradient"};
  /// Goes through the steps. trace.gates holds each step's part of x when this begins and its gates when it ends; the
  /// first of trace.cells and trace.hiddens is the initial state. `bias` may be undefined; output is [B, T, H]. From
  /// step lengths[b] on (int64 [B]; undefined: T), row b keeps its state and its output is +0.
  Kernel<void(const Tensor& weight, const Tensor& bias, const Tensor& lengths, const LstmTrace& trace,
              const Tensor& output)>
      lstm{on_, "lstm"};
  /// Goes back through the steps from the gradients g [B, T, H] of the output and g_cell [B, H] of the last cell,
  /// either of which may be undefined. Gives those of the gates before their functions, d_gates [T, B, 4 H], and of the
  /// initial state; d_hidden may be undefined.
  Kernel<void(const Tensor& weight, const Tensor& lengths, const LstmTrace& trace, const Tensor& g,
              const Tensor& g_cell, const Tensor& d_gates, const Tensor& d_hidden, const Tensor& d_cell)>
      lstm_gradient{on_, "lstm_gradient"};
  /// Goes through the steps as lstm does: trace.inputs and the first of trace.hiddens are given, the rest is written.
  Kernel<void(const Tensor& weight, const Tensor& bias, const Tensor& lengths, const GruTrace& trace,
              const Tensor& output)>
      gru{on_, "gru"};
  /// Goes back through the steps from the gradient g [B, T, H] of the output. Gives those of the steps' parts of x and
  /// of the state, [T, B, 3 H] each, and of the initial state, d_hidden [B, H].
  Kernel<void(const Tensor& weight, const Tensor& lengths, const GruTrace& trace, const Tensor& g,
              const Tensor& d_inputs, const Tensor& d_recurrent, const Tensor& d_hidden)>
      gru_gradient{on_, "gru_gradient"};
  /// Fills y from a draw's words: raw words (int64), uniform in [0, 1), or standard normal.
  Kernel<void(Distribution d, const Draw& draw, const Tensor& y)> random{on_, "random"};
  Kernel<void(const BatchNormInputs& in, const Tensor& y, const BatchStatistics& statistics)> batch_norm{on_,
                                                                                                         "batch_norm"};
  Kernel<void(const BatchNormInputs& in, const BatchStatistics& statistics, const Tensor& y)> batch_norm_evaluation{
      on_, "batch_norm_evaluation"};
  /// From the gradient g of the result y.
  Kernel<void(const BatchNormInputs& in, const BatchStatistics& statistics, const Tensor& y, const Tensor& g,
              const BatchNormGradients& to)>
      batch_norm_gradient{on_, "batch_norm_gradient"};
  Kernel<void(const LayerNormInputs& in, const Tensor& y, const RowStatistics& statistics)> layer_norm{on_,
                                                                                                       "layer_norm"};
  Kernel<void(const LayerNormInputs& in, const RowStatistics& statistics, const Tensor& g,
              const LayerNormGradients& to)>
      layer_norm_gradient{on_, "layer_norm_gradient"};
  Kernel<void(const GroupNormInputs& in, const Tensor& y, const RowStatistics& statistics)> group_norm{on_,
                                                                                                       "group_norm"};
  /// to.x may be g.
  Kernel<void(const GroupNormInputs& in, const RowStatistics& statistics, const Tensor& g,
              const GroupNormGradients& to)>
      group_norm_gradient{on_, "group_norm_gradient"};
  /// scale [rows]: 1 / sqrt(mean square + epsilon), for the gradient.
  Kernel<void(const RmsNormInputs& in, const Tensor& y, const Tensor& scale)> rms_norm{on_, "rms_norm"};
  /// dx may be g; dweight [D] is filled without a weight too.
  Kernel<void(const RmsNormInputs& in, const Tensor& scale, const Tensor& g, const Tensor& dx, const Tensor& dweight)>
      rms_norm_gradient{on_, "rms_norm_gradient"};
  // Along the last axis of contiguous tensors [.., n].
  Kernel<void(const Tensor& x, const Tensor& y)> softmax{on_, "softmax"};
  Kernel<void(const Tensor& g, const Tensor& y, const Tensor& dx)> softmax_gradient{on_, "softmax_gradient"};
  Kernel<void(const Tensor& x, const Tensor& y)> log_softmax{on_, "log_softmax"};
  /// loss and total [..] of logits [.., n] and target int64 [..]: log(total) - (logits[target] - max), exponentials =
  /// e^(logits - max), total = their sum. Throws DataError on a target that is no class.
  Kernel<void(const Tensor& logits, const Tensor& target, const Tensor& loss, const Tensor& exponentials,
              const Tensor& total)>
      cross_entropy{on_, "cross_entropy"};
  /// dx = (exponentials * (1 / total) - onehot(target)) * g; g [..] has any strides.
  Kernel<void(const Tensor& g, const Tensor& target, const Tensor& exponentials, const Tensor& total, const Tensor& dx)>
      cross_entropy_gradient{on_, "cross_entropy_gradient"};
  /// y = word < threshold ? +0 : x * scale, element by element; y may be x.
  Kernel<void(const Tensor& x, const Draw& draw, uint64_t threshold, double scale, const Tensor& y)> dropout{on_,
                                                                                                             "dropout"};
  /// One step of an optimizer for all its parameters (update.h).
  Kernel<void(std::span<const SgdTask> tasks)> sgd{on_, "sgd"};
  Kernel<void(std::span<const AdamTask> tasks)> adam{on_, "adam"};
  /// clip_norm of update.h for gradients of one dtype: to[i] = the scaled gradients[i], which it may be itself; norm is
  /// a scalar.
  Kernel<void(double max_norm, std::span<const Tensor> gradients, std::span<const Tensor> to, const Tensor& norm)>
      clip_norm{on_, "clip_norm"};
};

template <class Entry> struct SignatureOfEntry;
template <class Signature> struct SignatureOfEntry<Kernel<Signature> Kernels::*> { using Type = Signature; };

/// The signature of an entry, by which a device's table declares the function that it fills in:
/// `KernelOf<&Kernels::softmax> softmax;`.
template <auto kEntry> using KernelOf = typename SignatureOfEntry<decltype(kEntry)>::Type;

}  // namespace stet
