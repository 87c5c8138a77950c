#include "stet/tensor/tensor.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>
#include <type_traits>

#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/node.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/scalar_ops.h"

namespace stet {

const Tensor::Impl& Tensor::impl() const {
  if (!impl_) raise("an undefined tensor was used: it was never given a value");
  return *impl_;
}

int64_t add_extents(std::string_view op, int64_t a, int64_t b) {
  int64_t sum;
  if (__builtin_add_overflow(a, b, &sum)) raise("{}: {} + {} is past 2^63 - 1", op, a, b);
  return sum;
}

int64_t multiply_extents(std::string_view op, int64_t a, int64_t b) {
  int64_t product;
  if (__builtin_mul_overflow(a, b, &product)) raise("{}: {} x {} is past 2^63 - 1", op, a, b);
  return product;
}

void require_countable(std::string_view op, const Shape& shape, DType dtype) {
  int64_t bytes;
  if (__builtin_mul_overflow(elements_of(shape.dims(), op), static_cast<int64_t>(size_of(dtype)), &bytes)) {
    raise("{}: {} of {} has more than 2^63 - 1 bytes", op, shape.to_string(), name_of(dtype));
  }
}

Tensor new_tensor(std::string_view op, Shape shape, DType dtype, Device device) {
  require_countable(op, shape, dtype);
  return Tensor::uninitialized(std::move(shape), dtype, device);
}

Tensor Tensor::uninitialized(Shape shape, DType dtype, Device device) {
  require_countable("tensor", shape, dtype);
  auto storage = std::make_shared<Storage>(static_cast<size_t>(shape.elements()) * size_of(dtype), device);
  return over(std::move(storage), std::move(shape), dtype);
}

Tensor Tensor::over(std::shared_ptr<Storage> storage, Shape shape, DType dtype) {
  auto impl = std::make_shared<Impl>();
  impl->storage = std::move(storage);
  impl->strides = contiguous_strides(shape);
  impl->shape = std::move(shape);
  impl->dtype = dtype;
  return Tensor(std::move(impl));
}

namespace {

void require_count(size_t count, const Shape& shape) {
  if (static_cast<int64_t>(count) != shape.elements())
    raise("tensor: {} values don't fill shape {}", count, shape.to_string());
}

}  // namespace

Tensor Tensor::adopt_bytes(void* values, size_t count, DType dtype, Shape shape, std::shared_ptr<void> owner) {
  require_count(count, shape);
  return over(std::make_shared<Storage>(static_cast<std::byte*>(values), count * size_of(dtype), std::move(owner)),
              std::move(shape), dtype);
}

Tensor Tensor::from_bytes(const void* values, size_t count, DType dtype, Shape shape) {
  require_count(count, shape);
  Tensor t = uninitialized(std::move(shape), dtype);
  if (count > 0) std::memcpy(t.mutable_data(), values, count * size_of(dtype));
  return t;
}

Tensor Tensor::from(const std::vector<bool>& values, Shape shape) {
  const std::vector<uint8_t> bytes(values.begin(), values.end());
  return from_bytes(bytes.data(), bytes.size(), DType::boolean, std::move(shape));
}

void* Tensor::mutable_data() const {
  return impl().storage->data() + impl_->offset * static_cast<int64_t>(size_of(impl_->dtype));
}

bool Tensor::is_contiguous() const {
  int64_t step = 1;
  for (int i = rank() - 1; i >= 0; --i) {
    if (size(i) == 0) return true;
    if (size(i) != 1 && strides()[static_cast<size_t>(i)] != step) return false;
    step *= size(i);
  }
  return true;
}

const void* Tensor::host_data(DType wanted) const {
  if (dtype() != wanted) raise("span: the tensor holds {}, not {}", name_of(dtype()), name_of(wanted));
  if (device().kind != Device::Kind::cpu) raise("span: the tensor is on {}; use to(cpu) first", device().to_string());
  if (!is_contiguous()) raise("span: the tensor is a strided view; use contiguous() first");
  return data();
}

Tensor Tensor::with_node(std::shared_ptr<Node> node) const {
  auto copy = std::make_shared<Impl>(impl());
  copy->node = std::move(node);
  return Tensor(std::move(copy));
}

Tensor Tensor::detach() const { return !defined() || !impl_->node ? *this : with_node(nullptr); }

Tensor Tensor::view(Shape shape, Strides strides, int64_t offset) const {
  auto copy = std::make_shared<Impl>();
  copy->storage = impl().storage;
  copy->offset = impl_->offset + offset;
  copy->shape = std::move(shape);
  copy->strides = std::move(strides);
  copy->dtype = impl_->dtype;
  return Tensor(std::move(copy));
}

Tensor contiguous(const Tensor& x) {
  if (x.is_contiguous()) return x;
  Tensor y = new_tensor("contiguous", x.shape(), x.dtype(), x.device());
  backend(x.device()).copy(x, y);
  return record("contiguous", y, {{x, [](const Tensor& g) { return g; }}});
}

Tensor Tensor::to(DType wanted) const {
  if (dtype() == wanted) return *this;
  Tensor y = new_tensor("to", shape(), wanted, device());
  backend(device()).copy(*this, y);
  if (!is_floating(wanted)) return y;
  return record("to", y, {{*this, [from = dtype()](const Tensor& g) { return g.to(from); }}});
}

Tensor Tensor::to(Device wanted) const {
  if (device() == wanted) return *this;
  const Tensor x = contiguous(detach());
  const auto bytes = static_cast<size_t>(elements()) * size_of(dtype());
  Tensor y;
  if (wanted.kind == Device::Kind::cpu) {
    y = uninitialized(shape(), dtype(), wanted);
    backend(device()).to_host(x.data(), y.mutable_data(), bytes);
  } else if (device().kind == Device::Kind::cpu) {
    y = over(std::make_shared<Storage>(static_cast<std::byte*>(backend(wanted).upload(x)), bytes, wanted), shape(),
             dtype());
  } else {
    return to(cpu).to(wanted);
  }
  return record("to", y, {{*this, [from = device()](const Tensor& g) { return g.to(from); }}});
}

namespace {

// Which sign and payload a NaN has differs between instruction sets.
template <class T> T with_plain_nan(T x) {
  if constexpr (std::is_floating_point_v<T>) {
    if (x != x) return std::numeric_limits<T>::quiet_NaN();
  }
  return x;
}

}  // namespace

template <class T> T Tensor::item() const {
  if (elements() != 1) raise("item: the tensor has shape {}, not one element", shape().to_string());
  const Tensor host = detach().to(cpu);
  const ContractFloatEnv env;
  return visit_dtype(dtype(), [&]<class Element>(Element) {
    return with_plain_nan(scalar_ops::convert<T>(*static_cast<const Element*>(host.data())));
  });
}

template <class T> std::vector<T> Tensor::to_vector() const {
  const Tensor host = contiguous(detach().to(cpu));
  const auto values = host.span<T>();
  std::vector<T> all(values.begin(), values.end());
  if constexpr (std::is_floating_point_v<T>) std::transform(all.begin(), all.end(), all.begin(), with_plain_nan<T>);
  return all;
}

#define STET_INSTANTIATE(T)           \
  template T Tensor::item<T>() const; \
  template std::vector<T> Tensor::to_vector<T>() const;
STET_INSTANTIATE(float)
STET_INSTANTIATE(double)
STET_INSTANTIATE(int32_t)
STET_INSTANTIATE(int64_t)
STET_INSTANTIATE(uint8_t)
STET_INSTANTIATE(bool)
#undef STET_INSTANTIATE

std::pair<int64_t, int64_t> integer_range(DType dtype) {
  return visit_dtype(dtype, []<class T>(T) -> std::pair<int64_t, int64_t> {
    if constexpr (std::is_integral_v<T>) return {std::numeric_limits<T>::min(), std::numeric_limits<T>::max()};
    else refuse_dtype(dtype_of<T>, "an integer type or bool");
  });
}

Tensor filled(std::string_view op, Shape shape, double value, DType dtype, Device device) {
  if (!is_floating(dtype)) {
    const auto exact = Number(value).integral();
    const auto [low, high] = integer_range(dtype);
    if (!exact || *exact < low || *exact > high) raise("{}: {} is not a value of {}", op, value, name_of(dtype));
  }
  Tensor y = new_tensor(op, std::move(shape), dtype, device);
  backend(device).fill(value, y);
  return y;
}

Tensor full(Shape shape, double value, DType dtype, Device device) {
  return filled("full", std::move(shape), value, dtype, device);
}
Tensor zeros(Shape shape, DType dtype, Device device) { return filled("zeros", std::move(shape), 0, dtype, device); }
Tensor ones(Shape shape, DType dtype, Device device) { return filled("ones", std::move(shape), 1, dtype, device); }

Tensor arange(int64_t n, DType dtype) {
  if (n < 0) raise("arange: {} is not a number of elements", n);
  if (!is_floating(dtype) && n > 0 && n - 1 > integer_range(dtype).second) {
    raise("arange: {} is not a value of {}", n - 1, name_of(dtype));
  }
  const Tensor values = new_tensor("arange", Shape{n}, DType::int64, cpu);
  std::iota(values.mutable_data_as<int64_t>(), values.mutable_data_as<int64_t>() + n, int64_t{0});
  return values.to(dtype);
}

Tensor eye(int64_t n, DType dtype) {
  if (n < 0) raise("eye: {} is not a number of rows", n);
  require_countable("eye", Shape{n, n}, dtype);
  const Tensor i = arange(n);
  return (i.unsqueeze(1) == i).to(dtype);
}

Tensor Tensor::reshape(std::vector<int64_t> dims) const { return stet::reshape(*this, std::move(dims)); }
Tensor Tensor::flatten(int first, int last) const { return stet::flatten(*this, first, last); }
Tensor Tensor::transpose(int a, int b) const { return stet::transpose(*this, a, b); }
Tensor Tensor::permute(std::vector<int> axes) const { return stet::permute(*this, std::move(axes)); }
Tensor Tensor::slice(int axis, int64_t begin, int64_t end, int64_t step) const {
  return stet::slice(*this, axis, begin, end, step);
}
Tensor Tensor::squeeze(int axis) const { return stet::squeeze(*this, axis); }
Tensor Tensor::unsqueeze(int axis) const { return stet::unsqueeze(*this, axis); }

Tensor Tensor::operator[](int64_t i) const {
  if (rank() == 0) raise("[{}]: a scalar has no axis to index", i);
  const int64_t n = size(0), at = i < 0 ? i + n : i;
  if (at < 0 || at >= n) raise("[{}]: out of range for shape {}", i, shape().to_string());
  return slice(0, at, at + 1).squeeze(0);
}

}  // namespace stet
