// Attention and recurrence; random numbers.
#include "ops/case.h"
#include "stet/tensor/ops/composed.h"

namespace stet::testing {
namespace {

// Scores of a few units, so that many weights count.
constexpr double kSmall = 0.001;
// Of awkward numbers so few that some rows see none.
constexpr double kFew = 0.004;

// Options of inputs, which may hold a mask behind queries, keys and values.
using OptionsOf = std::function<AttentionOptions(const Tensors&)>;

OpCase& masked_row(Table& t, const char* name, const OptionsOf& options, const std::vector<Shapes>& sizes) {
  return t.add(name, [=](auto& x) { return attention(x[0], x[1], x[2], options(x)); })
      .composed_as([=](auto& x) { return composed::attention(x[0], x[1], x[2], options(x)); }, sizes)
      .with_gradient([=](auto& g, auto& x) {
        const auto all = composed::attention_gradient(g, x[0], x[1], x[2], options(x));
        return Tensors(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(x.size()));
      })
      .of_ordinary_numbers(kFew)
      .not_on_gpu_in_float64();
}
OpCase& attention_row(Table& t, const char* name, const AttentionOptions& options, const std::vector<Shapes>& sizes) {
  return masked_row(
      t, name, [=](const Tensors&) { return options; }, sizes);
}

// Which keys queries see: holes, whole rows and columns hidden, a row that sees one key alone.
Tensor holes(const Tensor& q, int64_t keys) {
  std::vector<bool> seen;
  for (int64_t i = 0; i < q.size(-2); ++i) {
    for (int64_t j = 0; j < keys; ++j)
      seen.push_back(i % 5 == 2 ? false : i % 7 == 3 ? j == keys / 2 : j % 11 != 4 && (i * 7 + j * j * 3) % 5 != 0);
  }
  return Tensor::from(seen, {q.size(-2), keys}).to(q.device());
}
// Of the first axis: one that sees nothing, one that sees all, others between.
Tensor some_keys(const Tensor& q, int64_t keys) {
  std::vector<int64_t> n;
  for (int64_t b = 0; b < q.size(0); ++b) n.push_back(b == 1 ? 0 : b == 2 ? keys : (keys + 1) / 2 - b % 2);
  return Tensor::from(n);
}

// Queries, keys and values.
Shapes qkv(int64_t batch, int64_t queries, int64_t keys, int64_t width, int64_t value_width) {
  return {{batch, queries, width}, {batch, keys, width}, {batch, keys, value_width}};
}

void add_masked_attention(Table& t) {
  const std::vector<double> shrunk = {kSmall, kSmall, 1}, of_mask = {kSmall, kSmall, 1, 0.01};
  masked_row(t, "attention.masked", [](auto& x) { return AttentionOptions{.mask = holes(x[0], x[1].size(-2))}; },
             {qkv(2, 7, 40, 9, 17), qkv(1, 67, 35, 33, 16), qkv(1, 600, 530, 3, 8)})
      .smooth_at({{2, 4, 2}, {2, 3, 2}, {2, 3, 3}})
      .edges_at({qkv(0, 2, 3, 4, 4), qkv(1, 0, 3, 4, 4), qkv(1, 3, 3, 4, 0), qkv(1, 1, 1, 1, 1)})
      .digest({{qkv(2, 33, 70, 9, 7)},
               {qkv(1, 66, 530, 8, 5), Numbers::wide},
               {qkv(2, 5, 3, 3, 2), Numbers::wide, DType::float64}},
              shrunk);
  // A mask that broadcasts over the heads, or over queries.
  masked_row(t, "attention.added", [](auto& x) { return AttentionOptions{.causal = true, .mask = x[3]}; },
             {{{2, 3, 33, 9}, {2, 3, 40, 9}, {2, 3, 40, 5}, {2, 1, 33, 40}},
              {{3, 7, 4}, {3, 19, 4}, {3, 19, 4}, {3, 1, 19}},
              {{40, 4}, {33, 4}, {33, 4}, {33}},
              {{1, 530, 3}, {1, 530, 3}, {1, 530, 2}, {530, 530}}})
      .smooth_at({{2, 2, 2}, {2, 3, 2}, {2, 3, 3}, {2, 3}})
      .digest({{{{2, 2, 33, 9}, {2, 2, 40, 9}, {2, 2, 40, 7}, {2, 1, 33, 40}}},
               {{{1, 70, 8}, {1, 530, 8}, {1, 530, 5}, {70, 530}}, Numbers::wide},
               {{{2, 5, 3}, {2, 5, 3}, {2, 5, 3}, {5}}, Numbers::wide, DType::float64}},
              of_mask);
  masked_row(t, "attention.lengths",
             [](auto& x) { return AttentionOptions{.lengths = some_keys(x[0], x[1].size(-2))}; },
             {qkv(4, 7, 40, 9, 17), qkv(3, 40, 17, 5, 3), {{3, 2, 66, 8}, {3, 2, 67, 8}, {3, 2, 67, 8}}})
      .smooth_at({{3, 2, 2}, {3, 4, 2}, {3, 4, 3}})
      .digest({{qkv(4, 33, 70, 9, 7)}, {qkv(3, 7, 1100, 4, 5), Numbers::wide}}, shrunk);
  // Fewer queries than keys, and more.
  attention_row(
      t, "attention.late", {.causal = true},
      {qkv(2, 7, 40, 9, 17), qkv(2, 1, 33, 5, 3), qkv(1, 40, 7, 5, 3), qkv(1, 70, 600, 8, 5), qkv(1, 600, 70, 8, 5)})
      .smooth_at({{2, 2}, {4, 2}, {4, 3}})
      .digest({{qkv(2, 33, 70, 9, 7)}, {qkv(1, 70, 33, 8, 5), Numbers::wide}, {qkv(1, 9, 530, 8, 5), Numbers::wide}},
              shrunk);
  masked_row(t, "attention.grouped",
             [](auto& x) {
               return AttentionOptions{
                   .causal = true, .lengths = some_keys(x[0], x[1].size(-2)), .kv_heads = x[1].size(-3)};
             },
             {{{3, 6, 20, 5}, {3, 2, 33, 5}, {3, 2, 33, 4}}, {{1, 2, 4, 7, 5}, {1, 2, 1, 7, 5}, {1, 2, 1, 7, 5}}})
      .smooth_at({{1, 4, 2, 2}, {1, 2, 3, 2}, {1, 2, 3, 2}})
      .digest({{{{3, 4, 33, 9}, {3, 2, 40, 9}, {3, 2, 40, 7}}, Numbers::wide}}, shrunk);
  t.add("attention.dropped",
        [](auto& x) {
          Stream draws(Rng(7, "attention"));
          return attention(x[0], x[1], x[2], {.causal = true, .dropout = 0.3, .draws = &draws});
        })
      .smooth_at({{3, 2}, {4, 2}, {4, 3}})
      .digest({{qkv(2, 33, 40, 9, 7), Numbers::wide}}, shrunk)
      .of_a_stream()
      .not_on_gpu_in_float64();
}

OpCase& grouped_row(Table& t, const char* name) {
  const auto options = [](auto& x) { return AttentionOptions{.mask = holes(x[0], x[0].size(-2)), .kv_heads = 2}; };
  return t.add(name, [=](auto& x) { return self_attention(x[0], 6, options(x)); })
      .composed_as([=](auto& x) { return composed::self_attention(x[0], 6, options(x)); }, {{{3, 37, 30}}})
      .with_gradient(
          [=](auto& g, auto& x) { return Tensors{composed::self_attention_gradient(g, x[0], 6, options(x))[0]}; })
      .of_ordinary_numbers(kFew)
      .smooth_at({{2, 3, 20}})
      .not_on_gpu_in_float64();
}

OpCase& self_attention_row(Table& t, const char* name, int64_t heads, bool causal) {
  const AttentionOptions options{.causal = causal};
  return t.add(name, [=](auto& x) { return self_attention(x[0], heads, options); })
      .composed_as([=](auto& x) { return composed::self_attention(x[0], heads, options); }, {{{3, 37, 15 * heads}}})
      .with_gradient(
          [=](auto& g, auto& x) { return Tensors{composed::self_attention_gradient(g, x[0], heads, options)[0]}; })
      .of_ordinary_numbers(kFew)
      .smooth_at({{2, 3, 6 * heads}})
      .edges_at({{{0, 3, 6 * heads}}, {{1, 1, 3 * heads}}, {{2, 0, 3, 6 * heads}}})
      .not_on_gpu_in_float64();
}

void add_attention(Table& t) {
  const std::vector<DigestInputs> square = {{{{2, 33, 9}, {2, 33, 9}, {2, 33, 7}}},
                                            {{{2, 2, 65, 16}, {2, 2, 65, 16}, {2, 2, 65, 16}}, Numbers::wide},
                                            {{{1, 530, 8}, {1, 530, 8}, {1, 530, 5}}, Numbers::wide},
                                            {{{2, 5, 3}, {2, 5, 3}, {2, 5, 3}}, Numbers::wide, DType::float64}};
  const std::vector<double> shrunk = {kSmall, kSmall, 1};
  // Several chunks of keys and queries, and of the width; odd tails; one row.
  attention_row(t, "attention", {}, {qkv(2, 7, 40, 9, 17), qkv(1, 40, 7, 33, 16)})
      .smooth_at({{2, 3, 2}, {2, 4, 2}, {2, 4, 3}})
      .edges_at({{{0, 2, 3, 4}, {0, 2, 3, 4}, {0, 2, 3, 4}},
                 {{2, 0, 3, 4}, {2, 0, 3, 4}, {2, 0, 3, 4}},
                 qkv(1, 0, 3, 4, 4),
                 qkv(1, 3, 3, 4, 0),
                 qkv(1, 1, 1, 1, 1),
                 qkv(1, 0, 3, 70, 70)})
      .digest(square, shrunk);
  attention_row(t, "attention.oblong", {.scale = 0.3},
                {qkv(2, 7, 40, 9, 17), qkv(1, 40, 7, 33, 16), qkv(1, 600, 530, 3, 8)})
      .smooth_at({{3, 2}, {4, 2}, {4, 3}})
      .digest({{{{3, 7, 9}, {3, 33, 9}, {3, 33, 5}}, Numbers::wide}, {{{5, 8}, {1100, 8}, {1100, 17}}, Numbers::wide}},
              shrunk);
  attention_row(t, "attention.causal", {.causal = true}, {}).smooth_at({{4, 2}, {4, 2}, {4, 3}}).digest(square, shrunk);
  attention_row(t, "attention.causal and scaled", {.causal = true, .scale = 0.3},
                {qkv(1, 1, 1, 1, 1), qkv(2, 31, 31, 5, 3), qkv(3, 64, 64, 32, 32), qkv(1, 65, 65, 16, 33),
                 qkv(1, 600, 600, 8, 5), qkv(1, 13, 13, 600, 1100)})
      .smooth_at({{4, 2}, {4, 2}, {4, 3}});
  add_masked_attention(t);
  self_attention_row(t, "self_attention", 3, true).digest({{{{3, 33, 36}}}, {{{2, 64, 144}}, Numbers::wide}}, {kSmall});
  self_attention_row(t, "self_attention.whole", 4, false);
  grouped_row(t, "self_attention.grouped").digest({{{{3, 33, 40}}, Numbers::wide}}, {kSmall});
}

LstmResult run(const Tensors& x) { return lstm(x[0], {x[1], x[2], x[3], x[4]}, {x[5], x[6]}); }
Tensor outputs(const Tensors& x) { return run(x).output; }
Tensor last_state(const Tensors& x) {
  const LstmResult r = run(x);
  return stack({r.last.hidden, r.last.cell});
}
// Lengths from 0 to all steps.
Tensor some_steps(const Tensor& x) {
  std::vector<int64_t> n;
  for (int64_t b = 0; b < x.size(0); ++b) n.push_back((b * 3 + x.size(1)) % (x.size(1) + 1));
  return Tensor::from(n);
}
Tensor padded(const Tensors& x) {
  const LstmResult r = lstm(x[0], {x[1], x[2], x[3], x[4]}, {x[5], x[6]}, some_steps(x[0]));
  return concatenate({r.output, stack({r.last.hidden, r.last.cell}, 1)}, 1);
}
Tensor from_zero(const Tensors& x) {
  const LstmResult r = lstm(x[0], {x[1], x[2], {}, {}});
  return r.last.hidden * r.last.cell;
}

// Of b sequences of t steps, i inputs and h units.
Shapes layer(int64_t b, int64_t t, int64_t i, int64_t h) {
  return {{b, t, i}, {4 * h, i}, {4 * h, h}, {4 * h}, {4 * h}, {b, h}, {b, h}};
}

void add_lstm(Table& t) {
  const std::vector<DigestInputs> all = {
      {layer(3, 5, 7, 9)}, {layer(33, 19, 65, 24), Numbers::wide}, {layer(2, 3, 4, 3), Numbers::wide, DType::float64}};
  const std::vector<double> shrunk = {kSmall, 0.01, kSmall, kSmall, kSmall, 1, 1};
  const Shapes small = layer(2, 3, 2, 2);
  const std::vector<Shapes> edges = {layer(0, 2, 3, 4), layer(2, 2, 0, 4), layer(1, 1, 1, 1)};
  t.add("lstm", outputs).smooth_at(small).edges_at(edges).digest(all, shrunk).not_on_gpu_in_float64();
  t.add("lstm.last", last_state).smooth_at(small).edges_at(edges).digest(all, shrunk).not_on_gpu_in_float64();
  t.add("lstm.padded", padded).smooth_at(layer(3, 2, 2, 2)).edges_at(edges).digest(all, shrunk).not_on_gpu_in_float64();
  t.add("lstm.from zero", from_zero).smooth_at({{2, 3, 2}, {8, 2}, {8, 2}}).not_on_gpu_in_float64();
}

// Of a layer of g gates, with its state.
Shapes recurrent(int64_t g, int64_t b, int64_t t, int64_t i, int64_t h) {
  return {{b, t, i}, {g * h, i}, {g * h, h}, {g * h}, {g * h}, {b, h}};
}

using Recurrent = std::function<RecurrentResult(const Tensor& x, const RecurrentWeights&, const Tensor& initial,
                                                const Tensor& lengths)>;

// Its output, and with lengths the output and the last state. On a GPU, elementary functions are of float32.
void add_recurrent(Table& t, const std::string& name, int64_t gates, bool has_functions, const Recurrent& f) {
  const auto at = [=](int64_t b, int64_t t, int64_t i, int64_t h) { return recurrent(gates, b, t, i, h); };
  const std::vector<Shapes> edges = {at(0, 2, 3, 4), at(2, 2, 0, 4), at(1, 1, 1, 1)};
  const std::vector<DigestInputs> all = {
      {at(3, 5, 7, 9)}, {at(33, 19, 65, 24), Numbers::wide}, {at(2, 3, 4, 3), Numbers::wide, DType::float64}};
  const std::vector<double> shrunk = {kSmall, 0.01, kSmall, kSmall, kSmall, 1};
  OpCase& whole = t.add(name,
                        [=](auto& x) {
                          return f(x[0], {x[1], x[2], x[3], x[4]}, x[5], {}).output;
                        })
                      .smooth_at(at(2, 3, 2, 2))
                      .edges_at(edges)
                      .digest(all, shrunk);
  if (has_functions) whole.not_on_gpu_in_float64();
  OpCase& padded = t.add(name + ".padded",
                         [=](auto& x) {
                           const RecurrentResult r = f(x[0], {x[1], x[2], x[3], x[4]}, x[5], some_steps(x[0]));
                           return concatenate({r.output, unsqueeze(r.last, 1)}, 1);
                         })
                       .of({name.substr(0, name.find('.'))})
                       .smooth_at(at(3, 2, 2, 2))
                       .edges_at(edges)
                       .digest(all, shrunk);
  if (has_functions) padded.not_on_gpu_in_float64();
}

template <Tensor (*kDrop)(const Tensor&, double, Stream&)> Tensor dropped(const Tensors& x) {
  Stream stream(Rng(7, "dropout"));
  return kDrop(x[0], 0.37, stream);
}

}  // namespace

void add_sequences(Table& t) {
  add_attention(t);
  add_lstm(t);
  add_recurrent(t, "gru", 3, true, gru);
  add_recurrent(t, "rnn", 1, true, [](auto& x, auto& w, auto& initial, auto& lengths) {
    return rnn(x, w, Nonlinearity::tanh, initial, lengths);
  });
  add_recurrent(t, "rnn.relu", 1, false, [](auto& x, auto& w, auto& initial, auto& lengths) {
    return rnn(x, w, Nonlinearity::relu, initial, lengths);
  });
}

void add_random(Table& t) {
  constexpr DType kWide = DType::float64;
  t.random("uniform", [](Stream& s, Device on) { return uniform(s, {7, 1009}, -0.3, 1.7, DType::float32, on); });
  t.random("uniform.narrow", [](Stream& s, Device on) {
    return uniform(s, {7, 1009}, 1e8, 1e8 + 24, DType::float32, on);
  });
  t.random("uniform.float64", [](Stream& s, Device on) { return uniform(s, {103}, -0.3, 1.7, kWide, on); });
  t.random("normal", [](Stream& s, Device on) { return normal(s, {7, 1009}, 0.1, 1.3, DType::float32, on); });
  t.random("normal.float64", [](Stream& s, Device on) { return normal(s, {103}, 0.1, 1.3, kWide, on); });
  t.random("truncated_normal", [](Stream& s, Device on) {
    return truncated_normal(s, {7, 1009}, {.mean = 0.1, .deviation = 1.3, .low = -1.2, .high = 2.5, .device = on});
  });
  t.random("truncated_normal.rare", [](Stream& s, Device on) {
    return truncated_normal(s, {103}, {.deviation = 0.5, .low = 1, .high = 1.1, .dtype = kWide, .device = on});
  });
  t.random("bernoulli", [](Stream& s, Device on) { return bernoulli(s, {7, 1009}, 0.3, on); });
  t.random("random_integers", [](Stream& s, Device on) { return random_integers(s, {7, 1009}, -100, 1000000007, on); });
  t.add("dropout", dropped<dropout>)
      .smooth_at({{3, 4}})
      .edges_at({{{}}, {{0}}, {{1}}, {{2, 0}}})
      .digest({{{{3, 5, 33}}}, {{{7, 2861}}, Numbers::wide}, {{{67}}, Numbers::special, kWide}})
      .of_a_stream();
  t.add("dropout2d", dropped<dropout2d>)
      .smooth_at({{3, 4, 2}})
      .edges_at({{{0, 3}}, {{1, 1}}, {{2, 0, 2}}})
      .digest({{{{3, 5, 33}}}, {{{67, 31, 3}}, Numbers::wide}, {{{67, 2}}, Numbers::special, kWide}})
      .of_a_stream();
  t.add("drop_path", dropped<drop_path>)
      .smooth_at({{7, 4}})
      .edges_at({{{0}}, {{1}}, {{2, 0}}})
      .digest({{{{33, 5}}}, {{{2011, 2, 3}}, Numbers::wide}, {{{67}}, Numbers::special, kWide}})
      .of_a_stream();
}

}  // namespace stet::testing
