#include "stet/tensor/mode.h"

#include <atomic>

namespace stet {
namespace {
thread_local bool grad_enabled_here = true;
thread_local bool training_here = true;
std::atomic<uint32_t> current_tick{0};
}  // namespace

bool grad_enabled() { return grad_enabled_here; }
bool training() { return training_here; }

bool set_grad_enabled(bool enabled) {
  const bool before = grad_enabled_here;
  grad_enabled_here = enabled;
  return before;
}

NoGrad::NoGrad() : before_(set_grad_enabled(false)) {}
NoGrad::~NoGrad() { set_grad_enabled(before_); }

Evaluation::Evaluation() : before_(training_here) { training_here = false; }
Evaluation::~Evaluation() { training_here = before_; }

uint32_t tick() { return current_tick; }
void set_tick(uint32_t value) { current_tick = value; }

}  // namespace stet
