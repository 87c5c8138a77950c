#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <sstream>

#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet {
namespace {

std::vector<int64_t> values(const Tensor& t) { return t.to_vector<int64_t>(); }

TEST(Tensor, ViewsShareMemoryAndReadAsTheirCopies) {
  const Tensor x = arange(24).reshape({2, 3, 4});
  EXPECT_EQ(x.data(), x.transpose().data());
  EXPECT_EQ(values(x.transpose()).at(1), 4);
  EXPECT_EQ(values(x.slice(2, 1, 4, 2)), (std::vector<int64_t>{1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23}));
  EXPECT_EQ(values(x[1][2]), (std::vector<int64_t>{20, 21, 22, 23}));
  EXPECT_EQ(values(x.slice(0, -1, 2)).front(), 12);
  EXPECT_EQ(x.permute({2, 0, 1}).shape(), (Shape{4, 2, 3}));
}

TEST(Tensor, ReshapeIsAViewWhereStridesAllowIt) {
  const Tensor x = arange(24).reshape({2, 3, 4});
  const Tensor cut = x.slice(1, 1, 3);  // [2, 2, 4] with gaps between the first axis's parts
  EXPECT_EQ(cut.reshape({2, 8}).data(), cut.data());
  EXPECT_NE(cut.reshape({16}).data(), cut.data());
  EXPECT_EQ(values(cut.reshape({16})), values(cut));
  EXPECT_EQ(values(cut.reshape({2, 2, 2, 1, 2})), values(cut));
  const Tensor turned = x.transpose(0, 2);  // [4, 3, 2]
  EXPECT_EQ(values(turned.reshape({12, 2})), values(contiguous(turned)));
  EXPECT_EQ(values(turned.reshape({4, 1, 3, 2, 1})), values(turned));
  EXPECT_EQ(turned.reshape({4, 1, 3, 2, 1}).data(), turned.data());
  EXPECT_THROW(x.reshape({5, -1}), UsageError);
}

TEST(Tensor, EveryReshapeOfEveryViewReadsRowMajor) {
  const Tensor base = arange(2 * 3 * 4 * 5).reshape({2, 3, 4, 5});
  const Tensor views[] = {base,
                          base.transpose(1, 2),
                          base.slice(2, 0, 4, 2),
                          base.slice(0, 1, 2),
                          base.permute({3, 1, 0, 2}),
                          broadcast_to(base.slice(1, 0, 1), {2, 3, 4, 5})};
  for (const Tensor& v : views) {
    const int64_t n = v.elements();
    for (int64_t a = 1; a <= n; ++a) {
      if (n % a != 0) continue;
      for (int64_t b = 1; b <= n / a; ++b) {
        if ((n / a) % b != 0) continue;
        EXPECT_EQ(values(v.reshape({a, b, n / a / b})), values(v)) << v.shape().to_string() << a << " " << b;
      }
    }
  }
}

TEST(Tensor, ConcatenateStackPadAndSplit) {
  const Tensor a = arange(4).reshape({2, 2}), b = a + 10;
  EXPECT_EQ(values(concatenate({a, b}, 1)), (std::vector<int64_t>{0, 1, 10, 11, 2, 3, 12, 13}));
  EXPECT_EQ(stack({a, b}, 2).shape(), (Shape{2, 2, 2}));
  EXPECT_EQ(values(pad(a, {{1, 0}, {0, 1}}, 9)), (std::vector<int64_t>{9, 9, 9, 0, 1, 9, 2, 3, 9}));
  EXPECT_EQ(values(split(a, 1, 1)[1]), (std::vector<int64_t>{1, 3}));
  EXPECT_THROW(split(a, 0), UsageError);
  EXPECT_THROW(concatenate({a, arange(3).reshape({1, 3})}), UsageError);
}

TEST(Tensor, IndexingTakesElementsByPosition) {
  const Tensor x = arange(12).reshape({3, 4});
  EXPECT_EQ(values(index_select(x, 1, Tensor::from<int64_t>({3, 0}))), (std::vector<int64_t>{3, 0, 7, 4, 11, 8}));
  EXPECT_EQ(values(gather(x, 0, Tensor::from<int64_t>({2, 1, 0, 2}, {1, 4}))), (std::vector<int64_t>{8, 5, 2, 11}));
  EXPECT_EQ(values(scatter_add(x, 1, Tensor::from<int64_t>({0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1}, {3, 4}), 2)),
            (std::vector<int64_t>{1, 5, 9, 13, 17, 21}));
  EXPECT_EQ(one_hot(Tensor::from<int64_t>({2, 0}), 3).to_vector<float>(), (std::vector<float>{0, 0, 1, 1, 0, 0}));
}

TEST(Tensor, PrintsItsShapeAndAbridgesLongAxes) {
  EXPECT_EQ(to_string(Tensor::from<float>({1, 2.5, -3, 4}, {2, 2})), "float32 [2, 2]\n[[1, 2.5],\n [-3, 4]]");
  EXPECT_EQ(to_string(Tensor(7.0f)), "float32 []\n7");
  EXPECT_EQ(to_string(arange(1000)), "int64 [1000]\n[0, 1, 2, ..., 997, 998, 999]");
  EXPECT_EQ(to_string(zeros({0, 3})), "float32 [0, 3]\n[]");
  EXPECT_EQ(to_string(zeros({2, 0})), "float32 [2, 0]\n[[],\n []]");
  EXPECT_EQ(to_string(zeros({1000000, 0})), "float32 [1000000, 0]\n[]");
  EXPECT_EQ(to_string(zeros({10, 10, 10, 10, 0, 10})), "float32 [10, 10, 10, 10, 0, 10]\n[]");
  std::ostringstream out;
  out << Tensor::from({true, false}, {2});
  EXPECT_EQ(out.str(), "bool [2]\n[true, false]");
}

// Its sign and payload differ between instruction sets.
TEST(Tensor, ANanLeavesWithoutItsSign) {
  const float nan = std::bit_cast<float>(0xffc01234u);
  const Tensor x = Tensor::from<float>({nan, -1}), one = x[0];
  EXPECT_EQ(to_string(x), to_string(Tensor::from<float>({std::numeric_limits<float>::quiet_NaN(), -1})));
  EXPECT_EQ(std::bit_cast<uint32_t>(one.item<float>()), 0x7fc00000u);
  EXPECT_EQ(std::bit_cast<uint64_t>(one.item<double>()), 0x7ff8000000000000u);
  EXPECT_EQ(std::bit_cast<uint32_t>(x.to_vector<float>()[0]), 0x7fc00000u);
  EXPECT_EQ(std::bit_cast<uint64_t>(one.to(DType::float64).to_vector<double>()[0]), 0x7ff8000000000000u);
}

TEST(Tensor, AnItemIsConvertedAsATensorIs) {
  for (const double value : {300.0, -1.5, 3e9, -3e9, 1e30, std::nan("")}) {
    const Tensor x = Tensor::from<double>({value});
    EXPECT_EQ(x.item<uint8_t>(), x.to(DType::uint8).item<uint8_t>()) << value;
    EXPECT_EQ(x.item<int32_t>(), x.to(DType::int32).item<int32_t>()) << value;
    EXPECT_EQ(x.item<int64_t>(), x.to(DType::int64).item<int64_t>()) << value;
  }
}

TEST(Tensor, SpansNeedNoCopyAndSayWhenTheyCannot) {
  const Tensor x = Tensor::from<float>({1, 2, 3, 4}, {2, 2});
  EXPECT_EQ(x.span<float>().data(), x.data());
  EXPECT_THROW(x.span<double>(), UsageError);
  EXPECT_THROW(x.transpose().span<float>(), UsageError);
  EXPECT_THROW(x.item<float>(), UsageError);
}

TEST(Storage, ASteadyStepAsksTheSystemForNothing) {
  const auto step = [] {
    Tensor x = ones({100, 100});
    for (int i = 0; i < 5; ++i) x = matmul(x, x) * 0.01 + x;
  };
  step();
  const int64_t before = memory_stats().system_allocations;
  for (int i = 0; i < 10; ++i) step();
  EXPECT_EQ(memory_stats().system_allocations, before);
}

}  // namespace
}  // namespace stet
