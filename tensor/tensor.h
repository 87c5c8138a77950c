// The tensor: an immutable value.
#pragma once

#include <array>
#include <initializer_list>
#include <iosfwd>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "stet/tensor/device.h"
#include "stet/tensor/dtype.h"
#include "stet/tensor/index.h"
#include "stet/tensor/number.h"
#include "stet/tensor/shape.h"
#include "stet/tensor/storage.h"

// With it, clang warns where `for (float x : softmax(y).span<float>())` reads a tensor that is gone. g++ warns of its
// own, from 13 on.
#ifdef __clang__
#define STET_LIFETIME_BOUND [[clang::lifetimebound]]
#else
#define STET_LIFETIME_BOUND
#endif

namespace stet {

class Node;

/// An n-dimensional array. An immutable value: copies are O(1) and share memory, and no public operation writes in
/// place, so nothing aliases by surprise. Views (reshape, transpose, slice, broadcast) share memory too.
class Tensor {
 public:
  /// Undefined: holds nothing, and any use but defined() throws.
  Tensor() = default;
  Tensor(const Tensor&) = default;
  Tensor(Tensor&&) noexcept = default;
  Tensor& operator=(const Tensor&) & = default;
  Tensor& operator=(Tensor&&) & noexcept = default;
  /// Deleted, as `x[0] = y` would change nothing: `where`, `scatter` and their kin give a tensor with other elements.
  Tensor& operator=(const Tensor&) && = delete;
  /// A float32, int64, … scalar of the C++ type.
  template <class T>
  requires requires { DTypeOf<T>::value; }
  explicit Tensor(T value) : Tensor(from(std::span<const T>(&value, 1), Shape{})) {}

  /// A copy of `values` in row-major order, `Tensor::from<float>({1, 2, 3, 4}, {2, 2})`; without a shape, along one
  /// axis. Throws UsageError if the count differs from the shape's.
  template <class T> static Tensor from(std::span<const T> values, Shape shape) {
    return from_bytes(values.data(), values.size(), dtype_of<T>, std::move(shape));
  }
  template <class T> static Tensor from(const std::vector<T>& values, Shape shape) {
    return from(std::span<const T>(values), std::move(shape));
  }
  template <class T> static Tensor from(const std::vector<T>& values) {
    return from(values, Shape{static_cast<int64_t>(values.size())});
  }
  static Tensor from(const std::vector<bool>& values, Shape shape);

  /// The vector's elements without a copy: it moves into the tensor. Throws UsageError if the count differs from the
  /// shape's.
  template <class T>
  requires(!std::is_same_v<T, bool>) static Tensor adopt(std::vector<T> values, Shape shape) {
    auto owner = std::make_shared<std::vector<T>>(std::move(values));
    return adopt_bytes(owner->data(), owner->size(), dtype_of<T>, std::move(shape), owner);
  }
  /// A new contiguous tensor whose elements are not set yet: for kernels and readers, who fill mutable_data() before
  /// anyone sees it.
  static Tensor uninitialized(Shape shape, DType dtype, Device device = cpu);
  /// A contiguous tensor in memory that is there already: for backends.
  static Tensor over(std::shared_ptr<Storage> storage, Shape shape, DType dtype);

  bool defined() const { return impl_ != nullptr; }
  const Shape& shape() const { return impl().shape; }
  int64_t size(int axis) const { return shape()[axis]; }
  int rank() const { return shape().rank(); }
  int64_t elements() const { return shape().elements(); }
  DType dtype() const { return impl().dtype; }
  Device device() const { return impl().storage->device(); }
  const Strides& strides() const { return impl().strides; }
  bool is_contiguous() const;

  /// The only element, of a tensor that has one; converted as to(dtype) does, a NaN without its sign, which the
  /// contract leaves open. Waits for the device.
  template <class T = double> T item() const;
  /// The elements in row-major order, NaNs as in item; T must be the dtype's type.
  template <class T> std::vector<T> to_vector() const;
  /// The elements without a copy: the tensor must be contiguous, on the CPU, and of T's dtype, and outlive the span.
  template <class T> std::span<const T> span() const STET_LIFETIME_BOUND {
    return {static_cast<const T*>(host_data(dtype_of<T>)), static_cast<size_t>(elements())};
  }

  /// On that device; itself where it is there already.
  Tensor to(Device device) const;
  /// Converted with one rounding, to nearest even (float to integer: toward zero). Gradients pass between floating
  /// types.
  Tensor to(DType dtype) const;

  // Views. Gradients pass through; see ops.h for the free functions and the rest of the catalogue.
  /// Same elements in row-major order; one extent may be -1. Copies only where strides demand it.
  Tensor reshape(std::vector<int64_t> dims) const;
  /// Axes first … last become one.
  Tensor flatten(int first = 0, int last = -1) const;
  Tensor transpose(int a = -2, int b = -1) const;
  Tensor permute(std::vector<int> axes) const;
  /// Elements begin, begin + step, … below end along an axis; negative positions count from the end, as in Python.
  Tensor slice(int axis, int64_t begin, int64_t end, int64_t step = 1) const;
  /// The i-th along the first axis, which goes away.
  Tensor operator[](int64_t i) const;
  Tensor squeeze(int axis) const;
  Tensor unsqueeze(int axis) const;
  Tensor expand(std::vector<int64_t> dims) const;
  Tensor expand_as(const Tensor& other) const;
  Tensor movedim(const Axes& from, const Axes& to) const;
  Tensor swapaxes(int a, int b) const;
  Tensor diagonal(int64_t offset = 0) const;
  /// Parts along an axis: of `size` (the last of what is left), of the sizes given, or at most `parts` of one size.
  std::vector<Tensor> split(int64_t size, int axis = 0) const;
  std::vector<Tensor> split(const std::vector<int64_t>& sizes, int axis = 0) const;
  template <size_t N> std::array<Tensor, N> split(const int64_t (&sizes)[N], int axis = 0) const;
  std::vector<Tensor> chunk(int64_t parts, int axis = 0) const;
  std::vector<Tensor> unbind(int axis = 0) const;
  /// Just N of them: `auto [q, k, v] = x.chunk<3>(-1);`
  template <size_t N> std::array<Tensor, N> chunk(int axis = 0) const;
  template <size_t N> std::array<Tensor, N> unbind(int axis = 0) const;

  // Indexing, as index.h has it: `x({0, 5}, {}, -1)`. A view where no index is a tensor, else a copy.
  Tensor operator()(const Index& a, const Index& b = Index::absent(), const Index& c = Index::absent(),
                    const Index& d = Index::absent(), const Index& e = Index::absent(),
                    const Index& f = Index::absent()) const;
  /// The same for any number of axes: `x.index({ellipsis, 0})`.
  Tensor index(std::initializer_list<Index> indices) const;
  /// Rows at the positions of an int64 tensor, or the elements (rows, …) at which a bool tensor is true.
  Tensor operator[](const Tensor& positions) const;

  // The ops of ops.h that are most often chained.
  Tensor sum(const Axes& axes = {}, bool keep = false) const;
  Tensor mean(const Axes& axes = {}, bool keep = false) const;
  Tensor max(const Axes& axes = {}, bool keep = false) const;
  Tensor min(const Axes& axes = {}, bool keep = false) const;
  Tensor var(const Axes& axes = {}, bool keep = false, double correction = 1) const;
  Tensor std(const Axes& axes = {}, bool keep = false, double correction = 1) const;
  Tensor norm(double p = 2, const Axes& axes = {}, bool keep = false) const;
  Tensor logsumexp(const Axes& axes, bool keep = false) const;
  Tensor any(const Axes& axes = {}, bool keep = false) const;
  Tensor all(const Axes& axes = {}, bool keep = false) const;
  Tensor argmax(int axis = -1, bool keep = false) const;
  Tensor argmin(int axis = -1, bool keep = false) const;
  Tensor softmax(int axis = -1) const;
  Tensor log_softmax(int axis = -1) const;
  Tensor matmul(const Tensor& other) const;

  Tensor abs() const;
  Tensor sign() const;
  Tensor square() const;
  Tensor exp() const;
  Tensor log() const;
  Tensor log1p() const;
  Tensor sqrt() const;
  Tensor rsqrt() const;
  Tensor sin() const;
  Tensor cos() const;
  Tensor tanh() const;
  Tensor sigmoid() const;
  Tensor relu() const;
  Tensor erf() const;
  Tensor pow(int n) const;
  Tensor pow(double y) const;
  Tensor pow(const Tensor& y) const;
  Tensor clamp(double low, double high) const;
  Tensor clamp(const Tensor& low, const Tensor& high) const;
  Tensor clamp_min(Number low) const;
  Tensor clamp_max(Number high) const;
  Tensor masked_fill(const Tensor& mask, Number value) const;

  Tensor repeat(const std::vector<int64_t>& times) const;
  Tensor repeat_interleave(int64_t times, std::optional<int> axis = {}) const;
  Tensor flip(const Axes& axes) const;
  Tensor roll(int64_t shift, int axis) const;
  Tensor tril(int64_t diagonal = 0) const;
  Tensor triu(int64_t diagonal = 0) const;
  Tensor index_select(int axis, const Tensor& index) const;
  Tensor gather(int axis, const Tensor& index) const;

  /// The same values, unknown to backward.
  Tensor detach() const;
  /// True if backward would go through it.
  bool has_gradient() const { return defined() && impl_->node != nullptr; }

  /// Element storage for kernels; element 0 of the logical tensor. Do not write to a tensor that anyone else has seen.
  void* mutable_data() const;
  const void* data() const { return mutable_data(); }
  template <class T> const T* data_as() const { return static_cast<const T*>(data()); }
  template <class T> T* mutable_data_as() const { return static_cast<T*>(mutable_data()); }

  /// True if no other tensor holds this one or its memory, so that what replaces it may be written there.
  bool is_unshared() const { return impl_.use_count() == 1 && impl_->storage.use_count() == 1; }

  // For the tape and the ops.
  const std::shared_ptr<Node>& node() const { return impl().node; }
  Tensor with_node(std::shared_ptr<Node> node) const;
  /// A view of the same storage: offset in elements from this tensor's element 0. Carries no gradient.
  Tensor view(Shape shape, Strides strides, int64_t offset) const;

 private:
  struct Impl {
    std::shared_ptr<Storage> storage;
    int64_t offset = 0;  // elements
    Shape shape;
    Strides strides;
    DType dtype = DType::float32;
    std::shared_ptr<Node> node;
  };
  explicit Tensor(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  const Impl& impl() const;
  static Tensor from_bytes(const void* values, size_t count, DType dtype, Shape shape);
  static Tensor adopt_bytes(void* values, size_t count, DType dtype, Shape shape, std::shared_ptr<void> owner);
  const void* host_data(DType wanted) const;

  std::shared_ptr<const Impl> impl_;
};

inline Index::Index(const Tensor& positions)
    : kind(Kind::positions), tensor(std::make_shared<const Tensor>(positions)) {}

/// Shape, dtype and elements, long axes abridged.
std::ostream& operator<<(std::ostream& out, const Tensor& t);
std::string to_string(const Tensor& t);

/// The same values in row-major memory.
Tensor contiguous(const Tensor& x);

/// Every element 0, or 1; of bool false, or true.
Tensor zeros(Shape shape, DType dtype = DType::float32, Device device = cpu);
Tensor ones(Shape shape, DType dtype = DType::float32, Device device = cpu);
/// Every element `value`, rounded once to a floating dtype. Of another it must be a value: full({2}, 0.5, DType::int64)
/// throws UsageError.
Tensor full(Shape shape, double value, DType dtype = DType::float32, Device device = cpu);
/// Of x's shape, dtype and device.
inline Tensor zeros_like(const Tensor& x) { return zeros(x.shape(), x.dtype(), x.device()); }
inline Tensor ones_like(const Tensor& x) { return ones(x.shape(), x.dtype(), x.device()); }
inline Tensor full_like(const Tensor& x, double value) { return full(x.shape(), value, x.dtype(), x.device()); }
/// 0, 1, … n-1. Throws UsageError where n is negative, or an integer dtype does not reach to n-1. With a beginning and
/// a step it is in tensor/ops/ranges.h.
Tensor arange(int64_t n, DType dtype = DType::int64);
/// [n, n]: 1 on the diagonal, else 0.
Tensor eye(int64_t n, DType dtype = DType::float32);

}  // namespace stet
