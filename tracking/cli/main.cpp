// stet: lists, shows, compares, verifies and resumes runs.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <utility>
#include <vector>

#include "stet/tensor/version.h"
#include "stet/tracking/cli/verb.h"

namespace stet::tracking::cli {

// Each is defined in the file of its name.
Verb ls(), show(), diff(), verify(), resume();

namespace {

// In the order in which --help lists them.
constexpr Verb (*kVerbs[])() = {ls, show, diff, verify, resume};

int run_command(int argc, char** argv) {
  CLI::App app("Lists, shows, compares, verifies and resumes the runs of Stet programs.", "stet");
  app.set_version_flag("--version", stet::version);
  app.require_subcommand(1);
  app.footer(
      "RUN is an id, a unique prefix of one, a name (the newest run of "
      "it), latest, or a run's folder.\n"
      "Exit status: 0 done or the same, 1 differs or not verified, 2 "
      "wrong use or unreadable.");
  Common common;
  std::vector<std::pair<const CLI::App*, Verb>> verbs;
  for (const auto& make : kVerbs) {
    const Verb verb = make();
    CLI::App* command = app.add_subcommand(verb.name, verb.help);
    command->add_option("--runs", common.runs, "folder of runs")->capture_default_str();
    command->add_flag("--json", common.json, "print JSON");
    Arguments arguments(*command);
    verb.options(arguments);
    verbs.emplace_back(command, verb);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);
    std::fprintf(stderr, "stet: %s; see stet --help\n", e.what());
    return 2;
  }
  for (const auto& [command, verb] : verbs) {
    if (*command) return verb.run(common);
  }
  return 2;  // unreachable: one is required
}

}  // namespace

void Arguments::word(const char* name, std::string& value, const char* help) {
  command_.add_option(name, value, help)->required();
}

void Arguments::option(const char* name, std::string& value, const char* help) {
  command_.add_option(name, value, help);
}

void Arguments::option(const char* name, int& value, int least, int most, const char* help) {
  command_.add_option(name, value, help)->check(CLI::Range(least, most));
}

void Arguments::flag(const char* name, bool& value, const char* help) { command_.add_flag(name, value, help); }

void Arguments::rest(std::vector<std::string>& words) {
  command_.allow_extras();
  command_.callback([&command = command_, &words] { words = command.remaining(); });
}

}  // namespace stet::tracking::cli

int main(int argc, char** argv) {
  try {
    return stet::tracking::cli::run_command(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "stet: %s\n", e.what());
    return 2;
  }
}
