// Keeping secrets out of records.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stet::tracking {

/// `value`, or "***" when it is named like a secret (password, api_key, secret, …) or looks like one (a token of a
/// known form, a private key). Of a URL only the user and password are masked. A name with `token` or `auth` in it
/// counts only for values of eight characters and more that are no number, because models have tokens too.
std::string mask_secret(std::string_view name, std::string_view value);

/// A command line with its secrets masked: --name=value, --name value, and values that look like one.
std::vector<std::string> mask_arguments(const std::vector<std::string>& argv);

}  // namespace stet::tracking
