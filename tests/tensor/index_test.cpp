// Indexing, draws and conversions against plain loops that follow docs/numerics.md.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/math/elementary.h"
#include "stet/tensor/mode.h"
#include "stet/tensor/ops.h"
#include "tensor/bits.h"
#include "tensor/machines.h"
#include "tensor/reference.h"

namespace stet {
namespace {

using testing::all_same_bits;
using testing::awkward;
using testing::on_all_machines;

std::vector<int64_t> draw_indices(int64_t n, int64_t below) {
  SampleDraws draws(Rng(3, "indices"), 0, 0);
  std::vector<int64_t> index(static_cast<size_t>(n));
  for (int64_t& i : index) i = draws.below(below);
  return index;
}

struct Lines {
  int64_t outer, n, inner;
};
const Lines kLines[] = {{1, 7, 1}, {3, 33, 1}, {1, 65, 130}, {5, 3, 31}, {2, 1025, 2}, {300, 9, 40}};

TEST(Index, ExtremesTakeTheFirst) {
  for (const Lines& lines : kLines) {
    const int64_t outer = lines.outer, n = lines.n, inner = lines.inner;
    const Tensor x = awkward({outer, n, inner}, 1);
    const auto v = x.to_vector<float>();
    std::vector<int64_t> largest, smallest;
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t i = 0; i < inner; ++i) {
        const auto at = [&](int64_t k) { return v[static_cast<size_t>((o * n + k) * inner + i)]; };
        int64_t high = 0, low = 0;
        for (int64_t k = 1; k < n; ++k) {
          if (!std::isnan(at(high)) && (at(k) > at(high) || std::isnan(at(k)))) high = k;
          if (!std::isnan(at(low)) && (at(k) < at(low) || std::isnan(at(k)))) low = k;
        }
        largest.push_back(high), smallest.push_back(low);
      }
    }
    on_all_machines([&] {
      EXPECT_EQ(argmax(x, 1).to_vector<int64_t>(), largest);
      EXPECT_EQ(argmin(x, 1).to_vector<int64_t>(), smallest);
    });
  }
}

TEST(Index, SelectionAndItsGradient) {
  for (const Lines& lines : kLines) {
    const int64_t outer = lines.outer, n = lines.n, inner = lines.inner;
    const int64_t m = 2 * n + 1;
    const auto index = draw_indices(m, n);
    const Tensor x = awkward({outer, n, inner}, 1), g = awkward({outer, m, inner}, 2);
    const auto v = x.to_vector<float>(), vg = g.to_vector<float>();
    std::vector<float> y, dx(v.size(), 0.0f);
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t j = 0; j < m; ++j) {
        for (int64_t i = 0; i < inner; ++i) {
          const auto from = static_cast<size_t>((o * n + index[static_cast<size_t>(j)]) * inner + i);
          y.push_back(v[from]);
          dx[from] = dx[from] + vg[static_cast<size_t>((o * m + j) * inner + i)];
        }
      }
    }
    on_all_machines([&] {
      const Tensor watched = watch(x), got = index_select(watched, 1, Tensor::from(index));
      EXPECT_TRUE(all_same_bits(got.to_vector<float>(), y));
      EXPECT_TRUE(all_same_bits(backward(sum(got * g))[watched].to_vector<float>(), dx));
    });
  }
}

TEST(Index, GatherAndScatter) {
  for (const Lines& lines : kLines) {
    const int64_t outer = lines.outer, n = lines.n, inner = lines.inner;
    const int64_t m = n + 2;
    const auto index = draw_indices(outer * m * inner, n);
    const Tensor where = Tensor::from(index, {outer, m, inner});
    const Tensor x = awkward({outer, n, inner}, 1), g = awkward({outer, m, inner}, 2);
    const auto v = x.to_vector<float>(), vg = g.to_vector<float>();
    std::vector<float> y, dx(v.size(), 0.0f);
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t j = 0; j < m; ++j) {
        for (int64_t i = 0; i < inner; ++i) {
          const auto at = static_cast<size_t>((o * m + j) * inner + i);
          const auto from = static_cast<size_t>((o * n + index[at]) * inner + i);
          y.push_back(v[from]);
          dx[from] = dx[from] + vg[at];
        }
      }
    }
    on_all_machines([&] {
      const Tensor watched = watch(x), got = gather(watched, 1, where);
      EXPECT_TRUE(all_same_bits(got.to_vector<float>(), y));
      EXPECT_TRUE(all_same_bits(backward(sum(got * g))[watched].to_vector<float>(), dx));
      const Tensor source = watch(g), added = scatter_add(source, 1, where, n);
      EXPECT_TRUE(all_same_bits(added.to_vector<float>(), dx));
      EXPECT_TRUE(all_same_bits(backward(sum(added * x))[source].to_vector<float>(), y));
    });
  }
}

TEST(Index, OneHotMarksEachClassAndRefusesWhatIsNone) {
  const std::vector<int64_t> index = draw_indices(130, 7);
  std::vector<float> marks(130 * 7, 0);
  for (size_t i = 0; i < index.size(); ++i) marks[i * 7 + static_cast<size_t>(index[i])] = 1;
  const Tensor table = Tensor::from(index, {13, 10});
  on_all_machines([&] { EXPECT_EQ(one_hot(table, 7).to_vector<float>(), marks); });
  EXPECT_EQ(one_hot(table.transpose(), 7).transpose(0, 1).to_vector<float>(), marks);
  EXPECT_EQ(one_hot(table, 7).shape(), (Shape{13, 10, 7}));
  EXPECT_EQ(one_hot(Tensor(int64_t{2}), 3, DType::uint8).to_vector<uint8_t>(), (std::vector<uint8_t>{0, 0, 1}));
  EXPECT_EQ(one_hot(zeros({2}, DType::int64), 1, DType::boolean).to_vector<bool>(), std::vector<bool>(2, true));
  const auto message = [](std::vector<int64_t> index, int64_t classes) -> std::string {
    try {
      one_hot(Tensor::from(index), classes);
    } catch (const DataError& e) { return e.what(); }
    return "nothing was thrown";
  };
  EXPECT_EQ(message({0, 7, 1}, 3), "one_hot: index 7 at position 1 is not in 0 to 2");
  EXPECT_EQ(message({-1}, 3), "one_hot: index -1 at position 0 is not in 0 to 2");
  EXPECT_EQ(message({0, 1, 3}, 3), "one_hot: index 3 at position 2 is not in 0 to 2");
  EXPECT_EQ(message({0}, 0), "one_hot: index 0 at position 0 is not in 0 to -1");
  EXPECT_EQ(one_hot(zeros({0}, DType::int64), 0).shape(), (Shape{0, 0}));
}

TEST(Index, CrossEntropyOfRows) {
  for (auto [rows, classes] : {std::pair<int64_t, int64_t>{1, 1}, {33, 10}, {7, 65}, {3, 1025}}) {
    for (bool specials : {false, true}) {
      const Tensor x = awkward({rows, classes}, 1, specials), g = awkward({rows}, 2, specials);
      const auto target = draw_indices(rows, classes);
      const auto v = x.to_vector<float>(), vg = g.to_vector<float>();
      std::vector<float> loss, dx;
      for (int64_t r = 0; r < rows; ++r) {
        float m = -std::numeric_limits<float>::infinity();
        for (int64_t c = 0; c < classes; ++c) m = reference::maximum(m, v[static_cast<size_t>(r * classes + c)]);
        std::vector<float> d, e;
        for (int64_t c = 0; c < classes; ++c)
          d.push_back(v[static_cast<size_t>(r * classes + c)] - m), e.push_back(math::exp(d.back()));
        const float t = reference::lane_sum(e), inverse = 1.0f / t;
        const auto y = static_cast<size_t>(target[static_cast<size_t>(r)]);
        loss.push_back(math::log(t) - d[y]);
        for (size_t c = 0; c < e.size(); ++c)
          dx.push_back((e[c] * inverse - (c == y ? 1.0f : 0.0f)) * vg[static_cast<size_t>(r)]);
      }
      on_all_machines([&] {
        const Tensor watched = watch(x), got = cross_entropy_rows(watched, Tensor::from(target));
        EXPECT_TRUE(all_same_bits(got.to_vector<float>(), loss));
        EXPECT_TRUE(all_same_bits(backward(sum(got * g))[watched].to_vector<float>(), dx));
      });
    }
  }
}

// The word of element i of a path's first draw in tick 7.
uint32_t word(const Rng& rng, int64_t i) {
  return philox({static_cast<uint32_t>(i >> 2), 0, 0, 7}, rng.key())[static_cast<size_t>(i & 3)];
}

TEST(Draws, FollowTheirWords) {
  set_tick(7);
  const Rng rng(5, "draws");
  for (int64_t n : {0, 1, 31, 33, 1025, 40003}) {
    std::vector<float> uniforms, wide;
    std::vector<int64_t> integers, most;
    std::vector<uint8_t> heads;
    for (int64_t i = 0; i < n; ++i) {
      const uint32_t w = word(rng, i);
      const float u = static_cast<float>(w >> 8) * 0x1p-24f;
      uniforms.push_back(u);
      wide.push_back(u * static_cast<float>(1.7 - -0.3) + -0.3f);
      integers.push_back(-5 + static_cast<int64_t>((uint64_t{w} * 1000) >> 32));
      most.push_back(INT64_MIN + static_cast<int64_t>((uint64_t{w} * 0xfffffff5) >> 32));
      heads.push_back(w < static_cast<uint64_t>(0.3 * 0x1p32));
    }
    on_all_machines([&] {
      const auto drawn = [&](auto draw) {
        Stream stream(rng);
        return draw(stream);
      };
      EXPECT_TRUE(
          all_same_bits(drawn([&](Stream& s) { return uniform(s, {n}); }).template to_vector<float>(), uniforms));
      EXPECT_TRUE(all_same_bits(
          drawn([&](Stream& s) { return uniform(s, {n}, -0.3, 1.7); }).template to_vector<float>(), wide));
      EXPECT_EQ(drawn([&](Stream& s) { return random_integers(s, {n}, -5, 995); }).template to_vector<int64_t>(),
                integers);
      const auto odd = [&](Stream& s) { return random_integers(s, {n}, INT64_MIN, INT64_MIN + 0xfffffff5); };
      EXPECT_EQ(drawn(odd).template to_vector<int64_t>(), most);
      EXPECT_EQ(drawn([&](Stream& s) { return bernoulli(s, {n}, 0.3).to(DType::uint8); }).template to_vector<uint8_t>(),
                heads);
    });
  }
  set_tick(0);
}

// Beside what the contract's text says, with the draws that come next to an end among them.
TEST(Draws, UniformStaysWithinItsRange) {
  const Rng rng(3, "within");
  const auto check = [&](auto sample, double low, double high) {
    using T = decltype(sample);
    Stream stream(rng);
    const auto got = uniform(stream, {1 << 16}, low, high, dtype_of<T>).template to_vector<T>();
    for (T v : got) ASSERT_TRUE(double{v} >= low && double{v} < high) << v << " of " << low << " to " << high;
  };
  const std::pair<double, double> ranges[] = {{1, 2},         {1e8, 1e8 + 8},       {1e8, 1e8 + 17}, {-1e8 - 8, -1e8},
                                              {0.7, 0.9},     {-0.3, 0.3},          {0, 1e-45},      {-1e-44, 0},
                                              {0, 0x1p-126},  {16777216, 16777220}, {0, 3.4028e38},  {-1.7e38, 1.7e38},
                                              {3e38, 3.5e38}, {1, 1 + 1e-9},        {1e30, 2e30},    {-2, -1}};
  for (const auto& [low, high] : ranges) {
    check(float{}, low, high);
    check(double{}, low, high);
  }
}

TEST(Draws, UniformsGreatestDrawStaysBelowTheEnd) {
  const auto draws = [](double low, double high) {
    Stream stream(Rng(1, "uniform"));
    return uniform(stream, {1 << 25}, low, high).to_vector<float>();
  };
  const std::vector<float> plain = draws(0, 1), moved = draws(1, 2);
  EXPECT_GT(std::count(plain.begin(), plain.end(), 1 - 0x1p-24f), 0) << "choose another path";
  EXPECT_EQ(*std::max_element(moved.begin(), moved.end()), std::nextafter(2.0f, 0.0f));
}

TEST(Draws, UniformRefusesEmptyAndOverflowingRanges) {
  const auto message = [](double low, double high, DType dtype) -> std::string {
    Stream stream(Rng(3, "refused"));
    try {
      uniform(stream, {2}, low, high, dtype);
    } catch (const UsageError& e) { return e.what(); }
    return "nothing was thrown";
  };
  const double kInf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(message(3, 1, DType::float32), "uniform: 3 to 1 is no range that a float32 can have");
  for (const auto& [low, high] : {std::pair{1.0, 1.0},
                                  {-3e38, 3e38},
                                  {0.0, 1e39},
                                  {-kInf, 0.0},
                                  {0.0, kInf},
                                  {std::nan(""), 1.0},
                                  {0.0, std::nan("")},
                                  {3.41e38, 3.42e38}}) {
    EXPECT_NE(message(low, high, DType::float32), "nothing was thrown") << low << " " << high;
  }
  EXPECT_NE(message(-1.7e308, 1.7e308, DType::float64), "nothing was thrown");
  EXPECT_EQ(message(-3e38, 3e38, DType::float64), "nothing was thrown");
  EXPECT_EQ(message(1 + 1e-9, 1 + 2e-9, DType::float32),
            "uniform: no float32 lies from 1.000000001 to below 1.000000002");
  EXPECT_EQ(message(0, 1, DType::int64), "uniform: draws float32 or float64, not int64");
}

TEST(Draws, DropoutAndItsGradientUseTheSameWords) {
  set_tick(7);
  const Rng rng(5, "dropout");
  for (int64_t n : {1, 31, 33, 1025, 40003}) {
    const Tensor x = awkward({n}, 1), g = awkward({n}, 2);
    for (double p : {0.0, 0.3, 0.5, 1.0}) {
      const auto scale = static_cast<float>(1 / (1 - p));
      const auto masked = [&](const Tensor& t) {
        auto v = t.to_vector<float>();
        for (int64_t i = 0; i < n; ++i) {
          float& e = v[static_cast<size_t>(i)];
          e = word(rng, i) < static_cast<uint64_t>(p * 0x1p32) ? 0.0f : e * scale;
        }
        return v;
      };
      const auto y = masked(x), dx = masked(g);
      on_all_machines([&] {
        Stream stream(rng);
        const Tensor watched = watch(x), got = dropout(watched, p, stream);
        EXPECT_TRUE(all_same_bits(got.to_vector<float>(), y)) << p;
        EXPECT_TRUE(all_same_bits(backward(sum(got * g))[watched].to_vector<float>(), dx)) << p;
        EXPECT_EQ(stream.next().call, 1u) << "one draw";
      });
    }
  }
  set_tick(0);
}

template <class To> To converted(double x) {
  if constexpr (std::is_same_v<To, bool>) return x != 0;
  if (std::isnan(x)) return 0;
  using Limits = std::numeric_limits<To>;
  // The ends are powers of two, or one less.
  if (x >= std::ldexp(1.0, Limits::digits)) return Limits::max();
  if (x <= (Limits::is_signed ? -std::ldexp(1.0, Limits::digits) : 0.0)) return Limits::min();
  return static_cast<To>(x);
}

template <class To> void expect_converted(const std::vector<float>& x, DType to) {
  std::vector<To> want;
  for (float v : x) want.push_back(converted<To>(v));
  const Tensor narrow = Tensor::from(x), wide = narrow.to(DType::float64);
  on_all_machines([&] {
    EXPECT_EQ(narrow.to(to).to_vector<To>(), want);
    EXPECT_EQ(wide.to(to).to_vector<To>(), want);
  });
}

TEST(Conversions, GoTowardZeroAndStopAtTheEnds) {
  auto x = awkward({4001}, 1).to_vector<float>();
  for (float edge :
       {255.0f, 255.9f, 256.0f, -0.9f, -1.0f, 0x1p31f, -0x1p31f, 0x1p63f, -0x1p63f, 0x1.fffffep62f, 2147483520.0f})
    x.push_back(edge);
  expect_converted<uint8_t>(x, DType::uint8);
  expect_converted<int32_t>(x, DType::int32);
  expect_converted<int64_t>(x, DType::int64);
}

TEST(Conversions, OfIntegersKeepTheLowBits) {
  std::vector<int64_t> x = {
      0, -1, 255, 256, INT32_MAX, int64_t{INT32_MAX} + 1, INT64_MIN, INT64_MAX, (int64_t{1} << 60) + 1};
  for (int64_t i : draw_indices(4001, INT64_C(4294967296))) {
    const auto wide = static_cast<uint64_t>(i);
    x.push_back(static_cast<int64_t>(wide * wide * wide));
  }
  const Tensor t = Tensor::from(x);
  on_all_machines([&] {
    const auto bytes = t.to(DType::uint8).to_vector<uint8_t>();
    const auto ints = t.to(DType::int32).to_vector<int32_t>();
    for (size_t i = 0; i < x.size(); ++i) {
      ASSERT_EQ(bytes[i], static_cast<uint64_t>(x[i]) & 0xff);
      ASSERT_EQ(static_cast<uint32_t>(ints[i]), static_cast<uint64_t>(x[i]) & 0xffffffff);
    }
  });
}

}  // namespace
}  // namespace stet
