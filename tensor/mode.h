// Ambient modes: whether ops are recorded for gradients, whether layers evaluate, and the run's tick.
#pragma once

#include <cstdint>

namespace stet {

/// While one lives, ops of this thread are not recorded for backward.
class NoGrad {
 public:
  NoGrad();
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  bool before_;
};

/// While one lives, layers of this thread behave as in evaluation (dropout passes through, batch norm uses its running
/// statistics) and no op is recorded. Ends both at scope exit.
class Evaluation {
 public:
  Evaluation();
  ~Evaluation();
  Evaluation(const Evaluation&) = delete;
  Evaluation& operator=(const Evaluation&) = delete;

 private:
  NoGrad no_grad_;
  bool before_;
};

/// True unless a NoGrad or Evaluation lives in this thread.
bool grad_enabled();

/// True unless an Evaluation lives in this thread.
bool training();

/// Sets grad_enabled for this thread and returns what it was; backward uses it for gradients of gradients.
bool set_grad_enabled(bool enabled);

/// The number of the run's boundaries (steps and epochs that were committed) so far: a coordinate of every random draw.
uint32_t tick();
/// `Run` advances it; a program without a Run may do so itself, once a step.
void set_tick(uint32_t value);

}  // namespace stet
