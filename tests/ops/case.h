// The table of ops: one row an op, or a way to call it. Drivers hold each row to its scalar reference, its gradient to
// central differences and to its own reference, fused kernels to their composition, all of it to committed digests, and
// a GPU to the CPU. A new op is a new row, in the source of this folder for its kind.
#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <vector>

#include "stet/tensor/ops.h"
#include "tensor/reference.h"

namespace stet::testing {

using reference::Array;
using Arrays = std::vector<Array<float>>;
using Tensors = std::vector<Tensor>;
using Shapes = std::vector<Shape>;

enum class Numbers {
  wide,     // magnitudes so far apart that the order of a sum shows
  special,  // the same, but one in eight is an infinity, NaN, a signed zero, subnormal or the largest number
};

/// The inputs of one evaluation that a digest covers.
struct DigestInputs {
  Shapes shapes;
  Numbers kind = Numbers::special;
  DType dtype = DType::float32;
};

/// Inputs of a check by differences lie between, spread evenly.
struct Range {
  double low = -2, high = 2;
};

/// A row. What it leaves empty isn't checked.
struct OpCase {
  std::string name;              ///< of its digest too; the op's, and what sets this way to call it apart
  std::vector<std::string> ops;  ///< the ops that it calls: the name up to its dot, unless told
  std::function<Tensor(const Tensors&)> op;

  std::function<Array<float>(const Arrays&)> reference;
  std::vector<Shapes> sizes;
  std::function<Arrays(const Array<float>& g, const Arrays&)> gradient_reference;  ///< for an upstream g
  std::vector<Shapes> gradient_sizes;

  std::function<Tensor(const Tensors&)> composition;
  std::function<Tensors(const Tensor& g, const Tensors&)> gradient_composition;  ///< unless it is composition's own
  std::vector<Shapes> composed_sizes;
  bool ordinary = false;     ///< inputs of composed_sizes are normal deviates,
  double awkward_share = 1;  ///< but for such a share where there are specials

  Shapes smooth_shapes;
  std::vector<Range> ranges;  ///< one for all inputs, or one each

  std::vector<Shapes> edges;  ///< with axes of extent 0 and 1, where kernels have nothing to do, or next to nothing

  std::vector<DigestInputs> digested;
  bool gradient_is_digested = true;
  std::vector<double> scales;  ///< a digest's inputs are multiplied by them first; 1 leaves one as it is

  std::function<Tensor(Stream&, Device)> draw;  ///< in place of op: draws from a stream
  bool holds_stream = false;                    ///< of which a process has one
  bool has_float64_on_gpu = true;

  // What a row says after its op. Each returns the row.
  OpCase& of(std::vector<std::string> names);
  OpCase& equals(std::function<Array<float>(const Arrays&)> f, std::vector<Shapes> at);
  OpCase& equal_at(std::vector<Shapes> shapes);
  OpCase& gradient_equals(std::function<Arrays(const Array<float>&, const Arrays&)> f, std::vector<Shapes> at);
  OpCase& composed_as(std::function<Tensor(const Tensors&)> f, std::vector<Shapes> at);
  OpCase& with_gradient(std::function<Tensors(const Tensor& g, const Tensors&)> f);
  OpCase& of_ordinary_numbers(double but_for_awkward = 1);
  OpCase& smooth_at(Shapes shapes, std::vector<Range> within = {});
  OpCase& smooth_in(double low, double high);
  OpCase& without_gradient();
  OpCase& edges_at(std::vector<Shapes> shapes);
  OpCase& digest(std::vector<DigestInputs> inputs, std::vector<double> scaled_by = {});
  OpCase& undigested();
  OpCase& not_on_gpu_in_float64();
  OpCase& of_a_stream();
};

/// A function of single elements. Of overloaded ones it takes that of float; of nullptr it makes none.
template <class... T> class Scalar : public std::function<float(T...)> {
 public:
  Scalar(float (*f)(T...)) : std::function<float(T...)>(f) {}  // NOLINT: rows name functions
  template <std::invocable<T...> F> Scalar(F f) : std::function<float(T...)>(std::move(f)) {}  // NOLINT
};
using Scalar1 = Scalar<float>;
using Scalar2 = Scalar<float, float>;
using Scalar3 = Scalar<float, float, float>;

class Table {
 public:
  OpCase& add(std::string name, std::function<Tensor(const Tensors&)> op);
  /// An op of one tensor, element by element: its reference, and that of its gradient for an upstream g; nullptr is
  /// none.
  OpCase& unary(const char* name, const std::function<Tensor(const Tensor&)>& op, const Scalar1& f,
                const Scalar2& gradient);
  /// Of two tensors that broadcast; `first` and `second` are the gradients of a and b.
  OpCase& binary(const char* name, const std::function<Tensor(const Tensor&, const Tensor&)>& op, const Scalar2& f,
                 const Scalar3& first, const Scalar3& second);
  /// An op that draws from a stream.
  OpCase& random(const char* name, std::function<Tensor(Stream&, Device)> draw);

  const std::vector<OpCase>& rows() const { return rows_; }

 private:
  std::vector<OpCase> rows_;
};

// The rows by kind.
void add_elementwise(Table& t);
void add_activations(Table& t);
void add_reductions(Table& t);
void add_shape_ops(Table& t);
void add_compositions(Table& t);
void add_statistics(Table& t);
void add_indexing(Table& t);
void add_positions(Table& t);
void add_whole_numbers(Table& t);
void add_scans(Table& t);
void add_resampling(Table& t);
void add_choices_by_weight(Table& t);
void add_products(Table& t);
void add_convolution(Table& t);
void add_pooling(Table& t);
void add_normalised(Table& t);
void add_norms(Table& t);
void add_sequences(Table& t);
void add_random(Table& t);

/// All rows.
const std::vector<OpCase>& op_cases();

/// Inputs in float64 at which the row is smooth: at least 0.04 from 0 and from each other, in no order.
Tensors smooth_inputs(const OpCase& c);

/// Numbers that are a function of shape and seed alone.
Tensor drawn(const Shape& shape, uint64_t seed, Numbers kind, DType dtype = DType::float32);
/// int64 in 0 … n-1.
Tensor drawn_indices(const Shape& shape, uint64_t seed, int64_t n);

/// Shapes of three axes, with lengths about the sizes of vectors, chains and blocks in each place.
std::vector<Shapes> three_axes();
/// Some of them, for a way to call an op that takes the kernels of another row.
std::vector<Shapes> few_sizes();
/// Several blocks of 1024, several chains of 64, several levels of both.
std::vector<DigestInputs> three_axes_digest();
/// Shapes for a gradient's reference: `inputs` of each.
std::vector<Shapes> lines(size_t inputs);

}  // namespace stet::testing
