// Softmax, cross-entropy and layers that normalise.
#include "ops/case.h"
#include "stet/tensor/math/elementary.h"
#include "stet/tensor/ops/composed.h"

namespace stet::testing {
namespace {

Array<float> sub_max(const Array<float>& x) {
  return reference::zip<float>(x, reference::max(x, {-1}), [](float a, float m) { return a - m; });
}
Array<float> exps(const Array<float>& x) {
  return reference::map(x, [](float v) { return math::exp(v); });
}
Array<float> softmax_of(const Arrays& x) {
  const auto e = exps(sub_max(x[0]));
  return reference::zip<float>(e, reference::sum(e, {-1}), [](float a, float s) { return a / s; });
}
Array<float> log_softmax_of(const Arrays& x) {
  const auto centred = sub_max(x[0]);
  return reference::zip<float>(centred, reference::sum(exps(centred), {-1}),
                               [](float a, float s) { return a - math::log(s); });
}

Tensors softmax_gradient(const Tensor& g, const Tensors& x) {
  const Tensor y = composed::softmax(x[0], x[0].rank() - 1);
  return {y * (g - sum(g * y, {-1}, true))};
}

Tensors log_softmax_gradient(const Tensor& g, const Tensors& x) {
  return {g - composed::softmax(x[0], x[0].rank() - 1) * sum(g, {-1}, true)};
}

// A class for each row of logits, on their device.
Tensor classes(const Tensor& logits) {
  const Shape rows(std::vector<int64_t>(logits.shape().begin(), logits.shape().end() - 1));
  return drawn_indices(rows, 5, logits.size(-1)).to(logits.device());
}

std::vector<Shapes> rows() {
  return {{{1, 1}},    {{3, 10}},   {{7, 31}},   {{2, 33}},    {{130, 65}},
          {{5, 1000}}, {{3, 1025}}, {{2, 4097}}, {{2, 2, 17}}, {{900, 3}}};
}

std::vector<Shapes> edge_rows() { return {{{0, 5}}, {{1, 1}}, {{0, 1}}, {{2, 0, 3}}, {{1, 2, 1}}}; }

Tensor softmax_as_composed(const Tensors& x) { return composed::softmax(x[0], x[0].rank() - 1); }
Tensor log_softmax_as_composed(const Tensors& x) { return composed::log_softmax(x[0], x[0].rank() - 1); }
Tensor losses_as_composed(const Tensors& x) { return composed::cross_entropy_rows(x[0], classes(x[0])); }
Tensors loss_gradient(const Tensor& g, const Tensors& x) {
  return {composed::cross_entropy_gradient(x[0], classes(x[0]), g)};
}

}  // namespace

void add_normalised(Table& t) {
  t.add("softmax", [](auto& x) { return softmax(x[0]); })
      .equals(softmax_of, three_axes())
      .composed_as(softmax_as_composed, rows())
      .edges_at(edge_rows())
      .with_gradient(softmax_gradient)
      .smooth_at({{3, 4}})
      .not_on_gpu_in_float64();
  t.add("log_softmax", [](auto& x) { return log_softmax(x[0]); })
      .equals(log_softmax_of, three_axes())
      .composed_as(log_softmax_as_composed, rows())
      .with_gradient(log_softmax_gradient)
      .edges_at(edge_rows())
      .smooth_at({{3, 4}})
      .not_on_gpu_in_float64();
  for (int axis : {0, 2}) {
    const auto row = [&](const std::string& op, Tensor (*f)(const Tensor&, int)) {
      t.add(op + "_along_" + std::to_string(axis), [=](auto& x) { return f(x[0], axis); })
          .of({op})
          .smooth_at({{3, 2, 4}})
          .digest(three_axes_digest())
          .not_on_gpu_in_float64();
    };
    row("softmax", softmax);
    row("log_softmax", log_softmax);
  }
  t.add("cross_entropy_rows", [](auto& x) { return cross_entropy_rows(x[0], classes(x[0])); })
      .composed_as(losses_as_composed, rows())
      .edges_at(edge_rows())
      .with_gradient(loss_gradient)
      .smooth_at({{3, 4}})
      .digest(three_axes_digest())
      .not_on_gpu_in_float64();
}

namespace {

OpCase& layer_norm_row(Table& t, const char* name, bool weight, bool bias) {
  const auto second = [=](const Tensors& x) { return weight ? x[1] : Tensor(); };
  const auto last = [=](const Tensors& x) { return bias ? x.back() : Tensor(); };
  const Shape inputs[] = {{1},      {33},      {3, 1},    {2, 31},    {64, 64},  {5, 13, 128},
                          {129, 7}, {2, 1024}, {3, 1025}, {1, 70001}, {4161, 3}, {0, 5}};
  const auto with_parameters = [=](const Shape& x) {
    Shapes all = {x};
    for (bool part : {weight, bias}) {
      if (part) all.push_back({x[-1]});
    }
    return all;
  };
  std::vector<Shapes> sizes, edges;
  for (const Shape& x : inputs) sizes.push_back(with_parameters(x));
  for (const Shapes& x : edge_rows()) edges.push_back(with_parameters(x[0]));
  return t.add(name, [=](auto& x) { return layer_norm(x[0], second(x), last(x)); })
      .composed_as(
          [=](auto& x) {
            return composed::layer_norm({x[0], second(x), last(x), 1e-5});
          },
          sizes)
      .edges_at(edges)
      .of_ordinary_numbers();
}

// Statistics of any kind, as good as an evaluation's.
Tensor evaluated(const Tensors& x) {
  const Tensor mean = drawn(x[1].shape(), 11, Numbers::wide, x[0].dtype()).to(x[0].device()), variance = square(mean);
  return batch_norm_evaluation(x[0], mean, variance, x[1], x[2], 1e-5, Activation::none, x[3]);
}
Tensor evaluated_by_inputs(const Tensors& x) {
  return batch_norm_evaluation(x[0], x[1], square(x[2]), x[3], x[4], 0.1, Activation::relu, x[5]);
}
Tensor statistics(const Tensors& x) {
  const BatchNorm b = batch_norm(x[0], {}, {});
  return concatenate({b.mean, b.variance});
}
Tensor rectified(const Tensors& x) { return batch_norm(x[0], x[1], x[2], 0.1, Activation::relu).y; }
Tensor with_residual(const Tensors& x) { return batch_norm(x[0], x[1], x[2], 1e-3, Activation::relu, x[3]).y; }
Tensor of_itself(const Tensors& x) { return batch_norm(x[0], x[1], {}, 0.1, Activation::none, x[0]).y; }

// Of the rows that layer norm takes; weight and bias may be undefined.
Tensor groups_as_composed(const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias) {
  const int64_t n = x.size(0), c = x.size(1), p = x.elements() / n / c;
  Tensor y = composed::layer_norm({x.reshape({n * groups, c / groups * p}), {}, {}, 1e-5}).reshape({n, c, p});
  if (weight.defined()) y = y * weight.unsqueeze(1);
  if (bias.defined()) y = y + bias.unsqueeze(1);
  return y.reshape(x.shape().dims());
}

void add_group_norms(Table& t) {
  const std::vector<DigestInputs> images = {{{{2, 4, 5, 7}, {4}, {4}}},
                                            {{{70, 6, 33, 32}, {6}, {6}}, Numbers::wide},
                                            {{{3, 2, 3, 3}, {2}, {2}}, Numbers::wide, DType::float64}};
  const Shapes small = {{2, 4, 3}, {4}, {4}};
  const std::vector<Shapes> edges = {{{0, 4, 3}, {4}, {4}}, {{1, 2, 1}, {2}, {2}}, {{1, 4}, {4}, {4}}};
  t.add("group_norm", [](auto& x) { return group_norm(x[0], 2, x[1], x[2]); })
      .composed_as([](auto& x) { return groups_as_composed(x[0], 2, x[1], x[2]); },
                   {{{2, 4, 3, 5}, {4}, {4}}, {{130, 2, 7}, {2}, {2}}, {{3, 6, 40, 30}, {6}, {6}}, {{5, 4}, {4}, {4}}})
      .of_ordinary_numbers()
      .smooth_at(small)
      .edges_at(edges)
      .digest(images);
  t.add("group_norm.one", [](auto& x) { return group_norm(x[0], 1, x[1], x[2]); })
      .composed_as([](auto& x) { return groups_as_composed(x[0], 1, x[1], x[2]); }, {{{2, 4, 3, 5}, {4}, {4}}})
      .of_ordinary_numbers()
      .smooth_at(small)
      .edges_at(edges);
  t.add("group_norm.far", [](auto& x) { return group_norm(x[0] + 1e7, 2, x[1], x[2]); }).digest(images);
  t.add("group_norm.plain", [](auto& x) { return group_norm(x[0], 2, {}, {}); })
      .composed_as([](auto& x) { return groups_as_composed(x[0], 2, {}, {}); }, {{{3, 6, 5, 7}}, {{2, 2, 1025}}})
      .of_ordinary_numbers()
      .smooth_at({{2, 4, 3}});
  t.add("group_norm.weight", [](auto& x) { return group_norm(x[0], 2, x[1], {}); })
      .composed_as([](auto& x) { return groups_as_composed(x[0], 2, x[1], {}); }, {{{3, 6, 5, 7}, {6}}})
      .of_ordinary_numbers()
      .smooth_at({{2, 4, 3}, {4}});
  t.add("group_norm.bias", [](auto& x) { return group_norm(x[0], 2, {}, x[1]); })
      .composed_as([](auto& x) { return groups_as_composed(x[0], 2, {}, x[1]); }, {{{3, 6, 5, 7}, {6}}})
      .of_ordinary_numbers()
      .smooth_at({{2, 4, 3}, {4}});
  t.add("instance_norm", [](auto& x) { return instance_norm(x[0], x[1], x[2]).y; }).smooth_at(small).digest(images);
  t.add("instance_norm.plain", [](auto& x) { return instance_norm(x[0], {}, {}, 0.1).y; })
      .composed_as([](auto& x) { return batch_norm(x[0], {}, {}, 0.1).y; }, {{{1, 4, 3, 5}}, {{1, 70, 130}}})
      .of_ordinary_numbers()
      .smooth_at({{2, 2, 3}});
  t.add("instance_norm.statistics",
        [](auto& x) {
          const BatchNorm b = instance_norm(x[0], x[1], x[2]);
          return concatenate({b.mean, b.variance});
        })
      .digest(images)
      .without_gradient();
}

Tensor rms_as_composed(const Tensors& x, bool weight) {
  const Tensor normal = x[0] * (1 / sqrt(mean(square(x[0]), {-1}, true) + 1e-6));
  return weight ? normal * x[1] : normal;
}
Tensors rms_gradient(const Tensor& g, const Tensors& x, bool weight) {
  const Tensor scale = 1 / sqrt(mean(square(x[0]), {-1}, true) + 1e-6), h = x[0] * scale;
  const Tensor w = weight ? g * x[1] : g;
  Tensors all = {(w - h * mean(w * h, {-1}, true)) * scale};
  if (weight) all.push_back(sum((g * h).reshape({-1, h.size(-1)}), {0}));
  return all;
}

void add_rms_norm(Table& t) {
  const Shape inputs[] = {{1},          {33},     {3, 1},    {2, 31},    {64, 64},
                          {5, 13, 128}, {129, 7}, {3, 1025}, {1, 70001}, {4161, 3}};
  for (const bool weight : {true, false}) {
    std::vector<Shapes> sizes;
    for (const Shape& x : inputs) sizes.push_back(weight ? Shapes{x, {x[-1]}} : Shapes{x});
    auto& row =
        t.add(weight ? "rms_norm" : "rms_norm.plain", [=](auto& x) { return rms_norm(x[0], weight ? x[1] : Tensor()); })
            .composed_as([=](auto& x) { return rms_as_composed(x, weight); }, sizes)
            .with_gradient([=](auto& g, auto& x) { return rms_gradient(g, x, weight); })
            .of_ordinary_numbers()
            .smooth_at(weight ? Shapes{{2, 3, 4}, {4}} : Shapes{{2, 4}});
    if (!weight) continue;
    row.edges_at({{{0, 5}, {5}}, {{1, 1}, {1}}, {{2, 0, 3}, {3}}, {{1, 2, 1}, {1}}})
        .digest({{{{3, 5, 33}, {33}}},
                 {{{67, 2101}, {2101}}, Numbers::wide},
                 {{{300, 128}, {128}}, Numbers::wide},
                 {{{5, 9}, {9}}, Numbers::wide, DType::float64}});
  }
}

}  // namespace

void add_norms(Table& t) {
  const std::vector<DigestInputs> images = {{{{2, 3, 5, 7}, {3}, {3}, {2, 3, 5, 7}}},
                                            {{{70, 5, 33, 32}, {5}, {5}, {70, 5, 33, 32}}, Numbers::wide},
                                            {{{3, 2, 3, 3}, {2}, {2}, {3, 2, 3, 3}}, Numbers::wide, DType::float64}};
  const Shapes small = {{3, 2, 2, 2}, {2}, {2}, {3, 2, 2, 2}};
  std::vector<Shapes> empty;
  for (const Shape& x :
       {Shape{0, 3}, Shape{5, 0}, Shape{1, 2}, Shape{0, 2, 3, 3}, Shape{2, 0, 3, 3}, Shape{2, 2, 3, 0}})
    empty.push_back({x, {x[1]}, {x[1]}, x});
  const std::vector<Shapes> pairs = {{{2, 1}, {1}, {1}, {2, 1}}, {{1, 2, 2, 1}, {2}, {2}, {1, 2, 2, 1}}};
  t.add("batch_norm", [](auto& x) { return batch_norm(x[0], x[1], x[2]).y * x[3]; })
      .smooth_at(small)
      .edges_at(pairs)
      .digest(images);
  t.add("batch_norm.relu", with_residual).smooth_at(small).edges_at(pairs).digest(images);
  t.add("batch_norm.statistics", statistics).digest(images).without_gradient();
  t.add("batch_norm.far", [](auto& x) { return batch_norm(x[0] + 1e7, x[1], x[2]).y * x[3]; }).digest(images);
  t.add("batch_norm.plain", [](auto& x) { return batch_norm(x[0], {}, {}, 0.1).y; }).smooth_at({{4, 3}});
  t.add("batch_norm.relu alone", rectified)
      .smooth_at({{3, 2, 3}, {2}, {2}})
      .edges_at({{{2, 1}, {1}, {1}}, {{1, 2, 2, 1}, {2}, {2}}});
  t.add("batch_norm.of itself", of_itself).smooth_at({{3, 2, 3}, {2}});
  t.add("batch_norm_evaluation", evaluated).edges_at(empty).digest(images);
  t.add("batch_norm_evaluation.of all", evaluated_by_inputs).smooth_at({{2, 3, 2}, {3}, {3}, {3}, {3}, {2, 3, 2}});

  layer_norm_row(t, "layer_norm", true, true)
      .smooth_at({{2, 3, 4}, {4}, {4}})
      .digest({{{{3, 5, 33}, {33}, {33}}},
               {{{67, 2101}, {2101}, {2101}}, Numbers::wide},
               {{{300, 128}, {128}, {128}}, Numbers::wide},
               {{{5, 9}, {9}, {9}}, Numbers::wide, DType::float64}});
  t.add("layer_norm.far", [](auto& x) {
     return layer_norm(x[0] - 1e7, x[1], x[2]);
   }).digest({{{{67, 2101}, {2101}, {2101}}, Numbers::wide}, {{{5, 9}, {9}, {9}}, Numbers::wide, DType::float64}});
  layer_norm_row(t, "layer_norm.plain", false, false).smooth_at({{5}});
  layer_norm_row(t, "layer_norm.weight", true, false).smooth_at({{2, 4}, {4}});
  layer_norm_row(t, "layer_norm.bias", false, true).smooth_at({{2, 4}, {4}});

  add_group_norms(t);
  add_rms_norm(t);
}

}  // namespace stet::testing
