#include "stet/nn/weights/renames.h"

#include <algorithm>
#include <numeric>

#include "stet/nn/weights/safetensors_header.h"
#include "stet/tensor/error.h"
#include "stet/tensor/pattern.h"

namespace stet::nn {
namespace {

constexpr size_t kMostNames = 2000, kLongestName = 200;  // that are compared, which takes the product of lengths

// Levenshtein, 1966: insertions, deletions and replacements.
size_t edits(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t corner = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = corner + (a[i - 1] != b[j - 1]);
      corner = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

Renames::Renames(const char* who, const std::vector<Rename>& renames) : who_(who) {
  for (const Rename& rename : renames) {
    try {
      renames_.emplace_back(std::regex(rename.pattern), rename);
    } catch (const std::regex_error&) { raise("{}: the rename '{}' is no regular expression", who, rename.pattern); }
  }
}

std::string Renames::operator()(std::string name) const {
  for (const auto& [regex, rename] : renames_) {
    try {
      name = std::regex_replace(name, regex, rename.replacement);
    } catch (const std::regex_error&) {
      raise("{}: the rename '{}' takes too long on '{}'; make it simpler", who_, rename.pattern, shown(name));
    }
  }
  return name;
}

void require_matches(const char* who, const char* option, std::span<const std::string> patterns,
                     std::span<const std::string> names) {
  for (const std::string& pattern : patterns) {
    if (std::none_of(names.begin(), names.end(), [&](const std::string& n) { return matches(pattern, n); }))
      raise("{}: the pattern '{}' of {} matches no name of the file; names are as in '{}'", who, pattern, option,
            names.empty() ? "" : shown(names.front()));
  }
}

size_t nearest(const std::string& name, std::span<const std::string> names) {
  size_t best = names.size(), fewest = name.size() / 3 + 1;
  if (name.size() > kLongestName) return best;
  for (size_t i = 0; i < std::min(names.size(), kMostNames); ++i) {
    if (names[i].size() > kLongestName) continue;
    const size_t n = edits(name, names[i]);
    if (n < fewest) fewest = n, best = i;
  }
  return best;
}

}  // namespace stet::nn
