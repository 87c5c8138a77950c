// Attention and the recurrent layer on a GPU.
#include "gpu_bench.h"
#include "stet/tensor/autograd.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/ops.h"

namespace gpu_bench {
namespace {

using namespace stet;

// Causal: half of all pairs are seen.
void add_attention(Cases& to, const Setup& setup, int64_t batch, int64_t heads, int64_t length, int64_t width) {
  const auto text = [](int64_t n) { return std::to_string(n); };
  const std::string name =
      "sequence/attention_" + text(batch) + "x" + text(heads) + "_heads_" + text(length) + "_" + text(width);
  const double products = static_cast<double>(batch * heads * length * (length + 1) * width);
  for (const bool gradient : {false, true}) {
    to.push_back({name + (gradient ? "/gradient" : "/forward"), "stet", flops((gradient ? 5 : 2) * products), [=] {
                    const Shape shape{batch, heads, length, width}, rows{batch, heads, length};
                    const Tensor q = numbers(setup, shape), k = numbers(setup, shape), v = numbers(setup, shape);
                    const Tensor o = space(setup, shape), extremes = space(setup, rows), totals = space(setup, rows);
                    const Tensor g = numbers(setup, shape), dq = space(setup, shape), dk = space(setup, shape),
                                 dv = space(setup, shape);
                    const AttentionRule rule{0.125f, true};
                    Backend& b = backend(setup.device);
                    b.attention(rule, {q, k, v}, o, extremes, totals);
                    return std::function<void()>([=, &b] {
                      if (gradient) b.attention_gradient(rule, {q, k, v}, o, extremes, totals, g, {dq, dk, dv}, {});
                      else b.attention(rule, {q, k, v}, o, extremes, totals);
                    });
                  }});
  }
}

// The layer as the model has it: the product over all steps, then the steps.
void add_lstm(Cases& to, const Setup& setup, int64_t batch, int64_t length, int64_t inputs, int64_t units) {
  const std::string name =
      "sequence/lstm_" + std::to_string(batch) + "x" + std::to_string(length) + "_" + std::to_string(units);
  const double products = 8.0 * static_cast<double>(batch * length * units * (units + inputs));
  for (const bool gradient : {false, true}) {
    to.push_back(
        {name + (gradient ? "/forward_and_gradient" : "/forward"), "stet", flops((gradient ? 3 : 1) * products), [=] {
           const Tensor x = numbers(setup, {batch, length, inputs});
           const auto gates = [&](Shape shape) { return numbers(setup, std::move(shape)); };
           const LstmWeights plain{gates({4 * units, inputs}), gates({4 * units, units}), gates({4 * units}),
                                   gates({4 * units})};
           return std::function<void()>([=] {
             if (!gradient) return void(lstm(x, plain));
             const auto& [input, recurrent, input_bias, recurrent_bias] = plain;
             const LstmWeights watched{watch(input), watch(recurrent), watch(input_bias), watch(recurrent_bias)};
             backward(sum(lstm(watch(x), watched).output));
           });
         }});
  }
}

}  // namespace

void add_sequences(Cases& to, const Setup& setup) {
  if (setup.tiny) {
    add_attention(to, setup, 1, 2, 35, 16);
    add_lstm(to, setup, 2, 3, 5, 6);
    return;
  }
  add_attention(to, setup, 64, 6, 256, 64);
  add_attention(to, setup, 8, 12, 1024, 64);
  add_lstm(to, setup, 32, 64, 65, 128);
  add_lstm(to, setup, 64, 128, 512, 512);
}

}  // namespace gpu_bench
