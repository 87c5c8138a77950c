// A GPU that several threads of the host use.
#include <cstring>
#include <thread>

#include "cuda/compare.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"

namespace stet {
namespace {

using testing::awkward;
using testing::device;

// A kernel that takes more shared memory than plain launches have.
void attend(Device there, uint64_t seed) {
  const Tensor x = awkward({70, 64}, seed, false), y = x.to(there);
  EXPECT_TRUE(testing::same_tensor(attention(y, y, y), attention(x, x, x)));
}

// Much that goes there, and is read later.
void read_numbers(Device there) {
  for (int i = 0; i < 5000; ++i) {
    const auto read = backend(there).read_later(Tensor(i).to(there));
    int got = -1;
    std::memcpy(&got, read->bytes().data(), sizeof(got));
    ASSERT_EQ(got, i);
  }
}

TEST(Threads, UseAGpuTogether) {
  std::thread other([] { read_numbers(device()); });
  read_numbers(device());
  other.join();
}

TEST(Threads, UseAnotherGpuThanTheFirst) {
  const Device second{Device::Kind::cuda, 1};
  try {
    backend(second);
  } catch (const UsageError&) { GTEST_SKIP() << "there is no second GPU"; }
  std::thread([second] { attend(second, 1); }).join();
  attend(second, 2);
  read_numbers(second);
  attend(device(), 3);
}

}  // namespace
}  // namespace stet
