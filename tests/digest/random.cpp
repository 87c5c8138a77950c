// Random numbers.
#include "cases.h"
#include "stet/tensor/mode.h"
#include "stet/tensor/ops.h"

namespace stet::digests {

void add_random(Cases& cases) {
  const auto add = [&](const char* name, const std::function<Tensor(Stream&)>& draw) {
    cases.push_back({name, [=](Trace& trace) {
                       Stream stream(Rng(7, name));
                       for (uint32_t t : {0, 1, 70000}) {
                         set_tick(t);
                         trace(draw(stream));
                         trace(draw(stream));
                       }
                       set_tick(0);
                     }});
  };
  add("uniform", [](Stream& s) { return uniform(s, {7, 1009}, -0.3, 1.7, DType::float32, device()); });
  add("uniform.float64", [](Stream& s) { return uniform(s, {103}, -0.3, 1.7, DType::float64, device()); });
  add("normal", [](Stream& s) { return normal(s, {7, 1009}, 0.1, 1.3, DType::float32, device()); });
  add("normal.float64", [](Stream& s) { return normal(s, {103}, 0.1, 1.3, DType::float64, device()); });
  add("bernoulli", [](Stream& s) { return bernoulli(s, {7, 1009}, 0.3, device()); });
  add("random_integers", [](Stream& s) { return random_integers(s, {7, 1009}, -100, 1000000007, device()); });
  add_op(cases, "dropout", {{{{3, 5, 33}}}, {{{7, 2861}}, Values::wide}, {{{67}}, Values::special, DType::float64}},
         [](const std::vector<Tensor>& x) {
           Stream stream(Rng(7, "dropout"));
           return dropout(x[0], 0.37, stream);
         });
  cases.push_back({"permutation", [](Trace& trace) {
                     for (uint32_t epoch : {0, 1})
                       trace(Tensor::from(permutation(Rng(7, "order"), 1009, epoch)).to(device()));
                   }});
}

}  // namespace stet::digests
