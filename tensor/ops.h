// The op catalogue. Every op has a gradient where its result is floating; docs/numerics.md defines each to the bit.
// Floating inputs of one op must have one dtype; shapes broadcast by NumPy's rule where two inputs meet element by
// element.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "stet/tensor/activation.h"
#include "stet/tensor/number.h"
#include "stet/tensor/rng.h"
#include "stet/tensor/tensor.h"

namespace stet {

// ---- element by element: ops/elementwise.cpp ------------------------------------------------------------------------------------
Tensor operator+(const Tensor& a, const Tensor& b);
Tensor operator-(const Tensor& a, const Tensor& b);
Tensor operator*(const Tensor& a, const Tensor& b);
/// IEEE division; of integers, toward zero. Integer division by zero throws DataError.
Tensor operator/(const Tensor& a, const Tensor& b);
Tensor operator-(const Tensor& x);
// With a number. Beside a floating tensor it is rounded once to the tensor's dtype; beside an integer one it must be
// one of its dtype's values, and to divide it must be of an integer type, else they throw UsageError.
Tensor operator+(const Tensor& a, Number b);
Tensor operator-(const Tensor& a, Number b);
Tensor operator*(const Tensor& a, Number b);
Tensor operator/(const Tensor& a, Number b);
Tensor operator+(Number a, const Tensor& b);
Tensor operator-(Number a, const Tensor& b);
Tensor operator*(Number a, const Tensor& b);
Tensor operator/(Number a, const Tensor& b);

// Comparisons give bool; NaN compares as in IEEE 754. An integer or bool tensor compares with any number as mathematics
// has it; beside a floating one the number is rounded to its dtype first.
Tensor operator==(const Tensor& a, const Tensor& b);
Tensor operator!=(const Tensor& a, const Tensor& b);
Tensor operator<(const Tensor& a, const Tensor& b);
Tensor operator<=(const Tensor& a, const Tensor& b);
Tensor operator>(const Tensor& a, const Tensor& b);
Tensor operator>=(const Tensor& a, const Tensor& b);
Tensor operator==(const Tensor& a, Number b);
Tensor operator!=(const Tensor& a, Number b);
Tensor operator<(const Tensor& a, Number b);
Tensor operator<=(const Tensor& a, Number b);
Tensor operator>(const Tensor& a, Number b);
Tensor operator>=(const Tensor& a, Number b);
Tensor operator&&(const Tensor& a, const Tensor& b);
Tensor operator||(const Tensor& a, const Tensor& b);
Tensor operator!(const Tensor& x);

/// IEEE 754-2019 maximum and minimum: NaN wins, -0 < +0. Where both are equal, a takes the gradient.
Tensor maximum(const Tensor& a, const Tensor& b);
Tensor minimum(const Tensor& a, const Tensor& b);
/// a where the condition (bool) holds, else b.
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);
/// minimum(maximum(x, low), high); the gradient passes where low <= x <= high. Of integers the bounds are integral, or
/// infinite, and some value of the dtype lies between them.
Tensor clamp(const Tensor& x, double low, double high);

Tensor abs(const Tensor& x);
/// -1, 0 or 1; NaN passes.
Tensor sign(const Tensor& x);
Tensor square(const Tensor& x);
Tensor exp(const Tensor& x);
Tensor expm1(const Tensor& x);
Tensor log(const Tensor& x);
Tensor log1p(const Tensor& x);
Tensor sqrt(const Tensor& x);
/// 1 / sqrt(x), two roundings.
Tensor rsqrt(const Tensor& x);
Tensor tanh(const Tensor& x);
Tensor sigmoid(const Tensor& x);
Tensor erf(const Tensor& x);
Tensor sin(const Tensor& x);
Tensor cos(const Tensor& x);
/// sin(pi x), cos(pi x).
Tensor sinpi(const Tensor& x);
Tensor cospi(const Tensor& x);
/// Correctly rounded x^y, element by element.
Tensor pow(const Tensor& x, const Tensor& y);
Tensor pow(const Tensor& x, double y);
/// Square and multiply, most significant bit first; n = 0 gives 1, n < 0 gives 1 / x^-n, whose gradient is n x^(n - 1).
Tensor pow(const Tensor& x, int n);

/// x < 0 ? +0 : x, so NaN and -0 pass. The gradient passes where x > 0.
Tensor relu(const Tensor& x);
enum class Gelu { erf, tanh };
/// Hendrycks and Gimpel, 2016: 0.5 x (1 + erf(x / sqrt 2)), or its tanh form.
Tensor gelu(const Tensor& x, Gelu form = Gelu::erf);
/// x sigmoid(x).
Tensor silu(const Tensor& x);
/// log(1 + e^x), as maximum(x, 0) + log1p(exp(-|x|)).
Tensor softplus(const Tensor& x);

// ---- reductions: ops/reduce.cpp. `axes` empty means all; `keep` leaves reduced axes with extent 1 ---------------------------------
using Axes = std::vector<int>;
/// Of uint8 and bool in int64; of other integers in their dtype, wrapping around.
Tensor sum(const Tensor& x, const Axes& axes = {}, bool keep = false);
/// sum / count, one division.
Tensor mean(const Tensor& x, const Axes& axes = {}, bool keep = false);
/// NaN wins. The gradient goes in equal shares to all elements that equal the extreme.
Tensor max(const Tensor& x, const Axes& axes = {}, bool keep = false);
Tensor min(const Tensor& x, const Axes& axes = {}, bool keep = false);
/// int64 index along an axis: the lowest of equals; the first NaN wins. No gradient.
Tensor argmax(const Tensor& x, int axis = -1, bool keep = false);
Tensor argmin(const Tensor& x, int axis = -1, bool keep = false);

// ---- shape: ops/shape_ops.cpp ------------------------------------------------------------------------------------------------------
Tensor reshape(const Tensor& x, std::vector<int64_t> dims);
Tensor flatten(const Tensor& x, int first = 0);
/// Swaps two axes; the last two by default.
Tensor transpose(const Tensor& x, int a = -2, int b = -1);
Tensor permute(const Tensor& x, std::vector<int> axes);
Tensor slice(const Tensor& x, int axis, int64_t begin, int64_t end, int64_t step = 1);
Tensor squeeze(const Tensor& x, int axis);
Tensor unsqueeze(const Tensor& x, int axis);
/// A view with stride 0 along stretched axes; its gradient is summed over them.
Tensor broadcast_to(const Tensor& x, const Shape& shape);
Tensor concatenate(std::span<const Tensor> parts, int axis = 0);
Tensor concatenate(std::initializer_list<Tensor> parts, int axis = 0);
/// Joins along a new axis.
Tensor stack(std::span<const Tensor> parts, int axis = 0);
Tensor stack(std::initializer_list<Tensor> parts, int axis = 0);
/// `widths[i]` elements of `value` before and after axis i, for the last axes given: pad(x, {{1, 1}, {1, 1}}) frames
/// images.
Tensor pad(const Tensor& x, std::vector<std::pair<int64_t, int64_t>> widths, double value = 0);
/// Equal parts along an axis. Throws UsageError if their number does not divide it.
std::vector<Tensor> split(const Tensor& x, int64_t parts, int axis = 0);

// ---- indexing: ops/index_ops.cpp. An index out of range throws DataError ------------------------------------------------------------
/// Rows of x along an axis: index int64 [m].
Tensor index_select(const Tensor& x, int axis, const Tensor& index);
/// y[.., j, ..] = x[.., index[.., j, ..], ..]: index int64 of x's rank.
Tensor gather(const Tensor& x, int axis, const Tensor& index);
/// The adjoint of gather: +0, plus g's elements at their indices, in ascending position; `extent` along the axis.
Tensor scatter_add(const Tensor& g, int axis, const Tensor& index, int64_t extent);
/// int64 [..] to [.., classes]: 1 at each index, 0 elsewhere.
Tensor one_hot(const Tensor& index, int64_t classes, DType dtype = DType::float32);

// ---- products: ops/products.cpp ------------------------------------------------------------------------------------------------------
/// [.., m, k] x [.., k, n]: batch axes broadcast; a vector [k] on either side is a row or a column whose axis goes
/// away.
Tensor matmul(const Tensor& a, const Tensor& b);
/// x [.., in], weight [out, in], bias [out] or undefined: x weight^T + bias, then the activation.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, Activation activation = Activation::none);

// ---- convolution and pooling: ops/convolution.cpp --------------------------------------------------------------------------------
struct Conv2dOptions {
  std::pair<int64_t, int64_t> stride{1, 1}, padding{0, 0}, dilation{1, 1};
  int64_t groups = 1;
  Activation activation = Activation::none;  ///< applied after the bias
};
/// x [N, C, H, W], weight [CO, C / groups, KH, KW], bias [CO] or undefined; zero padding. Result [N, CO, OH, OW].
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, const Conv2dOptions& options = {});

struct PoolOptions {
  std::pair<int64_t, int64_t> stride{0, 0};  ///< 0: the kernel's own extent
  std::pair<int64_t, int64_t> padding{0, 0};
};
/// x [N, C, H, W] with H and W of at least 1; padding takes no part. Ties: the first in (kh, kw) order.
Tensor max_pool2d(const Tensor& x, std::pair<int64_t, int64_t> kernel, const PoolOptions& options = {});
/// Padding counts as +0, and in the divisor.
Tensor avg_pool2d(const Tensor& x, std::pair<int64_t, int64_t> kernel, const PoolOptions& options = {});

// ---- normalised: ops/softmax.cpp --------------------------------------------------------------------------------------------------
Tensor softmax(const Tensor& x, int axis = -1);
Tensor log_softmax(const Tensor& x, int axis = -1);
/// Loss of each row: logits [.., C], target int64 [..]; result [..]. -log softmax(logits)[target].
Tensor cross_entropy_rows(const Tensor& logits, const Tensor& target);

// ---- normalising layers: ops/norm.cpp -----------------------------------------------------------------------------------------------
/// What batch_norm gives. The statistics are over batch and plane, [C], the variance divided by the count; no gradient
/// passes through them.
struct BatchNorm {
  Tensor y, mean, variance;
};
/// Ioffe and Szegedy, 2015 (arXiv 1502.03167), in training: activation((x - mean) / sqrt(variance + epsilon) * weight +
/// bias + residual) for x [N, C, ...], weight and bias [C], residual of x's shape; all three may be undefined. Throws
/// UsageError unless every channel has at least two values.
BatchNorm batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double epsilon = 1e-5,
                     Activation activation = Activation::none, const Tensor& residual = {});
/// The same by given statistics [C], as in evaluation: activation(x * a + (bias - mean * a) + residual), a = weight /
/// sqrt(variance + epsilon), so a sample's result does not depend on the others.
Tensor batch_norm_evaluation(const Tensor& x, const Tensor& mean, const Tensor& variance, const Tensor& weight,
                             const Tensor& bias, double epsilon = 1e-5, Activation activation = Activation::none,
                             const Tensor& residual = {});
/// Ba et al., 2016 (arXiv 1607.06450): (x - mean) / sqrt(variance + epsilon) * weight + bias with the statistics of
/// each row of x [.., D]; weight and bias [D], or undefined.
Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double epsilon = 1e-5);

// ---- attention: ops/attention.cpp ---------------------------------------------------------------------------------------------------
struct AttentionOptions {
  bool causal = false;                         ///< query i sees keys 0 … i alone; there are as many keys as queries
  std::optional<double> scale = std::nullopt;  ///< of the products; 1 / sqrt(D) unless given
};
/// Vaswani et al., 2017 (arXiv 1706.03762): softmax(q k^T scale) v for q [.., T, D], k [.., S, D], v [.., S, E] with
/// the same leading axes; result [.., T, E]. The T x S weights are never in memory as a whole.
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& options = {});
/// The same with several heads and all three from one tensor: qkv [.., T, 3 C] holds queries, keys and values side by
/// side, each of `heads` heads of C / heads. Result [.., T, C], the heads side by side.
Tensor self_attention(const Tensor& qkv, int64_t heads, const AttentionOptions& options = {});

// ---- recurrent: ops/lstm.cpp --------------------------------------------------------------------------------------------------------
/// Of one layer of H units over I inputs; rows are gates in the order input, forget, cell, output. The biases may be
/// undefined.
struct LstmWeights {
  Tensor input;           ///< [4 H, I]
  Tensor recurrent;       ///< [4 H, H]
  Tensor input_bias;      ///< [4 H]
  Tensor recurrent_bias;  ///< [4 H]
};
/// Both [B, H]; one that is undefined is +0 as an initial state.
struct LstmState {
  Tensor hidden, cell;
};
struct LstmResult {
  Tensor output;  ///< [B, T, H]
  LstmState last;
};
/// Hochreiter and Schmidhuber, 1997, with the forget gate of Gers et al., 2000: x [B, T, I]. The initial state is +0
/// unless given.
LstmResult lstm(const Tensor& x, const LstmWeights& weights, const LstmState& initial = {});

// ---- random: ops/random_ops.cpp. A stream's numbers are the same on every device -------------------------------------------------
/// Uniform in [low, high): low + u * (high - low), u of 24 bits; never below low or from high on, as the dtype rounds
/// them. Throws UsageError on a range that holds no number of the dtype, or is wider than its greatest one.
Tensor uniform(Stream& stream, Shape shape, double low = 0, double high = 1, DType dtype = DType::float32,
               Device device = cpu);
/// mean + deviation * z, z by Box and Muller, 1958.
Tensor normal(Stream& stream, Shape shape, double mean = 0, double deviation = 1, DType dtype = DType::float32,
              Device device = cpu);
/// bool, true with probability p.
Tensor bernoulli(Stream& stream, Shape shape, double p, Device device = cpu);
/// int64 uniform in low … high-1, high - low up to 2^32.
Tensor random_integers(Stream& stream, Shape shape, int64_t low, int64_t high, Device device = cpu);
/// Srivastava et al., JMLR 2014: +0 with probability p, else x * (1 / (1 - p)).
Tensor dropout(const Tensor& x, double p, Stream& stream);

}  // namespace stet
