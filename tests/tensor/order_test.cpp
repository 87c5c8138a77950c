// Finds the tree of every sum from its results. Among ones, M at i and -M at j, M so large that a one beside it is
// lost, leave the number of elements that lie outside the smallest subtree that holds both i and j (the idea of FPRev,
// arXiv 2411.00442). The tree that docs/numerics.md describes says the same number, or the kernel adds in another
// order.
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "stet/tensor/autograd.h"
#include "stet/tensor/contract.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/parallel.h"
#include "tensor/product_reference.h"
#include "tensor/reference.h"

namespace stet {
namespace {

// A sum written down instead of carried out: each value is a node of a tree, and 0 the empty one.
class Tree {
 public:
  struct Value {
    int node = -1;
    Value() = default;
    Value(int /*zero*/) {}  // NOLINT: what sums start from
    friend Value operator+(Value a, Value b) { return a.node < 0 ? b : b.node < 0 ? a : Tree::current->join(a, b); }
  };
  friend Value operator+(Value a, Value b);

  Tree() { current = this; }
  std::vector<Value> leaves(int64_t n) {
    std::vector<Value> all(static_cast<size_t>(n));
    for (Value& v : all) v = add({-1, 1});
    return all;
  }

  /// Leaves of the smallest subtree that holds both leaves.
  int64_t span(int64_t i, int64_t j) const {
    int a = static_cast<int>(i), b = static_cast<int>(j);
    // A node is made after those below it.
    while (a != b) (a < b ? a : b) = nodes_[static_cast<size_t>(std::min(a, b))].parent;
    return nodes_[static_cast<size_t>(a)].size;
  }

 private:
  struct Node {
    int parent;
    int64_t size;
  };
  Value add(Node node) {
    nodes_.push_back(node);
    Value v;
    v.node = static_cast<int>(nodes_.size()) - 1;
    return v;
  }
  Value join(Value a, Value b) {
    Node& left = nodes_[static_cast<size_t>(a.node)];
    Node& right = nodes_[static_cast<size_t>(b.node)];
    left.parent = right.parent = static_cast<int>(nodes_.size());
    return add({-1, left.size + right.size});
  }

  static Tree* current;
  std::vector<Node> nodes_;
};
Tree* Tree::current = nullptr;

using Values = std::vector<Tree::Value>;
using Order = std::function<Tree::Value(const Values&)>;

Tree::Value lanes(const Values& x) { return reference::lane_sum(x); }
Tree::Value chains(const Values& x) { return reference::chain_sum(x); }
Tree::Value one_chain(const Values& x) {
  Tree::Value sum;
  for (Tree::Value v : x) sum = sum + v;
  return sum;
}
Tree::Value product_chunks(const Values& x) {
  Tree::Value total;
  for (size_t begin = 0; begin < x.size(); begin += contract::kProductChunk) {
    total = total +
            one_chain({x.begin() + static_cast<int64_t>(begin),
                       x.begin() + static_cast<int64_t>(std::min<size_t>(x.size(), begin + contract::kProductChunk))});
  }
  return total;
}

struct Pair {
  int64_t i, j;
};

// Pairs across every kind of boundary that an order can have, and some of no pattern.
std::vector<Pair> pairs(int64_t n, size_t count) {
  std::vector<Pair> all;
  std::mt19937 bits(1);
  for (int64_t edge : {1, 2, 4, 8, 16, 32, 64, 512, 1024, 4096, 32768, 262144, 1048576}) {
    if (edge < n) all.push_back({edge - 1, edge}), all.push_back({0, edge});
    if (edge < n) all.push_back({n - 1 - edge, n - 1});
  }
  while (n > 1 && all.size() < count) {
    const auto i = static_cast<int64_t>(bits() % static_cast<uint64_t>(n)),
               j = static_cast<int64_t>(bits() % static_cast<uint64_t>(n));
    if (i != j) all.push_back({std::min(i, j), std::max(i, j)});
  }
  return all;
}

constexpr float kLarge = 0x1p100f;

// One row a pair.
Tensor patterns(const std::vector<Pair>& pairs, int64_t n) {
  std::vector<float> x(pairs.size() * static_cast<size_t>(n), 1.0f);
  for (size_t r = 0; r < pairs.size(); ++r) {
    float* row = x.data() + r * static_cast<size_t>(n);
    row[pairs[r].i] = kLarge;
    row[pairs[r].j] = -kLarge;
  }
  return Tensor::adopt(std::move(x), {static_cast<int64_t>(pairs.size()), n});
}

// `sums` gives each row's sum, in order, a multiple of them one after another, or one.
void expect_order(int64_t n, const Order& order, const std::function<Tensor(const Tensor& rows)>& sums,
                  size_t count = 60) {
  SCOPED_TRACE(testing::Message() << n << " terms");
  Tree tree;
  order(tree.leaves(n));
  const std::vector<Pair> all = pairs(n, count);
  const Tensor rows = patterns(all, n);
  for_each_isa([&] {
    for (int threads : {1, 3}) {
      with_threads(threads, [&] {
        const auto got = sums(rows).flatten().to_vector<float>();
        ASSERT_EQ(got.size() % all.size(), 0u);
        const size_t copies = got.size() / all.size();
        for (size_t r = 0; r < got.size(); ++r) {
          const auto [i, j] = all[r / copies];
          ASSERT_EQ(static_cast<float>(n) - got[r], static_cast<float>(tree.span(i, j)))
              << "terms " << i << " and " << j;
        }
      });
    }
  });
}

TEST(Order, SumsAlongTheLastAxis) {
  for (int64_t n : {2, 31, 32, 33, 64, 1000, 1024, 1025, 3000, 70001}) {
    expect_order(n, lanes, [](const Tensor& x) { return sum(x, {-1}); });
  }
  expect_order(
      1048576 + 5000, lanes, [](const Tensor& x) { return sum(x, {-1}); }, 0);
}

TEST(Order, SumsOfEverything) {
  for (int64_t n : {33, 1025, 40000}) {
    expect_order(n, lanes, [](const Tensor& x) {
      std::vector<Tensor> each;
      for (int64_t r = 0; r < x.size(0); ++r) each.push_back(sum(x[r].reshape({-1, 1})));
      return stack(each);
    });
  }
}

TEST(Order, SumsAlongAnotherAxis) {
  for (int64_t n : {2, 33, 64, 65, 500, 4096, 4097, 5000}) {
    expect_order(n, chains, [](const Tensor& x) { return sum(contiguous(x.transpose()), {0}); });
    expect_order(n, chains, [](const Tensor& x) { return sum(x.unsqueeze(2), {1}); });
  }
  expect_order(
      262144 + 100, chains, [](const Tensor& x) { return sum(contiguous(x.transpose()), {0}); }, 0);
}

TEST(Order, MeansAreSumsDivided) {
  expect_order(2048, lanes, [](const Tensor& x) { return mean(x, {-1}) * 2048; });
  expect_order(256, chains, [](const Tensor& x) { return mean(contiguous(x.transpose()), {0}) * 256; });
}

// The bias's gradient of linear, and what broadcasting adds up.
TEST(Order, GradientsOfWhatWasBroadcast) {
  for (int64_t n : {65, 5000}) {
    expect_order(n, chains, [n](const Tensor& x) {
      const Tensor bias = watch(zeros({x.size(0)}));
      return backward(sum((zeros({n, x.size(0)}) + bias) * x.transpose()))[bias];
    });
    expect_order(n, chains, [n](const Tensor& x) {
      const Tensor bias = watch(zeros({x.size(0)}));
      return backward(sum(linear(zeros({n, 3}), zeros({x.size(0), 3}), bias) * x.transpose()))[bias];
    });
  }
}

TEST(Order, Products) {
  for (int64_t k : {2, 33, 511, 512, 513, 1500}) {
    for (int64_t width : {1, 5, 33}) {
      expect_order(k, product_chunks, [=](const Tensor& x) { return matmul(x, ones({k, width})); });
      expect_order(k, product_chunks, [=](const Tensor& x) {
        return contiguous(matmul(ones({width, k}), x.transpose()).transpose());
      });
      expect_order(k, product_chunks, [=](const Tensor& x) { return linear(x, ones({width, k})); });
    }
    expect_order(k, product_chunks, [=](const Tensor& x) { return matmul(x.unsqueeze(1), ones({x.size(0), k, 3})); });
    expect_order(k, product_chunks, [=](const Tensor& x) { return matmul(ones({x.size(0), 17, k}), x.unsqueeze(2)); });
    expect_order(k, product_chunks, [=](const Tensor& x) {
      std::vector<Tensor> each;
      for (int64_t r = 0; r < x.size(0); ++r) each.push_back(matmul(x[r], ones({k})));
      return stack(each);
    });
  }
}

// A weight's gradient is one product over all rows, however many leading axes they have.
TEST(Order, WeightsOfLinear) {
  for (int64_t n : {30, 600, 1500}) {
    expect_order(n, product_chunks, [n](const Tensor& x) {
      const Tensor weight = watch(zeros({x.size(0), 3}));
      const Tensor y = linear(ones({n / 30, 30, 3}), weight);
      return backward(sum(y * x.transpose().reshape({n / 30, 30, -1})))[weight];
    });
  }
}

TEST(Order, Convolution) {
  for (auto [c, side] : {std::pair<int64_t, int64_t>{4, 3}, {60, 3}, {170, 3}, {1100, 1}, {22, 5}}) {
    const int64_t k = c * side * side;
    // The pattern in the weights, then in the images.
    expect_order(k, product_chunks, [c = c, side = side](const Tensor& x) {
      return conv2d(ones({1, c, side + 2, side + 1}), x.reshape({-1, c, side, side})).permute({1, 0, 2, 3});
    });
    expect_order(k, product_chunks, [c = c, side = side](const Tensor& x) {
      return conv2d(x.reshape({-1, c, side, side}), ones({17, c, side, side}));
    });
    expect_order(k, product_chunks, [c = c, side = side](const Tensor& x) {
      return conv2d(x.reshape({-1, c, side, side}), ones({17, c, side, side}), {}, {.stride = {2, 2}});
    });
  }
}

TEST(Order, ConvolutionsInputGradient) {
  for (auto [co, side] : {std::pair<int64_t, int64_t>{5, 3}, {60, 3}, {130, 3}, {600, 1}, {22, 5}}) {
    expect_order(co * side * side, product_chunks, [co = co, side = side](const Tensor& x) {
      const int64_t pairs = x.size(0), size = 2 * side - 1;
      const Tensor image = watch(zeros({1, pairs, size, size}));
      const Tensor weight = contiguous(x.reshape({pairs, co, side, side}).permute({1, 0, 2, 3}));
      const Tensor gradient = backward(sum(conv2d(image, weight)))[image];
      // At the centre every tap meets an output.
      return gradient.slice(2, side - 1, side).slice(3, side - 1, side).permute({1, 0, 2, 3});
    });
  }
}

TEST(Order, ConvolutionsWeightGradient) {
  struct Case {
    int64_t n, size, side;
  };
  for (auto [n, size, side] : {Case{1, 5, 3}, Case{3, 9, 3}, Case{3, 14, 1}, Case{2, 27, 3}, Case{70, 4, 1}}) {
    const int64_t out = size, extent = size + side - 1;
    for (int64_t c : {1, 18}) {
      expect_order(n * out * out, product_chunks, [=, n = n, side = side](const Tensor& x) {
        const int64_t pairs = x.size(0);
        const Tensor weight = watch(zeros({pairs, c, side, side}));
        const Tensor y = conv2d(ones({n, c, extent, extent}), weight);
        return backward(sum(y * x.reshape({pairs, n, out, out}).permute({1, 0, 2, 3})))[weight];
      });
    }
  }
}

TEST(Order, PoolsAddInAscendingPosition) {
  expect_order(64, one_chain, [](const Tensor& x) { return avg_pool2d(x.reshape({-1, 1, 4, 16}), {4, 16}) * 64; });
}

// Repeated indices add up in ascending position of the source.
TEST(Order, GradientsOfIndexing) {
  constexpr int64_t n = 300;
  expect_order(n, one_chain, [](const Tensor& x) {
    const Tensor table = watch(zeros({2, x.size(0)}));
    const Tensor rows = index_select(table, 0, ones({n}, DType::int64));
    return backward(sum(rows * x.transpose()))[table][1];
  });
  expect_order(n, one_chain, [](const Tensor& x) { return scatter_add(x, 1, zeros(x.shape(), DType::int64), 1); });
  expect_order(n, one_chain, [](const Tensor& x) {
    const Tensor source = watch(zeros({x.size(0), 2}));
    return backward(sum(gather(source, 1, ones({x.size(0), n}, DType::int64)) * x))[source].slice(1, 1, 2);
  });
}

// The gradients of a value that is used several times: the last use comes first.
TEST(Order, FanOut) {
  constexpr int64_t n = 20;
  const Order last_first = [](const Values& x) { return one_chain({x.rbegin(), x.rend()}); };
  expect_order(n, last_first, [](const Tensor& x) {
    const Tensor v = watch(zeros({x.size(0)}));
    Tensor loss = zeros({});
    std::vector<Tensor> uses;
    for (int64_t i = 0; i < n; ++i) uses.push_back(v * x.transpose()[i]);
    for (int64_t i = n - 1; i >= 0; --i) loss = loss + sum(uses[static_cast<size_t>(i)]);
    return backward(loss)[v];
  });
}

}  // namespace
}  // namespace stet
