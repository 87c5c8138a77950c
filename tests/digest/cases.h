// What the digest program computes. Each line that it prints is a case: a name, and a digest of the bits of its
// results.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ops/case.h"
#include "stet/tensor/device.h"
#include "stet/tensor/digest.h"
#include "stet/tensor/tensor.h"

namespace stet::digests {

/// Takes a case's results one after another.
class Trace {
 public:
  /// Throws UsageError unless x is on device().
  void operator()(const Tensor& x);
  Digest value() const { return sum_.value(); }
  /// Why a part of the case was computed on the CPU in place of device(); empty: it was not.
  std::string on_cpu;

 private:
  DigestSum sum_;
  int count_ = 0;
};

struct Case {
  std::string name;
  std::function<void(Trace&)> run;
};
using Cases = std::vector<Case>;

using Values = testing::Numbers;

/// Where cases are computed: the CPU, until something else is set. All of a case runs there; what a library makes on
/// the CPU, such as a new network, is moved first.
Device device();
void set_device(Device d);

/// Tensors that are a function of shape and seed alone, on device().
Tensor values(const Shape& shape, uint64_t seed, Values kind, DType dtype = DType::float32);
/// int64 in 0 … n-1.
Tensor indices(const Shape& shape, uint64_t seed, int64_t n);

using Inputs = testing::DigestInputs;
using Op = std::function<Tensor(const std::vector<Tensor>&)>;

/// Whether a GPU has kernels for an op's float64.
enum class Float64 { everywhere, not_on_gpu };
/// The case `name`: the op's results on each of the inputs. Those of float64 for which a GPU has no kernel are computed
/// on the CPU.
void add_forward(Cases& cases, const std::string& name, const std::vector<Inputs>& inputs, const Op& op,
                 Float64 float64 = Float64::everywhere);
/// The same, and the case `name.gradient`: the gradients of all inputs for an upstream gradient of the same kind.
void add_op(Cases& cases, const std::string& name, const std::vector<Inputs>& inputs, const Op& op,
            Float64 float64 = Float64::everywhere);

/// The rows of the table of ops; those that hold a random stream, of which a process has one, only with `streams`.
void add_ops(Cases& cases, bool streams = true);
/// Arithmetic of integers, and conversions between all types.
void add_dtypes(Cases& cases);
void add_training(Cases& cases);
/// Twenty steps of small networks, which an emulated processor trains in seconds.
void add_small_models(Cases& cases);
/// All of the above.
Cases all_cases();
/// Twenty steps of the reference models at their own sizes.
void add_models(Cases& cases);

}  // namespace stet::digests
