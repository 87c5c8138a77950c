#include "stet/tracking/run/loops.h"

#include <exception>

#include "stet/tensor/error.h"
#include "stet/tracking/run/live_run.h"

namespace stet::tracking {

LoopEntry Loop::enter() {
  exceptions_ = std::uncaught_exceptions();
  const int64_t outside = run_.depth();
  LoopEntry entry;
  try {
    entry = run_.enter(kind_, length_, index_);
  } catch (...) {
    if (run_.depth() > outside) run_.abandon();
    throw;
  }
  depth_ = run_.depth();
  open_ = true;
  // Without iterations it changes nothing, a loader's epoch neither: the state is still that of the last boundary.
  if (entry == LoopEntry::fresh && length_ <= 0) entry = LoopEntry::empty;
  if (entry == LoopEntry::empty) end_loop();
  return entry;
}

void Loop::begin_iteration(BatchSize size) {
  iterating_ = true;
  run_.begin_iteration(kind_, size);
}

void Loop::require_innermost() const {
  if (run_.depth() != depth_)
    raise(
        "loops: one goes on while a loop that it holds has not ended; to go through two loaders at once, call next() "
        "of one");
}

void Loop::commit() {
  require_innermost();
  iterating_ = false;
  ++index_;
  run_.commit(kind_, false);
}

void Loop::end_loop() {
  open_ = iterating_ = false;
  run_.leave();
}

Loop::~Loop() noexcept(false) {
  if (!open_) return;
  if (std::uncaught_exceptions() > exceptions_) {
    if (run_.depth() == depth_) run_.abandon();
    return;
  }
  require_innermost();
  try {
    if (iterating_) run_.commit(kind_, true);
  } catch (...) {
    run_.abandon();
    throw;
  }
  end_loop();
}

void Loop::require_tracked(const Stateful& loader) const {
  if (!run_.state().holds(loader))
    raise("steps: the loader is not tracked; name it before the loop, as in run.track(\"loader\", loader)");
}

}  // namespace stet::tracking
