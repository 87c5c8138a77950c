// The table of ops as cases.
#include "cases.h"
#include "stet/tensor/mode.h"
#include "stet/tensor/rng.h"

namespace stet::digests {
namespace {

using testing::OpCase;

Tensor scaled(const Tensor& x, double by) { return by == 1 ? x : x * by; }

void add_row(Cases& cases, const OpCase& c) {
  const Op op = [&c](const std::vector<Tensor>& x) {
    if (c.scales.empty()) return c.op(x);
    std::vector<Tensor> y;
    for (size_t i = 0; i < x.size(); ++i) y.push_back(scaled(x[i], c.scales[i]));
    return c.op(y);
  };
  const auto add = c.gradient_is_digested ? add_op : add_forward;
  add(cases, c.name, c.digested, op, c.has_float64_on_gpu ? Float64::everywhere : Float64::not_on_gpu);
}

void add_draws(Cases& cases, const OpCase& c) {
  cases.push_back({c.name, [&c](Trace& trace) {
                     Stream stream(Rng(7, c.name));
                     for (uint32_t t : {0, 1, 70000}) {
                       set_tick(t);
                       trace(c.draw(stream, device()));
                       trace(c.draw(stream, device()));
                     }
                     set_tick(0);
                   }});
}

void trace_permutations(Trace& trace) {
  for (uint32_t epoch : {0, 1}) trace(Tensor::from(permutation(Rng(7, "order"), 1009, epoch)).to(device()));
}

}  // namespace

void add_ops(Cases& cases, bool streams) {
  for (const OpCase& c : testing::op_cases()) {
    if (c.holds_stream && !streams) continue;
    if (c.draw) add_draws(cases, c);
    else if (!c.digested.empty()) add_row(cases, c);
  }
  cases.push_back({"permutation", trace_permutations});
}

}  // namespace stet::digests
