#include "cases.h"

#include <string_view>

#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet::digests {
namespace {

std::vector<Tensor> make(const Inputs& inputs) {
  std::vector<Tensor> made;
  for (const Shape& shape : inputs.shapes) made.push_back(values(shape, made.size() + 1, inputs.kind, inputs.dtype));
  return made;
}

Device where_cases_run;

// Calls `compute` on the CPU with inputs for which device() has no kernel; throws if it has one.
void compute_on_cpu(Trace& trace, const std::string& name, const Inputs& one,
                    const std::function<void(const Inputs&)>& compute) {
  const Device gpu = device();
  bool has_kernel = true;
  try {
    compute(one);
  } catch (const UsageError& e) {
    if (std::string_view(e.what()).find("there is no kernel for device") == std::string_view::npos) throw;
    trace.on_cpu = e.what(), has_kernel = false;
  }
  if (has_kernel) raise("{} has a kernel for float64 on {}, and is said to have none", name, gpu.to_string());
  set_device(cpu);
  compute(one);
  set_device(gpu);
}

void for_each(Trace& trace, const std::string& name, const std::vector<Inputs>& inputs, Float64 float64,
              const std::function<void(const Inputs&)>& compute) {
  for (const Inputs& one : inputs) {
    if (device() != cpu && one.dtype == DType::float64 && float64 == Float64::not_on_gpu)
      compute_on_cpu(trace, name, one, compute);
    else compute(one);
  }
}

}  // namespace

void Trace::operator()(const Tensor& x) {
  if (x.device() != device())
    raise("a case's result is on {}, not on {}", x.device().to_string(), device().to_string());
  sum_.add(digest(std::to_string(count_++), x));
}

Device device() { return where_cases_run; }
void set_device(Device d) { where_cases_run = d; }

Cases all_cases() {
  Cases cases;
  add_ops(cases);
  for (auto add : {add_dtypes, add_training, add_small_models}) add(cases);
  return cases;
}

Tensor values(const Shape& shape, uint64_t seed, Values kind, DType dtype) {
  return testing::drawn(shape, seed, kind, dtype).to(device());
}

Tensor indices(const Shape& shape, uint64_t seed, int64_t n) {
  return testing::drawn_indices(shape, seed, n).to(device());
}

void add_forward(Cases& cases, const std::string& name, const std::vector<Inputs>& inputs, const Op& op,
                 Float64 float64) {
  cases.push_back({name, [=](Trace& trace) {
                     for_each(trace, name, inputs, float64, [&](const Inputs& one) { trace(op(make(one))); });
                   }});
}

void add_op(Cases& cases, const std::string& name, const std::vector<Inputs>& inputs, const Op& op, Float64 float64) {
  add_forward(cases, name, inputs, op, float64);
  cases.push_back({name + ".gradient", [=](Trace& trace) {
                     for_each(trace, name, inputs, float64, [&](const Inputs& one) {
                       std::vector<Tensor> watched;
                       for (const Tensor& x : make(one)) watched.push_back(watch(x));
                       const Tensor y = op(watched);
                       const Gradients gradients = backward(sum(y * values(y.shape(), 99, one.kind, one.dtype)));
                       for (const Tensor& x : watched) trace(gradients[x]);
                     });
                   }});
}

}  // namespace stet::digests
