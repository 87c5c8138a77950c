// Recurrent layers and cells: against PyTorch's values and gradients, and what lengths mean.
#include "stet/nn/recurrent.h"

#include <gtest/gtest.h>

#include <cmath>

#include "nn/golden_case.h"
#include "stet/tensor/error.h"
#include "stet/tensor/mode.h"

namespace stet {
namespace {

using testing::GoldenCase;
using testing::Named;
using Parameters = GoldenCase::Parameters;

const Rng rng(1, "net");
constexpr DType wide = DType::float64;

void add(Parameters& to, nn::RecurrentLayer& layer, const std::string& suffix) {
  to.insert({{"weight_ih" + suffix, &layer.input},
             {"weight_hh" + suffix, &layer.recurrent},
             {"bias_ih" + suffix, &layer.input_bias},
             {"bias_hh" + suffix, &layer.recurrent_bias}});
}

Parameters of_layers(nn::Recurrent& net) {
  Parameters all;
  for (size_t i = 0; i < net.layers.size(); ++i) {
    add(all, net.layers[i], "_l" + std::to_string(i));
    if (!net.reverse.empty()) add(all, net.reverse[i], "_l" + std::to_string(i) + "_reverse");
  }
  return all;
}

Parameters of_cell(nn::RecurrentLayer& cell) {
  Parameters all;
  add(all, cell, "");
  return all;
}

TEST(LSTM, OfTwoDirectionsAgreesWithPyTorch) {
  nn::LSTM net(4, 3, rng, {.layers = 2, .bidirectional = true, .dtype = wide});
  for (const std::string name : {"lstm", "lstm_padded"}) {
    GoldenCase golden(name);
    golden.set(of_layers(net));
    const Tensor x = watch(golden("x")), h0 = watch(golden("h0")), c0 = watch(golden("c0"));
    const auto r = name == "lstm" ? net(x, {h0, c0}) : net(x, {.lengths = golden.lengths(), .initial = {h0, c0}});
    golden.expect_all({{"output", r.output}, {"h", r.last.hidden}, {"c", r.last.cell}},
                      {{"x", x}, {"h0", h0}, {"c0", c0}}, of_layers(net));
  }
}

template <class Net> void expect_net(const std::string& name, Net net) {
  GoldenCase golden(name);
  golden.set(of_layers(net));
  const bool padded = name.ends_with("_padded");
  const Tensor x = watch(golden("x")), h0 = watch(golden("h0"));
  auto [y, last] = net(x, {.lengths = padded ? golden.lengths() : Tensor(), .initial = h0});
  golden.expect_all({{"output", y}, {"h", last}}, {{"x", x}, {"h0", h0}}, of_layers(net));
}

TEST(GRU, AgreesWithPyTorch) {
  for (const std::string name : {"gru", "gru_padded"})
    expect_net(name, nn::GRU(4, 3, rng, {.layers = 2, .bidirectional = true, .dtype = wide}));
}

TEST(RNN, AgreesWithPyTorch) {
  for (const std::string name : {"rnn", "rnn_padded"}) expect_net(name, nn::RNN(4, 3, rng, {.dtype = wide}));
  expect_net("rnn_relu", nn::RNN(4, 3, rng, {.layers = 2, .bidirectional = true, .dtype = wide}, Nonlinearity::relu));
}

TEST(Cells, AgreeWithPyTorch) {
  {
    GoldenCase golden("lstm_cell");
    nn::LSTMCell cell(4, 3, rng, {.dtype = wide});
    golden.set(of_cell(cell));
    const Tensor x = watch(golden("x")), h0 = watch(golden("h0")), c0 = watch(golden("c0"));
    const auto [h, c] = cell(x, {h0, c0});
    golden.expect_all({{"h", h}, {"c", c}}, {{"x", x}, {"h0", h0}, {"c0", c0}}, of_cell(cell), true);
  }
  const auto expect_cell = [](const std::string& name, auto cell) {
    GoldenCase golden(name);
    golden.set(of_cell(cell));
    const Tensor x = watch(golden("x")), h0 = watch(golden("h0"));
    golden.expect_all({{"h", cell(x, h0)}}, {{"x", x}, {"h0", h0}}, of_cell(cell), true);
  };
  expect_cell("gru_cell", nn::GRUCell(4, 3, rng, {.dtype = wide}));
  expect_cell("rnn_cell", nn::RNNCell(4, 3, rng, {.dtype = wide}));
}

// A row of a padded batch has the bits of the row alone, whatever lies past its end.
template <class Net> void expect_rows_alone(const Net& net) {
  Stream draws(Rng(3, "x"));
  const Tensor x = normal(draws, {3, 6, 5});
  const Tensor garbage = concatenate({x.slice(1, 0, 2), full({3, 4, 5}, std::nan(""))}, 1);
  const Tensor padded = concatenate({x.slice(0, 0, 1), garbage.slice(0, 1, 2), x.slice(0, 2, 3)}, 0);
  const auto r = net(padded, {.lengths = Tensor::from<int64_t>({6, 2, 0})});
  const auto whole = net(x.slice(0, 0, 1)), part = net(x.slice(0, 1, 2).slice(1, 0, 2));
  const auto row = [&](int64_t b, int64_t begin, int64_t end) {
    return r.output.slice(0, b, b + 1).slice(1, begin, end).template to_vector<float>();
  };
  EXPECT_EQ(row(0, 0, 6), whole.output.template to_vector<float>());
  EXPECT_EQ(row(1, 0, 2), part.output.template to_vector<float>());
  EXPECT_EQ(row(1, 2, 6), zeros({4 * r.output.size(2)}).template to_vector<float>());
  EXPECT_EQ(row(2, 0, 6), zeros({6 * r.output.size(2)}).template to_vector<float>());
}

TEST(Recurrent, APaddedRowHasTheBitsOfTheRowAlone) {
  expect_rows_alone(nn::LSTM(5, 7, rng, {.layers = 2, .bidirectional = true}));
  expect_rows_alone(nn::GRU(5, 7, rng, {.layers = 2, .bidirectional = true}));
  expect_rows_alone(nn::RNN(5, 7, rng, {.layers = 2, .bidirectional = true}));
}

TEST(Recurrent, DropsBetweenLayersInTrainingAlone) {
  const nn::GRU net(3, 4, rng, {.layers = 3, .dropout = 0.5});
  const Tensor x = ones({2, 5, 3});
  EXPECT_NE(net(x).output.to_vector<float>(), net(x).output.to_vector<float>());
  const Evaluation evaluation;
  EXPECT_EQ(net(x).output.to_vector<float>(), net(x).output.to_vector<float>());
}

TEST(Recurrent, NamesShapesAndRefusals) {
  nn::GRU net(3, 5, rng, {.layers = 2, .bidirectional = true});
  std::vector<std::string> names;
  for (const auto& p : parameters(net)) names.push_back(p.name);
  ASSERT_EQ(names.size(), 16u);
  EXPECT_EQ(names[0], "0/input");
  EXPECT_EQ(names[4], "0_reverse/input");
  EXPECT_EQ(net.describe(), "GRU(3, 5, 2 layers, bidirectional)");
  EXPECT_EQ(net.layers[1].input.shape(), Shape({15, 10}));
  const auto [y, last] = net(zeros({4, 7, 3}));
  EXPECT_EQ(y.shape(), Shape({4, 7, 10}));
  EXPECT_EQ(last.shape(), Shape({4, 4, 5}));
  EXPECT_THROW(net(zeros({4, 7, 3}), {.initial = zeros({2, 4, 5})}), UsageError);
  EXPECT_THROW(net(zeros({4, 7, 3}), {.lengths = zeros({4})}), UsageError);
  EXPECT_THROW(net(zeros({4, 7, 3}), {.lengths = Tensor::from<int64_t>({1, 2, 3, 8})}), DataError);
  EXPECT_THROW(nn::GRU(3, 0, rng), UsageError);
  EXPECT_THROW(nn::RNN(3, 5, rng, {.layers = 2, .dropout = 1}), UsageError);
  for (const double dropout : {5.0, -1.0, std::nan("")}) {
    EXPECT_THROW(nn::RNN(3, 5, rng, {.dropout = dropout}), UsageError);
    EXPECT_THROW(nn::GRU(3, 5, rng, {.dropout = dropout}), UsageError);
    EXPECT_THROW(nn::LSTM(3, 5, rng, {.dropout = dropout}), UsageError);
  }
  EXPECT_THROW(nn::LSTMCell(0, 5, rng), UsageError);
  EXPECT_THROW(nn::GRUCell(3, 5, rng)(zeros({2, 4, 3})), UsageError);
  EXPECT_EQ(nn::RNNCell(3, 5, rng).describe(), "RNNCell(3, 5)");
}

}  // namespace
}  // namespace stet
