// Which instruction set the kernels run on. No result depends on it; only the speed does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stet {

/// The instruction sets that this processor has kernels for, best first: of "avx512", "avx2", "neon", and always
/// "scalar".
std::vector<std::string> available_isas();

/// The one in use. It is the best one, unless the environment variable STET_ISA names another (it is read once, at
/// first use) or `set_isa` was called. Throws UsageError if STET_ISA names one that is unknown or that this processor
/// lacks.
std::string isa();

/// Runs all kernels on the instruction set `name` from now on. Call it while no kernel runs.
/// Throws UsageError if `name` is unknown or this processor lacks it.
void set_isa(std::string_view name);

/// Applies STET_ISA if that has not been done yet; every dispatched call does this first. Throws as `isa` does.
void settle_isa();

}  // namespace stet
