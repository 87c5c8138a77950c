// Two events of the CUDA runtime.
#include "stet/cuda/timer.h"

#include <cuda_runtime.h>

#include "stet/cuda/status.h"

namespace stet::cuda {
namespace {

constexpr const char* kWhat = "timing the GPU's work";

}  // namespace

struct Timer::Marks {
  const Queue& queue;
  cudaEvent_t begin = nullptr, end = nullptr;

  void record(cudaEvent_t event) const {
    check(cudaEventRecord(event, static_cast<cudaStream_t>(queue.stream())), kWhat);
  }
};

Timer::Timer(Queue& queue) : marks_(new Marks{queue}) {
  queue.choose();
  check(cudaEventCreate(&marks_->begin), kWhat);
  check(cudaEventCreate(&marks_->end), kWhat);
}

Timer::~Timer() {
  cudaEventDestroy(marks_->begin);
  cudaEventDestroy(marks_->end);
}

void Timer::start() { marks_->record(marks_->begin); }
void Timer::stop() { marks_->record(marks_->end); }

double Timer::milliseconds() {
  float time = 0;
  marks_->queue.choose();
  check(cudaEventSynchronize(marks_->end), kWhat);
  check(cudaEventElapsedTime(&time, marks_->begin, marks_->end), kWhat);
  return time;
}

}  // namespace stet::cuda
