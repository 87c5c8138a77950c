// Views, copies and indexing.
#include "cases.h"
#include "stet/tensor/ops.h"

namespace stet::digests {
namespace {

using In = const std::vector<Tensor>&;

}  // namespace

void add_shape_ops(Cases& cases) {
  const std::vector<Inputs> one = {{{{5, 7, 33}}}, {{{3, 7, 9}}, Values::special, DType::float64}};
  const auto add = [&](const char* name, const Op& op) { add_op(cases, name, one, op); };
  add("reshape", [](In x) { return x[0].transpose().reshape({7, -1}); });
  add("permute", [](In x) { return contiguous(x[0].permute({2, 0, 1})); });
  add("slice", [](In x) { return x[0].slice(1, 1, 6, 2).slice(2, -5, -1); });
  add("squeeze", [](In x) { return x[0][1].unsqueeze(1).squeeze(1).flatten(); });
  add("broadcast_to", [](In x) { return broadcast_to(x[0].slice(1, 0, 1), x[0].shape()); });
  add("concatenate", [](In x) { return concatenate({x[0], x[0].slice(1, 2, 4), x[0]}, 1); });
  add("stack", [](In x) { return stack({x[0], x[0]}, -1); });
  add("pad", [](In x) { return pad(x[0], {{1, 2}, {0, 3}}, 0.3); });
  add("split", [](In x) { return split(x[0], 7, 1)[2] * split(x[0], 7, 1)[6]; });
  add("index_select", [](In x) { return index_select(x[0], 1, indices({40}, 1, x[0].size(1))); });
  add("gather", [](In x) { return gather(x[0], 1, indices({x[0].size(0), 300, x[0].size(2)}, 1, x[0].size(1))); });
  add("scatter_add", [](In x) { return scatter_add(x[0], 2, indices(x[0].shape(), 1, 3), 3); });
  add("to_float64", [](In x) { return x[0].to(DType::float32).to(x[0].dtype()); });
  cases.push_back({"one_hot", [](Trace& trace) { trace(one_hot(indices({5, 33}, 1, 7), 7)); }});
}

}  // namespace stet::digests
