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

}  // namespace stet::tracking::cli
