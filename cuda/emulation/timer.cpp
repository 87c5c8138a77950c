// The time of work that is done at once.
#include "stet/cuda/timer.h"

#include <chrono>

namespace stet::cuda {

using Clock = std::chrono::steady_clock;

struct Timer::Marks {
  Clock::time_point begin, end;
};

Timer::Timer(Queue&) : marks_(std::make_unique<Marks>()) {}
Timer::~Timer() = default;
void Timer::start() { marks_->begin = Clock::now(); }
void Timer::stop() { marks_->end = Clock::now(); }
double Timer::milliseconds() { return std::chrono::duration<double, std::milli>(marks_->end - marks_->begin).count(); }

}  // namespace stet::cuda
