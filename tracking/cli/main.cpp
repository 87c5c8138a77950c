// stet: lists, shows, compares, verifies and resumes runs.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "stet/tensor/version.h"
#include "stet/tracking/cli/commands.h"

using namespace stet::tracking;

namespace {

int run_command(int argc, char** argv) {
  CLI::App app("Lists, shows, compares, verifies and resumes the runs of Stet programs.", "stet");
  app.set_version_flag("--version", stet::version);
  app.require_subcommand(1);
  app.footer(
      "RUN is an id, a unique prefix of one, a name (the newest run of it), latest, or a run's folder.\n"
      "Exit status: 0 done or the same, 1 differs or not verified, 2 wrong use or unreadable.");
  Common common;
  std::string run, other;
  std::string runs = "./runs";
  const auto verb = [&](const char* name, const char* what) {
    CLI::App* command = app.add_subcommand(name, what);
    command->add_option("--runs", runs, "folder of runs")->capture_default_str();
    command->add_flag("--json", common.json, "print JSON");
    return command;
  };

  auto* ls = verb("ls", "List the runs");
  auto* shown = verb("show", "Show a run: its parameters, metrics, launches, data and checkpoints");
  shown->add_option("RUN", run, "which run")->required();
  auto* differ = verb("diff", "Show in what two runs differ: parameters, data, environment, metrics");
  differ->add_option("RUN", run, "the first")->required();
  differ->add_option("OTHER", other, "the second")->required();
  auto* verified = verb("verify", "Run a run again from its record alone, and compare all digests");
  VerifyOptions options;
  verified->add_option("RUN", run, "which run")->required();
  verified->add_option("--threads", options.threads, "run it with so many threads; 0: all cores")
      ->check(CLI::Range(0, 1024));
  verified->add_option("--isa", options.isa, "run it on this instruction set: avx512, avx2, neon or scalar");
  verified->add_option("--device", options.device, "run it on this device: cpu, cuda or cuda:N");
  verified->add_flag("--resumes", options.resumes, "start every stretch from its checkpoint as well");
  verified->add_flag("--run-program", options.run_program, "run the program of a folder that another user wrote");
  auto* resumed = verb("resume", "Go on with a run that was stopped or killed; further flags go to its program");
  resumed->add_option("RUN", run, "which run")->required();
  resumed->allow_extras();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);
    std::fprintf(stderr, "stet: %s; see stet --help\n", e.what());
    return 2;
  }
  common.runs = runs;
  if (*ls) return list(common);
  if (*shown) return show(common, run);
  if (*differ) return diff(common, run, other);
  if (*verified) return verify(common, run, options);
  return resume(common, run, resumed->remaining());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run_command(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "stet: %s\n", e.what());
    return 2;
  }
}
