#include "stet/cuda/timer.h"

#include <gtest/gtest.h>

#include <thread>

#include "stet/tensor/tensor.h"

namespace stet {
namespace {

TEST(Timer, TakesTheTimeBetweenItsMarks) {
  cuda::Queue& queue = cuda::queue_of(0);
  cuda::Timer whole(queue), part(queue);
  whole.start();
  part.start();
  const Tensor x = zeros({1000}, DType::float32, {Device::Kind::cuda, 0});
  part.stop();
  queue.wait();
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  whole.stop();
  EXPECT_GE(part.milliseconds(), 0);
  EXPECT_GE(whole.milliseconds(), part.milliseconds());
  EXPECT_GE(whole.milliseconds(), 1);
}

}  // namespace
}  // namespace stet
