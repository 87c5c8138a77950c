#include "ops/case.h"

#include <cmath>
#include <limits>
#include <utility>

#include "stet/tensor/float_env.h"
#include "stet/tensor/rng.h"

namespace stet::testing {
namespace {

std::vector<DigestInputs> unary_digest() {
  return {{{{3, 5, 33}}}, {{{7, 2861}}, Numbers::wide}, {{{67}}, Numbers::special, DType::float64}};
}

std::vector<DigestInputs> binary_digest() {
  return {{{{3, 5, 33}, {3, 5, 33}}},
          {{{3, 5, 33}, {5, 1}}},
          {{{301, 70}, {70}}, Numbers::wide},
          {{{}, {40}}},
          {{{67}, {67}}, Numbers::special, DType::float64}};
}

// The small ones at the end are for an emulated GPU.
std::vector<Shapes> broadcasting() {
  return {{{3, 5, 33}, {3, 5, 33}}, {{3, 5, 33}, {33}}, {{3, 5, 33}, {5, 1}}, {{1}, {2, 65}},    {{}, {40}},
          {{4, 1, 7}, {5, 1}},      {{0, 3}, {3}},      {{20011}, {20011}},   {{300, 70}, {70}}, {{300, 70}, {300, 1}},
          {{2011}, {2011}},         {{30, 70}, {30, 1}}};
}

const Shape kEdges[] = {{}, {0}, {1}, {1, 1, 1}, {3, 0, 2}, {0, 5}};

std::vector<Shapes> unary_edges() {
  std::vector<Shapes> all;
  for (const Shape& s : kEdges) all.push_back({s});
  return all;
}

std::vector<Shapes> binary_edges() {
  std::vector<Shapes> all;
  for (const Shape& s : kEdges) all.insert(all.end(), {{s, s}, {s, {1}}});
  return all;
}

template <class T> T draw(SampleDraws& draws, Numbers kind) {
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
  if (kind == Numbers::special && draws.below(8) == 0) return special[draws.below(12)];
  const T fraction = static_cast<T>(draws.uniform()) - T(0.5);
  return std::ldexp(fraction, static_cast<int>(draws.below(30)) - 15);
}

template <class T> Tensor draw_all(const Shape& shape, uint64_t seed, Numbers kind) {
  SampleDraws draws(Rng(seed, "digests"), 0, 0);
  std::vector<T> v(static_cast<size_t>(shape.elements()));
  for (T& x : v) x = draw<T>(draws, kind);
  return Tensor::adopt(std::move(v), shape);
}

}  // namespace

OpCase& OpCase::of(std::vector<std::string> names) {
  ops = std::move(names);
  return *this;
}
OpCase& OpCase::equals(std::function<Array<float>(const Arrays&)> f, std::vector<Shapes> at) {
  reference = std::move(f), sizes = std::move(at);
  return *this;
}
OpCase& OpCase::equal_at(std::vector<Shapes> shapes) {
  sizes = std::move(shapes);
  return *this;
}
OpCase& OpCase::gradient_equals(std::function<Arrays(const Array<float>&, const Arrays&)> f, std::vector<Shapes> at) {
  gradient_reference = std::move(f), gradient_sizes = std::move(at);
  return *this;
}
OpCase& OpCase::composed_as(std::function<Tensor(const Tensors&)> f, std::vector<Shapes> at) {
  composition = std::move(f), composed_sizes = std::move(at);
  return *this;
}
OpCase& OpCase::with_gradient(std::function<Tensors(const Tensor& g, const Tensors&)> f) {
  gradient_composition = std::move(f);
  return *this;
}
OpCase& OpCase::of_ordinary_numbers(double but_for_awkward) {
  ordinary = true, awkward_share = but_for_awkward;
  return *this;
}
OpCase& OpCase::smooth_at(Shapes shapes, std::vector<Range> within) {
  smooth_shapes = std::move(shapes);
  if (!within.empty()) ranges = std::move(within);
  return *this;
}
OpCase& OpCase::smooth_in(double low, double high) {
  ranges = {{low, high}};
  return *this;
}
OpCase& OpCase::without_gradient() {
  smooth_shapes = {}, gradient_is_digested = false;
  return *this;
}
OpCase& OpCase::edges_at(std::vector<Shapes> shapes) {
  edges = std::move(shapes);
  return *this;
}
OpCase& OpCase::digest(std::vector<DigestInputs> inputs, std::vector<double> scaled_by) {
  digested = std::move(inputs), scales = std::move(scaled_by);
  return *this;
}
OpCase& OpCase::undigested() { return digest({}); }
OpCase& OpCase::not_on_gpu_in_float64() {
  has_float64_on_gpu = false;
  return *this;
}

OpCase& OpCase::of_a_stream() {
  holds_stream = true;
  return *this;
}

OpCase& Table::add(std::string name, std::function<Tensor(const Tensors&)> op) {
  OpCase& c = rows_.emplace_back();
  c.name = std::move(name), c.op = std::move(op), c.ranges = {Range()};
  c.ops = {c.name.substr(0, c.name.find('.'))};
  return c;
}

OpCase& Table::unary(const char* name, const std::function<Tensor(const Tensor&)>& op, const Scalar1& f,
                     const Scalar2& gradient) {
  OpCase& c = add(name, [op](const Tensors& x) { return op(x[0]); });
  if (f) c.equals([f](const Arrays& x) { return reference::map(x[0], f); }, three_axes());
  c.smooth_at({{3, 4}}).digest(unary_digest()).edges_at(unary_edges());
  if (!gradient) return c;
  return c.gradient_equals([gradient](const Array<float>& g,
                                      const Arrays& x) -> Arrays { return {reference::zip<float>(g, x[0], gradient)}; },
                           lines(1));
}

OpCase& Table::binary(const char* name, const std::function<Tensor(const Tensor&, const Tensor&)>& op, const Scalar2& f,
                      const Scalar3& first, const Scalar3& second) {
  OpCase& c = add(name, [op](const Tensors& x) { return op(x[0], x[1]); });
  if (f) c.equals([f](const Arrays& x) { return reference::zip<float>(x[0], x[1], f); }, broadcasting());
  c.smooth_at({{3, 4}, {4}}).digest(binary_digest()).edges_at(binary_edges());
  if (!first) return c;
  const auto gradients = [first, second](const Array<float>& g, const Arrays& x) {
    Arrays all = {g, g};
    for (size_t i = 0; i < g.values.size(); ++i) {
      all[0].values[i] = first(g.values[i], x[0].values[i], x[1].values[i]);
      all[1].values[i] = second(g.values[i], x[0].values[i], x[1].values[i]);
    }
    return all;
  };
  return c.gradient_equals(gradients, lines(2));
}

OpCase& Table::random(const char* name, std::function<Tensor(Stream&, Device)> draw) {
  OpCase& c = add(name, {});
  c.draw = std::move(draw);
  return c.of_a_stream();
}

const std::vector<OpCase>& op_cases() {
  static const Table table = [] {
    Table t;
    for (auto add :
         {add_elementwise, add_activations, add_reductions, add_shape_ops, add_compositions, add_statistics,
          add_indexing, add_positions, add_whole_numbers, add_scans, add_resampling, add_choices_by_weight,
          add_products, add_convolution, add_pooling, add_normalised, add_norms, add_sequences, add_random}) {
      add(t);
    }
    return t;
  }();
  return table.rows();
}

Tensors smooth_inputs(const OpCase& c) {
  Tensors inputs;
  for (const Shape& shape : c.smooth_shapes) {
    const uint64_t seed = inputs.size() + 1;
    const Range& range = c.ranges[c.ranges.size() > 1 ? inputs.size() : 0];
    const auto n = static_cast<double>(shape.elements());
    std::vector<double> v;
    for (int64_t i : permutation(Rng(seed, "inputs"), shape.elements())) {
      const double shift = 0.013 * static_cast<double>(seed + 1);  // no two inputs hold equal values
      const double x = range.low + (range.high - range.low) * (static_cast<double>(i) + 0.5) / n + shift;
      v.push_back(std::abs(x) < 0.04 ? x + 0.1 : x);
    }
    inputs.push_back(Tensor::from(v, shape));
  }
  return inputs;
}

Tensor drawn(const Shape& shape, uint64_t seed, Numbers kind, DType dtype) {
  const ContractFloatEnv environment;  // where a test has set another, the numbers are still these
  return dtype == DType::float64 ? draw_all<double>(shape, seed, kind) : draw_all<float>(shape, seed, kind);
}

Tensor drawn_indices(const Shape& shape, uint64_t seed, int64_t n) {
  SampleDraws draws(Rng(seed, "indices"), 0, 0);
  std::vector<int64_t> v(static_cast<size_t>(shape.elements()));
  for (int64_t& i : v) i = draws.below(n);
  return Tensor::adopt(std::move(v), shape);
}

std::vector<Shapes> three_axes() {
  std::vector<Shapes> all;
  for (const Shape& s : {Shape{1, 1, 0},
                         {1, 1, 1},
                         {2, 3, 31},
                         {1, 5, 32},
                         {3, 2, 33},
                         {5, 63, 4},
                         {2, 65, 64},
                         {130, 1, 7},
                         {1, 2, 511},
                         {3, 1, 512},
                         {2, 1, 513},
                         {1, 3, 1023},
                         {1, 1, 1024},
                         {2, 1, 1025},
                         {1, 1, 70001},
                         {4097, 1, 3},
                         {7, 300, 9},
                         {64, 1, 520},
                         {129, 1, 700}}) {
    all.push_back({s});
  }
  return all;
}

std::vector<Shapes> few_sizes() { return {{{1, 1, 0}}, {{2, 3, 31}}, {{5, 63, 4}}, {{2, 1, 1025}}, {{4097, 1, 3}}}; }

std::vector<DigestInputs> three_axes_digest() {
  return {{{{3, 5, 33}}},
          {{{2, 3, 2101}}, Numbers::wide},
          {{{4160, 2, 5}}, Numbers::wide},
          {{{3, 67, 9}}, Numbers::special, DType::float64}};
}

std::vector<Shapes> lines(size_t inputs) {
  std::vector<Shapes> all;
  for (const Shape& s : {Shape{0},
                         {1},
                         {31},
                         {32},
                         {33},
                         {63},
                         {64},
                         {65},
                         {511},
                         {512},
                         {513},
                         {1023},
                         {1024},
                         {1025},
                         {40009},
                         {5, 33},
                         {3, 1, 7}}) {
    all.emplace_back(inputs, s);
  }
  return all;
}

}  // namespace stet::testing
