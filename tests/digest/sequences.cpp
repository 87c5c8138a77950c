// Attention and recurrence.
#include "cases.h"
#include "stet/tensor/ops.h"

namespace stet::digests {
namespace {

using In = const std::vector<Tensor>&;

void add_attention(Cases& cases) {
  // Scores of a few units, so that many weights count.
  const auto shrunk = [](const Tensor& x) { return x * 0.001; };
  const std::vector<Inputs> square = {{{{2, 33, 9}, {2, 33, 9}, {2, 33, 7}}},
                                      {{{2, 2, 65, 16}, {2, 2, 65, 16}, {2, 2, 65, 16}}, Values::wide},
                                      {{{1, 530, 8}, {1, 530, 8}, {1, 530, 5}}, Values::wide},
                                      {{{2, 5, 3}, {2, 5, 3}, {2, 5, 3}}, Values::wide, DType::float64}};
  const std::vector<Inputs> oblong = {{{{3, 7, 9}, {3, 33, 9}, {3, 33, 5}}, Values::wide},
                                      {{{5, 8}, {1100, 8}, {1100, 17}}, Values::wide}};
  add_op(cases, "attention", square, [=](In x) { return attention(shrunk(x[0]), shrunk(x[1]), x[2]); });
  add_op(cases, "attention.oblong", oblong,
         [=](In x) { return attention(shrunk(x[0]), shrunk(x[1]), x[2], {.scale = 0.3}); });
  add_op(cases, "attention.causal", square,
         [=](In x) { return attention(shrunk(x[0]), shrunk(x[1]), x[2], {.causal = true}); });
  add_op(cases, "self_attention", {{{{3, 33, 36}}}, {{{2, 64, 144}}, Values::wide}},
         [=](In x) { return self_attention(shrunk(x[0]), 3, {.causal = true}); });
}

void add_lstm(Cases& cases) {
  const auto inputs = [](int64_t b, int64_t t, int64_t i, int64_t h, Values kind, DType dtype) {
    return Inputs{{{b, t, i}, {4 * h, i}, {4 * h, h}, {4 * h}, {4 * h}, {b, h}, {b, h}}, kind, dtype};
  };
  const std::vector<Inputs> all = {inputs(3, 5, 7, 9, Values::special, DType::float32),
                                   inputs(33, 19, 65, 24, Values::wide, DType::float32),
                                   inputs(2, 3, 4, 3, Values::wide, DType::float64)};
  const auto run = [](In x) {
    return lstm(x[0] * 0.001, {x[1] * 0.01, x[2] * 0.001, x[3] * 0.001, x[4] * 0.001}, {x[5], x[6]});
  };
  add_op(cases, "lstm", all, [=](In x) { return run(x).output; });
  add_op(cases, "lstm.last", all, [=](In x) {
    const LstmResult r = run(x);
    return stack({r.last.hidden, r.last.cell});
  });
}

}  // namespace

void add_sequences(Cases& cases) {
  add_attention(cases);
  add_lstm(cases);
}

}  // namespace stet::digests
