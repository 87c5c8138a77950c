#include "stet/tensor/simd/isa.h"

#include <atomic>
#include <cstdlib>
#include <mutex>

#include "stet/tensor/error.h"
#include "stet/tensor/simd/targets.h"
// targets.h comes before Highway's.
#include "hwy/highway.h"

namespace stet {
namespace {

struct Isa {
  const char* name;
  int64_t target;
};

// Best first.
constexpr Isa kIsas[] = {{"avx512", HWY_AVX3}, {"avx2", HWY_AVX2}, {"neon", HWY_NEON}, {"scalar", HWY_SCALAR}};

// What this processor can run, of what was compiled; asked before anything is forced, because Highway forgets it then.
int64_t runnable() {
  static const int64_t targets = (hwy::SupportedTargets() & HWY_TARGETS) | HWY_SCALAR;
  return targets;
}

void force(std::string_view name, const char* origin) {
  for (const Isa& isa : kIsas) {
    if (name == isa.name && (runnable() & isa.target) != 0) {
      hwy::SetSupportedTargetsForTest(isa.target);
      return;
    }
  }
  raise("{}: no instruction set '{}' here; use one of: {}", origin, name, fmt::join(available_isas(), ", "));
}

}  // namespace

std::vector<std::string> available_isas() {
  std::vector<std::string> names;
  for (const Isa& isa : kIsas) {
    if ((runnable() & isa.target) != 0) names.emplace_back(isa.name);
  }
  return names;
}

void settle_isa() {
  // Every dispatched call asks, so the answer must cost less than call_once.
  static std::atomic<bool> done{false};
  if (done.load(std::memory_order_acquire)) return;
  static std::once_flag settled;
  std::call_once(settled, [] {
    runnable();
    if (const char* name = std::getenv("STET_ISA"); name != nullptr && *name != '\0') force(name, "STET_ISA");
    done.store(true, std::memory_order_release);
  });
}

std::string isa() {
  settle_isa();
  const int64_t now = hwy::SupportedTargets() & runnable();
  for (const Isa& isa : kIsas) {
    if ((now & isa.target) != 0) return isa.name;
  }
  return "scalar";
}

void set_isa(std::string_view name) {
  settle_isa();
  force(name, "set_isa");
}

}  // namespace stet
