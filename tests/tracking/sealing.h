// Changing a run's files as an attacker or a broken disk would.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "stet/tracking/record/folder.h"

namespace stet::tracking {

/// Makes a run's seal anew, as who changed it would: nothing looks altered then.
void seal_anew(const Path& run);

/// Flips the lowest bit of a file's byte.
void flip_byte(const Path& file, uint64_t at);

/// Replaces a file's bytes.
void overwrite(const Path& file, const std::string& bytes);

/// Replaces the first `from` of a file; a failure if it holds none.
void replace_once(const Path& file, const std::string& from, const std::string& to);

}  // namespace stet::tracking
