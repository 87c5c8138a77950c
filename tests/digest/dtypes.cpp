// Arithmetic of integers, and conversions.
#include "cases.h"
#include "stet/tensor/ops.h"

namespace stet::digests {
namespace {

Tensor integers(DType dtype, uint64_t seed) {
  const Tensor words = indices({4111}, seed, 4294967296) - 2147483648.0;
  return dtype == DType::int64 ? words * words * words : words.to(dtype);
}

}  // namespace

void add_dtypes(Cases& cases) {
  for (DType dtype : {DType::int32, DType::int64, DType::uint8}) {
    cases.push_back(
        {std::string(name_of(dtype)) + ".arithmetic", [dtype](Trace& trace) {
           const Tensor a = integers(dtype, 1), b = integers(dtype, 2);
           const Tensor divisor = where(b == 0.0, ones(b.shape(), dtype, device()), b);
           for (const Tensor& y : {a + b, a - b, a * b, a / divisor, -a, abs(a), maximum(a, b), minimum(a, b)})
             trace(y);
           for (const Tensor& y : {sum(a), max(a), min(a), argmax(a), argmin(b)}) trace(y);
         }});
  }
  const DType all[] = {DType::float32, DType::float64, DType::int32, DType::int64, DType::uint8, DType::boolean};
  for (DType from : all) {
    cases.push_back({"from_" + std::string(name_of(from)), [from, all](Trace& trace) {
                       const Tensor x = from == DType::float32 || from == DType::float64
                                            ? pow(values({4111}, 3, Values::special, from), 3)
                                            : integers(from, 3);
                       for (DType to : all) trace(x.to(to));
                     }});
  }
}

}  // namespace stet::digests
