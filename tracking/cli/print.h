// How `stet` prints. Every verb prints through put_line and put_json, so that no text of a record reaches a terminal as
// anything but text.
#pragma once

#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "stet/tracking/reading/run_view.h"

namespace stet::tracking::cli {

using Json = nlohmann::ordered_json;

/// Prints one line; what would break it or hide in it is made visible.
void put_line(std::string_view text, std::FILE* to = stdout);
/// The same on standard error, behind "stet: ".
void put_error(std::string_view text);
/// What an error says; of the standard library's file system, the path and the reason.
std::string message_of(const std::exception& error);
/// Prints JSON, indented. Characters that would hide in it are JSON's escapes.
void put_json(const Json& json);

/// Seconds since 1970 as 2026-01-31 23:59:59, local time; "no date" where the calendar has none.
std::string local_time(double seconds);

/// A run as `stet ls --json` prints it.
Json short_json(const RunView& run);
/// A run as `stet show --json` prints it.
Json full_json(const RunView& run);

}  // namespace stet::tracking::cli
