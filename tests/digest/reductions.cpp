// Reductions and what is normalised by them: several blocks of 1024, several chains of 64, several levels of both.
#include "cases.h"
#include "stet/tensor/ops.h"

namespace stet::digests {
namespace {

using In = const std::vector<Tensor>&;

std::vector<Inputs> reduced_inputs() {
  return {{{{3, 5, 33}}},
          {{{2, 3, 2101}}, Values::wide},
          {{{4160, 2, 5}}, Values::wide},
          {{{3, 67, 9}}, Values::special, DType::float64}};
}

}  // namespace

void add_reductions(Cases& cases) {
  const auto add = [&](const std::string& name, const Axes& axes, Tensor (*op)(const Tensor&, const Axes&, bool)) {
    add_op(cases, name, reduced_inputs(), [=](In x) { return op(x[0], axes, true); });
  };
  const std::pair<const char*, Axes> ways[] = {
      {"all", {}}, {"last", {-1}}, {"first", {0}}, {"ends", {0, 2}}, {"first_two", {0, 1}}};
  for (const auto& [name, axes] : ways) {
    add(std::string("sum_") + name, axes, sum);
    add(std::string("mean_") + name, axes, mean);
    add(std::string("max_") + name, axes, max);
    add(std::string("min_") + name, axes, min);
  }
  add_op(cases, "sum_of_millions", {{{{1100, 1030}}, Values::wide}}, [](In x) { return sum(x[0]); });
  for (int axis : {0, 2}) {
    const std::string along = "_along_" + std::to_string(axis);
    add_forward(cases, "argmax" + along, reduced_inputs(), [axis](In x) { return argmax(x[0], axis); });
    add_forward(cases, "argmin" + along, reduced_inputs(), [axis](In x) { return argmin(x[0], axis); });
    add_op(cases, "softmax" + along, reduced_inputs(), [axis](In x) { return softmax(x[0], axis); });
    add_op(cases, "log_softmax" + along, reduced_inputs(), [axis](In x) { return log_softmax(x[0], axis); });
  }
  add_op(cases, "cross_entropy_rows", reduced_inputs(), [](In x) {
    const Shape& s = x[0].shape();
    return cross_entropy_rows(x[0], indices({s[0], s[1]}, 5, s[2]));
  });
}

}  // namespace stet::digests
