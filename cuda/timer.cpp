// Two events of the CUDA runtime.
#include "stet/cuda/timer.h"

#include <cuda_runtime.h>

#include "stet/tensor/error.h"

namespace stet::cuda {
namespace {

void check(cudaError_t status) {
  if (status != cudaSuccess) raise<TrainingError>("cuda: timing the GPU's work: {}", cudaGetErrorString(status));
}

}  // namespace

struct Timer::Marks {
  cudaStream_t stream;
  cudaEvent_t begin, end;
};

Timer::Timer(Queue& queue) : marks_(std::make_unique<Marks>()) {
  marks_->stream = static_cast<cudaStream_t>(queue.stream());
  check(cudaEventCreate(&marks_->begin));
  check(cudaEventCreate(&marks_->end));
}

Timer::~Timer() {
  cudaEventDestroy(marks_->begin);
  cudaEventDestroy(marks_->end);
}

void Timer::start() { check(cudaEventRecord(marks_->begin, marks_->stream)); }
void Timer::stop() { check(cudaEventRecord(marks_->end, marks_->stream)); }

double Timer::milliseconds() {
  float time = 0;
  check(cudaEventSynchronize(marks_->end));
  check(cudaEventElapsedTime(&time, marks_->begin, marks_->end));
  return time;
}

}  // namespace stet::cuda
