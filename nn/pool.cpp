#include "stet/nn/pool.h"

#include "stet/tensor/error.h"

namespace stet::nn {

Pool2d::Pool2d(const char* name, Size2d kernel, const PoolingOptions& options)
    : name_(name), kernel_(kernel), options_(options) {
  const auto [stride, padding] = options;
  if (kernel.h <= 0 || kernel.w <= 0 || stride.h < 0 || stride.w < 0 || padding.h < 0 || padding.w < 0) {
    raise("{}({}): stride {} and padding {} must not be negative, the kernel must be positive", name, to_string(kernel),
          to_string(stride), to_string(padding));
  }
  if (options_.stride == Size2d(0)) options_.stride = kernel;
}

void Pool2d::members(Visitor& v) {
  v.hyper("kernel", to_string(kernel_));
  v.hyper("stride", to_string(options_.stride));
  v.hyper("padding", to_string(options_.padding));
}

std::string Pool2d::describe() const {
  std::string text = fmt::format("{}({}", name_, to_string(kernel_));
  if (options_.stride != kernel_) text += ", stride " + to_string(options_.stride);
  if (options_.padding != Size2d(0)) text += ", padding " + to_string(options_.padding);
  return text + ")";
}

Tensor GlobalAvgPool2d::operator()(const Tensor& x) const {
  if (x.rank() != 4) raise("GlobalAvgPool2d: takes [N, C, H, W], not {}", x.shape().to_string());
  return mean(x, {2, 3});
}

}  // namespace stet::nn
