#include "stet/nn/weights/parts.h"

#include "stet/tensor/error.h"

namespace stet::nn {
namespace {

std::regex compiled(const char* option, const std::string& pattern) {
  try {
    return std::regex(pattern);
  } catch (const std::regex_error&) { raise("load: '{}' of {} is no regular expression", pattern, option); }
}

void require_several(const char* option, const std::vector<std::string>& parts) {
  if (parts.size() < 2) raise("load: {} needs two parts or more, not {}", option, parts.size());
}

}  // namespace

Parts::Parts(const std::vector<Join>& join, const std::vector<Split>& split) {
  for (const Join& j : join) {
    require_several(".join", j.parts);
    for (size_t i = 0; i < j.parts.size(); ++i)
      join_.push_back({compiled(".join", j.parts[i]), {j.whole}, i, j.parts.size()});
  }
  for (const Split& s : split) {
    require_several(".split", s.parts);
    split_.push_back({compiled(".split", s.whole), s.parts, 0, s.parts.size()});
  }
}

std::optional<Parts::Part> Parts::part(const std::string& name) const {
  for (const Rule& rule : join_) {
    if (std::regex_search(name, rule.pattern))
      return Part{std::regex_replace(name, rule.pattern, rule.names[0]), rule.at, rule.of};
  }
  return std::nullopt;
}

std::vector<std::string> Parts::held(const std::string& name) const {
  std::vector<std::string> names;
  for (const Rule& rule : split_) {
    if (!std::regex_search(name, rule.pattern)) continue;
    for (const std::string& part : rule.names) names.push_back(std::regex_replace(name, rule.pattern, part));
    break;
  }
  return names;
}

}  // namespace stet::nn
