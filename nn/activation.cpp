#include "stet/nn/activation.h"

#include "stet/tensor/error.h"

namespace stet::nn {

Hardtanh::Hardtanh(double low, double high) : low_(low), high_(high) {
  if (!(low < high)) raise("Hardtanh({}, {}): the bounds are not in order", low, high);
}

std::string Hardtanh::describe() const { return fmt::format("Hardtanh({:.6g}, {:.6g})", low_, high_); }

std::string Shaped::describe() const { return fmt::format("{}({:.6g})", name_, number_); }

CELU::CELU(double alpha) : Shaped("CELU", "alpha", alpha) {
  if (alpha == 0) raise("CELU(0): alpha must not be 0");
}

PReLU::PReLU(int64_t slopes, double slope, DType dtype) {
  if (slopes < 1) raise("PReLU({}): the number of slopes must be positive", slopes);
  weight = Parameter(full({slopes}, slope, dtype));
}

std::string PReLU::describe() const { return fmt::format("PReLU({})", weight.shape()[0]); }

}  // namespace stet::nn
