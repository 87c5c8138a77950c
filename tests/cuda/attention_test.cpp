// Attention's kernels against the CPU's.
#include <gtest/gtest.h>

#include "cuda/device.h"
#include "stet/tensor/backend.h"
#include "tensor/bits.h"

namespace stet {
namespace {

using testing::all_same_bits;
using testing::awkward;

enum class Kind { plain, specials };
enum class Memory { rows, heads_inside, misaligned };

struct Case {
  int64_t batch, heads, queries, keys, width, value_width;
  bool causal;
  Memory memory = Memory::rows;
};

// For one slice and for several of the widths: one tile, several, a tail of each; chunks of keys, of queries and of a
// width; blocks of the sum.
const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {1, 1, 1, 1, 1, 1, true},
      {1, 2, 31, 33, 5, 3, false},
      {2, 1, 33, 33, 16, 33, true},
      {1, 2, 63, 65, 64, 64, false},
      {1, 1, 65, 65, 64, 48, true, Memory::misaligned},
      {2, 2, 64, 64, 32, 32, true, Memory::heads_inside},
      {1, 2, 130, 130, 20, 17, true, Memory::heads_inside},
      {1, 1, 7, 200, 8, 4, false, Memory::misaligned},
      {1, 1, 513, 40, 4, 8, false},
      {1, 1, 20, 511, 4, 3, false},
      {1, 1, 600, 600, 8, 5, true},
      {1, 1, 3, 1023, 3, 2, false},
      {1, 1, 66, 1025, 4, 4, false},
      {1, 1, 2, 2100, 1, 1, false},
      {1, 1, 1100, 1100, 2, 1, true},
      {1, 1, 65, 33, 65, 4, false},
      {1, 2, 33, 65, 4, 65, false, Memory::heads_inside},
      {1, 1, 70, 70, 96, 128, true},
      {1, 1, 13, 13, 513, 257, true, Memory::misaligned},
      {1, 1, 5, 1030, 70, 140, false},
      {1, 1, 530, 530, 3, 130, true},
  };
  return all;
}

std::string name_of(const Case& c) {
  return std::to_string(c.batch) + " x " + std::to_string(c.heads) + " x " + std::to_string(c.queries) + " x " +
         std::to_string(c.keys) + ", " + std::to_string(c.width) + " and " + std::to_string(c.value_width) +
         (c.causal ? ", causal" : "") + ", memory " + std::to_string(static_cast<int>(c.memory));
}

// [B, H, rows, columns] that lies in memory as asked; elements as the CPU has them, to be filled or not.
Tensor in_memory(const Tensor& x, Memory memory, Device device) {
  const int64_t b = x.size(0), h = x.size(1), n = x.size(2), d = x.size(3);
  switch (memory) {
    case Memory::rows: return contiguous(x).to(device);
    case Memory::heads_inside: return contiguous(x.permute({0, 2, 1, 3})).to(device).permute({0, 2, 1, 3});
    case Memory::misaligned: break;
  }
  const Tensor all = concatenate({zeros({1}), contiguous(x).reshape({b * h * n * d})}, 0).to(device);
  return all.view({b, h, n, d}, {h * n * d, n * d, d, 1}, 1);
}

Tensor input(const Shape& shape, uint64_t seed, Kind kind) {
  Stream stream(Rng(seed, "input"));
  const Tensor plain = normal(stream, shape);
  // Few enough specials that some rows see none.
  return kind == Kind::plain ? plain : where(bernoulli(stream, shape, 0.004), awkward(shape, seed), plain);
}

struct Results {
  std::vector<float> o, extremes, totals, dq, dk, dv;
};

Results run(Device device, const Case& c, Kind kind) {
  const auto given = [&](int64_t rows, int64_t columns, uint64_t seed) {
    return in_memory(input({c.batch, c.heads, rows, columns}, seed, kind), c.memory, device);
  };
  const auto result = [&](int64_t rows, int64_t columns) {
    return in_memory(full({c.batch, c.heads, rows, columns}, 7), c.memory, device);
  };
  const auto of_rows = [&] { return full({c.batch, c.heads, c.queries}, 7).to(device); };
  const Tensor q = given(c.queries, c.width, 1), k = given(c.keys, c.width, 2), v = given(c.keys, c.value_width, 3),
               g = given(c.queries, c.value_width, 4);
  const Tensor o = result(c.queries, c.value_width), extremes = of_rows(), totals = of_rows();
  const Tensor dq = result(c.queries, c.width), dk = result(c.keys, c.width), dv = result(c.keys, c.value_width);
  const AttentionRule rule{0.3f, c.causal};
  Backend& b = backend(device);
  b.attention(rule, {q, k, v}, o, extremes, totals);
  b.attention_gradient(rule, {q, k, v}, o, extremes, totals, g, {dq, dk, dv});
  const auto values = [](const Tensor& x) { return contiguous(x).to_vector<float>(); };
  return {values(o), values(extremes), values(totals), values(dq), values(dk), values(dv)};
}

// A maximum's bits are the contract's but for which of two zeros it is, and where the row's sum is NaN.
void expect_same_extremes(const Results& got, const Results& want) {
  for (size_t i = 0; i < want.extremes.size(); ++i) {
    if (!std::isnan(want.totals[i])) { EXPECT_EQ(got.extremes[i], want.extremes[i]) << i; }
  }
}

void expect_cpu(const Case& c) {
  for (Kind kind : {Kind::plain, Kind::specials}) {
    SCOPED_TRACE(name_of(c) + (kind == Kind::plain ? "" : ", specials"));
    const Results want = run(cpu, c, kind);
    const Results got = run(testing::device(), c, kind);
    EXPECT_TRUE(all_same_bits(got.o, want.o));
    EXPECT_TRUE(all_same_bits(got.totals, want.totals));
    expect_same_extremes(got, want);
    EXPECT_TRUE(all_same_bits(got.dq, want.dq)) << "dq";
    EXPECT_TRUE(all_same_bits(got.dk, want.dk)) << "dk";
    EXPECT_TRUE(all_same_bits(got.dv, want.dv)) << "dv";
  }
}

TEST(Attention, EqualsTheCpu) {
  for (const Case& c : cases()) expect_cpu(c);
}

TEST(Attention, EqualsTheCpuInAnyOrderOfThreads) {
  testing::in_orders([] {
    expect_cpu({1, 1, 130, 130, 16, 16, true});
    expect_cpu({1, 1, 70, 70, 70, 130, true});
    expect_cpu({1, 1, 20, 1030, 4, 4, false});
  });
}

TEST(Attention, EqualsTheCpuWithLittleSharedMemory) {
  testing::with_shared_memory(64 * 1024, [] {  // compute capability 7.5
    expect_cpu({1, 2, 130, 130, 20, 17, true, Memory::heads_inside});
    expect_cpu({1, 1, 33, 70, 140, 65, false});
  });
}

}  // namespace
}  // namespace stet
