// Threads: a fixed pool that divides ranges. No result depends on how a range was divided.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace stet {

/// Number of threads that ops use, the calling one included.
int threads();

/// Sets it; 0 takes the number of cores. Throws UsageError if negative or above 1024.
void set_threads(int n);

/// A reference to a callable, valid during the call that it is passed to.
class RangeBody {
 public:
  template <class F>
  RangeBody(const F& f)  // NOLINT: implicit, so that a lambda can be passed
      : object_(&f), call_([](const void* o, int64_t b, int64_t e) { (*static_cast<const F*>(o))(b, e); }) {}
  void operator()(int64_t begin, int64_t end) const { call_(object_, begin, end); }

 private:
  const void* object_;
  void (*call_)(const void*, int64_t, int64_t);
};

/// Calls body(begin, end) on disjoint ranges that cover [0, n), concurrently, and returns when all are done. A range
/// holds at least `grain` items, but for the last. Every range runs under ContractFloatEnv. A call from within a body
/// runs inline. An exception of a body is rethrown after all ranges have ended.
void parallel_for(int64_t n, int64_t grain, RangeBody body);

/// While one lives, this thread's ops run on it alone: for threads that work beside the one that trains, which must
/// find the pool free.
class InlineScope {
 public:
  InlineScope();
  ~InlineScope();
  InlineScope(const InlineScope&) = delete;
  InlineScope& operator=(const InlineScope&) = delete;

 private:
  bool before_;
};

}  // namespace stet
