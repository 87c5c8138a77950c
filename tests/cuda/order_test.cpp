// Order, running sums, writing at indices and draws by weight on the GPU, for every dtype and about the sizes of tiles
// and chains; and what they refuse.
#include <gtest/gtest.h>

#include "cuda/compare.h"
#include "stet/tensor/error.h"
#include "stet/tensor/rng.h"

namespace stet {
namespace {

using testing::awkward;
using testing::device;
using testing::expect_same;
using testing::in_orders;
using testing::Tensors;

const DType kAll[] = {DType::float32, DType::float64, DType::int32, DType::int64, DType::uint8, DType::boolean};

// Many equal ones among them.
Tensor values(const Shape& shape, DType dtype) { return (awkward(shape, 1) * 4).to(dtype); }

TEST(CudaOrder, SortsEveryDtype) {
  for (DType dtype : kAll) {
    for (const Shape& shape : {Shape{1}, Shape{3, 2}, Shape{5, 33}, Shape{2, 1023}, Shape{1024}, Shape{3, 1500}}) {
      SCOPED_TRACE(std::string(name_of(dtype)) + " " + shape.to_string());
      expect_same({values(shape, dtype)}, [](const Tensors& t) {
        const auto up = sort(t[0]), first = topk(t[0], t[0].size(-1) / 2);
        return Tensors{up.values, up.indices, argsort(t[0], 0, true), first.values, first.indices};
      });
    }
  }
}

TEST(CudaOrder, SortsInEveryOrderOfThreads) {
  in_orders([] {
    for (const Shape& shape : {Shape{3, 700}, Shape{2, 2100}})
      expect_same({awkward(shape, 1)}, [](const Tensors& t) { return Tensors{argsort(t[0]), argsort(t[0], 1, true)}; });
  });
}

TEST(CudaOrder, RunsOverChainsOfEveryDtype) {
  in_orders([] {
    for (DType dtype : kAll) {
      for (const Shape& shape : {Shape{1, 3}, Shape{2, 1024}, Shape{1, 2049}, Shape{1025, 3}}) {
        expect_same({values(shape, dtype)}, [](const Tensors& t) {
          return Tensors{cumsum(t[0], 0), cumsum(t[0], 1), cumprod(t[0], 1), prod(t[0], {0})};
        });
      }
    }
  });
}

TEST(CudaOrder, TheLastOfManyWritersWins) {
  const auto index = [](const Shape& shape, int64_t n) { return testing::drawn_indices(shape, 2, n); };
  in_orders([&] {
    for (DType dtype : kAll) {
      expect_same({values({3, 5, 2}, dtype), values({3, 90, 2}, dtype), index({3, 90, 2}, 5)}, [](const Tensors& t) {
        return Tensors{scatter(t[0], 1, t[2], t[1]), scatter(t[0], 1, t[2], 1)};
      });
    }
  });
}

TEST(CudaOrder, DrawsWithoutReplacement) {
  in_orders([] {
    expect_same({abs(awkward({70, 9}, 1, false))}, [](const Tensors& t) {
      Stream stream(Rng(1, "draws"));
      return Tensors{multinomial(stream, t[0], 9), multinomial(stream, t[0].to(DType::float64), 3)};
    });
  });
}

template <class F> void expect_error(const std::string& want, const F& f) {
  try {
    f();
    ADD_FAILURE() << "no error, not: " << want;
  } catch (const DataError& e) { EXPECT_EQ(std::string(e.what()), want); }
}

TEST(CudaOrder, NamesWhatIsWrongAtTheNextWait) {
  const Tensor x = zeros({4}).to(device());
  const Tensor index = Tensor::from(std::vector<int64_t>{0, 3, 4, -1}).to(device());
  expect_error("scatter: the index at position 2 is not in 0 to 3", [&] { scatter(x, 0, index, x).to(cpu); });
  for (bool replacement : {false, true}) {
    Stream stream(Rng(1, "draws"));
    const Tensor weights = Tensor::from(std::vector<float>{1, 1, -1, 3, 0, 0}, {3, 2}).to(device());
    expect_error("multinomial: row 1 has a weight that is negative or not finite, or too few that are above 0",
                 [&] { multinomial(stream, weights, 1, replacement).to(cpu); });
  }
  for (DType dtype : {DType::int32, DType::int64, DType::uint8}) {
    const Tensor a = full({3}, 7, dtype, device()), b = zeros({3}, dtype, device());
    expect_error("floor_divide: integer division by zero", [&] { floor_divide(a, b).to(cpu); });
    expect_error("remainder: integer division by zero", [&] { remainder(a, b).to(cpu); });
    expect_error("fmod: integer division by zero", [&] { fmod(a, b).to(cpu); });
  }
}

TEST(CudaOrder, WholeNumbersOfEveryDtype) {
  for (DType dtype : {DType::int32, DType::int64, DType::uint8}) {
    const Tensor b = where(values({300}, dtype) == 0, full({}, 3, dtype), values({300}, dtype));
    expect_same({(awkward({300}, 2) * 100).to(dtype), b}, [](const Tensors& t) {
      const Tensor &a = t[0], &d = t[1];
      return Tensors{
          floor_divide(a, d), remainder(a, d), fmod(a, d), a & d, a | d, a ^ d, ~a, a << d, a >> d, floor(a)};
    });
  }
  expect_same({awkward({300}, 2).to(DType::float64), awkward({300}, 3).to(DType::float64)}, [](const Tensors& t) {
    return Tensors{floor_divide(t[0], t[1]), remainder(t[0], t[1]), fmod(t[0], t[1]), round(t[0]), trunc(t[0])};
  });
}

}  // namespace
}  // namespace stet
