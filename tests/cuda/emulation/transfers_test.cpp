// The emulated GPU's transfers: late enough that what doesn't wait for them shows.
#include "stet/cuda/transfers.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "stet/cuda/emulation/memory.h"
#include "stet/cuda/emulation/settings.h"

namespace stet::cuda {
namespace {

struct Late {
  explicit Late(int reads) { emulation::settings().late = reads; }
  ~Late() { emulation::settings().late = before; }
  int before = emulation::settings().late;
};

TEST(Transfers, AReadArrivesWhenSoManyLaterOnesWereAskedFor) {
  const Late late(2);
  Queue queue(0);
  Transfers transfers(queue);
  void* const data = queue.allocate(4);
  const auto first = transfers.read_later(data, 4), second = transfers.read_later(data, 4);
  EXPECT_FALSE(first->arrived());
  const auto third = transfers.read_later(data, 4);
  EXPECT_TRUE(first->arrived());
  EXPECT_FALSE(second->arrived());
  queue.release(data, 4);
}

// The queue does one thing after another.
TEST(Transfers, AReadThatIsWaitedForBringsThoseBeforeIt) {
  const Late late(1000);
  Queue queue(0);
  Transfers transfers(queue);
  void* const data = queue.allocate(4);
  const auto first = transfers.read_later(data, 4), second = transfers.read_later(data, 4),
             third = transfers.read_later(data, 4);
  EXPECT_EQ(second->bytes().size(), 4u);
  EXPECT_TRUE(first->arrived());
  EXPECT_TRUE(second->arrived());
  EXPECT_FALSE(third->arrived());
  queue.release(data, 4);
}

TEST(Transfers, AnUploadIsPutOffUntilSomethingElseIsAskedFor) {
  Queue queue(0);
  Transfers transfers(queue);
  void* const data = transfers.upload(Tensor::from<float>({1, 2, 3}));
  std::vector<float> values(3);
  {
    const emulation::MemoryAccess access;
    EXPECT_EQ(std::vector<uint8_t>(static_cast<uint8_t*>(data), static_cast<uint8_t*>(data) + 12),
              std::vector<uint8_t>(12, 0xff));
  }
  queue.to_host(data, values.data(), 12);
  EXPECT_EQ(values, (std::vector<float>{1, 2, 3}));
  queue.release(data, 12);
}

}  // namespace
}  // namespace stet::cuda
