#include "stet/nn/flatten.h"

#include "stet/tensor/error.h"

namespace stet::nn {

Tensor Flatten::operator()(const Tensor& x) const {
  if (last_ == -1) return x.flatten(first_);
  const int first = x.shape().normal_axis(first_, "Flatten"), last = x.shape().normal_axis(last_, "Flatten");
  if (first > last) raise("{}: axis {} of {} comes after {}", describe(), first, x.shape().to_string(), last);
  const std::vector<int64_t>& from = x.shape().dims();
  const std::span<const int64_t> joined(from.begin() + first, from.begin() + last + 1);
  std::vector<int64_t> dims(from.begin(), from.begin() + first);
  dims.push_back(elements_of(joined, "Flatten"));
  dims.insert(dims.end(), from.begin() + last + 1, from.end());
  return x.reshape(std::move(dims));
}

void Flatten::members(Visitor& v) {
  v.hyper("first", first_);
  if (last_ != -1) v.hyper("last", last_);
}

std::string Flatten::describe() const {
  return last_ == -1 ? fmt::format("Flatten({})", first_) : fmt::format("Flatten({}, {})", first_, last_);
}

Unflatten::Unflatten(int axis, std::vector<int64_t> extents) : axis_(axis), extents_(std::move(extents)) {
  if (extents_.empty()) raise("Unflatten({}): no extents", axis);
}

Tensor Unflatten::operator()(const Tensor& x) const {
  const int axis = x.shape().normal_axis(axis_, "Unflatten");
  const std::vector<int64_t>& from = x.shape().dims();
  std::vector<int64_t> dims(from.begin(), from.begin() + axis);
  dims.insert(dims.end(), extents_.begin(), extents_.end());
  dims.insert(dims.end(), from.begin() + axis + 1, from.end());
  try {
    return x.reshape(std::move(dims));
  } catch (const UsageError& e) { raise("{}: {}", describe(), e.what()); }
}

void Unflatten::members(Visitor& v) {
  v.hyper("axis", axis_).hyper("extents", fmt::format("{}", fmt::join(extents_, "x")));
}

std::string Unflatten::describe() const { return fmt::format("Unflatten({}, {})", axis_, fmt::join(extents_, "x")); }

}  // namespace stet::nn
