#include "stet/tracking/capture/secrets.h"

#include <algorithm>
#include <cctype>
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
  return holds(words, {"token", "auth", "bearer"}) && value.size() >= 8 && !number;
}

// Beginnings of tokens that services hand out, and how many characters at least follow.
struct TokenForm {
  std::string_view begin;
  size_t more;
};
constexpr TokenForm kTokenForms[] = {
    {"ghp_", 20},   {"gho_", 20},  {"ghu_", 20},  {"ghs_", 20},  {"ghr_", 20},     {"github_pat_", 20},
    {"glpat-", 16}, {"sk-", 20},   {"AKIA", 16},  {"hf_", 20},   {"AIza", 30},     {"xoxa-", 10},
    {"xoxb-", 10},  {"xoxp-", 10}, {"xoxr-", 10}, {"xoxs-", 10}, {"eyJhbGci", 16},
};

bool looks_like_secret(std::string_view value) {
  if (value.find("PRIVATE KEY-----") != std::string_view::npos) return true;
  auto in_token = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.';
  };
  for (const TokenForm& form : kTokenForms) {
    for (size_t at = value.find(form.begin); at != std::string_view::npos; at = value.find(form.begin, at + 1)) {
      if (at > 0 && in_token(value[at - 1])) continue;  // inside a word, such as task-… for sk-
      std::string_view rest = value.substr(at + form.begin.size());
      auto end = std::find_if_not(rest.begin(), rest.end(), in_token);
      if (static_cast<size_t>(end - rest.begin()) >= form.more) return true;
    }
  }
  return false;
}

// https://user:password@host → https://***@host
std::string mask_user(std::string value) {
  for (size_t at = value.find("://"); at != std::string::npos; at = value.find("://", at + 3)) {
    size_t begin = at + 3;
    size_t end = std::min(value.find_first_of("/?# ", begin), value.size());
    size_t sign = value.rfind('@', end);
    if (sign != std::string::npos && sign > begin && sign < end) value.replace(begin, sign - begin, kMask);
  }
  return value;
}

}  // namespace

std::string mask_secret(std::string_view name, std::string_view value) {
  if (value.empty()) return {};
  std::string text(value);
  if (named_like_secret(name, value) || looks_like_secret(value)) return std::string(kMask);
  return mask_user(std::move(text));
}

std::vector<std::string> mask_arguments(const std::vector<std::string>& argv) {
  std::vector<std::string> masked;
  std::string flag;  // the one that the next argument may belong to
  for (const std::string& argument : argv) {
    bool is_flag = argument.starts_with("-") && argument.size() > 1;
    size_t sign = argument.find('=');
    if (is_flag && sign != std::string::npos) {
      masked.push_back(argument.substr(0, sign + 1) + mask_secret(argument.substr(0, sign), argument.substr(sign + 1)));
      flag.clear();
    } else {
      masked.push_back(mask_secret(is_flag ? "" : flag, argument));
      flag = is_flag ? argument : "";
    }
  }
  return masked;
}

}  // namespace stet::tracking
