// How a run stands.
#pragma once

#include <cstdint>
#include <string_view>

namespace stet::tracking {

/// `finished`, `failed` and `interrupted` are the last launch's end mark; without one a run is `running` while it is
/// held, else `dead`.
enum class RunStatus : uint8_t { running, finished, failed, interrupted, dead };

/// The word that stands above for it.
std::string_view name_of(RunStatus status);

}  // namespace stet::tracking
