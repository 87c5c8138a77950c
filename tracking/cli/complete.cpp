#include "stet/tracking/cli/complete.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>

#include "stet/tracking/cli/catalogue.h"
#include "stet/tracking/cli/print.h"
#include "stet/tracking/cli/shell_words.h"
#include "stet/tracking/cli/value_text.h"
#include "stet/tracking/keeping/trash.h"
#include "stet/tracking/reading/known_names.h"
#include "stet/tracking/reading/labels.h"
#include "stet/tracking/record/events.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking::cli {
namespace {

namespace fs = std::filesystem;
using Files = Completion::Files;

constexpr size_t kFewRuns = 50;             // of which it is looked at whether they changed
constexpr uintmax_t kFewBytes = 32u << 20;  // that reading them may take

// Can the runs be read within the time that a key may take?
bool is_small(const fs::path& runs) {
  size_t count = 0;
  uintmax_t bytes = 0;
  std::error_code error;
  for (fs::directory_iterator run(runs, error), end; !error && run != end; run.increment(error)) {
    if (run->path().filename().string().starts_with('.')) continue;
    if (++count > kFewRuns) return false;
    std::error_code none;
    for (fs::directory_iterator file(run->path(), none); !none && file != end; file.increment(none)) {
      std::error_code no_file;
      const uintmax_t size = file->is_regular_file(no_file) ? file->file_size(no_file) : 0;
      if (!no_file) bytes += size;
    }
  }
  return !error && bytes <= kFewBytes;
}

std::string from_home(const std::string& path) {
  const char* home = std::getenv("HOME");
  return home && path.starts_with("~/") ? home + path.substr(1) : path;
}

// The words of an option's name, "--metric,-m".
bool is_named(const Argument& argument, std::string_view word) {
  for (std::string_view names = argument.name;;) {
    const size_t comma = names.find(',');
    if (names.substr(0, comma) == word) return true;
    if (comma == names.npos) return false;
    names.remove_prefix(comma + 1);
  }
}

bool takes_value(const Argument& argument) { return !std::holds_alternative<bool*>(argument.place); }

// A verb's words as far as they are there.
class Line {
 public:
  Line(const Verb& verb, const std::vector<std::string>& words, const std::string& behind)
      : word_(words.back()), behind_(behind), is_rm_(std::string_view(verb.name) == "rm") {
    own_ = arguments_of(verb);
    for (size_t i = 1; i + 1 < words.size(); ++i) take(words[i]);
  }

  Completion completion() {
    if (awaits_) return of_value(*awaits_, word_, "");
    const size_t equals = word_.find('=');
    if (word_.starts_with("--") && equals != word_.npos) {
      const Argument* option = find(word_.substr(0, equals));
      if (option) return of_value(*option, word_.substr(equals + 1), word_.substr(0, equals + 1));
    }
    if (word_.starts_with("-") && positional() && positional()->takes.kind == Takes::tag) return tags();
    if (word_.starts_with("-")) return options();
    return positional() ? of_value(*positional(), word_, "") : Completion();
  }

 private:
  void take(const std::string& word) {
    if (awaits_) {
      if (awaits_->name == "--runs") runs_ = from_home(word);
      awaits_ = nullptr;
    } else if (word.starts_with("--runs=")) {
      runs_ = from_home(word.substr(7));
    } else if (const Argument* option = word.starts_with("-") ? find(word) : nullptr) {
      if (takes_value(*option)) awaits_ = option;
      if (word == "--undo") restores_ = is_rm_;
    } else if (!word.starts_with("-") || has_rest()) {
      given_.push_back(word);
    }
  }
  bool has_rest() const {
    return std::any_of(own_.begin(), own_.end(), [](const Argument& a) { return a.rest; });
  }
  const Argument* find(std::string_view name) const {
    const auto found = std::find_if(own_.begin(), own_.end(), [&](const Argument& a) { return is_named(a, name); });
    return found == own_.end() ? nullptr : &*found;
  }
  // The one that comes next that is no option.
  const Argument* positional() const {
    size_t left = given_.size();
    for (const Argument& a : own_) {
      if (a.is_option()) continue;
      if (left == 0 || std::holds_alternative<std::vector<std::string>*>(a.place)) return &a;
      --left;
    }
    return nullptr;
  }

  Completion options() const {
    Completion out;
    for (const Argument& a : own_) {
      if (!a.is_option()) continue;
      const std::string name = a.name.substr(0, a.name.find(','));
      if (name.starts_with(word_)) out.candidates.push_back({name, a.help});
    }
    return out;
  }

  RunIndex& index() {
    if (!index_) index_.emplace(runs_, is_small(runs_) ? RunIndex::Freshness::refresh : RunIndex::Freshness::kept);
    return *index_;
  }

  Completion of_value(const Argument& argument, const std::string& begun, const std::string& before) {
    Completion out = values(argument, begun);
    for (Candidate& c : out.candidates) c.word = before + c.word;
    return out;
  }
  Completion values(const Argument& argument, const std::string& begun) {
    switch (argument.takes.kind) {
      case Takes::text: return {};
      case Takes::one_of: return among(argument.takes.choices, begun);
      case Takes::file: return {{}, Files::files};
      case Takes::folder: return {{}, Files::folders};
      case Takes::data_set: return data_sets(begun);
      case Takes::metric: return metrics(begun);
      case Takes::tag: return tags();
      case Takes::run: return runs(begun);
      case Takes::query: return query(begun, false);
      case Takes::terms: return query(begun, true);
      case Takes::runs: {
        if (restores_) return trashed(begun);
        Completion both = runs(begun);
        if (both.files != Files::none) return both;
        for (Candidate& c : query(begun, false).candidates) both.candidates.push_back(std::move(c));
        return both;
      }
    }
    return {};
  }

  static Completion among(const std::vector<std::string>& words, const std::string& begun) {
    Completion out;
    for (const std::string& word : words) {
      if (word.starts_with(begun)) out.candidates.push_back({word, ""});
    }
    return out;
  }
  static Completion data_sets(const std::string& begun) {
    Completion out;
    for (const RemoteDataset& set : read_catalogue("")) {
      if (set.name.starts_with(begun)) out.candidates.push_back({set.name, set.title});
    }
    return out;
  }

  std::vector<std::vector<query::Value>> known_runs() {
    const std::vector<query::Term> terms = query::parse_terms("id, name, status, made");
    std::vector<const query::Expression*> expressions;
    for (const query::Term& term : terms) expressions.push_back(&term.value);
    return index().values(index().matching(query::parse("")), expressions);
  }
  // Names; and ids, where one is begun.
  Completion runs(const std::string& begun) {
    if (begun.find('/') != begun.npos) return {{}, Files::folders};
    Completion out;
    std::set<std::string> names;
    const std::vector<std::vector<query::Value>> known = known_runs();
    for (const auto& run : known) {
      const std::string id = exact_text(run[0]), name = exact_text(run[1]);
      if (!begun.empty() && id.starts_with(begun))
        out.candidates.push_back({id, fmt::format("{}, {}", name, exact_text(run[2]))});
      if (name.starts_with(begun) && !name.empty()) names.insert(name);
    }
    for (const std::string& name : names) out.candidates.push_back({name, ""});
    if (!known.empty() && std::string_view("latest").starts_with(begun))
      out.candidates.push_back({"latest", "the newest run"});
    return out;
  }
  // The same of those in the trash.
  Completion trashed(const std::string& begun) const {
    Completion out;
    std::set<std::string> names;
    for (const TrashedRun& run : trashed_runs(runs_)) {
      std::string name;
      try {
        name = read_labels(run.folder).name;
      } catch (const Error&) {  // it has its id at least
      }
      if (!begun.empty() && run.name.starts_with(begun)) out.candidates.push_back({run.name, name});
      if (!name.empty() && name.starts_with(begun)) names.insert(name);
    }
    for (const std::string& name : names) out.candidates.push_back({name, ""});
    return out;
  }
  // Of the run that was named, else of all.
  Completion metrics(const std::string& begun) {
    std::vector<query::SeriesName> series;
    if (!given_.empty() && own_.front().takes.kind == Takes::run) {
      for (const IndexedRun& run : index().matching(query::parse(""))) {
        const RunFacts facts = index().facts(run);
        const bool is_it =
            given_[0] == "latest" || run.id.starts_with(given_[0]) || exact_text(facts.field("name")) == given_[0];
        if (!is_it) continue;
        series.clear();
        for (const auto& [name, summary] : facts.log.series) series.push_back(name);
      }
    } else {
      series = index().series();
    }
    Completion out;
    for (const query::SeriesName& name : series) {
      const std::string tag = metric_tag(name.name, name.context);
      if (tag.starts_with(begun)) out.candidates.push_back({tag, ""});
    }
    return out;
  }
  // Behind the sign that adds or takes away.
  Completion tags() {
    const std::string sign = word_.starts_with("-") || word_.starts_with("+") ? word_.substr(0, 1) : "";
    Completion out;
    for (const std::string& tag : index().names(RunIndex::Names::tags)) {
      if ((sign + tag).starts_with(word_)) out.candidates.push_back({sign + tag, ""});
    }
    return out;
  }
  // A query may be several words.
  Completion query(const std::string& begun, bool terms) {
    std::string whole;
    if (!awaits_) {
      for (const std::string& word : given_) whole += word + " ";
    }
    const size_t before = whole.size();
    whole += begun;
    const query::Slot slot = query::slot_at(whole, behind_);
    if (slot.begin < before) return {};
    QuickNames names(index());
    Completion out;
    const std::string kept = whole.substr(before, slot.begin - before);
    for (const query::Completion& c : query::completions(slot, names, {.terms = terms, .anywhere = false})) {
      const std::string about = c.detail.empty() ? c.text : c.text + "  " + c.detail;
      out.candidates.push_back({kept + c.text.substr(0, c.text.size() - c.met), about, false});
    }
    return out;
  }

  std::string word_, behind_;
  std::vector<Argument> own_;
  std::vector<std::string> given_;    // that are no options
  const Argument* awaits_ = nullptr;  // the option whose value comes
  bool is_rm_, restores_ = false;     // by `rm --undo`, which takes runs from the trash
  std::string runs_ = "./runs";
  std::optional<RunIndex> index_;
};

// A key must not bring anything into the terminal that it would obey.
void drop_unprintable(std::vector<Candidate>& candidates) {
  std::erase_if(candidates, [](const Candidate& c) { return printable(c.word) != c.word; });
}

void print_for_bash(const Completion& found, const ShellLine& line) {
  std::vector<std::pair<std::string_view, bool>> words;  // from where readline has them, and whether they are finished
  const std::string_view before = std::string_view(line.words.back()).substr(0, line.kept);
  for (const Candidate& c : found.candidates) {
    if (c.word.starts_with(before)) words.emplace_back(std::string_view(c.word).substr(line.kept), c.finished);
  }
  const auto plain = [](const auto& word) { return is_plain(word.first); };
  // Where a word is begun, all of them, so that they have their beginning in common.
  const bool begun = line.words.back().size() > line.kept;
  const bool all_quoted = line.quote || (begun && !std::all_of(words.begin(), words.end(), plain));
  for (const auto& [word, finished] : words) {
    const std::string written =
        all_quoted || !is_plain(word) ? for_bash(word, line.quote, finished) : std::string(word);
    fmt::print("{}{}\n", written, finished && !line.quote ? " " : "");
    // A second one, so that readline does not close the quote of what goes on.
    if (!finished && words.size() == 1) fmt::print("{} \n", written);
  }
}

void print_for_zsh(const Completion& found) {
  for (const Candidate& c : found.candidates)
    fmt::print("{}\t{}\t{}\n", c.finished ? "done" : "more", c.word,
               c.about.empty() ? c.word
               : c.finished    ? fmt::format("{}  {}", c.word, printable(c.about))
                               : c.about);
}

}  // namespace

Completion complete(const std::vector<Verb>& verbs, const std::vector<std::string>& words, const std::string& behind) {
  if (words.size() > 1) {
    const auto is_it = [&](const Verb& verb) { return verb.name == words.front(); };
    const auto verb = std::find_if(verbs.begin(), verbs.end(), is_it);
    return verb == verbs.end() ? Completion() : Line(*verb, words, behind).completion();
  }
  Completion out;
  for (const Verb& verb : verbs) {
    if (std::string_view(verb.name).starts_with(words.back())) out.candidates.push_back({verb.name, verb.help});
  }
  for (const char* option : {"--help", "--version"}) {
    if (words.back().starts_with("-") && std::string_view(option).starts_with(words.back()))
      out.candidates.push_back({option, ""});
  }
  return out;
}

int answer_shell(const std::vector<Verb>& verbs, const std::vector<std::string>& words) {
  try {
    // A shell may still have a script that says nothing of what is behind the cursor.
    const bool is_bash = (words.size() == 3 || words.size() == 4) && words[0] == "bash";
    if (!is_bash && (words.size() < 2 || words[0] != "zsh")) return 1;
    ShellLine line;
    if (is_bash) line = parse_line(words[1], words[2]);
    else line.words = words;
    if (line.words.size() < 2) return 1;  // no word of the line is to be completed
    const std::string behind = is_bash && words.size() == 4 ? rest_of_word(words[3], line.quote) : "";
    Completion found = complete(verbs, {line.words.begin() + 1, line.words.end()}, behind);
    drop_unprintable(found.candidates);
    if (found.files != Files::none) put_line(found.files == Files::files ? "files" : "folders");
    else if (is_bash) print_for_bash(found, line);
    else print_for_zsh(found);
    return 0;
  } catch (const std::exception&) { return 1; }
}

}  // namespace stet::tracking::cli
