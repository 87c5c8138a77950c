// stet: lists, shows, compares, verifies, resumes and labels runs.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "stet/tensor/version.h"
#include "stet/tracking/cli/complete.h"
#include "stet/tracking/cli/man.h"
#include "stet/tracking/cli/print.h"
#include "stet/tracking/cli/verb.h"
#include "stet/tracking/record/nearest.h"
#include "stet/tracking/record/standard_descriptors.h"

namespace stet::tracking::cli {

// Each is defined in the file of its name, data_sets in data.cpp, ui_verb in ui.cpp,
// export_runs in export.cpp.
Verb ls(), show(), series(), plot(), diff(), compare(), verify(), resume(), tag(), note(), rename(), archive(), rm(),
    gc(), push(), pull(), data_sets(), index(), completion(), ui_verb(), export_runs();

namespace {

// In the order in which --help lists them.
constexpr Verb (*kVerbs[])() = {ls,     show, series,    plot,   diff,    compare,     verify,
                                resume, tag,  note,      rename, archive, rm,          gc,
                                push,   pull, data_sets, index,  ui_verb, export_runs, completion};

const std::string kFooter = std::string(kRunIs) + "\n" + kExitStatus;

// What is wrong with a command line, and the verb that may be meant.
std::string explained(const CLI::ParseError& error, int argc, char** argv) {
  std::vector<std::string> names;
  for (const auto& make : kVerbs) names.push_back(make().name);
  const auto is_verb = [&](const std::string& word) {
    return std::find(names.begin(), names.end(), word) != names.end();
  };
  const std::string word = argc > 1 ? argv[1] : "";
  if (word.empty() || word.starts_with("-") || is_verb(word)) return std::string(error.what()) + "; see stet --help";
  const std::string near = nearest(word, names);
  return fmt::format("there is no verb '{}'; {}", word,
                     near.empty() ? "see stet --help" : "did you mean " + near + "?");
}

// The command line from its end, as the parser takes it; what is sorted by may begin with a minus.
std::vector<std::string> words_of(int argc, char** argv) {
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool sorts = word == "--sort" && i + 1 < argc;
    words.insert(words.begin(), sorts ? word + "=" + argv[++i] : word);
  }
  return words;
}

std::string examples_of(const Verb& verb) {
  std::string text = "Examples:";
  for (const Example& example : verb.examples) text += fmt::format("\n  {}\n      {}", example.line, example.does);
  return text;
}

void add(CLI::App& command, const Argument& argument) {
  if (argument.rest) {
    auto& words = *std::get<std::vector<std::string>*>(argument.place);
    command.allow_extras();
    command.callback([&command, &words] { words = command.remaining(); });
    return;
  }
  const auto add_to = [&](auto* value) {
    using T = std::remove_pointer_t<decltype(value)>;
    if constexpr (std::is_same_v<T, bool>) return command.add_flag(argument.name, *value, argument.help);
    else return command.add_option(argument.name, *value, argument.help);
  };
  CLI::Option* option = std::visit(add_to, argument.place);
  option->type_name(argument.is_option() ? value_word(argument) : "");
  if (argument.required) option->required();
  if (std::holds_alternative<int*>(argument.place)) option->check(CLI::Range(argument.least, argument.most));
  if (argument.is_option() && std::holds_alternative<std::vector<std::string>*>(argument.place))
    option->allow_extra_args(false);
}

std::vector<Verb> all_verbs() {
  std::vector<Verb> verbs;
  for (const auto& make : kVerbs) verbs.push_back(make());
  return verbs;
}

int run_command(int argc, char** argv) {
  // What scripts of shells call is no verb for people.
  if (argc > 2 && std::string_view(argv[1]) == "complete") return answer_shell(all_verbs(), {argv + 2, argv + argc});
  if (argc == 3 && std::string_view(argv[1]) == "man") {  // for whoever packages it
    write_manual(all_verbs(), argv[2]);
    return 0;
  }
  CLI::App app(kProgramIs, "stet");
  app.set_version_flag("--version", stet::version);
  app.require_subcommand(1);
  app.footer(kFooter);
  Common common;
  std::vector<std::pair<const CLI::App*, Verb>> verbs;
  for (const Verb& verb : all_verbs()) {
    CLI::App* command = app.add_subcommand(verb.name, verb.help);
    command->add_option("--runs", common.runs, "folder of runs")->capture_default_str();
    command->add_flag("--json", common.json, "print JSON");
    Arguments arguments;
    verb.options(arguments);
    for (const Argument& argument : arguments.all()) add(*command, argument);
    command->footer(kFooter + ("\n\n" + examples_of(verb)));
    verbs.emplace_back(command, verb);
  }
  try {
    app.parse(words_of(argc, argv));
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);
    put_error(explained(e, argc, argv));
    return 2;
  }
  for (const auto& [command, verb] : verbs) {
    if (*command) return verb.run(common);
  }
  return 2;  // unreachable: one is required
}

}  // namespace

}  // namespace stet::tracking::cli

int main(int argc, char** argv) {
  stet::tracking::open_standard_descriptors();
  try {
    return stet::tracking::cli::run_command(argc, argv);
  } catch (const std::bad_alloc&) { stet::tracking::cli::put_error("out of memory"); } catch (const std::exception& e) {
    stet::tracking::cli::put_error(stet::tracking::cli::message_of(e));
  }
  return 2;
}
