// Prints digests of what every op, loss and optimizer computes: one line a case, the same on every machine and device.
// A case that has no kernel on the device is a line `name none: reason`; where only some of its inputs have none, `name
// digest partly on the CPU: reason`.
//
//   digests [--threads N] [--device D] [--models] [PREFIX...]
//       the cases whose names begin so; --models takes the reference models too
//   digests --isas
//       prints the instruction sets that STET_ISA may name
//
// It ends with 2 on wrong use, and where there is no such device. check.py compares what it prints with what is
// committed.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "cases.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/parallel.h"
#include "stet/tensor/simd/isa.h"

namespace {

using namespace stet::digests;

// On the CPU there is a kernel for everything: an error is a mistake.
void print(const Case& c) {
  Trace trace;
  try {
    c.run(trace);
  } catch (const stet::UsageError& error) {
    if (device() == stet::cpu) throw;
    fmt::print("{} none: {}\n", c.name, error.what());
    return;
  }
  const std::string remark = trace.on_cpu.empty() ? "" : " partly on the CPU: " + trace.on_cpu;
  fmt::print("{} {}{}\n", c.name, trace.value().hex(), remark);
}

void run(const std::vector<std::string>& arguments) {
  std::vector<std::string> prefixes;
  bool models = false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--threads" && i + 1 < arguments.size()) {
      stet::set_threads(std::atoi(arguments[++i].c_str()));
    } else if (arguments[i] == "--device" && i + 1 < arguments.size()) {
      set_device(stet::Device::parse(arguments[++i]));
      stet::backend(device());  // throws where there is none
    } else if (arguments[i] == "--models") {
      models = true;
    } else if (arguments[i] == "--isas") {
      fmt::print("{}\n", fmt::join(stet::available_isas(), " "));
      return;
    } else {
      prefixes.push_back(arguments[i]);
    }
  }
  const auto wanted = [&](const std::string& name) {
    return prefixes.empty() ||
           std::any_of(prefixes.begin(), prefixes.end(), [&](auto& p) { return name.starts_with(p); });
  };
  Cases cases = all_cases();
  if (models) add_models(cases);
  for (const Case& c : cases) {
    if (!wanted(c.name)) continue;
    print(c);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run({argv + 1, argv + argc});
    return 0;
  } catch (const stet::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
}
