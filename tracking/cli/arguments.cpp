#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "stet/tracking/cli/verb.h"

namespace stet::tracking::cli {

void Arguments::word(const char* name, std::string& value, const char* help, Takes takes) {
  all_.push_back({.name = name, .help = help, .takes = std::move(takes), .place = &value, .required = true});
}

void Arguments::optional_word(const char* name, std::string& value, const char* help, Takes takes) {
  all_.push_back({.name = name, .help = help, .takes = std::move(takes), .place = &value});
}

void Arguments::words(const char* name, std::vector<std::string>& values, const char* help, Takes takes) {
  all_.push_back({.name = name, .help = help, .takes = std::move(takes), .place = &values});
}

void Arguments::option(const char* name, std::string& value, const char* help, Takes takes) {
  all_.push_back({.name = name, .help = help, .takes = std::move(takes), .place = &value});
}

void Arguments::option(const char* name, std::vector<std::string>& values, const char* help, Takes takes) {
  all_.push_back({.name = name, .help = help, .takes = std::move(takes), .place = &values});
}

void Arguments::option(const char* name, int& value, int least, int most, const char* help) {
  all_.push_back({.name = name, .help = help, .takes = {}, .place = &value, .least = least, .most = most});
}

void Arguments::flag(const char* name, bool& value, const char* help) {
  all_.push_back({.name = name, .help = help, .takes = {}, .place = &value});
}

void Arguments::trust(bool& value) {
  const char* given = std::getenv("STET_TRUST");
  value = given && std::string_view(given) == "1";
  flag("--trust", value, "run the program of a run that is not in your own list of runs, or is another user's");
}

void Arguments::rest(std::vector<std::string>& words, Takes takes) {
  all_.push_back({.name = "", .help = "", .takes = std::move(takes), .place = &words, .rest = true});
}

bool takes_queries(const std::vector<Argument>& arguments) {
  return std::any_of(arguments.begin(), arguments.end(), [](const Argument& a) {
    return a.takes.kind == Takes::query || a.takes.kind == Takes::terms || a.takes.kind == Takes::runs;
  });
}

std::vector<Argument> arguments_of(const Verb& verb) {
  static bool given = false;
  static std::string runs;
  Arguments arguments;
  verb.options(arguments);
  arguments.option("--runs", runs, "folder of runs; ./runs unless given", Takes::folder);
  if (verb.answers_json) arguments.flag("--json", given, "print JSON");
  arguments.flag("--help,-h", given, "what it takes");
  return arguments.all();
}

std::string value_word(const Argument& argument) {
  if (std::holds_alternative<bool*>(argument.place)) return "";
  if (std::holds_alternative<int*>(argument.place)) return "N";
  switch (argument.takes.kind) {
    case Takes::run:
    case Takes::runs: return "RUN";
    case Takes::query: return "QUERY";
    case Takes::terms: return "EXPRESSION";
    case Takes::metric: return "METRIC";
    case Takes::tag: return "TAG";
    case Takes::file: return "FILE";
    case Takes::folder: return "FOLDER";
    case Takes::data_set: return "NAME";
    case Takes::one_of:
    case Takes::text: break;
  }
  return "VALUE";
}

}  // namespace stet::tracking::cli
