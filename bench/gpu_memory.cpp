// What a GPU's memory limits: bytes that must be read and written a second. bench/gpu puts them beside those of a plain
// copy.
#include <memory>

#include "gpu_bench.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/digest.h"
#include "stet/tensor/update.h"

namespace gpu_bench {
namespace {

using namespace stet;

using Call = std::function<void()>;
using Prepare = std::function<Call(Backend&)>;

class Adder {
 public:
  Adder(Cases& to, const Setup& setup) : to_(to), setup_(setup) {}
  void operator()(const std::string& name, const Work& work, const Prepare& prepare) {
    to_.push_back(
        {"memory/" + name, "stet", work, [prepare, device = setup_.device] { return prepare(backend(device)); }});
  }

 private:
  Cases& to_;
  const Setup& setup_;
};

std::string with_size(const char* op, const Shape& shape) {
  std::string name = std::string(op) + "/";
  for (int i = 0; i < shape.rank(); ++i) name += (i > 0 ? "x" : "") + std::to_string(shape[i]);
  return name;
}

void add_elementwise(Adder add, const Setup& setup, int64_t n) {
  const auto name = [n](const char* op) { return with_size(op, {n}); };
  const auto x = [=] { return numbers(setup, {n}); };
  const auto y = [=] { return space(setup, {n}); };
  add(name("copy"), floats(2, n), [=](Backend&) {
    return [&queue = setup.queue(), size = static_cast<size_t>(4 * n), x = x(), y = y()] {
      queue.copy(x.data(), y.mutable_data(), size);
    };
  });
  add(name("add"), floats(3, n),
      [=](Backend& b) { return [&b, p = x(), q = x(), y = y()] { b.binary(Binary::add, p, q, y); }; });
  add(name("relu"), floats(2, n), [=](Backend& b) { return [&b, x = x(), y = y()] { b.unary(Unary::relu, x, y); }; });
  add(name("relu_gradient"), floats(3, n),
      [=](Backend& b) { return [&b, g = x(), x = x(), y = y()] { b.binary(Binary::relu_gradient, g, x, y); }; });
  add(name("exp"), floats(2, n), [=](Backend& b) { return [&b, x = x(), y = y()] { b.unary(Unary::exp, x, y); }; });
  add(name("tanh"), floats(2, n), [=](Backend& b) { return [&b, x = x(), y = y()] { b.unary(Unary::tanh, x, y); }; });
  add(name("gelu"), floats(2, n), [=](Backend& b) { return [&b, x = x(), y = y()] { b.gelu(x, y, {}); }; });
  add(name("gelu_gradient"), floats(4, n), [=](Backend& b) {
    return [&b, g = x(), x = x(), one_plus_erf = x(), y = y()] { b.gelu_gradient(g, x, one_plus_erf, y); };
  });
  add(name("dropout"), floats(2, n), [=](Backend& b) {
    const auto threshold = static_cast<uint64_t>(0.2 * 0x1p32);
    return [&b, threshold, x = x(), y = y()] { b.dropout(x, {{1, 2}, 3, 4, 5}, threshold, 1.25, y); };
  });
  add(name("normal"), floats(1, n), [=](Backend& b) {
    return [&b, y = y()] { b.random(Distribution::normal, {{1, 2}, 3, 4, 5}, y); };
  });
  add(name("digest"), floats(1, n), [=](Backend& b) {
    return [&b, x = x()] { b.digests(std::vector<DigestTask>{{{"x", "float32", "[]"}, x}})->bytes(); };
  });
}

void add_transposition(Adder add, const Setup& setup, int64_t n) {
  add(with_size("transposed", {n, n}), floats(2, n * n), [=](Backend& b) {
    return [&b, x = numbers(setup, {n, n}).transpose(), y = space(setup, {n, n})] { b.copy(x, y); };
  });
}

void add_rows(Adder add, const Setup& setup, int64_t rows, int64_t columns) {
  const int64_t n = rows * columns;
  const Shape shape{rows, columns};
  const auto name = [=](const char* op) { return with_size(op, shape); };
  const auto x = [=] { return numbers(setup, shape); };
  const auto y = [=] { return space(setup, shape); };
  add(name("softmax"), floats(2, n), [=](Backend& b) { return [&b, x = x(), y = y()] { b.softmax(x, y); }; });
  add(name("softmax_gradient"), floats(3, n),
      [=](Backend& b) { return [&b, g = x(), y = x(), dx = y()] { b.softmax_gradient(g, y, dx); }; });
  add(name("cross_entropy"), floats(2, n), [=](Backend& b) {
    return [&b, x = x(), t = indices(setup, {rows}, columns), loss = space(setup, {rows}), e = y(),
            total = space(setup, {rows})] { b.cross_entropy(x, t, loss, e, total); };
  });
  add(name("cross_entropy_gradient"), floats(2, n), [=](Backend& b) {
    const Tensor g = numbers(setup, {rows}), total = positive_numbers(setup, {rows});
    return [=, &b, t = indices(setup, {rows}, columns), e = x(), dx = y()] {
      b.cross_entropy_gradient(g, t, e, total, dx);
    };
  });
  add(name("argmax"), floats(1, n), [=](Backend& b) {
    return [&b, x = x(), y = space(setup, {rows}, DType::int64)] { b.arg_extreme(Reduce::max, x, 1, y); };
  });
}

void add_sum(Adder add, const Setup& setup, const std::string& which, const Shape& shape,
             const std::vector<bool>& reduced) {
  std::vector<int64_t> left;
  for (int i = 0; i < shape.rank(); ++i) {
    if (!reduced[static_cast<size_t>(i)]) left.push_back(shape[i]);
  }
  add(with_size(("sum_" + which).c_str(), shape), floats(1, shape.elements()), [=](Backend& b) {
    return [=, &b, x = numbers(setup, shape), y = space(setup, Shape(left))] { b.reduce(Reduce::sum, x, reduced, y); };
  });
}

void add_layer_norm(Adder add, const Setup& setup, int64_t rows, int64_t width) {
  const Shape shape{rows, width};
  const auto inputs = [=] {
    return LayerNormInputs{numbers(setup, shape), numbers(setup, {width}), numbers(setup, {width}), 1e-5};
  };
  const auto statistics = [=] {
    return RowStatistics{space(setup, {rows}), space(setup, {rows}), space(setup, {rows})};
  };
  add(with_size("layer_norm", shape), floats(2, shape.elements()), [=](Backend& b) {
    return [&b, in = inputs(), y = space(setup, shape), s = statistics()] { b.layer_norm(in, y, s); };
  });
  add(with_size("layer_norm_gradient", shape), floats(3, shape.elements()), [=](Backend& b) {
    const LayerNormInputs in = inputs();
    const RowStatistics s = statistics();
    b.layer_norm(in, space(setup, shape), s);
    const LayerNormGradients to{space(setup, shape), space(setup, {width}), space(setup, {width})};
    return [&b, in, s, to, g = numbers(setup, shape)] { b.layer_norm_gradient(in, s, g, to); };
  });
}

// The forward reads x twice and writes once, the gradient reads g and x twice and writes once.
void add_batch_norm(Adder add, const Setup& setup, const Shape& shape) {
  const Shape planes{shape[0], shape[1], shape[2] * shape[3]}, channels{shape[1]};
  const auto inputs = [=] {
    return BatchNormInputs{numbers(setup, planes), numbers(setup, channels), numbers(setup, channels), {}, 1e-5,
                           Activation::relu};
  };
  const auto statistics = [=] {
    const auto each = [=] { return space(setup, channels); };
    return BatchStatistics{each(), each(), each()};
  };
  add(with_size("batch_norm_relu", shape), floats(3, shape.elements()), [=](Backend& b) {
    return [&b, in = inputs(), y = space(setup, planes), s = statistics()] { b.batch_norm(in, y, s); };
  });
  add(with_size("batch_norm_relu_gradient", shape), floats(5, shape.elements()), [=](Backend& b) {
    const BatchNormInputs in = inputs();
    const BatchStatistics s = statistics();
    const Tensor y = space(setup, planes);
    b.batch_norm(in, y, s);
    const BatchNormGradients to{space(setup, planes), space(setup, channels), space(setup, channels), {}};
    return [&b, in, s, y, to, g = numbers(setup, planes)] { b.batch_norm_gradient(in, s, y, g, to); };
  });
}

void add_pooling(Adder add, const Setup& setup, const Shape& shape) {
  const Window s{shape[0], shape[1], shape[2], shape[3], shape[1], 2, 2, 2, 2};
  const Shape pooled{s.n, s.c, s.out_h(), s.out_w()};
  // It reads x, and writes the maxima and their int64 positions.
  add(with_size("max_pool_2x2", shape), bytes(static_cast<double>(4 * shape.elements() + 12 * pooled.elements())),
      [=](Backend& b) {
        const Tensor x = numbers(setup, shape), y = space(setup, pooled), index = space(setup, pooled, DType::int64);
        return [=, &b] { b.max_pool2d(s, x, y, index); };
      });
}

// An embedding of 65 rows for a batch of 64 texts of 256 characters: its gradient adds 252 rows to each.
void add_embedding(Adder add, const Setup& setup, int64_t positions, int64_t width) {
  const auto at = [=] { return indices(setup, {positions}, 65); };
  add(with_size("embedding", {positions, width}), floats(2, positions * width), [=](Backend& b) {
    return [&b, x = numbers(setup, {1, 65, width}), at = at(), y = space(setup, {1, positions, width})] {
      b.index_select(x, at, y);
    };
  });
  add(with_size("embedding_gradient", {positions, width}), floats(1, positions * width), [=](Backend& b) {
    return [&b, g = numbers(setup, {1, positions, width}), at = at(), y = space(setup, {1, 65, width})] {
      b.index_add(g, at, y);
    };
  });
}

struct Parameters {
  std::vector<Tensor> gradients, values, means, squares;
};

std::shared_ptr<Parameters> parameters(const Setup& setup, const std::vector<Shape>& shapes) {
  auto all = std::make_shared<Parameters>();
  for (const Shape& s : shapes) {
    all->gradients.push_back(numbers(setup, s));
    all->values.push_back(numbers(setup, s));
    all->means.push_back(zeros(s, DType::float32, setup.device));
    all->squares.push_back(zeros(s, DType::float32, setup.device));
  }
  return all;
}

void add_updates(Adder add, const Setup& setup, const std::string& name, const std::vector<Shape>& shapes) {
  int64_t n = 0;
  for (const Shape& s : shapes) n += s.elements();
  add("sgd_momentum/" + name, floats(5, n), [=](Backend&) {
    return [p = parameters(setup, shapes)] {
      std::vector<SgdUpdate> all;
      const SgdStep step{.rate = 1e-3, .momentum = 0.9};
      for (size_t i = 0; i < p->values.size(); ++i) all.push_back({step, p->gradients[i], p->values[i], p->means[i]});
      update(all);
    };
  });
  add("adamw/" + name, floats(7, n), [=](Backend&) {
    return [p = parameters(setup, shapes)] {
      const AdamStep step{.rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .decay = 1e-5};
      std::vector<AdamUpdate> all;
      for (size_t i = 0; i < p->values.size(); ++i)
        all.push_back({step, p->gradients[i], p->values[i], p->means[i], p->squares[i]});
      update(all);
    };
  });
  add("clip_norm/" + name, floats(3, n), [=](Backend&) {
    return [p = parameters(setup, shapes)] {
      std::vector<Tensor*> all;
      for (Tensor& t : p->gradients) all.push_back(&t);
      clip_norm(all, 1);
    };
  });
}

// The tensors of nanoGPT's configuration for a GPU: 10.7 million elements.
std::vector<Shape> gpt_shapes() {
  const std::vector<Shape> layer = {{384}, {384}, {1152, 384}, {384, 384}, {384}, {384}, {1536, 384}, {384, 1536}};
  std::vector<Shape> all = {{65, 384}, {256, 384}, {384}, {384}, {65, 384}};
  for (int i = 0; i < 6; ++i) all.insert(all.end(), layer.begin(), layer.end());
  return all;
}

}  // namespace

void add_memory(Cases& to, const Setup& setup) {
  const Adder add(to, setup);
  const int64_t large = setup.tiny ? 1000 : int64_t{1} << 26;
  add_elementwise(add, setup, large);
  if (setup.tiny) {
    add_transposition(add, setup, 37);
    add_rows(add, setup, 5, 65);
    add_sum(add, setup, "all", {1500}, {true});
    add_sum(add, setup, "leading", {70, 5}, {true, false});
    add_layer_norm(add, setup, 5, 70);
    add_batch_norm(add, setup, {2, 3, 4, 5});
    add_pooling(add, setup, {2, 3, 4, 6});
    add_embedding(add, setup, 70, 5);
    add_updates(add, setup, "2_tensors", {{33}, {3, 5}});
    return;
  }
  add_elementwise(add, setup, 1 << 20);
  add_elementwise(add, setup, 1);
  add_transposition(add, setup, 8192);
  add_rows(add, setup, 1 << 20, 65);
  add_rows(add, setup, 65536, 1000);
  add_rows(add, setup, 16384, 4096);
  add_sum(add, setup, "all", {large}, {true});
  add_sum(add, setup, "last", {large / 512, 512}, {false, true});
  add_sum(add, setup, "leading", {large / 512, 512}, {true, false});
  add_sum(add, setup, "leading", {16384, 384}, {true, false});
  add_sum(add, setup, "planes", {64, 1024, 32, 32}, {true, false, true, true});
  add_layer_norm(add, setup, 16384, 384);
  add_layer_norm(add, setup, 65536, 1024);
  add_batch_norm(add, setup, {128, 16, 32, 32});
  add_batch_norm(add, setup, {128, 64, 8, 8});
  add_batch_norm(add, setup, {32, 64, 112, 112});
  add_pooling(add, setup, {64, 64, 24, 24});
  add_embedding(add, setup, 16384, 384);
  add_updates(add, setup, "67108864", {{large}});
  add_updates(add, setup, "gpt_53_tensors", gpt_shapes());
}

}  // namespace gpu_bench
