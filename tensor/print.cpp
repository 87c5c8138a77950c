#include <algorithm>
#include <ostream>

#include "stet/tensor/error.h"
#include "stet/tensor/tensor.h"

namespace stet {
namespace {

constexpr int64_t kEdge = 3;       // elements shown at either end of a long axis
constexpr int64_t kLongAxis = 10;  // axes up to this long are shown whole, in tensors of more than kWhole elements
constexpr int64_t kWhole = 200;

class Printer {
 public:
  explicit Printer(const Tensor& t)
      : t_(t), abridge_(t.elements() > kWhole), values_(t.elements() == 0 ? Tensor() : t) {}

  std::string text() {
    std::string out;
    if (is_empty_and_long()) return "[]";
    print(out, 0, 0);
    return out;
  }

 private:
  // Brackets without elements may be more than memory holds.
  bool is_empty_and_long() const {
    if (t_.elements() > 0) return false;
    int64_t brackets = 1;
    for (int axis = 0; t_.size(axis) != 0; ++axis) {
      if (t_.size(axis) > kWhole / brackets) return true;
      brackets *= t_.size(axis);
    }
    return false;
  }

  void print(std::string& out, int axis, int64_t flat) {
    if (axis == t_.rank()) {
      out += element(flat);
      return;
    }
    const int64_t n = t_.size(axis);
    int64_t below = 1;
    for (int i = axis + 1; i < t_.rank(); ++i) below *= t_.size(i);
    const bool cut = abridge_ && n > kLongAxis;
    const bool innermost = axis + 1 == t_.rank();
    const std::string gap = innermost ? ", " : ",\n" + std::string(static_cast<size_t>(axis) + 1, ' ');
    out += '[';
    for (int64_t i = 0; i < n; ++i) {
      if (i > 0) out += gap;
      if (cut && i == kEdge) {
        out += "...";
        i = n - kEdge - 1;
        continue;
      }
      print(out, axis + 1, flat + i * below);
    }
    out += ']';
  }

  std::string element(int64_t flat) {
    const Tensor one = contiguous(values_).view({}, {}, flat);
    return visit_dtype(t_.dtype(), [&]<class T>(T) -> std::string {
      if constexpr (std::is_same_v<T, float>) return fmt::format("{:.6g}", one.item<T>());
      else return fmt::format(std::is_same_v<T, double> ? "{:.10g}" : "{}", one.item<T>());
    });
  }

  const Tensor& t_;
  bool abridge_;
  Tensor values_;
};

}  // namespace

std::string to_string(const Tensor& t) {
  if (!t.defined()) return "tensor (undefined)";
  const Tensor host = contiguous(t.detach().to(cpu));
  const std::string where = t.device() == cpu ? "" : " on " + t.device().to_string();
  return fmt::format("{} {}{}\n{}", name_of(t.dtype()), t.shape().to_string(), where, Printer(host).text());
}

std::ostream& operator<<(std::ostream& out, const Tensor& t) { return out << to_string(t); }

}  // namespace stet
