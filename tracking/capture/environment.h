// What a launch ran on and with.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "stet/tracking/record/clock.h"

namespace stet::tracking::record {
class Launch;
}

namespace stet::tracking {

/// Fills a launch's command line, working folder, build, machine, environment (by an allow-list), process id and start
/// time, secrets masked and bytes that are no UTF-8 escaped. Threads, isa, device and GPU are the caller's to add.
void describe_environment(record::Launch& launch, const std::vector<std::string>& argv,
                          const std::filesystem::path& folder);

}  // namespace stet::tracking
