#include "stet/tensor/device.h"

#include <charconv>

#include "stet/tensor/error.h"

namespace stet {

std::string Device::to_string() const { return kind == Kind::cpu ? "cpu" : fmt::format("cuda:{}", index); }

Device Device::parse(std::string_view text) {
  if (text == "cpu") return {};
  if (text == "cuda") return {Kind::cuda, 0};
  if (text.starts_with("cuda:")) {
    int index = -1;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + 5, end, index);
    if (error == std::errc() && stop == end && index >= 0) return {Kind::cuda, index};
  }
  raise("device: '{}' is none of cpu, cuda, cuda:N", text);
}

}  // namespace stet
