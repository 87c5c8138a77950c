// Keeping secrets out of records.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace stet::tracking {

/// `value`, or "***" when it is named like a secret (password, api_key, secret, …) or looks like one (a token of a
/// known form, a private key). Of a URL the user and password, the query and the fragment are masked. A name with
/// `token` or `auth` in it counts only for values of eight characters and more that are no number, because models have
/// tokens too.
std::string mask_secret(std::string_view name, std::string_view value);

/// A command line with its secrets masked: --name=value, --name value, NAME=value, and values that look like one.
std::vector<std::string> mask_arguments(const std::vector<std::string>& argv);

/// Does a file's name look as if it held credentials: .env, id_rsa, server.pem, secrets.yaml, what lies in .ssh?
bool names_credentials(const std::filesystem::path& path);

/// Is it a file of settings by its name: JSON, YAML, INI, TOML and their like?
bool is_settings(const std::filesystem::path& path);

/// Does a text of settings, or a patch of one, give a secret a value, or hold a token or a private key?
bool holds_secret(std::string_view text);

}  // namespace stet::tracking
