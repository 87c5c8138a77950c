// The optimizers' steps and the clipping of gradients on a GPU against the CPU, bit for bit.
#include "stet/tensor/update.h"
#include "cuda/device.h"
#include "stet/tensor/backend.h"
#include "tensor/bits.h"

namespace stet {
namespace {

using testing::all_same_bits, testing::awkward, testing::device, testing::in_orders;

const int64_t kSizes[] = {0, 1, 3, 4, 31, 32, 33, 63, 64, 65, 511, 512, 513, 1023, 1024, 1025, 5000};

// Elements that are subnormal in many places, so that flushing shows.
Tensor values(int64_t n, uint64_t seed, DType dtype) {
  const Tensor x = awkward({n}, seed).to(dtype);
  return x * where(awkward({n}, seed + 1000, false) > 100, full({}, dtype == DType::float32 ? 1e-38 : 1e-308, dtype),
                   ones({}, dtype));
}

::testing::AssertionResult same(const Tensor& got, const Tensor& want) {
  if (want.dtype() == DType::float64) return all_same_bits(got.to_vector<double>(), want.to_vector<double>());
  return all_same_bits(got.to_vector<float>(), want.to_vector<float>());
}

/// Parameters of all sizes, each with `count` values: the gradient, the parameter, and the optimizer's state.
std::vector<std::vector<Tensor>> parameters(size_t count) {
  std::vector<std::vector<Tensor>> all;
  for (DType dtype : {DType::float32, DType::float64, DType::float32}) {
    for (int64_t n : kSizes) {
      std::vector<Tensor> one;
      for (size_t i = 0; i < count; ++i) one.push_back(values(n, all.size() * 10 + i, dtype));
      // A second moment is not negative.
      if (count == 4) one[3] = one[3] * one[3];
      all.push_back(one);
    }
  }
  return all;
}

// Each parameter has a step of its own.
SgdStep sgd_step(size_t i) {
  return {.rate = 0.1 + 0.01 * static_cast<double>(i),
          .momentum = 0.9,
          .take = i % 3 == 0 ? 1 : 0.7,
          .weight_decay = i % 4 == 1 ? 0 : 1e-3,
          .nesterov = i % 2 == 0};
}
AdamStep adam_step(size_t i) {
  const auto t = static_cast<double>(i + 1);
  return {.rate = 1e-3 / t,
          .beta1 = 0.9,
          .beta2 = 0.999,
          .scale = 1 + 30 / t,
          .epsilon = 1e-8,
          .weight_decay = i % 3 == 0 ? 1e-2 : 0,
          .decay = i % 3 == 1 ? 1e-4 : 0};
}

std::vector<Tensor> run_sgd(const std::vector<std::vector<Tensor>>& all, Device on, bool in_place) {
  std::vector<SgdTask> tasks;
  std::vector<Tensor> results;
  for (size_t i = 0; i < all.size(); ++i) {
    std::vector<Tensor> v;
    for (const Tensor& t : all[i]) v.push_back(contiguous(t * ones({}, t.dtype())).to(on));
    const auto target = [&](const Tensor& t) { return in_place ? t : Tensor::uninitialized(t.shape(), t.dtype(), on); };
    SgdTask task{sgd_step(i), v[0], {v[1], {}}, {target(v[1]), {}}};
    if (i % 5 != 0) task.from.momentum = v[2], task.to.momentum = target(v[2]), results.push_back(task.to.momentum);
    results.push_back(task.to.parameter);
    tasks.push_back(task);
  }
  backend(on).sgd(tasks);
  return results;
}

std::vector<Tensor> run_adam(const std::vector<std::vector<Tensor>>& all, Device on, bool in_place) {
  std::vector<AdamTask> tasks;
  std::vector<Tensor> results;
  for (size_t i = 0; i < all.size(); ++i) {
    std::vector<Tensor> v;
    for (const Tensor& t : all[i]) v.push_back(contiguous(t * ones({}, t.dtype())).to(on));
    const auto target = [&](const Tensor& t) { return in_place ? t : Tensor::uninitialized(t.shape(), t.dtype(), on); };
    AdamTask task{adam_step(i), v[0], {v[1], v[2], v[3]}, {target(v[1]), target(v[2]), target(v[3])}};
    for (const Tensor& t : {task.to.parameter, task.to.mean, task.to.square}) results.push_back(t);
    tasks.push_back(task);
  }
  backend(on).adam(tasks);
  return results;
}

template <class Run> void expect_same_steps(const std::vector<std::vector<Tensor>>& all, const Run& run) {
  const std::vector<Tensor> want = run(all, cpu, false);
  for (bool in_place : {false, true}) {
    const std::vector<Tensor> got = run(all, device(), in_place);
    for (size_t i = 0; i < want.size(); ++i)
      EXPECT_TRUE(same(got[i], want[i])) << i << " of " << want[i].elements() << (in_place ? " in place" : "");
  }
}

TEST(CudaUpdate, Sgd) {
  // More parameters than a launch takes.
  auto all = parameters(3);
  for (const auto& more : parameters(3)) all.push_back(more);
  expect_same_steps(all, run_sgd);
}

TEST(CudaUpdate, Adam) {
  auto all = parameters(4);
  for (const auto& more : parameters(4)) all.push_back(more);
  expect_same_steps(all, run_adam);
}

TEST(CudaUpdate, TakesUnalignedGradients) {
  const Tensor g = values(1026, 1, DType::float32), p = values(1025, 2, DType::float32),
               b = values(1025, 3, DType::float32);
  const auto run = [&](Device on) {
    const SgdTask::Values to{Tensor::uninitialized(p.shape(), p.dtype(), on),
                             Tensor::uninitialized(p.shape(), p.dtype(), on)};
    const SgdTask task{sgd_step(1), g.to(on).slice(0, 1, 1026), {p.to(on), b.to(on)}, to};
    backend(on).sgd(std::span(&task, 1));
    return to;
  };
  const auto got = run(device()), want = run(cpu);
  EXPECT_TRUE(same(got.parameter, want.parameter));
  EXPECT_TRUE(same(got.momentum, want.momentum));
}

void expect_same_clipping(const std::vector<Tensor>& gradients, double most) {
  const auto run = [&](Device on, bool in_place) {
    std::vector<Tensor> from, to;
    for (const Tensor& g : gradients) {
      from.push_back(contiguous(g * ones({}, g.dtype())).to(on));
      to.push_back(in_place ? from.back() : Tensor::uninitialized(g.shape(), g.dtype(), on));
    }
    to.push_back(Tensor::uninitialized({}, gradients.front().dtype(), on));
    backend(on).clip_norm(most, from, std::span(to).first(from.size()), to.back());
    return to;
  };
  const std::vector<Tensor> want = run(cpu, false);
  for (bool in_place : {false, true}) {
    const std::vector<Tensor> got = run(device(), in_place);
    for (size_t i = 0; i < want.size(); ++i)
      EXPECT_TRUE(same(got[i], want[i])) << i << " below " << most << (in_place ? " in place" : "");
  }
}

TEST(CudaClipNorm, OfManyGradients) {
  in_orders([] {
    for (DType dtype : {DType::float32, DType::float64}) {
      std::vector<Tensor> gradients;
      for (int repeat = 0; repeat < 9; ++repeat) {
        for (int64_t n : kSizes) gradients.push_back(awkward({n}, gradients.size(), false).to(dtype));
      }
      for (double most : {1.0, 1e9}) expect_same_clipping(gradients, most);
    }
  });
}

TEST(CudaClipNorm, OfGradientsWhoseSquaresOverflow) {
  in_orders([] {
    for (DType dtype : {DType::float32, DType::float64}) {
      const double large = dtype == DType::float32 ? 1e33 : 1e300;
      for (double most : {1.0, large, 1e3 * large}) {
        expect_same_clipping({awkward({5000}, 1, false).to(dtype) * large, awkward({3}, 2, false).to(dtype)}, most);
      }
    }
  });
}

TEST(CudaClipNorm, OfSpecialAndOfNoElements) {
  expect_same_clipping({awkward({2000}, 1), awkward({3}, 2)}, 1);
  expect_same_clipping({zeros({5}), zeros({1000})}, 1);
  expect_same_clipping({awkward({0}, 1)}, 1);
}

TEST(CudaClipNorm, OfMoreThanABlockOfBlocks) {
  // 1024 blocks of 1024 elements are one block of sums; the numbers swamp each other.
  in_orders([] {
    expect_same_clipping({awkward({100}, 1, false), awkward({(1 << 20) + 3000}, 2, false), awkward({7}, 3, false)},
                         0.5);
  });
}

}  // namespace
}  // namespace stet
