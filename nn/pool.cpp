#include "stet/nn/pool.h"

#include "stet/tensor/error.h"
#include "stet/tensor/ops/reduce.h"

namespace stet::nn {

Pool2d::Pool2d(const char* name, Size2d kernel, const PoolingOptions& options)
    : name_(name), kernel_(kernel), options_(options) {
  const Size2d stride = options.stride, padding = options.padding;
  if (kernel.h <= 0 || kernel.w <= 0 || stride.h < 0 || stride.w < 0 || padding.h < 0 || padding.w < 0) {
    raise("{}({}): stride {} and padding {} must not be negative, the kernel must be positive", name, to_string(kernel),
          to_string(stride), to_string(padding));
  }
  if (options_.stride == Size2d(0)) options_.stride = kernel;
}

PoolOptions Pool2d::window() const {
  return {.stride = options_.stride.pair(),
          .padding = options_.padding.pair(),
          .ceil_mode = options_.ceil_mode,
          .count_include_pad = options_.count_include_pad};
}

void Pool2d::members(Visitor& v) {
  v.hyper("kernel", to_string(kernel_));
  v.hyper("stride", to_string(options_.stride));
  v.hyper("padding", to_string(options_.padding));
  if (options_.ceil_mode) v.hyper("ceil_mode", true);
  if (!options_.count_include_pad) v.hyper("count_include_pad", false);
}

namespace {

// What differs from the defaults.
std::string described(const PoolingOptions& o) {
  return std::string(o.ceil_mode ? ", ceil" : "") + (o.count_include_pad ? "" : ", padding not counted");
}

}  // namespace

std::string Pool2d::describe() const {
  std::string text = fmt::format("{}({}", name_, to_string(kernel_));
  if (options_.stride != kernel_) text += ", stride " + to_string(options_.stride);
  if (options_.padding != Size2d(0)) text += ", padding " + to_string(options_.padding);
  return text + described(options_) + ")";
}

namespace {

PoolingOptions of_height_one(const PoolingOptions1d& o) {
  return {.stride = {o.stride == 0 ? 0 : 1, o.stride},
          .padding = {0, o.padding},
          .ceil_mode = o.ceil_mode,
          .count_include_pad = o.count_include_pad};
}

Tensor with_height(const char* layer, const Tensor& x) {
  if (x.rank() != 3) raise("{}: takes [N, C, L], not {}", layer, x.shape().to_string());
  return x.unsqueeze(2);
}

std::string describe_1d(const char* name, const Size2d& kernel, const PoolingOptions& o) {
  std::string text = fmt::format("{}({}", name, kernel.w);
  if (o.stride.w != kernel.w) text += fmt::format(", stride {}", o.stride.w);
  if (o.padding.w != 0) text += fmt::format(", padding {}", o.padding.w);
  return text + described(o) + ")";
}

}  // namespace

MaxPool1d::MaxPool1d(int64_t kernel, const PoolingOptions1d& options)
    : Pool2d("MaxPool1d", {1, kernel}, of_height_one(options)) {}

Tensor MaxPool1d::operator()(const Tensor& x) const {
  return max_pool2d(with_height(name_, x), kernel_.pair(), window()).squeeze(2);
}

std::string MaxPool1d::describe() const { return describe_1d(name_, kernel_, options_); }

AvgPool1d::AvgPool1d(int64_t kernel, const PoolingOptions1d& options)
    : Pool2d("AvgPool1d", {1, kernel}, of_height_one(options)) {}

Tensor AvgPool1d::operator()(const Tensor& x) const {
  return avg_pool2d(with_height(name_, x), kernel_.pair(), window()).squeeze(2);
}

std::string AvgPool1d::describe() const { return describe_1d(name_, kernel_, options_); }

AdaptivePool2d::AdaptivePool2d(const char* name, Size2d output) : name_(name), output_(output) {
  if (output.h < 1 || output.w < 1) raise("{}({}): the output's extents must be positive", name, to_string(output));
}

void AdaptivePool2d::members(Visitor& v) { v.hyper("output", to_string(output_)); }

std::string AdaptivePool2d::describe() const { return fmt::format("{}({})", name_, to_string(output_)); }

Tensor GlobalAvgPool2d::operator()(const Tensor& x) const {
  if (x.rank() != 4) raise("GlobalAvgPool2d: takes [N, C, H, W], not {}", x.shape().to_string());
  return mean(x, {2, 3});
}

}  // namespace stet::nn
