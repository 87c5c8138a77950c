#include "stet/tracking/ui/links.h"

#include <algorithm>
#include <string_view>

namespace stet::tracking::ui {
namespace {

bool has_only(std::string_view text, std::string_view signs) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || signs.find(c) != signs.npos;
  });
}

}  // namespace

std::string commit_link(const std::string& remote, const std::string& commit) {
  std::string_view rest = remote;
  bool has_scheme = false;
  for (const std::string_view scheme : {"https://", "http://", "ssh://", "git://"}) {
    if (!rest.starts_with(scheme)) continue;
    rest.remove_prefix(scheme.size());
    has_scheme = true;
  }
  const size_t end = rest.find(has_scheme ? '/' : ':');
  if (end == rest.npos) return {};
  std::string_view host = rest.substr(0, end), path = rest.substr(end + 1);
  if (const size_t at = host.rfind('@'); at != host.npos) host.remove_prefix(at + 1);
  host = host.substr(0, host.find(':'));
  if (path.ends_with('/')) path.remove_suffix(1);
  if (path.ends_with(".git")) path.remove_suffix(4);
  if (!has_only(host, ".-") || !has_only(path, "/._-") || path.find("..") != path.npos || path.find('/') == path.npos)
    return {};
  if (!has_only(commit, "") || commit.size() < 7) return {};
  const bool github = host == "github.com" || host.starts_with("github.");
  const bool gitlab = host == "gitlab.com" || host.starts_with("gitlab.");
  if (!github && !gitlab) return {};
  return "https://" + std::string(host) + "/" + std::string(path) + (github ? "/commit/" : "/-/commit/") + commit;
}

}  // namespace stet::tracking::ui
