#include "stet/tensor/ops/bitwise.h"

#include "stet/tensor/error.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/elementwise.h"

namespace stet {
namespace {

void require_bits(const char* op, const Tensor& x) {
  if (is_floating(x.dtype())) raise("{}: takes integers or bool, not {}", op, name_of(x.dtype()));
}

// The op on integers, or on bool the logical one.
Tensor combined(Binary op, Binary logical, const char* name, const Tensor& a, const Tensor& b) {
  require_bits(name, a);
  const bool is_bool = a.dtype() == DType::boolean;
  return apply(is_bool ? logical : op, name, a, b, is_bool);
}

Tensor shifted(Binary op, const char* name, const Tensor& x, const Tensor& by) {
  require_bits(name, x);
  if (x.dtype() == DType::boolean) raise("{}: takes integers, not bool; convert with to()", name);
  return apply(op, name, x, by);
}

}  // namespace

Tensor operator&(const Tensor& a, const Tensor& b) {
  return combined(Binary::bitwise_and, Binary::logical_and, "&", a, b);
}
Tensor operator|(const Tensor& a, const Tensor& b) {
  return combined(Binary::bitwise_or, Binary::logical_or, "|", a, b);
}
Tensor operator^(const Tensor& a, const Tensor& b) {
  return combined(Binary::bitwise_xor, Binary::not_equal, "^", a, b);
}
Tensor operator~(const Tensor& x) {
  require_bits("~", x);
  return x.dtype() == DType::boolean ? !x : apply(Unary::bitwise_not, "~", x);
}
Tensor operator<<(const Tensor& x, const Tensor& by) { return shifted(Binary::left_shift, "<<", x, by); }
Tensor operator>>(const Tensor& x, const Tensor& by) { return shifted(Binary::right_shift, ">>", x, by); }

Tensor operator&(const Tensor& a, Number b) {
  require_bits("&", a);
  return a & number("&", b, a);
}
Tensor operator|(const Tensor& a, Number b) {
  require_bits("|", a);
  return a | number("|", b, a);
}
Tensor operator^(const Tensor& a, Number b) {
  require_bits("^", a);
  return a ^ number("^", b, a);
}
Tensor operator<<(const Tensor& x, Number by) {
  require_bits("<<", x);
  return x << number("<<", by, x);
}
Tensor operator>>(const Tensor& x, Number by) {
  require_bits(">>", x);
  return x >> number(">>", by, x);
}

}  // namespace stet
