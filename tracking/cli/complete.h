// What may stand at the end of a command line of `stet`: verbs, options, runs, metrics, what a query asks for.
#pragma once

#include <string>
#include <vector>

#include "stet/tracking/cli/verb.h"

namespace stet::tracking::cli {

struct Candidate {
  std::string word;      ///< in place of all of the last word
  std::string about;     ///< what it is; may be empty
  bool finished = true;  ///< nothing more belongs to the word
};

struct Completion {
  enum class Files { none, files, folders };
  std::vector<Candidate> candidates;
  Files files = Files::none;  ///< those that the shell knows by itself, in their place
};

/// `words`: of a command line without the program, the last one is that at the cursor, as far as that; `behind`: the
/// rest of it, which stays.
Completion complete(const std::vector<Verb>& verbs, const std::vector<std::string>& words,
                    const std::string& behind = "");

/// What a shell's script calls: `complete bash LINE WORDBREAKS REST`, the line up to the cursor and behind it, or
/// `complete zsh WORD…`. Prints a candidate a line, or
/// `files` or `folders` alone on the first. Never says what went wrong: the user is writing a line.
int answer_shell(const std::vector<Verb>& verbs, const std::vector<std::string>& words);

}  // namespace stet::tracking::cli
