// The fused passes give the bits of the same arithmetic in public ops, on every instruction set and number of threads.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/composed.h"
#include "stet/tensor/parallel.h"
#include "stet/tensor/simd/isa.h"
#include "stet/tensor/update.h"

namespace stet {
namespace {

class UpdateTest : public testing::Test {
 protected:
  ~UpdateTest() override {
    set_isa(isa_);
    set_threads(threads_);
  }
  template <class F> void everywhere(F f) {
    for (const std::string& name : available_isas()) {
      for (const int n : {1, 2, 3, 7}) {
        set_isa(name);
        set_threads(n);
        f(name + ", " + std::to_string(n) + " threads");
      }
    }
  }

 private:
  const std::string isa_ = isa();
  const int threads_ = threads();
};

double smallest_normal(DType dtype) {
  return dtype == DType::float32 ? double{std::numeric_limits<float>::min()} : std::numeric_limits<double>::min();
}

Tensor flush(const Tensor& x) { return where(abs(x) < smallest_normal(x.dtype()), zeros(x.shape(), x.dtype()), x); }

void compose(const SgdStep& s, const Tensor& g, Tensor& p, Tensor& b) {
  Tensor u = s.weight_decay != 0 ? g + s.weight_decay * p : g;
  if (b.defined()) {
    b = flush(s.momentum * b + s.take * u);
    u = s.nesterov ? u + s.momentum * b : b;
  }
  p = p - s.rate * u;
}

void compose(const AdamStep& s, const Tensor& g, Tensor& p, Tensor& m, Tensor& v) {
  const Tensor d = s.weight_decay != 0 ? g + s.weight_decay * p : g;
  m = flush(s.beta1 * m + (1 - s.beta1) * d);
  v = flush(s.beta2 * v + ((1 - s.beta2) * d) * d);
  const Tensor change = (s.rate * m) / (sqrt(v) * s.scale + s.epsilon);
  p = p - (s.decay != 0 ? s.decay * p + change : change);
}

void update_one(const SgdStep& step, const Tensor& g, Tensor& p, Tensor& b) {
  update(std::vector<SgdUpdate>{{step, g, p, b}});
}
void update_one(const AdamStep& step, const Tensor& g, Tensor& p, Tensor& m, Tensor& v) {
  update(std::vector<AdamUpdate>{{step, g, p, m, v}});
}

// Values of all magnitudes, subnormal ones and zeros among them.
Tensor values(std::string_view name, int64_t n, DType dtype, bool positive = false) {
  Stream stream(Rng(5) / name);
  const Tensor z = normal(stream, {n}, 0, 1, dtype);
  const Tensor scale = exp(uniform(stream, {n}, dtype == DType::float32 ? -100 : -740, 3, dtype));
  const Tensor kind = uniform(stream, {n}, 0, 1, dtype);
  const Tensor x = where(kind < 0.1, z * 0, where(kind < 0.5, z, z * scale));
  return positive ? abs(x) : x;
}

void expect_same_bits(const Tensor& got, const Tensor& want, const std::string& what) {
  ASSERT_EQ(got.shape(), want.shape());
  if (got.dtype() == DType::float32) {
    const auto a = got.to_vector<float>(), b = want.to_vector<float>();
    for (size_t i = 0; i < a.size(); ++i)
      ASSERT_EQ(std::bit_cast<uint32_t>(a[i]), std::bit_cast<uint32_t>(b[i])) << what << " " << i;
  } else {
    const auto a = got.to_vector<double>(), b = want.to_vector<double>();
    for (size_t i = 0; i < a.size(); ++i)
      ASSERT_EQ(std::bit_cast<uint64_t>(a[i]), std::bit_cast<uint64_t>(b[i])) << what << " " << i;
  }
}

constexpr int64_t kSizes[] = {0, 1, 3, 31, 33, 1000, 70001};

TEST_F(UpdateTest, SgdEqualsPublicOps) {
  const SgdStep steps[] = {
      {.rate = 0.1},
      {.rate = 0.1, .weight_decay = 0.01},
      {.rate = 0.1, .momentum = 0.9},
      {.rate = 0.1, .momentum = 0.9, .take = 0.7, .weight_decay = 0.01},
      {.rate = 0.1, .momentum = 0.9, .weight_decay = 0.01, .nesterov = true},
  };
  for (const DType dtype : {DType::float32, DType::float64}) {
    for (const int64_t n : kSizes) {
      const Tensor g = values("g", n, dtype), p = values("p", n, dtype), b = values("b", n, dtype);
      for (const SgdStep& step : steps) {
        Tensor want_p = p, want_b = step.momentum != 0 ? b : Tensor();
        compose(step, g, want_p, want_b);
        everywhere([&](const std::string& where) {
          Tensor got_p = p, got_b = step.momentum != 0 ? b : Tensor();
          update_one(step, g, got_p, got_b);
          expect_same_bits(got_p, want_p, "parameter on " + where);
          if (got_b.defined()) expect_same_bits(got_b, want_b, "momentum on " + where);
        });
      }
    }
  }
}

TEST_F(UpdateTest, AdamEqualsPublicOps) {
  const AdamStep steps[] = {
      {.rate = 1e-2, .beta1 = 0.9, .beta2 = 0.999, .scale = 31.6, .epsilon = 1e-8},
      {.rate = 1e-3, .beta1 = 0.8, .beta2 = 0.99, .scale = 1.5, .epsilon = 1e-8, .weight_decay = 0.1},
      {.rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .scale = 1, .epsilon = 1e-6, .decay = 1e-5},
  };
  for (const DType dtype : {DType::float32, DType::float64}) {
    for (const int64_t n : kSizes) {
      const Tensor g = values("g", n, dtype), p = values("p", n, dtype), m = values("m", n, dtype),
                   v = values("v", n, dtype, true);
      for (const AdamStep& step : steps) {
        Tensor want_p = p, want_m = m, want_v = v;
        compose(step, g, want_p, want_m, want_v);
        everywhere([&](const std::string& where) {
          Tensor got_p = p, got_m = m, got_v = v;
          update_one(step, g, got_p, got_m, got_v);
          expect_same_bits(got_p, want_p, "parameter on " + where);
          expect_same_bits(got_m, want_m, "mean on " + where);
          expect_same_bits(got_v, want_v, "square on " + where);
        });
      }
    }
  }
}

TEST_F(UpdateTest, ManyAtOnceEqualOneAfterAnother) {
  // Small ones among large ones, so that ranges of the threads begin and end within arrays; of two dtypes.
  const int64_t sizes[] = {3, 70001, 1, 0, 16384, 33, 40000, 7};
  std::vector<Tensor> g, p, m, v, want_p, want_m, want_v;
  for (size_t i = 0; i < std::size(sizes); ++i) {
    const DType dtype = i == 5 ? DType::float64 : DType::float32;
    const std::string at = std::to_string(i);
    g.push_back(values("g" + at, sizes[i], dtype));
    p.push_back(values("p" + at, sizes[i], dtype));
    m.push_back(values("m" + at, sizes[i], dtype));
    v.push_back(values("v" + at, sizes[i], dtype, true));
  }
  const auto step = [](size_t i) {
    return AdamStep{.rate = 1e-3 * static_cast<double>(i + 1),
                    .beta1 = 0.9,
                    .beta2 = 0.99,
                    .scale = 2,
                    .epsilon = 1e-8,
                    .decay = i == 1 ? 0.1 : 0};
  };
  want_p = p, want_m = m, want_v = v;
  for (size_t i = 0; i < g.size(); ++i) compose(step(i), g[i], want_p[i], want_m[i], want_v[i]);
  everywhere([&](const std::string& where) {
    std::vector<Tensor> got_p = p, got_m = m, got_v = v;
    std::vector<AdamUpdate> updates;
    for (size_t i = 0; i < g.size(); ++i) updates.push_back({step(i), g[i], got_p[i], got_m[i], got_v[i]});
    update(updates);
    for (size_t i = 0; i < g.size(); ++i) {
      expect_same_bits(got_p[i], want_p[i], "parameter on " + where);
      expect_same_bits(got_m[i], want_m[i], "mean on " + where);
      expect_same_bits(got_v[i], want_v[i], "square on " + where);
    }
  });
}

TEST_F(UpdateTest, ClippedNormsEqualPublicOps) {
  for (const DType dtype : {DType::float32, DType::float64}) {
    const double large = dtype == DType::float32 ? 1e37 : 1e305;  // whose squares overflow
    for (const auto& [limit, size] : {std::pair{0.5, 1.0}, {1e30, 1.0}, {0.5, large}, {3 * large, large}}) {
      std::vector<Tensor> gradients;
      for (const int64_t n : {3, 1024, 1025, 1, 0, 70001, 33}) {
        Stream stream(Rng(5) / std::to_string(n));
        gradients.push_back(normal(stream, {n}, 0, size, dtype));
      }
      gradients.push_back(gradients[0].reshape({3, 1}).transpose());
      const auto pointers = [](std::vector<Tensor>& list) {
        std::vector<Tensor*> all;
        for (Tensor& g : list) all.push_back(&g);
        return all;
      };
      std::vector<Tensor> want = gradients;
      const Tensor norm = composed::clip_norm(pointers(want), limit);
      everywhere([&, limit = limit](const std::string& where) {
        for (const bool shared : {true, false}) {
          std::vector<Tensor> got = gradients;
          if (!shared) {
            for (Tensor& g : got) g = g.slice(0, 0, g.size(0)).detach() + 0;
          }
          expect_same_bits(clip_norm(pointers(got), limit), norm, "norm on " + where);
          for (size_t i = 0; i < got.size(); ++i) expect_same_bits(got[i], want[i], "gradient on " + where);
        }
      });
    }
  }
}

TEST_F(UpdateTest, ClippingLeavesValuesThatOthersHold) {
  Tensor g = full({4}, 3), mine = full({4}, 4);
  const Tensor held = g;
  const void* memory = mine.data();
  Tensor* both[] = {&g, &mine};
  EXPECT_EQ(clip_norm(both, 1).item<float>(), 10);
  EXPECT_EQ(held.to_vector<float>(), std::vector<float>(4, 3));
  EXPECT_LT(g.to_vector<float>()[0], 0.4f);
  EXPECT_EQ(mine.data(), memory);
}

TEST_F(UpdateTest, ReadsGradientsOfAnyLayout) {
  const Tensor g = values("g", 35, DType::float32).reshape({5, 7}).transpose(),
               p = values("p", 35, DType::float32).reshape({7, 5});
  Tensor got = p, want = p, none;
  update_one(SgdStep{.rate = 0.5}, g, got, none);
  update_one(SgdStep{.rate = 0.5}, contiguous(g), want, none);
  expect_same_bits(got, want, "parameter");
}

TEST_F(UpdateTest, WritesOnlyToMemoryThatNobodyElseHolds) {
  const Tensor g = ones({4});
  Tensor p = full({4}, 3), none;
  const void* memory = p.data();
  update_one(SgdStep{.rate = 1}, g, p, none);
  EXPECT_EQ(p.data(), memory);
  const Tensor held = p, view = p.slice(0, 1, 3);
  update_one(SgdStep{.rate = 1}, g, p, none);
  EXPECT_NE(p.data(), memory);
  EXPECT_EQ(held.to_vector<float>(), std::vector<float>(4, 2));
  EXPECT_EQ(view.to_vector<float>(), std::vector<float>(2, 2));
  EXPECT_EQ(p.to_vector<float>(), std::vector<float>(4, 1));
}

TEST_F(UpdateTest, StateThatDiesAwayEndsAtPlusZero) {
  Tensor p = zeros({3}), m = Tensor::from<float>({1, -1, 1e-30f}), v = full({3}, 1);
  const Tensor g = Tensor::from<float>({0, -0.0f, 0});
  for (int i = 0; i < 2000; ++i) {
    update_one(AdamStep{.rate = 1e-3, .beta1 = 0.9, .beta2 = 0.9, .epsilon = 1e-8}, g, p, m, v);
    for (const float x : m.to_vector<float>()) ASSERT_TRUE(x == 0 || std::isnormal(x)) << "after step " << i;
  }
  expect_same_bits(m, zeros({3}), "mean");
  expect_same_bits(v, zeros({3}), "square");
}

TEST_F(UpdateTest, NaNPasses) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Tensor p = ones({2}), b = zeros({2});
  update_one(SgdStep{.rate = 1, .momentum = 0.5}, Tensor::from<float>({nan, 1}), p, b);
  EXPECT_TRUE(std::isnan(b.to_vector<float>()[0]));
  EXPECT_TRUE(std::isnan(p.to_vector<float>()[0]));
  EXPECT_EQ(p.to_vector<float>()[1], 0);
}

TEST_F(UpdateTest, RefusesWhatDoesNotFit) {
  Tensor p = zeros({2, 3}), none;
  EXPECT_THROW(update_one(SgdStep{}, zeros({3, 2}), p, none), UsageError);
  EXPECT_THROW(update_one(SgdStep{}, zeros({2, 3}, DType::float64), p, none), UsageError);
}

}  // namespace
}  // namespace stet
