// Regression on a table: a perceptron that learns one column of a CSV file from the others.
//
//   regression --data houses.csv --target price
//
// Without --data the program draws Friedman's first problem (1991): ten columns, of which five matter, and noise of
// deviation 1. A tenth of the rows is kept for testing; columns are standardised by the rows that train.
#include <cmath>
#include <iostream>

#include "stet/stet.h"

using namespace stet;

namespace {

struct Table {
  std::string name;
  Tensor x, y;  // [N, columns], [N, 1]
};

// y = 10 sin(pi a b) + 20 (c - 1/2)^2 + 10 d + 5 e + noise, of a, b, … uniform in [0, 1).
Table friedman(int64_t rows, const Rng& rng) {
  Stream columns(rng / "columns"), noise(rng / "noise");
  const Tensor x = uniform(columns, {rows, 10});
  const auto column = [&](int64_t i) { return x.slice(1, i, i + 1); };
  const Tensor y = sinpi(column(0) * column(1)) * 10 + square(column(2) - 0.5) * 20 + column(3) * 10 + column(4) * 5 +
                   normal(noise, {rows, 1});
  return {"friedman", x, y};
}

Table read_table(const std::string& file, const std::string& target) {
  const data::CsvTable csv = data::read_csv(file);
  std::vector<std::string> names;
  for (const std::string& name : csv.names()) {
    if (name != target) names.push_back(name);
  }
  return {file, csv.columns(names), csv.columns({target})};
}

// Columns to mean 0 and deviation 1.
struct Scale {
  Tensor mean, deviation;
  explicit Scale(const Tensor& x) : mean(stet::mean(x, {0})), deviation(sqrt(stet::mean(square(x - mean), {0}))) {
    deviation = where(deviation == 0, ones(deviation.shape()), deviation);
  }
  Tensor operator()(const Tensor& x) const { return (x - mean) / deviation; }
  Tensor back(const Tensor& x) const { return x * deviation + mean; }
};

}  // namespace

int main(int argc, char** argv) {
  Run run(argc, argv, "regression");
  const auto file = run.path("data", "", {.help = "a CSV file with a line of names; none: a table that is drawn"});
  const auto target = run.param("target", "y", {.help = "the column to learn"});
  const auto rows = run.param("rows", 4000, {.above = 9, .help = "rows that are drawn where there is no file"});
  const auto epochs = run.param("epochs", 30, {.above = 0, .help = "passes over the rows"});
  const auto batch = run.param("batch", 64, {.above = 0, .help = "rows a step"});
  const auto hidden = run.param("hidden", 64, {.above = 0, .help = "units of the two hidden layers"});
  const auto lr = run.param("lr", 3e-3, {.above = 0, .help = "highest learning rate of AdamW"});
  const Rng rng = run.rng();

  const Table table = file.empty() ? friedman(rows, rng / "table") : read_table(file, target);
  const std::vector<int64_t> order = permutation(rng / "split", table.x.size(0));
  const auto indices = Tensor::from(order);
  const int64_t kept = std::max<int64_t>(1, table.x.size(0) / 10);
  const auto part = [&](const Tensor& t, int64_t begin, int64_t end) {
    return index_select(t, 0, indices.slice(0, begin, end));
  };
  const int64_t all = table.x.size(0);
  const Scale scale_x(part(table.x, kept, all)), scale_y(part(table.y, kept, all));
  const auto train = data::in_memory(table.name, scale_x(part(table.x, kept, all)), scale_y(part(table.y, kept, all)));
  const Tensor test_x = scale_x(part(table.x, 0, kept)).to(run.device()), test_y = part(table.y, 0, kept);

  nn::Sequential net(nn::Linear(table.x.size(1), hidden, rng / "in", {.activation = Activation::relu}),
                     nn::Linear(hidden, hidden, rng / "middle", {.activation = Activation::relu}),
                     nn::Linear(hidden, 1, rng / "out"));
  to(net, run.device());
  data::Loader loader(train, {.batch = batch, .shuffle = rng / "shuffle", .device = run.device()});
  const int64_t steps = epochs * loader.batches_per_epoch();
  optim::AdamW opt(net, {.lr = lr, .schedule = optim::cosine(steps)});
  Kept<double> error(run, "error", 0.0), explained(run, "explained", 0.0);

  run.track("net", net)("opt", opt)("loader", loader);
  for (auto epoch : run.epochs(epochs)) {
    for (auto [x, y] : run.steps(loader)) {
      const Tensor loss = nn::mse(net(x), y);
      opt.step(backward(loss));
      run.log("train/loss", loss);
    }
    const Evaluation evaluation;
    const Tensor predicted = scale_y.back(net(test_x).to(cpu));
    const double squares = mean(square(predicted - test_y)).item<double>();
    error = std::sqrt(squares);
    explained = 1 - squares / mean(square(test_y - mean(test_y))).item<double>();
    run.log("test/rmse", error);
    run.log("test/r2", explained);
  }
  std::cout << "root mean square error " << error << ", R2 " << explained << " on " << kept
            << " rows after training on " << train.size() << "\n";
}
