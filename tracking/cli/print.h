// How `stet` prints. Every verb prints through put_line and put_json, so that no text of a record reaches a terminal as
// anything but text.
#pragma once

#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "stet/tracking/json/values.h"
#include "stet/tracking/reading/run_view.h"

namespace stet::tracking::cli {

/// Prints one line; what would break it or hide in it is made visible.
void put_line(std::string_view text, std::FILE* to = stdout);
/// The same on standard error, behind "stet: ".
void put_error(std::string_view text);
/// Each of them as an error. Returns the exit status that follows: 2 where there are some.
int put_problems(const std::vector<std::string>& problems);
/// What an error says; of the standard library's file system, the path and the reason.
std::string message_of(const std::exception& error);
/// Prints JSON, indented. Characters that would hide in it are JSON's escapes.
void put_json(const Json& json);

/// Seconds since 1970 as 2026-01-31 23:59:59, local time; "no date" where the calendar has none.
std::string local_time(double seconds);

}  // namespace stet::tracking::cli
