// A verb of `stet`: one file defines it, and main.cpp's table has a row for it.
#pragma once

#include <array>
#include <functional>
#include <initializer_list>
#include <string>
#include <variant>
#include <vector>

namespace stet::tracking::cli {

/// What the verbs have in common.
struct Common {
  std::string runs = "./runs";  ///< folder of runs
  bool json = false;            ///< print JSON
};

/// What a word or an option's value is: completion offers what there is of it.
struct Takes {
  enum Kind { text, run, runs, query, terms, metric, tag, file, folder, data_set, one_of };
  Kind kind = text;
  std::vector<std::string> choices;  ///< of one_of

  Takes(Kind takes = text) : kind(takes) {}
  Takes(std::initializer_list<const char*> words) : kind(one_of), choices(words.begin(), words.end()) {}
};

/// One word or option that a verb takes.
struct Argument {
  /// Where its value goes; none: words that the verb looks at itself.
  using Place = std::variant<std::vector<std::string>*, std::string*, int*, bool*>;
  std::string name;  ///< "RUN" of a word; "--metric,-m" of an option
  std::string help;
  Takes takes;
  Place place;
  bool required = false;    ///< a word that must be there
  bool rest = false;        ///< whatever else there is
  int least = 0, most = 0;  ///< of an integer

  bool is_option() const { return name.starts_with("-"); }
};

/// What a verb takes besides --runs and --json; values must outlive the parsing.
class Arguments {
 public:
  /// A word that must be there.
  void word(const char* name, std::string& value, const char* help, Takes takes = {});
  /// One that may be there.
  void optional_word(const char* name, std::string& value, const char* help, Takes takes = {});
  /// Words that may be there.
  void words(const char* name, std::vector<std::string>& values, const char* help, Takes takes = {});
  void option(const char* name, std::string& value, const char* help, Takes takes = {});
  /// One that may be given several times.
  void option(const char* name, std::vector<std::string>& values, const char* help, Takes takes = {});
  /// An integer from `least` to `most`.
  void option(const char* name, int& value, int least, int most, const char* help);
  void flag(const char* name, bool& value, const char* help);
  /// --trust: run the program of a run that is not this user's own. STET_TRUST=1 in the environment says so too.
  void trust(bool& value);
  /// Whatever else there is.
  void rest(std::vector<std::string>& words, Takes takes = {});

  const std::vector<Argument>& all() const { return all_; }

 private:
  std::vector<Argument> all_;
};

/// A command line, and what it does.
struct Example {
  const char* line;
  const char* does;
};

struct Verb {
  const char* name;
  const char* help;                                   ///< one line
  std::array<Example, 2> examples;                    ///< that were tried; --help ends with them
  std::function<void(Arguments& arguments)> options;  ///< says what it takes
  std::function<int(const Common& common)> run;  ///< returns the program's exit status: 0 done or the same, 1 differs
                                                 ///< or not verified, 2 wrong use or unreadable
  bool answers_json = true;
};

/// All that a verb takes, --runs, --json and --help with it; there is nothing behind their places.
std::vector<Argument> arguments_of(const Verb& verb);
/// What stands for an option's value in texts, as FILE; empty where it has none.
std::string value_word(const Argument& argument);

/// Does it take a condition, or an expression of the language that conditions are written in?
bool takes_queries(const std::vector<Argument>& arguments);

// What --help and the manual say of all verbs.
inline constexpr const char* kProgramIs =
    "Lists, shows, compares, verifies, resumes and labels the runs of Stet programs, and fetches data sets.";
inline constexpr const char* kRunIs =
    "RUN is an id, a unique prefix of one, a name (the newest run of it), latest, or a run's folder.";
inline constexpr const char* kQueriesAre =
    "Conditions and expressions are described by docs/query.md in Stet's source.";
inline constexpr const char* kExitStatus =
    "Exit status: 0 done or the same, 1 differs or not verified, 2 wrong use or unreadable.";

}  // namespace stet::tracking::cli
