// The products of five models' training steps: every layer's forward and its two gradients.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// c[i] = op(a[i]) op(b[i]) for i < batch, row-major and contiguous: op(a) is [m, k], op(b) is [k, n]; a transposed
/// operand lies in memory as [k, m] or [n, k].
struct ProductShape {
  std::string name;
  int64_t batch, m, n, k;
  bool transpose_a, transpose_b;

  double flops() const { return 2.0 * static_cast<double>(batch * m * n * k); }
};

/// A linear layer's products on `rows` rows: y = x W^T, dx = dy W (unless x is data), dW = dy^T x.
inline void add_layer(std::vector<ProductShape>& to, const std::string& name, int64_t rows, int64_t in, int64_t out,
                      bool of_data = false) {
  to.push_back({name + "/forward", 1, rows, out, in, false, true});
  if (!of_data) to.push_back({name + "/input_gradient", 1, rows, in, out, false, false});
  to.push_back({name + "/weight_gradient", 1, out, in, rows, true, false});
}

/// The MLP, the MNIST CNN, ResNet-20's head, a GPT of width 128 with 4 heads on 12 x 64 tokens, and an LSTM of 128
/// units on 32 x 64 tokens; then square products.
inline std::vector<ProductShape> product_shapes() {
  std::vector<ProductShape> all;
  add_layer(all, "mlp/784_512", 128, 784, 512, true);
  add_layer(all, "mlp/512_512", 128, 512, 512);
  add_layer(all, "mlp/512_10", 128, 512, 10);
  add_layer(all, "cnn/9216_128", 64, 9216, 128);
  add_layer(all, "cnn/128_10", 64, 128, 10);
  add_layer(all, "resnet/64_10", 64, 64, 10);
  add_layer(all, "gpt/128_384", 768, 128, 384);
  add_layer(all, "gpt/128_128", 768, 128, 128);
  add_layer(all, "gpt/128_512", 768, 128, 512);
  add_layer(all, "gpt/512_128", 768, 512, 128);
  add_layer(all, "gpt/128_65", 768, 128, 65);
  all.push_back({"gpt/scores", 48, 64, 64, 32, false, true});           // q k^T, and the scores' gradient dO v^T
  all.push_back({"gpt/values", 48, 64, 32, 64, false, false});          // p v, and dq = dS k
  all.push_back({"gpt/values_gradient", 48, 64, 32, 64, true, false});  // dv = p^T dO, and dk = dS^T q
  add_layer(all, "lstm/65_512", 2048, 65, 512, true);
  all.push_back({"lstm/step", 1, 32, 512, 128, false, true});
  all.push_back({"lstm/step_input_gradient", 1, 32, 128, 512, false, false});
  all.push_back({"lstm/recurrent_weight_gradient", 1, 512, 128, 2048, true, false});
  add_layer(all, "lstm/128_65", 2048, 128, 65);
  for (int64_t n : {256, 512, 1024, 2048}) all.push_back({"square/" + std::to_string(n), 1, n, n, n, false, false});
  return all;
}
