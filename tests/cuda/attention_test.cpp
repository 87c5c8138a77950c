// Attention's kernels against the CPU's.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "cuda/device.h"
#include "stet/tensor/autograd.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/ops.h"
#include "tensor/bits.h"

namespace stet {
namespace {

using testing::all_same_bits;
using testing::awkward;

enum class Kind { plain, specials };
enum class Memory { rows, heads_inside, misaligned };
enum class Mask { none, of_all, of_keys };

struct Case {
  int64_t batch, heads, queries, keys, width, value_width;
  bool causal;
  Memory memory = Memory::rows;
  Mask mask = Mask::none;
  int64_t kv_heads = 0;  // 0: heads
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
      // Fewer queries than keys, and more; masks; heads that share keys.
      {1, 2, 7, 130, 5, 3, true},
      {1, 1, 130, 40, 4, 4, true},
      {1, 1, 66, 600, 8, 70, true},
      {2, 2, 33, 70, 5, 3, false, Memory::rows, Mask::of_all},
      {1, 2, 130, 200, 16, 16, true, Memory::misaligned, Mask::of_all},
      {2, 2, 70, 130, 70, 8, false, Memory::rows, Mask::of_keys},
      {1, 1, 530, 66, 4, 130, true, Memory::rows, Mask::of_all},
      {2, 6, 33, 40, 8, 5, true, Memory::heads_inside, Mask::of_all, 2},
      {1, 4, 70, 70, 70, 70, false, Memory::rows, Mask::none, 1},
  };
  return all;
}

std::string name_of(const Case& c) {
  return std::to_string(c.batch) + " x " + std::to_string(c.heads) + " x " + std::to_string(c.queries) + " x " +
         std::to_string(c.keys) + ", " + std::to_string(c.width) + " and " + std::to_string(c.value_width) +
         (c.causal ? ", causal" : "") + ", memory " + std::to_string(static_cast<int>(c.memory)) + ", mask " +
         std::to_string(static_cast<int>(c.mask)) + ", " + std::to_string(c.kv_heads) + " heads of keys";
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
  std::vector<float> o, extremes, totals, dq, dk, dv, d_mask;
};

// One in three keys hidden, all of some rows, and numbers for the others.
Tensor mask_of(const Case& c, Kind kind, Device device) {
  if (c.mask == Mask::none) return {};
  const bool of_keys = c.mask == Mask::of_keys;
  const Shape own{c.batch, of_keys ? 1 : c.heads, of_keys ? 1 : c.queries, c.keys};
  Stream stream(Rng(5, "mask"));
  const Tensor hidden = bernoulli(stream, own, 0.3) || bernoulli(stream, {own[0], own[1], own[2], 1}, 0.1);
  const Tensor m = where(hidden, full({}, -std::numeric_limits<double>::infinity()), input(own, 5, kind));
  return broadcast_to(m.to(device), {c.batch, c.heads, c.queries, c.keys});
}

Results run(Device device, const Case& c, Kind kind) {
  const int64_t of_keys = c.kv_heads == 0 ? c.heads : c.kv_heads;
  const auto of = [&](int64_t heads, int64_t rows, int64_t columns, uint64_t seed) {
    return in_memory(input({c.batch, heads, rows, columns}, seed, kind), c.memory, device);
  };
  const auto result = [&](int64_t rows, int64_t columns) {
    return in_memory(full({c.batch, c.heads, rows, columns}, 7), c.memory, device);
  };
  const auto of_rows = [&] { return full({c.batch, c.heads, c.queries}, 7).to(device); };
  const Tensor q = of(c.heads, c.queries, c.width, 1), k = of(of_keys, c.keys, c.width, 2),
               v = of(of_keys, c.keys, c.value_width, 3), g = of(c.heads, c.queries, c.value_width, 4);
  const Tensor o = result(c.queries, c.value_width), extremes = of_rows(), totals = of_rows();
  const Tensor dq = result(c.queries, c.width), dk = result(c.keys, c.width), dv = result(c.keys, c.value_width);
  const AttentionRule rule{0.3f, c.causal, mask_of(c, kind, device)};
  const Tensor d_mask = rule.mask.defined() ? full({c.batch, c.heads, c.queries, c.keys}, 7).to(device) : Tensor();
  Backend& b = backend(device);
  b.attention(rule, {q, k, v}, o, extremes, totals);
  b.attention_gradient(rule, {q, k, v}, o, extremes, totals, g, {dq, dk, dv}, d_mask);
  const auto values = [](const Tensor& x) {
    return x.defined() ? contiguous(x).to_vector<float>() : std::vector<float>();
  };
  return {values(o), values(extremes), values(totals), values(dq), values(dk), values(dv), values(d_mask)};
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
    EXPECT_TRUE(all_same_bits(got.d_mask, want.d_mask)) << "mask";
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
    expect_cpu({1, 2, 70, 130, 8, 8, true, Memory::rows, Mask::of_all, 1});
  });
}

TEST(Attention, EqualsTheCpuWithLittleSharedMemory) {
  testing::with_shared_memory(64 * 1024, [] {  // compute capability 7.5
    expect_cpu({1, 2, 130, 130, 20, 17, true, Memory::heads_inside});
    expect_cpu({1, 1, 33, 70, 140, 65, false});
  });
}

// A product of -0 less a difference of +0: the CPU's chain begins with +0, so that the slope is +0.
TEST(Attention, ASlopeOfNothingHasTheCpusSign) {
  const auto slope = [](Device on) {
    const Tensor mask = watch(zeros({1, 1, 1, 1}, DType::float32, on));
    const Tensor one = ones({1, 1, 1, 1}, DType::float32, on), v = full({1, 1, 1, 16}, -1e-30, DType::float32, on);
    const Tensor o = attention(one, one, v, {.mask = mask});
    return contiguous(backward(sum(o * 1e-30))[mask]).to_vector<float>();
  };
  EXPECT_TRUE(all_same_bits(slope(testing::device()), slope(cpu)));
}

}  // namespace
}  // namespace stet
