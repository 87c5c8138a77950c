#include "stet/tracking/cli/confirm.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "stet/tensor/error.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking::cli {

bool confirmed(const std::string& verb, const std::string& question, bool given) {
  if (given) return true;
  if (!::isatty(STDIN_FILENO))
    raise("{}: nothing was done: there is no terminal to ask on; say --yes to do it, --dry-run to look alone", verb);
  fmt::print(stderr, "{} [y/N] ", printable(question));
  std::fflush(stderr);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace stet::tracking::cli
