// Reductions against the CPU's, over shapes that take every path of their kernels.
#include "cuda/compare.h"

namespace stet::testing {
namespace {

constexpr DType kNumbers[] = {DType::float32, DType::float64, DType::int32, DType::int64, DType::uint8};

Tensor values(const Shape& shape, DType dtype, bool specials = true) { return awkward(shape, 3, specials).to(dtype); }

// Sums are tried without what would make most of them NaN, too.
void check(const Shape& shape, const Axes& axes, DType dtype) {
  SCOPED_TRACE(shape.to_string() + " over " + ::testing::PrintToString(axes) + " of " + std::string(name_of(dtype)));
  expect_same({values(shape, dtype, false), values(shape, dtype)}, [&](const Tensors& x) {
    Tensors all{sum(x[0], axes), sum(x[1], axes)};
    if (shape.elements() > 0) {
      for (const Tensor& t : x) {
        all.push_back(max(t, axes));
        all.push_back(min(t, axes));
      }
    }
    return all;
  });
}

TEST(Reduce, RowsOfAnyLengthEqualTheCpus) {
  in_orders([] {
    for (DType dtype : kNumbers) {
      for (int64_t n : {0, 1, 2, 3, 4, 7, 8, 16, 31, 32, 33, 63, 65, 511, 513, 1023, 1024, 1025, 2049})
        check({5, n}, {1}, dtype);
    }
  });
}

TEST(Reduce, LongRowsEqualTheCpus) {
  for (DType dtype : {DType::float32, DType::float64, DType::int64}) {
    for (int64_t n : {32 * 1024, 32 * 1024 + 1, 40000}) check({2, n}, {1}, dtype);
  }
  check({(1 << 20) + 1025}, {0}, DType::float32);
}

TEST(Reduce, ManyShortRowsEqualTheCpus) {
  for (int64_t n : {1, 2, 5, 17}) check({16385, n}, {1}, DType::float32);
}

TEST(Reduce, ChainsOfAnyLengthEqualTheCpus) {
  in_orders([] {
    for (DType dtype : kNumbers) {
      for (int64_t n : {0, 1, 7, 8, 63, 64, 65, 129}) {
        for (int64_t inner : {1, 2, 17, 31, 32, 33, 65}) check({3, n, inner}, {1}, dtype);
      }
    }
  });
}

TEST(Reduce, ManyChainsEqualTheCpus) {
  for (DType dtype : {DType::float32, DType::float64}) {
    for (int64_t n : {4095, 4096, 4097, 8257}) {
      for (int64_t inner : {1, 3, 40}) check({n, inner}, {0}, dtype);
    }
    check({270000, 1}, {0}, dtype);
  }
  check({2, 4097, 130}, {1}, DType::float32);  // more than a few elements: level by level
  check({40, 65, 210}, {1}, DType::float32);   // enough tiles of columns for a GPU
}

TEST(Reduce, RunsAreReducedOneAfterAnother) {
  in_orders([] {
    for (const Axes& axes : std::vector<Axes>{
             {}, {0}, {1}, {2}, {3}, {0, 1}, {0, 2}, {1, 2}, {1, 3}, {2, 3}, {0, 1, 3}, {0, 2, 3}, {1, 2, 3}}) {
      check({4, 3, 5, 70}, axes, DType::float32);
      check({66, 1, 3, 1}, axes, DType::float32);
      check({2, 0, 3, 2}, axes, DType::float32);
    }
    check({}, {}, DType::float64);
  });
}

TEST(Reduce, SumsOfBoolEqualTheCpus) {
  in_orders([] {
    for (const Shape& shape : {Shape{}, Shape{0, 3}, Shape{5, 33}, Shape{3, 1025}, Shape{2, 40000}, Shape{3, 70, 5}}) {
      for (const Axes& axes : std::vector<Axes>{{}, {0}, {-1}}) {
        if (static_cast<int>(axes.size()) > shape.rank()) continue;
        expect_same({awkward(shape, 3) > 1}, [&](const Tensors& x) { return Tensors{sum(x[0], axes)}; });
      }
    }
  });
}

TEST(Reduce, LayoutDoesNotShow) {
  const Tensor x = values({6, 70, 33}, DType::float32, false);
  for (const Axes& axes : std::vector<Axes>{{0}, {1}, {2}, {0, 2}, {0, 1, 2}}) {
    expect_same({x}, [&](const Tensors& in) {
      const Tensor t = in[0].transpose(0, 2), s = in[0].slice(1, 1, 70, 3),
                   b = broadcast_to(in[0].slice(0, 1, 2), {6, 70, 33});
      return Tensors{sum(t, axes), max(t, axes), sum(s, axes), min(s, axes), sum(b, axes), argmax(t, 1), argmin(s, 2)};
    });
  }
}

TEST(ArgExtreme, EqualsTheCpu) {
  in_orders([] {
    for (DType dtype : {DType::float32, DType::float64, DType::int32, DType::int64, DType::uint8, DType::boolean}) {
      for (const Shape& shape :
           {Shape{5, 1}, {5, 33}, {3, 1000}, {2, 2048}, {2, 5000}, {3, 70, 3}, {2, 9, 65}, {0, 5}, {4, 3, 0}}) {
        for (int axis = 0; axis < shape.rank(); ++axis) {
          if (shape[axis] == 0) continue;
          SCOPED_TRACE(shape.to_string() + " along " + std::to_string(axis) + " of " + std::string(name_of(dtype)));
          // Few different values, so that equals abound; and with NaN.
          const Tensor few = (awkward(shape, 5, false) * 3.0).to(DType::int32).to(dtype);
          expect_same({few, values(shape, dtype)}, [&](const Tensors& x) {
            return Tensors{argmax(x[0], axis), argmin(x[0], axis), argmax(x[1], axis), argmin(x[1], axis)};
          });
        }
      }
    }
  });
}

}  // namespace
}  // namespace stet::testing
