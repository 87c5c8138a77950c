// A verb of `stet`: one file defines it, and main.cpp's table has a row for it.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace stet::tracking::cli {

/// What the verbs have in common.
struct Common {
  std::string runs = "./runs";  ///< folder of runs
  bool json = false;            ///< print JSON
};

/// Says what a verb takes besides --runs and --json; values must outlive the
/// parsing. The parser's own header, which takes longer to compile than a verb,
/// is main.cpp's alone.
class Arguments {
 public:
  explicit Arguments(CLI::App& command) : command_(command) {}

  /// A word that must be there.
  void word(const char* name, std::string& value, const char* help);
  /// Words that may be there.
  void words(const char* name, std::vector<std::string>& values, const char* help);
  void option(const char* name, std::string& value, const char* help);
  /// One that may be given several times.
  void option(const char* name, std::vector<std::string>& values, const char* help);
  /// An integer from `least` to `most`.
  void option(const char* name, int& value, int least, int most, const char* help);
  void flag(const char* name, bool& value, const char* help);
  /// --trust: run the program of a run that is not this user's own. STET_TRUST=1 in the environment says so too.
  void trust(bool& value);
  /// Whatever else there is.
  void rest(std::vector<std::string>& words);

 private:
  CLI::App& command_;
};

struct Verb {
  const char* name;
  const char* help;                                   ///< one line
  std::function<void(Arguments& arguments)> options;  ///< says what it takes
  std::function<int(const Common& common)> run;  ///< returns the program's exit status: 0 done or the same, 1 differs
                                                 ///< or not verified, 2 wrong use or unreadable
};

}  // namespace stet::tracking::cli
