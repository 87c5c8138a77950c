// Sizes that no tensor can have, and axes that one hasn't: each op says its own name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <limits>

#include "error_of.h"
#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int64_t kMost = std::numeric_limits<int64_t>::max(), kHuge = int64_t{1} << 32, kQuarter = int64_t{1} << 62;

struct Call {
  std::string op;
  std::function<void()> call;
};

// A view of one number with as many elements as are asked for.
Tensor stretched(const Shape& shape) { return broadcast_to(zeros({}), shape); }

TEST(Sizes, PastInt64AreRefusedByTheOp) {
  Stream stream(Rng(1, "sizes"));
  const Tensor none = zeros({kHuge, kHuge, 0}), column = stretched({kHuge, 1}), row = stretched({1, kHuge});
  const std::vector<Call> calls = {
      {"zeros",
       [] {
         zeros({kHuge, kHuge});
       }},
      {"avg_pool2d",
       [] {
         avg_pool2d(zeros({1, 1, 2, 2}), {kHuge, kHuge}, {.padding = {kHuge / 2, kHuge / 2}});
       }},
      {"conv2d",
       [] {
         conv2d(zeros({1, 1, 4, 3}), zeros({1, 1, 1, 2}), {},
                {.padding = {0, kQuarter / 2}, .dilation = {1, kQuarter}});
       }},
      {"ones",
       [] {
         ones({kQuarter, 2});
       }},
      {"full",
       [] {
         full({kQuarter, 3}, 1);
       }},
      {"full", [] { full({kQuarter}, 1, DType::float64); }},
      {"zeros", [] { zeros({kQuarter}, DType::int32); }},
      {"arange", [] { arange(kQuarter); }},
      {"eye", [] { eye(kHuge); }},
      {"uniform",
       [&] {
         uniform(stream, {kHuge, kHuge});
       }},
      {"normal",
       [&] {
         normal(stream, {kHuge, kHuge});
       }},
      {"bernoulli",
       [&] {
         bernoulli(stream, {kHuge, kHuge}, 0.5);
       }},
      {"random_integers",
       [&] {
         random_integers(stream, {kHuge, kHuge}, 0, 2);
       }},
      {"random_integers", [&] { random_integers(stream, {int64_t{1} << 35}, 0, 2); }},
      {"broadcast_to",
       [] {
         broadcast_to(ones({1, 1}), Shape{kHuge, kHuge});
       }},
      {"add", [&] { column + row; }},
      {"==", [&] { (void)(column == row); }},
      {"where",
       [&] {
         where(broadcast_to(zeros({}, DType::boolean), {kHuge, 1}), row, zeros({}));
       }},
      {"reshape",
       [&] {
         reshape(none, {kHuge, kHuge});
       }},
      {"reshape",
       [&] {
         reshape(none, {kHuge, kHuge, -1});
       }},
      {"flatten",
       [&] {
         flatten(zeros({0, kHuge, kHuge}), 1);
       }},
      {"concatenate",
       [&] {
         concatenate({stretched({kQuarter}), stretched({kQuarter})});
       }},
      {"stack",
       [&] {
         stack({stretched({kQuarter}), stretched({kQuarter})});
       }},
      {"pad",
       [] {
         pad(ones({4}), {{kMost - 2, kMost}});
       }},
      {"pad",
       [] {
         pad(ones({4}), {{kMost - 2, 0}});
       }},
      {"pad",
       [] {
         pad(ones({4, 4}), {{kHuge, 0}, {kHuge, 0}});
       }},
      {"index_select",
       [] {
         index_select(zeros({1, 0, kHuge}), 1, broadcast_to(zeros({1}, DType::int64), {kHuge}));
       }},
      {"scatter_add",
       [] {
         scatter_add(zeros({kHuge, 0}), 1, zeros({kHuge, 0}, DType::int64), kHuge);
       }},
      {"one_hot", [] { one_hot(zeros({4}, DType::int64), kMost); }},
      {"sum", [&] { sum(none, {2}); }},
      {"sum",
       [&] {
         sum(none, {0, 1});
       }},
      {"matmul",
       [&] {
         matmul(zeros({kHuge, 0}), zeros({0, kHuge}));
       }},
      {"linear",
       [&] {
         linear(zeros({kHuge, 0}), zeros({kHuge, 0}));
       }},
      {"conv2d",
       [] {
         conv2d(ones({1, 1, 8, 8}), ones({1, 1, 3, 3}), {}, {.dilation = {kQuarter, 1}});
       }},
      {"conv2d",
       [] {
         conv2d(ones({1, 1, 8, 8}), ones({1, 1, 3, 3}), {}, {.padding = {1, kQuarter}});
       }},
      {"conv2d",
       [] {
         conv2d(ones({1, 1, 8, 8}), ones({1, 1, 1, 1}), {}, {.padding = {kHuge, kHuge}});
       }},
      {"conv2d",
       [] {
         conv2d(ones({1, 4, 8, 8}), ones({2, 2, 3, 3}), {}, {.groups = kQuarter});
       }},
      {"max_pool2d",
       [] {
         max_pool2d(ones({1, 1, 8, 8}), {3, kMost}, {.stride = {1, 1}, .padding = {1, kQuarter}});
       }},
      {"avg_pool2d",
       [] {
         avg_pool2d(ones({1, 1, 8, 8}), {kMost, 3});
       }},
      {"self_attention",
       [] {
         self_attention(ones({2, 6}), kQuarter);
       }},
      {"contiguous", [] { contiguous(stretched({kQuarter})); }},
      {"exp", [] { exp(stretched({kQuarter})); }},
      {"to", [] { stretched({kQuarter}).to(DType::float64); }},
      {"softmax",
       [] {
         softmax(stretched({kQuarter, 1}));
       }},
      {"layer_norm",
       [] {
         layer_norm(stretched({kQuarter, 1}), {}, {});
       }},
      {"batch_norm",
       [] {
         batch_norm(stretched({kQuarter, 1}), {}, {});
       }},
      {"dropout", [&] { dropout(stretched({kQuarter}), 0.5, stream); }},
  };
  for (const Call& c : calls) EXPECT_THAT(error_of(c.call), StartsWith(c.op + ": "));
}

TEST(Sizes, OutOfRangeAreRefusedByTheOp) {
  Stream stream(Rng(1, "sizes"));
  const std::vector<Call> calls = {
      {"arange", [] { arange(-5); }},
      {"arange", [] { arange(257, DType::uint8); }},
      {"eye", [] { eye(-1); }},
      {"one_hot", [] { one_hot(zeros({2}, DType::int64), -1); }},
      {"scatter_add", [] { scatter_add(zeros({2}), 0, zeros({2}, DType::int64), -1); }},
      {"reshape",
       [] {
         reshape(zeros({4}), {-2, -2});
       }},
      {"reshape",
       [] {
         reshape(zeros({4}), {-1, -1});
       }},
      {"random_integers", [&] { random_integers(stream, {1}, INT64_MIN, kMost); }},
      {"random_integers", [&] { random_integers(stream, {1}, 3, 3); }},
      {"pad",
       [] {
         pad(zeros({4}), {{-1, 0}});
       }},
      {"split", [] { split(zeros({4}), 0); }},
      {"slice", [] { slice(zeros({4}), 0, 0, 4, 0); }},
      {"stack", [] { stack(std::span<const Tensor>()); }},
  };
  for (const Call& c : calls) EXPECT_THAT(error_of(c.call), StartsWith(c.op + ": "));
  EXPECT_EQ(arange(256, DType::uint8).elements(), 256);
  EXPECT_EQ(arange(0).elements(), 0);
  EXPECT_EQ(error_of([] { reshape(zeros({4}), {3, -1}); }), "reshape: 4 elements of shape [4] don't fill [3, -1]");
}

TEST(Sizes, WithoutElementsMayHaveAnyOtherExtents) {
  const Tensor none = zeros({kHuge, kHuge, 0});
  EXPECT_EQ(none.elements(), 0);
  EXPECT_EQ(none.permute({2, 1, 0}).reshape({0, 5}).elements(), 0);
  EXPECT_EQ(sum(none).item<float>(), 0);
  EXPECT_EQ(sum(zeros({3, kHuge, kHuge, 0}), {1, 2, 3}, true).to_vector<float>(), std::vector<float>(3, 0));
}

TEST(Sizes, ThatTheMachineHasNotAreMemoryErrors) {
  try {
    zeros({int64_t{1} << 58});
    FAIL() << "nothing was thrown";
  } catch (const MemoryError& e) { EXPECT_THAT(e.what(), HasSubstr("cpu: out of memory: ")); }
  EXPECT_THROW(arange(int64_t{1} << 58), MemoryError);
}

#ifndef STET_SANITIZED  // whose shadow memory needs an address space without bounds
// The address space of a child ends a little above what it has: only what its cache holds makes room.
TEST(Sizes, WhatNoTensorUsesMakesRoom) {
  constexpr int64_t kMega = 1 << 20;
  const pid_t child = ::fork();
  if (child == 0) {
    { const Tensor unused = Tensor::uninitialized({256 * kMega}, DType::uint8); }
    int64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const auto most = static_cast<rlim_t>(pages * ::sysconf(_SC_PAGESIZE) + 128 * kMega);
    const rlimit limit{most, most};
    ::setrlimit(RLIMIT_AS, &limit);
    try {
      Tensor::uninitialized({320 * kMega}, DType::uint8);
    } catch (...) { ::_exit(1); }
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
#endif

TEST(Sizes, AStepPastTheEndTakesOneElement) {
  const Tensor x = watch(arange(5).to(DType::float32));
  const Tensor one = x.slice(0, 2, 5, kMost);
  EXPECT_EQ(one.to_vector<float>(), std::vector<float>({2}));
  EXPECT_EQ(backward(sum(one))[x].to_vector<float>(), std::vector<float>({0, 0, 1, 0, 0}));
  const Tensor none = x.slice(0, 2, 2, 5), g = backward(sum(none), {.graph = true})[x];
  EXPECT_EQ(g.to_vector<float>(), std::vector<float>(5, 0));
}

TEST(Axes, OutOfRangeAreRefusedByTheOp) {
  const Tensor x = zeros({2, 3}), index = zeros({1}, DType::int64), places = zeros({2, 3}, DType::int64);
  const std::vector<Call> calls = {
      {"sum", [&] { sum(x, {2}); }},
      {"mean", [&] { mean(x, {-3}); }},
      {"max", [&] { max(x, {5}); }},
      {"min", [&] { min(x, {5}); }},
      {"argmax", [&] { argmax(x, 2); }},
      {"argmin", [&] { argmin(x, 2); }},
      {"flatten", [&] { flatten(x, 2); }},
      {"transpose", [&] { transpose(x, 0, 2); }},
      {"permute",
       [&] {
         permute(x, {0, 2});
       }},
      {"slice", [&] { slice(x, 2, 0, 1); }},
      {"squeeze", [&] { squeeze(x, 2); }},
      {"unsqueeze", [&] { unsqueeze(x, 4); }},
      {"concatenate",
       [&] {
         concatenate({x, x}, 2);
       }},
      {"stack",
       [&] {
         stack({x, x}, 3);
       }},
      {"split", [&] { split(x, 1, 2); }},
      {"index_select", [&] { index_select(x, 2, index); }},
      {"gather", [&] { gather(x, 2, places); }},
      {"scatter_add", [&] { scatter_add(x, 2, places, 3); }},
      {"softmax", [&] { softmax(x, 2); }},
      {"log_softmax", [&] { log_softmax(x, 2); }},
  };
  for (const Call& c : calls) EXPECT_THAT(error_of(c.call), StartsWith(c.op + ": axis "));
  EXPECT_EQ(error_of([&] { sum(x, {2}); }), "sum: axis 2 is out of range for shape [2, 3]");
  EXPECT_EQ(error_of([&] { mean(x, {0, -2}); }), "mean: axes (0, -2) of shape [2, 3] name one axis twice");
}

}  // namespace
}  // namespace stet
