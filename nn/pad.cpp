#include "stet/nn/pad.h"

#include "stet/tensor/error.h"

namespace stet::nn {

Padding2d::Padding2d(const char* name, const Frame& frame, std::optional<Padding> mode, double value)
    : name_(name), frame_(frame), mode_(mode), value_(value) {
  if (frame.left < 0 || frame.right < 0 || frame.top < 0 || frame.bottom < 0) {
    raise("{}: a width must not be negative", describe());
  }
}

Tensor Padding2d::operator()(const Tensor& x) const {
  if (x.rank() < 2) raise("{}: takes [.., H, W], not {}", describe(), x.shape().to_string());
  const std::vector<std::pair<int64_t, int64_t>> widths = {{frame_.top, frame_.bottom}, {frame_.left, frame_.right}};
  return mode_ ? pad(x, widths, *mode_) : pad(x, widths, value_);
}

void Padding2d::members(Visitor& v) {
  v.hyper("left", frame_.left).hyper("right", frame_.right).hyper("top", frame_.top).hyper("bottom", frame_.bottom);
  if (value_ != 0) v.hyper("value", value_);
}

std::string Padding2d::describe() const {
  const bool one = frame_.left == frame_.right && frame_.left == frame_.top && frame_.left == frame_.bottom;
  const std::string frame = one ? std::to_string(frame_.left)
                                : fmt::format("{}, {}, {}, {}", frame_.left, frame_.right, frame_.top, frame_.bottom);
  return fmt::format("{}({}{})", name_, frame, value_ == 0 ? "" : fmt::format(", value {:.6g}", value_));
}

}  // namespace stet::nn
