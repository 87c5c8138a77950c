// The forms of ops that are chained behind a tensor.
#include <utility>

#include "stet/tensor/ops.h"

namespace stet {

Tensor Tensor::expand(std::vector<int64_t> dims) const { return stet::expand(*this, std::move(dims)); }
Tensor Tensor::expand_as(const Tensor& other) const { return stet::expand_as(*this, other); }
Tensor Tensor::movedim(const Axes& from, const Axes& to) const { return stet::movedim(*this, from, to); }
Tensor Tensor::swapaxes(int a, int b) const { return stet::swapaxes(*this, a, b); }
Tensor Tensor::diagonal(int64_t offset) const { return stet::diagonal(*this, offset); }
std::vector<Tensor> Tensor::split(int64_t size, int axis) const { return stet::split(*this, size, axis); }
std::vector<Tensor> Tensor::split(const std::vector<int64_t>& sizes, int axis) const {
  return stet::split(*this, sizes, axis);
}
std::vector<Tensor> Tensor::chunk(int64_t parts, int axis) const { return stet::chunk(*this, parts, axis); }
std::vector<Tensor> Tensor::unbind(int axis) const { return stet::unbind(*this, axis); }
Tensor Tensor::sum(const Axes& axes, bool keep) const { return stet::sum(*this, axes, keep); }
Tensor Tensor::mean(const Axes& axes, bool keep) const { return stet::mean(*this, axes, keep); }
Tensor Tensor::max(const Axes& axes, bool keep) const { return stet::max(*this, axes, keep); }
Tensor Tensor::min(const Axes& axes, bool keep) const { return stet::min(*this, axes, keep); }
Tensor Tensor::var(const Axes& axes, bool keep, double correction) const {
  return stet::var(*this, axes, keep, correction);
}
Tensor Tensor::std(const Axes& axes, bool keep, double correction) const {
  return stet::stddev(*this, axes, keep, correction);
}
Tensor Tensor::norm(double p, const Axes& axes, bool keep) const { return stet::norm(*this, p, axes, keep); }
Tensor Tensor::logsumexp(const Axes& axes, bool keep) const { return stet::logsumexp(*this, axes, keep); }
Tensor Tensor::any(const Axes& axes, bool keep) const { return stet::any(*this, axes, keep); }
Tensor Tensor::all(const Axes& axes, bool keep) const { return stet::all(*this, axes, keep); }
Tensor Tensor::argmax(int axis, bool keep) const { return stet::argmax(*this, axis, keep); }
Tensor Tensor::argmin(int axis, bool keep) const { return stet::argmin(*this, axis, keep); }
Tensor Tensor::softmax(int axis) const { return stet::softmax(*this, axis); }
Tensor Tensor::log_softmax(int axis) const { return stet::log_softmax(*this, axis); }
Tensor Tensor::matmul(const Tensor& other) const { return stet::matmul(*this, other); }
Tensor Tensor::abs() const { return stet::abs(*this); }
Tensor Tensor::sign() const { return stet::sign(*this); }
Tensor Tensor::square() const { return stet::square(*this); }
Tensor Tensor::exp() const { return stet::exp(*this); }
Tensor Tensor::log() const { return stet::log(*this); }
Tensor Tensor::log1p() const { return stet::log1p(*this); }
Tensor Tensor::sqrt() const { return stet::sqrt(*this); }
Tensor Tensor::rsqrt() const { return stet::rsqrt(*this); }
Tensor Tensor::sin() const { return stet::sin(*this); }
Tensor Tensor::cos() const { return stet::cos(*this); }
Tensor Tensor::tanh() const { return stet::tanh(*this); }
Tensor Tensor::sigmoid() const { return stet::sigmoid(*this); }
Tensor Tensor::relu() const { return stet::relu(*this); }
Tensor Tensor::erf() const { return stet::erf(*this); }
Tensor Tensor::pow(int n) const { return stet::pow(*this, n); }
Tensor Tensor::pow(double y) const { return stet::pow(*this, y); }
Tensor Tensor::pow(const Tensor& y) const { return stet::pow(*this, y); }
Tensor Tensor::clamp(double low, double high) const { return stet::clamp(*this, low, high); }
Tensor Tensor::clamp(const Tensor& low, const Tensor& high) const { return stet::clamp(*this, low, high); }
Tensor Tensor::clamp_min(Number low) const { return stet::clamp_min(*this, low); }
Tensor Tensor::clamp_max(Number high) const { return stet::clamp_max(*this, high); }
Tensor Tensor::masked_fill(const Tensor& mask, Number value) const { return stet::masked_fill(*this, mask, value); }
Tensor Tensor::repeat(const std::vector<int64_t>& times) const { return stet::repeat(*this, times); }
Tensor Tensor::repeat_interleave(int64_t times, std::optional<int> axis) const {
  return stet::repeat_interleave(*this, times, axis);
}
Tensor Tensor::flip(const Axes& axes) const { return stet::flip(*this, axes); }
Tensor Tensor::roll(int64_t shift, int axis) const { return stet::roll(*this, shift, axis); }
Tensor Tensor::tril(int64_t diagonal) const { return stet::tril(*this, diagonal); }
Tensor Tensor::triu(int64_t diagonal) const { return stet::triu(*this, diagonal); }
Tensor Tensor::index_select(int axis, const Tensor& index) const { return stet::index_select(*this, axis, index); }
Tensor Tensor::gather(int axis, const Tensor& index) const { return stet::gather(*this, axis, index); }

}  // namespace stet
