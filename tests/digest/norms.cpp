// Layers that normalise.
#include "cases.h"
#include "stet/tensor/ops.h"

namespace stet::digests {
namespace {

using In = const std::vector<Tensor>&;

}  // namespace

void add_norms(Cases& cases) {
  const std::vector<Inputs> images = {{{{2, 3, 5, 7}, {3}, {3}, {2, 3, 5, 7}}},
                                      {{{70, 5, 33, 32}, {5}, {5}, {70, 5, 33, 32}}, Values::wide},
                                      {{{3, 2, 3, 3}, {2}, {2}, {3, 2, 3, 3}}, Values::wide, DType::float64}};
  add_op(cases, "batch_norm", images, [](In x) { return batch_norm(x[0], x[1], x[2]).y * x[3]; });
  add_op(cases, "batch_norm.relu", images,
         [](In x) { return batch_norm(x[0], x[1], x[2], 1e-3, Activation::relu, x[3]).y; });
  add_forward(cases, "batch_norm.statistics", images, [](In x) {
    const BatchNorm b = batch_norm(x[0], {}, {});
    return concatenate({b.mean, b.variance});
  });
  add_op(cases, "batch_norm_evaluation", images, [](In x) {
    const Tensor mean = values(x[1].shape(), 11, Values::wide, x[0].dtype()), variance = square(mean);
    return batch_norm_evaluation(x[0], mean, variance, x[1], x[2], 1e-5, Activation::none, x[3]);
  });
  const std::vector<Inputs> rows = {{{{3, 5, 33}, {33}, {33}}},
                                    {{{67, 2101}, {2101}, {2101}}, Values::wide},
                                    {{{300, 128}, {128}, {128}}, Values::wide},
                                    {{{5, 9}, {9}, {9}}, Values::wide, DType::float64}};
  add_op(cases, "layer_norm", rows, [](In x) { return layer_norm(x[0], x[1], x[2]); });
}

}  // namespace stet::digests
