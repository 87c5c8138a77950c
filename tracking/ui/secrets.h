// What keeps others out: a token that stays with the user.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace stet::tracking::ui {

/// So many random bytes, in letters, digits, - and _. Throws IoError.
std::string random_text(size_t bytes);

/// Are they equal? How long that takes does not say where they differ.
bool equal_secrets(std::string_view a, std::string_view b);

/// The token of the page on a folder of runs: made of 32 random bytes once, and kept for this user alone in the state
/// folder, so that a bookmark outlives the server. Where it can't be kept it is another one each time.
std::string token_of(const std::filesystem::path& runs);

/// Another name for each folder of runs, as cookies know no ports.
std::string cookie_name_of(const std::filesystem::path& runs);

}  // namespace stet::tracking::ui
