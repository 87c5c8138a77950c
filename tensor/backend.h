// What a device must be able to do. Every function follows docs/numerics.md to the bit.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "stet/tensor/activation.h"
#include "stet/tensor/digest.h"
#include "stet/tensor/pending_read.h"
#include "stet/tensor/rng.h"
#include "stet/tensor/tensor.h"
#include "stet/tensor/update.h"
#include "stet/tensor/window.h"

namespace stet {

enum class Unary {
  neg,
  abs,
  sign,
  relu,
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
};
enum class Binary {
  add,
  sub,
  mul,
  div,
  maximum,
  minimum,
  relu_gradient,  // a where b > 0, else +0
  pow,
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

/// What the scores of attention are multiplied by, and whether query i sees keys 0 … i alone.
struct AttentionRule {
  float scale = 1;
  bool causal = false;
};
/// [B, H, T or S, D]: elements of the last axis lie side by side, the other axes have any strides.
struct AttentionInputs {
  const Tensor &q, &k, &v;
};

/// What a layer's steps leave for its gradient: gates [T, B, 4 H], cells and hiddens [T + 1, B, H] from the initial
/// state on.
struct LstmTrace {
  const Tensor &gates, &cells, &hiddens;
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
struct BatchStatistics {
  Tensor mean, variance;  // [C]
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
/// Of each row, [rows].
struct RowStatistics {
  Tensor mean, scale;  // scale = 1 / sqrt(variance + epsilon)
};
struct LayerNormGradients {
  Tensor x, weight, bias;
};

/// A device, for records: its name, its driver's version, and the version of what this program calls it by.
struct DeviceDescription {
  std::string name, driver, runtime;
};

/// A tensor to digest, contiguous.
struct DigestTask {
  DigestSalt salt;
  Tensor value;
};

/// The ops of one device. Inputs may have any strides unless said otherwise; `y` is contiguous, of its final shape, and
/// not yet seen by anyone. Where two inputs meet, they have been broadcast to y's shape (stride 0). The base class's
/// functions throw UsageError naming op and device, so an op without a kernel fails and nothing falls back silently.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual const char* name() const = 0;
  virtual DeviceDescription describe() const { return {}; }

  virtual void* allocate(size_t bytes) = 0;
  virtual void release(void* data, size_t bytes) = 0;
  /// Between the host's memory and the device's; both contiguous.
  virtual void to_host(const void* device, void* host, size_t bytes) = 0;
  virtual void to_device(const void* host, void* device, size_t bytes) = 0;
  /// x with its elements in memory of the host that the device reads by itself; x itself where it is not contiguous and
  /// on the CPU. From any thread. The base class gives x.
  virtual Tensor stage(const Tensor& x);
  /// Memory of this device, as from allocate(), with the values of x, which is contiguous and on the CPU. May return
  /// before they are there: what is asked for later waits for them, and x is kept till then.
  virtual void* upload(const Tensor& x);
  /// Begins to bring x's elements to the host as they are now, and doesn't wait. The base class brings them at once.
  virtual std::shared_ptr<PendingRead> read_later(const Tensor& x);
  /// As read_later: the Digests of tensors of this device, side by side.
  virtual std::shared_ptr<PendingRead> digests(std::span<const DigestTask> tasks);

  /// y = x, converted to y's dtype.
  virtual void copy(const Tensor& x, const Tensor& y);
  virtual void fill(double value, const Tensor& y);
  virtual void unary(Unary op, const Tensor& x, const Tensor& y);
  /// y may be a or b itself where that is contiguous and of y's shape.
  virtual void binary(Binary op, const Tensor& a, const Tensor& b, const Tensor& y);
  virtual void where(const Tensor& condition, const Tensor& a, const Tensor& b, const Tensor& y);
  /// Reduces the axes where `reduced` is true; y has the other axes.
  virtual void reduce(Reduce op, const Tensor& x, const std::vector<bool>& reduced, const Tensor& y);
  /// int64 index of the largest (or smallest) along an axis.
  virtual void arg_extreme(Reduce op, const Tensor& x, int axis, const Tensor& y);
  /// [..., m, k] x [..., k, n]; batch axes already broadcast.
  virtual void matmul(const Tensor& a, const Tensor& b, const Tensor& y);
  /// y [rows, out] = activation(x [rows, in] weight [out, in]^T + bias); bias [out] is contiguous, or undefined.
  virtual void linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation,
                      const Tensor& y);

  // Contiguous inputs from here on.
  /// y = activation(convolution + bias); bias [co] may be undefined.
  virtual void conv2d(const Window& s, const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation,
                      const Tensor& y);
  virtual void conv2d_input_gradient(const Window& s, const Tensor& dy, const Tensor& weight, const Tensor& dx);
  virtual void conv2d_weight_gradient(const Window& s, const Tensor& dy, const Tensor& x, const Tensor& dw);
  /// `index`: int64 position h * w_extent + w of the maximum in its plane.
  virtual void max_pool2d(const Window& s, const Tensor& x, const Tensor& y, const Tensor& index);
  /// dx starts at +0 and adds each dy at its index, in ascending output position.
  virtual void max_pool2d_gradient(const Window& s, const Tensor& dy, const Tensor& index, const Tensor& dx);
  virtual void avg_pool2d(const Window& s, const Tensor& x, const Tensor& y);
  virtual void avg_pool2d_gradient(const Window& s, const Tensor& dy, const Tensor& dx);
  /// x [outer, n, inner], index [m] int64: y [outer, m, inner].
  virtual void index_select(const Tensor& x, const Tensor& index, const Tensor& y);
  /// The adjoint: y [outer, n, inner] starts at +0; y[:, index[j], :] += g[:, j, :] in ascending j.
  virtual void index_add(const Tensor& g, const Tensor& index, const Tensor& y);
  /// x [outer, n, inner], index [outer, m, inner] int64: y[o, j, i] = x[o, index[o, j, i], i].
  virtual void gather(const Tensor& x, const Tensor& index, const Tensor& y);
  /// The adjoint of gather: y starts at +0; adds in ascending j.
  virtual void scatter_add(const Tensor& g, const Tensor& index, const Tensor& y);
  /// The erf form, and its gradient for an upstream g. The forward leaves erf(x sqrt 1/2) + 1 for the gradient;
  /// undefined: not wanted.
  virtual void gelu(const Tensor& x, const Tensor& y, const Tensor& one_plus_erf);
  virtual void gelu_gradient(const Tensor& g, const Tensor& x, const Tensor& one_plus_erf, const Tensor& dx);
  /// o has the inputs' layout; `extremes` and `totals` [B, H, T] take each row's maximum and sum, for the gradient.
  virtual void attention(const AttentionRule& rule, const AttentionInputs& in, const Tensor& o, const Tensor& extremes,
                         const Tensor& totals);
  /// g, o and the gradients have the inputs' layout.
  virtual void attention_gradient(const AttentionRule& rule, const AttentionInputs& in, const Tensor& o,
                                  const Tensor& extremes, const Tensor& totals, const Tensor& g,
                                  const AttentionInputs& gradients);
  /// Goes through the steps. trace.gates holds each step's part of x when this begins and its gates when it ends; the
  /// first of trace.cells and trace.hiddens is the initial state. `bias` may be undefined; output is [B, T, H].
  virtual void lstm(const Tensor& weight, const Tensor& bias, const LstmTrace& trace, const Tensor& output);
  /// Goes back through the steps from the gradients g [B, T, H] of the output and g_cell [B, H] of the last cell,
  /// either of which may be undefined. Gives those of the gates before their functions, d_gates [T, B, 4 H], and of the
  /// initial state; d_hidden may be undefined.
  virtual void lstm_gradient(const Tensor& weight, const LstmTrace& trace, const Tensor& g, const Tensor& g_cell,
                             const Tensor& d_gates, const Tensor& d_hidden, const Tensor& d_cell);
  /// Fills y from a draw's words: raw words (int64), uniform in [0, 1), or standard normal.
  virtual void random(Distribution d, const Draw& draw, const Tensor& y);
  virtual void batch_norm(const BatchNormInputs& in, const Tensor& y, const BatchStatistics& statistics);
  virtual void batch_norm_evaluation(const BatchNormInputs& in, const BatchStatistics& statistics, const Tensor& y);
  /// From the gradient g of the result y.
  virtual void batch_norm_gradient(const BatchNormInputs& in, const BatchStatistics& statistics, const Tensor& y,
                                   const Tensor& g, const BatchNormGradients& to);
  virtual void layer_norm(const LayerNormInputs& in, const Tensor& y, const RowStatistics& statistics);
  virtual void layer_norm_gradient(const LayerNormInputs& in, const RowStatistics& statistics, const Tensor& g,
                                   const LayerNormGradients& to);
  // Along the last axis of contiguous tensors [.., n].
  virtual void softmax(const Tensor& x, const Tensor& y);
  virtual void softmax_gradient(const Tensor& g, const Tensor& y, const Tensor& dx);
  virtual void log_softmax(const Tensor& x, const Tensor& y);
  /// loss and total [..] of logits [.., n] and target int64 [..]: log(total) - (logits[target] - max), exponentials =
  /// e^(logits - max), total = their sum. Throws DataError on a target that is no class.
  virtual void cross_entropy(const Tensor& logits, const Tensor& target, const Tensor& loss, const Tensor& exponentials,
                             const Tensor& total);
  /// dx = (exponentials * (1 / total) - onehot(target)) * g; g [..] has any strides.
  virtual void cross_entropy_gradient(const Tensor& g, const Tensor& target, const Tensor& exponentials,
                                      const Tensor& total, const Tensor& dx);
  /// y = word < threshold ? +0 : x * scale, element by element; y may be x.
  virtual void dropout(const Tensor& x, const Draw& draw, uint64_t threshold, double scale, const Tensor& y);
  /// Digest of x's elements as digest.h defines it. The base class copies x to the host and digests it there.
  virtual Digest digest(const DigestSalt& salt, const Tensor& x);
  /// One step of an optimizer for all its parameters (update.h).
  virtual void sgd(std::span<const SgdTask> tasks);
  virtual void adam(std::span<const AdamTask> tasks);
  /// clip_norm of update.h for gradients of one dtype: to[i] = the scaled gradients[i], which it may be itself; norm is
  /// a scalar.
  virtual void clip_norm(double max_norm, std::span<const Tensor> gradients, std::span<const Tensor> to,
                         const Tensor& norm);
};

/// The backend of a device. Throws UsageError that says what is missing: built without CUDA, no driver, or no GPU.
Backend& backend(Device device);

/// The backend of a GPU. cuda/ defines it: the real one, or in a build without CUDA one that says so.
Backend& cuda_backend(int index);

}  // namespace stet
