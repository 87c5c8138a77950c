#include "cases.h"

#include <cmath>
#include <limits>
#include <string_view>

#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/rng.h"

namespace stet::digests {
namespace {

template <class T> T draw(SampleDraws& draws, Values kind) {
  using Limits = std::numeric_limits<T>;
  const T special[] = {T(0),
                       -T(0),
                       Limits::infinity(),
                       -Limits::infinity(),
                       Limits::quiet_NaN(),
                       Limits::denorm_min(),
                       -Limits::min() / 8,
                       Limits::max(),
                       -Limits::max(),
                       T(1),
                       T(-1),
                       std::ldexp(T(1), Limits::digits)};
  if (kind == Values::special && draws.below(8) == 0) return special[draws.below(12)];
  const T fraction = static_cast<T>(draws.uniform()) - T(0.5);
  return std::ldexp(fraction, static_cast<int>(draws.below(30)) - 15);
}

template <class T> Tensor draw_all(const Shape& shape, uint64_t seed, Values kind) {
  SampleDraws draws(Rng(seed, "digests"), 0, 0);
  std::vector<T> v(static_cast<size_t>(shape.elements()));
  for (T& x : v) x = draw<T>(draws, kind);
  return Tensor::adopt(std::move(v), shape);
}

std::vector<Tensor> make(const Inputs& inputs) {
  std::vector<Tensor> made;
  for (const Shape& shape : inputs.shapes) made.push_back(values(shape, made.size() + 1, inputs.kind, inputs.dtype));
  return made;
}

Device where_cases_run;

// Calls `compute` with each of the inputs, and once more on the CPU with those that have no kernel on device().
void for_each(Trace& trace, const std::vector<Inputs>& inputs, const std::function<void(const Inputs&)>& compute) {
  size_t without = 0;
  for (const Inputs& one : inputs) {
    const Device before = device();
    try {
      compute(one);
    } catch (const UsageError& e) {
      const bool no_kernel = std::string_view(e.what()).find("there is no kernel for device") != std::string_view::npos;
      if (!no_kernel || ++without == inputs.size()) throw;
      trace.on_cpu = e.what();
      set_device(cpu);
      compute(one);
      set_device(before);
    }
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
  for (auto add : {add_elementwise, add_reductions, add_shape_ops, add_products, add_norms, add_sequences, add_random,
                   add_training, add_small_models}) {
    add(cases);
  }
  return cases;
}

Tensor values(const Shape& shape, uint64_t seed, Values kind, DType dtype) {
  return (dtype == DType::float64 ? draw_all<double>(shape, seed, kind) : draw_all<float>(shape, seed, kind))
      .to(device());
}

Tensor indices(const Shape& shape, uint64_t seed, int64_t n) {
  SampleDraws draws(Rng(seed, "indices"), 0, 0);
  std::vector<int64_t> v(static_cast<size_t>(shape.elements()));
  for (int64_t& i : v) i = draws.below(n);
  return Tensor::adopt(std::move(v), shape).to(device());
}

void add_forward(Cases& cases, const std::string& name, const std::vector<Inputs>& inputs, const Op& op) {
  cases.push_back(
      {name, [=](Trace& trace) { for_each(trace, inputs, [&](const Inputs& one) { trace(op(make(one))); }); }});
}

void add_op(Cases& cases, const std::string& name, const std::vector<Inputs>& inputs, const Op& op) {
  add_forward(cases, name, inputs, op);
  cases.push_back({name + ".gradient", [=](Trace& trace) {
                     for_each(trace, inputs, [&](const Inputs& one) {
                       std::vector<Tensor> watched;
                       for (const Tensor& x : make(one)) watched.push_back(watch(x));
                       const Tensor y = op(watched);
                       const Gradients gradients = backward(sum(y * values(y.shape(), 99, one.kind, one.dtype)));
                       for (const Tensor& x : watched) trace(gradients[x]);
                     });
                   }});
}

}  // namespace stet::digests
