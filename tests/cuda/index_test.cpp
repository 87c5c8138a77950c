// Indexing on a GPU against the CPU, bit for bit.
#include "cuda/device.h"

#include <algorithm>
#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "tensor/bits.h"

namespace stet {
namespace {

using testing::all_same_bits, testing::awkward, testing::device, testing::in_orders;

using Function = Kernel<void(const Tensor&, const Tensor&, const Tensor&)> Kernels::*;

Tensor draw(const Shape& shape, uint64_t seed, int64_t n) {
  SampleDraws draws(Rng(seed, "indices"), 0, 0);
  std::vector<int64_t> v(static_cast<size_t>(shape.elements()));
  for (int64_t& i : v) i = draws.below(n);
  return Tensor::from(v, shape);
}

Tensor run(Function f, Device on, const Tensor& x, const Tensor& index, const Shape& result) {
  const Tensor y = Tensor::uninitialized(result, x.dtype(), on);
  (backend(on).*f)(x.to(on), index.to(on), y);
  return y.to(cpu);
}

void expect_same(Function f, const Tensor& x, const Tensor& index, const Shape& result) {
  const Tensor want = run(f, cpu, x, index, result), got = run(f, device(), x, index, result);
  const auto what = [&] {
    return x.shape().to_string() + " by " + index.shape().to_string() + " to " + result.to_string() + " of " +
           std::string(name_of(x.dtype()));
  };
  switch (x.dtype()) {
    case DType::float32: EXPECT_TRUE(all_same_bits(got.to_vector<float>(), want.to_vector<float>())) << what(); break;
    case DType::float64: EXPECT_TRUE(all_same_bits(got.to_vector<double>(), want.to_vector<double>())) << what(); break;
    default: EXPECT_EQ(got.to(DType::int64).to_vector<int64_t>(), want.to(DType::int64).to_vector<int64_t>()) << what();
  }
}

constexpr DType kAll[] = {DType::float32, DType::float64, DType::int32, DType::int64, DType::uint8, DType::boolean};

struct Case {
  int64_t outer, n, m, inner;
};

// Rows of every alignment; few rows of many sources, many rows of few, and passes of a list that is full; columns of
// one warp, of a block, of more.
const Case kCases[] = {{1, 1, 0, 1},     {1, 5, 0, 33},   {2, 0, 0, 3},     {0, 3, 0, 3},      {3, 4, 1, 0},
                       {1, 1, 1, 1},     {1, 3, 33, 1},   {2, 7, 31, 3},    {3, 5, 63, 4},     {1, 9, 65, 31},
                       {1, 65, 511, 32}, {2, 33, 513, 8}, {1, 3, 1025, 5},  {1, 100, 1023, 7}, {1, 2, 9001, 1},
                       {1, 3, 4200, 2},  {2, 3, 50, 300}, {1, 40, 64, 516}, {1, 1025, 64, 12}, {5, 129, 77, 1},
                       {40, 17, 70, 2}};

template <class Body> void for_cases(const Body& body) {
  for (const Case& c : kCases) {
    const bool is_small = c.outer * (c.n + c.m) * c.inner < 3000;
    for (DType dtype : kAll) {
      if (is_small || dtype == DType::float32 || (dtype == DType::float64 && c.inner != 300)) body(c, dtype);
    }
  }
}

TEST(CudaIndex, IndexSelect) {
  for_cases([](const Case& c, DType dtype) {
    if (c.n > 0)
      expect_same(&Kernels::index_select, awkward({c.outer, c.n, c.inner}, 1).to(dtype), draw({c.m}, 2, c.n),
                  {c.outer, c.m, c.inner});
  });
}

TEST(CudaIndex, IndexSelectOfUnalignedRows) {
  const Tensor all = awkward({1 + 9 * 8}, 1), index = draw({100}, 2, 9);
  for (int64_t offset : {0, 1}) {
    const Tensor on_gpu = all.to(device()).slice(0, offset, offset + 72).reshape({1, 9, 8}),
                 y = Tensor::uninitialized({1, 100, 8}, DType::float32, device());
    backend(device()).index_select(on_gpu, index.to(device()), y);
    const Tensor want = run(&Kernels::index_select, cpu,
                            contiguous(all.slice(0, offset, offset + 72)).reshape({1, 9, 8}), index, {1, 100, 8});
    EXPECT_TRUE(all_same_bits(y.to_vector<float>(), want.to_vector<float>()));
  }
}

TEST(CudaIndex, IndexAdd) {
  in_orders([] {
    for_cases([](const Case& c, DType dtype) {
      if (c.n > 0)
        expect_same(&Kernels::index_add, awkward({c.outer, c.m, c.inner}, 1).to(dtype), draw({c.m}, 2, c.n),
                    {c.outer, c.n, c.inner});
    });
  });
}

TEST(CudaIndex, IndexAddOfUnevenRows) {
  // Most sources have one row, whose sum shows its order.
  std::vector<int64_t> v = draw({6000}, 2, 70).to_vector<int64_t>();
  for (size_t j = 0; j < v.size(); ++j) v[j] = j % 5 == 0 ? v[j] : 3;
  in_orders([&] { expect_same(&Kernels::index_add, awkward({1, 6000, 3}, 1, false), Tensor::from(v), {1, 70, 3}); });
}

TEST(CudaIndex, Gather) {
  for_cases([](const Case& c, DType dtype) {
    if (c.n > 0)
      expect_same(&Kernels::gather, awkward({c.outer, c.n, c.inner}, 1).to(dtype),
                  draw({c.outer, c.m, c.inner}, 2, c.n), {c.outer, c.m, c.inner});
  });
}

TEST(CudaIndex, ScatterAdd) {
  in_orders([] {
    for_cases([](const Case& c, DType dtype) {
      if (c.n > 0)
        expect_same(&Kernels::scatter_add, awkward({c.outer, c.m, c.inner}, 1).to(dtype),
                    draw({c.outer, c.m, c.inner}, 2, c.n), {c.outer, c.n, c.inner});
    });
  });
}

template <class Call> void expect_error(const std::string& message, const Call& call) {
  try {
    call();
    ADD_FAILURE() << "no error, not: " << message;
  } catch (const DataError& e) { EXPECT_EQ(e.what(), message); }
}

void expect_refused(Function f, const char* name, const Shape& x, const Shape& index, const Shape& result,
                    int64_t limit) {
  for (int64_t wrong : {int64_t{-1}, limit, INT64_MIN, INT64_MAX}) {
    std::vector<int64_t> v = draw(index, 2, std::max<int64_t>(limit, 1)).to_vector<int64_t>();
    const auto at = static_cast<int64_t>(v.size()) * 2 / 3;
    for (auto i = static_cast<size_t>(at); i < v.size(); i += 3) v[i] = wrong;
    if (limit == 0) std::fill(v.begin(), v.end(), wrong);
    expect_error(std::string(name) + ": the index at position " + std::to_string(limit == 0 ? 0 : at) +
                     " is not in 0 to " + std::to_string(limit - 1),
                 [&] { run(f, device(), awkward(x, 1), Tensor::from(v, index), result); });
  }
  run(f, device(), awkward(x, 1), Tensor::from(std::vector<int64_t>(static_cast<size_t>(index.elements()), 0), index),
      result);  // nothing is left of it
}

TEST(CudaIndex, NamesTheFirstWrongIndex) {
  expect_refused(&Kernels::index_select, "index_select", {2, 7, 3}, {100}, {2, 100, 3}, 7);
  expect_refused(&Kernels::index_select, "index_select", {2, 7, 0}, {100}, {2, 100, 0}, 7);
  expect_refused(&Kernels::index_add, "index_add", {2, 3000, 3}, {3000}, {2, 7, 3}, 7);
  expect_refused(&Kernels::index_add, "index_add", {0, 100, 3}, {100}, {0, 7, 3}, 7);
  expect_refused(&Kernels::gather, "gather", {2, 7, 3}, {2, 30, 3}, {2, 30, 3}, 7);
  expect_refused(&Kernels::scatter_add, "scatter_add", {2, 30, 3}, {2, 30, 3}, {2, 7, 3}, 7);
  expect_refused(&Kernels::scatter_add, "scatter_add", {1, 300, 1}, {1, 300, 1}, {1, 7, 1}, 7);
}

TEST(CudaIndex, OneHotMarksClassesAndNamesTheFirstWrongIndex) {
  in_orders([] {
    for (DType dtype : {DType::float32, DType::float64, DType::int32, DType::int64, DType::uint8, DType::boolean}) {
      for (int64_t classes : {1, 2, 33, 1000}) {
        const Tensor index = draw({3, 70}, 2, classes);
        const Tensor got = one_hot(index.to(device()), classes, dtype);
        EXPECT_EQ(got.device(), device());
        EXPECT_EQ(sum((got.to(cpu) == one_hot(index, classes, dtype)).to(DType::int64)).item<int64_t>(), 210 * classes);
      }
    }
  });
  for (int64_t wrong : {int64_t{-1}, int64_t{7}, INT64_MIN, INT64_MAX}) {
    const Tensor index = Tensor::from(std::vector<int64_t>{0, 6, wrong, 3, wrong}).to(device());
    expect_error("one_hot: the index at position 2 is not in 0 to 6", [&] { one_hot(index, 7).to(cpu); });
    expect_error("one_hot: the index at position 0 is not in 0 to -1", [&] {
      one_hot(index, 0);
      index.to(cpu);
    });
  }
}

// The host may look long after: what it is told is of one launch, and of the first.
TEST(CudaIndex, NamesTheFirstOfManyWrongLaunches) {
  const auto launch = [](Function f, const Shape& x, int64_t wrong_at, int64_t limit, const Shape& result) {
    std::vector<int64_t> v(100, 0);
    v[static_cast<size_t>(wrong_at)] = limit;
    const Tensor y = Tensor::uninitialized(result, DType::float32, device());
    (backend(device()).*f)(awkward(x, 1).to(device()), Tensor::from(v).to(device()), y);
    return y;
  };
  in_orders([&] {
    expect_error("index_select: the index at position 70 is not in 0 to 8", [&] {
      launch(&Kernels::index_select, {1, 9, 3}, 70, 9, {1, 100, 3});
      launch(&Kernels::index_select, {1, 500, 3}, 2, 500, {1, 100, 3});
      launch(&Kernels::index_add, {1, 100, 3}, 1, 7, {1, 7, 3}).to(cpu);
    });
    expect_error("index_add: the index at position 60 is not in 0 to 6", [&] {
      launch(&Kernels::index_add, {1, 100, 3}, 60, 7, {1, 7, 3});
      launch(&Kernels::index_select, {1, 9, 3}, 1, 9, {1, 100, 3}).to(cpu);
    });
  });
}

TEST(CudaIndex, RefusesAnyIndexOfNothing) {
  const Tensor index = draw({5}, 1, 1);
  expect_error("index_select: the index at position 0 is not in 0 to -1", [&] {
    run(&Kernels::index_select, device(), awkward({2, 0, 3}, 1), index, {2, 5, 3});
  });
  expect_error("index_add: the index at position 0 is not in 0 to -1", [&] {
    run(&Kernels::index_add, device(), awkward({2, 5, 3}, 1), index, {2, 0, 3});
  });
  expect_error("scatter_add: the index at position 0 is not in 0 to -1", [&] {
    run(&Kernels::scatter_add, device(), awkward({1, 5, 1}, 1), index.reshape({1, 5, 1}), {1, 0, 1});
  });
}

}  // namespace
}  // namespace stet
