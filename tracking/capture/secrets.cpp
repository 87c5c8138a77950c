#include "stet/tracking/capture/secrets.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <utility>

namespace stet::tracking {
namespace {

constexpr std::string_view kMask = "***";

// The words of a name in lower case: --apiKey, API_KEY and api-key are all {api, key}.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words;
  std::string word;
  auto end_word = [&] {
    if (!word.empty()) words.push_back(std::exchange(word, {}));
  };
  for (size_t i = 0; i < name.size(); ++i) {
    auto c = static_cast<unsigned char>(name[i]);
    bool hump = std::isupper(c) && i > 0 && std::islower(static_cast<unsigned char>(name[i - 1]));
    if (hump || !std::isalnum(c)) end_word();
    if (std::isalnum(c)) word += static_cast<char>(std::tolower(c));
  }
  end_word();
  return words;
}

bool holds(const std::vector<std::string>& words, std::initializer_list<std::string_view> wanted) {
  return std::any_of(words.begin(), words.end(),
                     [&](const std::string& word) { return std::ranges::count(wanted, word) > 0; });
}

bool named_like_secret(std::string_view name, std::string_view value) {
  auto words = words_of(name);
  if (holds(words, {"password", "passwd", "passphrase", "secret", "secrets", "credential", "credentials", "apikey"}))
    return true;
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i + 1] == "key" &&
        holds({words[i]}, {"api", "access", "private", "secret", "auth", "encryption", "signing"}))
      return true;
  }
  bool number = value.find_first_not_of("0123456789.eE+-") == std::string_view::npos;
  bool list = value.find_first_of(",\"") != std::string_view::npos;
  bool of_a_model = value.starts_with('<') || (value.starts_with('[') && !list);  // as in <|endoftext|> and [UNK]
  return holds(words, {"token", "auth", "bearer", "authorization"}) && value.size() >= 8 && !number && !of_a_model;
}

// Beginnings of tokens that services hand out, and how many characters at least follow.
struct TokenForm {
  std::string_view begin;
  size_t more;
};
constexpr TokenForm kTokenForms[] = {
    {"ghp_", 20},        {"gho_", 20},     {"ghu_", 20},    {"ghs_", 20},    {"ghr_", 20},
    {"github_pat_", 20}, {"glpat-", 16},   {"sk-", 20},     {"AKIA", 16},    {"hf_", 20},
    {"AIza", 30},        {"xoxa-", 10},    {"xoxb-", 10},   {"xoxp-", 10},   {"xoxr-", 10},
    {"xoxs-", 10},       {"eyJhbGci", 16}, {"Bearer ", 16}, {"bearer ", 16}, {"Basic ", 16},
};

bool in_token(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.'; }

// Does `begin`, at a word's beginning, stand before a token of at least `more` characters?
bool holds_token(std::string_view value, std::string_view begin, size_t more) {
  for (size_t at = value.find(begin); at != std::string_view::npos; at = value.find(begin, at + 1)) {
    if (at > 0 && in_token(value[at - 1])) continue;  // inside a word, such as task-… for sk-
    std::string_view rest = value.substr(at + begin.size());
    auto end = std::find_if_not(rest.begin(), rest.end(), in_token);
    if (static_cast<size_t>(end - rest.begin()) >= more) return true;
  }
  return false;
}

bool looks_like_secret(std::string_view value) {
  if (value.find("PRIVATE KEY-----") != std::string_view::npos) return true;
  return std::any_of(std::begin(kTokenForms), std::end(kTokenForms),
                     [&](const TokenForm& form) { return holds_token(value, form.begin, form.more); });
}

// https://user:password@host/path?token=… → https://***@host/path?***, and so for a fragment.
std::string mask_urls(std::string value) {
  for (size_t at = value.find("://"); at != std::string::npos; at = value.find("://", at + 3)) {
    const size_t begin = at + 3;
    const size_t end = std::min(value.find_first_of(" \t\n\"'<>", begin), value.size());
    const size_t path = std::min(value.find_first_of("/?#", begin), end);
    const size_t query = std::min(value.find_first_of("?#", path), end);
    if (query + 1 < end) value.replace(query + 1, end - query - 1, kMask);
    const size_t sign = value.rfind('@', path);
    if (sign != std::string::npos && sign > begin && sign < path) value.replace(begin, sign - begin, kMask);
  }
  return value;
}

std::string lower_case(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool is_one_of(const std::string& text, std::initializer_list<std::string_view> these) {
  return std::find(these.begin(), these.end(), text) != these.end();
}

bool is_settings_ending(const std::string& ending) {
  return is_one_of(ending, {".json", ".yaml", ".yml", ".ini", ".toml", ".cfg", ".conf", ".properties", ".xml"});
}

// The word that ends before `at`, and the value that begins behind it, each without quotes.
std::string_view word_before(std::string_view text, size_t at) {
  while (at > 0 && std::string_view(" \t\"'").find(text[at - 1]) != std::string_view::npos) --at;
  size_t begin = at;
  while (begin > 0 && (std::isalnum(static_cast<unsigned char>(text[begin - 1])) ||
                       std::string_view("_-.").find(text[begin - 1]) != std::string_view::npos))
    --begin;
  return text.substr(begin, at - begin);
}

std::string_view value_after(std::string_view text, size_t at) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\"'", at + 1), text.size()));
  return text.substr(0, text.find_first_of("\"'\r\n,}"));
}

}  // namespace

std::string mask_secret(std::string_view name, std::string_view value) {
  if (value.empty()) return {};
  std::string text(value);
  if (named_like_secret(name, value) || looks_like_secret(value)) return std::string(kMask);
  return mask_urls(std::move(text));
}

std::vector<std::string> mask_arguments(const std::vector<std::string>& argv) {
  std::vector<std::string> masked;
  std::string flag;  // the one that the next argument may belong to
  for (const std::string& argument : argv) {
    bool is_flag = argument.starts_with("-") && argument.size() > 1;
    size_t sign = argument.find('=');
    if (sign != std::string::npos && (is_flag || flag.empty())) {
      masked.push_back(argument.substr(0, sign + 1) + mask_secret(argument.substr(0, sign), argument.substr(sign + 1)));
      flag.clear();
    } else {
      // What begins with one - may be a value all the same.
      masked.push_back(mask_secret(argument.starts_with("--") ? "" : flag, argument));
      flag = is_flag ? argument : "";
    }
  }
  return masked;
}

bool names_credentials(const std::filesystem::path& path) {
  for (const auto& part : path.parent_path()) {
    if (is_one_of(lower_case(part.string()), {".ssh", ".aws", ".gnupg", ".kube", ".azure", ".docker"})) return true;
  }
  const std::string name = lower_case(path.filename().string()), ending = lower_case(path.extension().string());
  if (name.starts_with(".env.")) return !is_one_of(ending, {".example", ".sample", ".template"});
  if (is_one_of(name, {".env", ".netrc", "_netrc", ".npmrc", ".pypirc", ".htpasswd", ".pgpass", ".git-credentials",
                       ".dockercfg", ".s3cfg", ".boto", "kubeconfig", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"}))
    return true;
  if (is_one_of(ending, {".pem", ".key", ".p8", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".ppk", ".ovpn", ".env"}))
    return true;
  if (!ending.empty() && ending != ".txt" && !is_settings_ending(ending)) return false;  // such as secrets.cpp
  const auto words = words_of(path.stem().string());
  const auto follow = [&](std::string_view one, std::string_view other) {
    const auto it = std::find(words.begin(), words.end(), one);
    return it != words.end() && it + 1 != words.end() && *(it + 1) == other;
  };
  return holds(words, {"credential", "credentials", "secret", "secrets", "password", "passwords", "passwd", "apikey",
                       "serviceaccount"}) ||
         follow("service", "account") || follow("api", "key") || follow("api", "keys") || follow("auth", "token");
}

bool is_settings(const std::filesystem::path& path) {
  return is_settings_ending(lower_case(path.extension().string()));
}

bool holds_secret(std::string_view text) {
  if (looks_like_secret(text)) return true;
  for (size_t at = text.find_first_of(":="); at != std::string_view::npos; at = text.find_first_of(":=", at + 1)) {
    const std::string_view value = value_after(text, at);
    if (!value.empty() && named_like_secret(word_before(text, at), value)) return true;
  }
  return false;
}

}  // namespace stet::tracking
