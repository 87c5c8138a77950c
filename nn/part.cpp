#include "stet/nn/part.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <span>
#include <variant>

#include "stet/tensor/error.h"
#include "stet/tensor/pattern.h"

namespace stet::nn {
namespace {

using Member = std::variant<Parameter*, Buffer*, ScalarRef>;

struct Found {
  std::string path;
  Member member;
};

// What matches, in walk order, and the patterns that did.
class Select final : public Visitor {
 public:
  Select(Stateful& net, const std::vector<std::string>& patterns) : patterns_(patterns), matched_(patterns.size()) {
    net.members(*this);
  }

  std::vector<Found> found;

  void require_all() const {
    const auto idle = std::find(matched_.begin(), matched_.end(), false);
    if (idle == matched_.end()) return;
    const std::string& pattern = patterns_[static_cast<size_t>(idle - matched_.begin())];
    raise("part: the pattern '{}' matches nothing; names are as in {}", pattern, first_.empty() ? "?" : first_);
  }

 private:
  void on_parameter(const std::string& path, Parameter& p) override { take(path, &p); }
  void on_buffer(const std::string& path, Buffer& b) override { take(path, &b); }
  void on_state(const std::string& path, ScalarRef ref) override { take(path, ref); }
  void on_alias(const std::string& path, const std::string& first) override {
    const auto at = left_.find(first);
    if (!matches_one(path) || at == left_.end()) return;
    found.push_back({path, at->second});
    left_.erase(at);
  }

  void take(const std::string& path, Member member) {
    if (first_.empty()) first_ = path;
    if (matches_one(path)) found.push_back({path, member});
    else left_.emplace(path, member);
  }
  bool matches_one(const std::string& path) {
    bool any = false;
    for (size_t i = 0; i < patterns_.size(); ++i) {
      if (!matches(patterns_[i], path)) continue;
      matched_[i] = any = true;
    }
    return any;
  }

  const std::vector<std::string>& patterns_;
  std::vector<bool> matched_;
  std::map<std::string, Member> left_;
  std::string first_;
};

void name(Visitor& v, std::string_view leaf, const Member& member) {
  if (const auto* scalar = std::get_if<ScalarRef>(&member)) {
    std::visit([&](auto* s) { v(leaf, *s); }, *scalar);
  } else if (auto* parameter = std::get_if<Parameter*>(&member)) {
    v(leaf, **parameter);
  } else {
    v(leaf, *std::get<Buffer*>(member));
  }
}

// Names what lies in one folder, whose path has `depth` characters with its '/'; a walk names all of a folder at once.
void name_all(Visitor& v, std::span<const Found> items, size_t depth) {
  while (!items.empty()) {
    const std::string& path = items.front().path;
    const size_t slash = path.find('/', depth);
    const std::string_view folder = std::string_view(path).substr(0, slash);
    if (slash == path.npos) {
      name(v, folder.substr(depth), items.front().member);
      items = items.subspan(1);
      continue;
    }
    const auto end = std::find_if(items.begin(), items.end(), [&](const Found& f) {
      return !f.path.starts_with(folder) || f.path.size() <= slash || f.path[slash] != '/';
    });
    const auto count = static_cast<size_t>(end - items.begin());
    v.group(folder.substr(depth), [&](Visitor& inner) { name_all(inner, items.first(count), slash + 1); });
    items = items.subspan(count);
  }
}

}  // namespace

void Part::members(Visitor& v) { name_all(v, Select(*net_, patterns_).found, 0); }

std::string Part::describe() const { return fmt::format("part {}", fmt::join(patterns_, ", ")); }

Part part(Stateful& net, std::vector<std::string> patterns) {
  Select(net, patterns).require_all();
  return Part(net, std::move(patterns));
}

}  // namespace stet::nn
