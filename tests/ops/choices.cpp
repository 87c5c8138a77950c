// Random choices.
#include "ops/case.h"

namespace stet::testing {
namespace {

// Of 7 weights, of which some are 0; the first of each row is the largest.
Tensor weights(Device device, DType dtype = DType::float32) {
  std::vector<double> w;
  for (int row = 0; row < 3; ++row) {
    for (int i = 0; i < 7; ++i) w.push_back(i == 0 ? 5 : (i + row) % 3 * 0.3);
  }
  return Tensor::from(w, {3, 7}).to(dtype).to(device);
}

Tensor softened(const Tensors& x, bool hard) {
  Stream stream(Rng(7, "gumbel"));
  return gumbel_softmax(stream, x[0], {.temperature = 0.7, .hard = hard, .axis = 0});
}

}  // namespace

void add_choices_by_weight(Table& t) {
  constexpr DType kWide = DType::float64;
  t.random("multinomial", [](Stream& s, Device on) { return multinomial(s, weights(on), 301, true); });
  t.random("multinomial.float64", [](Stream& s, Device on) { return multinomial(s, weights(on, kWide), 301, true); });
  t.random("gumbel", [](Stream& s, Device on) { return gumbel(s, {7, 1009}, DType::float32, on); });
  t.random("gumbel.float64", [](Stream& s, Device on) { return gumbel(s, {103}, kWide, on); });
  t.add("gumbel_softmax", [](auto& x) { return softened(x, false); })
      .smooth_at({{3, 4}})
      .edges_at({{{0}}, {{1}}, {{2, 0}}})
      .digest({{{{3, 5, 33}}}, {{{7, 2861}}, Numbers::wide}, {{{67}}, Numbers::special, kWide}})
      .of_a_stream()
      .not_on_gpu_in_float64();
  t.add("gumbel_softmax.hard", [](auto& x) { return softened(x, true); })
      .edges_at({{{0}}, {{1}}, {{2, 0}}})
      .digest({{{{3, 5, 33}}}, {{{7, 2861}}, Numbers::wide}})
      .of_a_stream()
      .not_on_gpu_in_float64();
}

}  // namespace stet::testing
