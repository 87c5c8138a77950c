#include "stet/tracking/query/pattern.h"

#include <re2/re2.h>

#include "stet/tensor/error.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking::query {

struct Pattern::Compiled {
  Compiled(const std::string& text, const RE2::Options& options, bool whole_) : re(text, options), whole(whole_) {}
  RE2 re;
  bool whole;
};

namespace {

constexpr int64_t kMemory = int64_t{8} << 20;

RE2::Options options_for(std::string_view text) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMemory);
  options.set_dot_nl(true);
  if (!is_utf8(text)) options.set_encoding(RE2::Options::EncodingLatin1);
  return options;
}

// The set that begins at `at`, behind its bracket, as a regular expression's; moves `at` behind it.
std::string set_of(std::string_view text, size_t& at) {
  std::string set = "[";
  if (at < text.size() && (text[at] == '!' || text[at] == '^')) {
    set += '^';
    ++at;
  }
  const size_t first = at;
  for (; at < text.size(); ++at) {
    if (text[at] == ']' && at > first) {
      ++at;
      return set + "]";
    }
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    if (text[at] == '\\' || text[at] == '[' || text[at] == ']' || text[at] == '^') set += '\\';
    set += text[at];
  }
  raise("'[' has no ']' in the pattern");
}

std::string expression_of(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at++];
    if (c == '*') out += ".*";
    else if (c == '?') out += '.';
    else if (c == '[') out += set_of(text, at);
    else if (c == '\\' && at < text.size()) out += RE2::QuoteMeta(re2::StringPiece(&text[at++], 1));
    else out += static_cast<unsigned char>(c) < 0x80 ? RE2::QuoteMeta(re2::StringPiece(&c, 1)) : std::string(1, c);
  }
  return out;
}

}  // namespace

Pattern::Pattern(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {
  if (!compiled_->re.ok()) raise("the pattern can't be read: {}", compiled_->re.error());
}

Pattern::~Pattern() = default;

std::shared_ptr<const Pattern> Pattern::shell(std::string_view text) {
  return std::shared_ptr<const Pattern>(
      new Pattern(std::make_unique<Compiled>(expression_of(text), options_for(text), true)));
}

std::shared_ptr<const Pattern> Pattern::regular(std::string_view text, bool ignores_case) {
  RE2::Options options = options_for(text);
  options.set_case_sensitive(!ignores_case);
  return std::shared_ptr<const Pattern>(new Pattern(std::make_unique<Compiled>(std::string(text), options, false)));
}

bool Pattern::matches(std::string_view text) const {
  const re2::StringPiece piece(text.data(), text.size());
  return compiled_->whole ? RE2::FullMatch(piece, compiled_->re) : RE2::PartialMatch(piece, compiled_->re);
}

}  // namespace stet::tracking::query
