// What the tests of optim/ train. (tests may use nn/, but these need no more than cells.)
#pragma once

#include <map>
#include <string>
#include <vector>

#include "golden.h"
#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/stateful.h"

namespace stet {

/// The network of golden/make_optim.py.
struct GoldenNet : Stateful {
  struct Layer : Stateful {
    Parameter weight, bias;
    void members(Visitor& v) override { v("weight", weight)("bias", bias); }
    Tensor operator()(const Tensor& x) const { return linear(x, weight, bias); }
  };
  Layer in, out;

  explicit GoldenNet(DType dtype) : x(golden()("x").to(dtype)), y(golden()("y").to(dtype)) {
    for (auto& [name, p] : std::map<std::string, Parameter*>{
             {"in/weight", &in.weight}, {"in/bias", &in.bias}, {"out/weight", &out.weight}, {"out/bias", &out.bias}}) {
      *p = Parameter(golden()("start/" + name).to(dtype), "net/" + name);
    }
  }
  void members(Visitor& v) override { v("in", in)("out", out); }

  /// Mean squared error on step t's rows.
  Tensor loss(int64_t t) const {
    const int64_t from = 8 * (t % 4);
    return mean(square(out(tanh(in(x.slice(0, from, from + 8)))) - y.slice(0, from, from + 8)));
  }

  static const Golden& golden() {
    static const Golden file("optim.h5");
    return file;
  }

  Tensor x, y;
};

/// All parameters of a thing, one after another in walk order.
inline std::vector<double> flat(Stateful& s) {
  std::vector<double> all;
  for (const NamedParameter& p : parameters(s)) {
    const auto values = p.cell->value.to(DType::float64).to_vector<double>();
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

}  // namespace stet
