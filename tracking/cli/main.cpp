// stet: lists, shows, compares, verifies, resumes and labels runs.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "stet/tensor/version.h"
#include "stet/tracking/cli/complete.h"
#include "stet/tracking/cli/help_text.h"
#include "stet/tracking/cli/man.h"
#include "stet/tracking/cli/print.h"
#include "stet/tracking/cli/table.h"
#include "stet/tracking/cli/verb.h"
#include "stet/tracking/query/lexer.h"
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

// The parser takes a word in brackets for a list of words, and one with a minus for an option. Behind this it takes it
// as it is.
constexpr char kHeld = '\x01';

const std::string kFooter = std::string(kRunIs) + "\n" + kExitStatus;

// What the parser says; of words that nothing takes, in the order in which they stand.
std::string text_of(const CLI::ParseError& error, const CLI::App& app) {
  std::string text = error.what();
  if (dynamic_cast<const CLI::ExtrasError*>(&error)) {
    const std::vector<std::string> words = app.remaining(/*recurse=*/true);
    text = fmt::format("{} not expected: {}", words.size() == 1 ? "this was" : "these were", fmt::join(words, " "));
  }
  std::erase(text, kHeld);
  return text;
}

// The same behind a verb: the first word that is none of its options, and the one that may be meant.
std::string explained(const CLI::ParseError& error, const CLI::App& app, const std::string& name,
                      const std::vector<std::string>& words) {
  std::vector<std::string> options;
  for (const auto& make : kVerbs) {
    const Verb verb = make();
    if (verb.name != name) continue;
    for (const Argument& a : arguments_of(verb)) {
      for (size_t at = 0; a.is_option() && at <= a.name.size();) {
        const size_t comma = std::min(a.name.find(',', at), a.name.size());
        options.push_back(a.name.substr(at, comma - at));
        at = comma + 1;
      }
    }
  }
  const bool unknown = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
  for (const std::string& word : unknown ? words : std::vector<std::string>()) {
    const std::string option = word.substr(0, word.find('='));
    if (option == "--") break;  // what follows are no options
    if (!option.starts_with("--")) continue;
    if (std::find(options.begin(), options.end(), option) != options.end()) continue;
    const std::string near = nearest(option, options);
    return fmt::format("{}: there is no option {}; {}see stet {} --help", name, option,
                       near.starts_with("--") ? "did you mean " + near + "? " : "", name);
  }
  return fmt::format("{}: {}; see stet {} --help", name, text_of(error, app), name);
}

// What is wrong with a command line, and the verb that may be meant.
std::string explained(const CLI::ParseError& error, const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> names;
  for (const auto& make : kVerbs) names.push_back(make().name);
  const auto is_verb = [&](const std::string& word) {
    return std::find(names.begin(), names.end(), word) != names.end();
  };
  const std::string word = argc > 1 ? argv[1] : "";
  if (is_verb(word)) return explained(error, app, word, {argv + 2, argv + argc});
  if (word.starts_with("-"))
    return fmt::format("{}: options stand behind the verb, as in stet ls --runs FOLDER; see stet --help",
                       word.substr(0, word.find('=')));
  if (word.empty()) return std::string(error.what()) + "; see stet --help";
  const std::string near = nearest(word, names);
  return fmt::format("there is no verb '{}'; {}", word,
                     near.empty() ? "see stet --help" : "did you mean " + near + "?");
}

std::string held(std::string word) {
  const size_t equals = word.starts_with("--") ? word.find('=') : word.npos;
  const size_t value = equals == word.npos ? 0 : equals + 1;
  if (value < word.size() && word[value] == '[') word.insert(value, 1, kHeld);
  return word;
}

void let_go(std::string& word) {
  if (word.starts_with(kHeld)) word.erase(0, 1);
}

void let_go(const Argument& argument) {
  if (auto* const* word = std::get_if<std::string*>(&argument.place)) let_go(**word);
  if (auto* const* words = std::get_if<std::vector<std::string>*>(&argument.place)) {
    for (std::string& word : **words) let_go(word);
  }
}

// The command line from its end, as the parser takes it; what is sorted by may begin with a minus, and whatever stands
// behind "--".
std::vector<std::string> words_of(int argc, char** argv) {
  std::vector<std::string> words;
  bool options_end = false;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool sorts = word == "--sort" && i + 1 < argc;
    if (options_end) words.insert(words.begin(), kHeld + word);
    else if (word == "--") options_end = true;
    else words.insert(words.begin(), held(sorts ? word + "=" + argv[++i] : word));
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
  const bool has_text = argument.is_option() && !std::holds_alternative<bool*>(argument.place);
  if (has_text) option->check([](const std::string& value) { return value.empty() ? "needs a value" : ""; });
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
  struct Command {
    const CLI::App* parsed;
    Verb verb;
    Arguments arguments;
  };
  std::vector<Command> commands;
  for (const Verb& verb : all_verbs()) {
    CLI::App* command = app.add_subcommand(verb.name, verb.help);
    command->add_option("--runs", common.runs, "folder of runs")->capture_default_str()->type_name("FOLDER");
    if (verb.answers_json) command->add_flag("--json", common.json, "print JSON");
    Arguments arguments;
    verb.options(arguments);
    for (const Argument& argument : arguments.all()) add(*command, argument);
    const std::string language = takes_queries(arguments.all()) ? std::string("\n") + kQueriesAre : "";
    command->footer(kFooter + language + "\n\n" + examples_of(verb));
    commands.push_back({command, verb, arguments});
  }
  try {
    app.parse(words_of(argc, argv));
  } catch (const CLI::ParseError& e) {
    if (dynamic_cast<const CLI::CallForHelp*>(&e)) {
      fmt::print("{}", wrapped_help(app.help(), terminal_width()));
      return 0;
    }
    if (e.get_exit_code() == 0) return app.exit(e);
    put_error(explained(e, app, argc, argv));
    return 2;
  }
  let_go(common.runs);
  for (const Command& command : commands) {
    if (!*command.parsed) continue;
    for (const Argument& argument : command.arguments.all()) let_go(argument);
    return command.verb.run(common);
  }
  return 2;  // unreachable: one is required
}

// What could not be printed is an error, though all else was done.
int printed(int status) {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
  put_error(fmt::format("standard output: can't be written{}", errno ? std::string(": ") + std::strerror(errno) : ""));
  return 2;
}

// With the query below, and where in it.
void put_query_error(const query::QueryError& error) {
  put_error(error.what());
  const std::string pointed = error.pointed();
  const size_t end = pointed.find('\n');
  put_line("  " + pointed.substr(0, end), stderr);
  put_line("  " + pointed.substr(end + 1), stderr);
}

int guarded(int argc, char** argv) {
  try {
    return run_command(argc, argv);
  } catch (const std::bad_alloc&) { put_error("out of memory"); } catch (const query::QueryError& e) {
    put_query_error(e);
  } catch (const std::exception& e) {
    if (std::ferror(stdout) == 0) put_error(message_of(e));
  }
  return 2;
}

}  // namespace

int run_program(int argc, char** argv) { return printed(guarded(argc, argv)); }

}  // namespace stet::tracking::cli

int main(int argc, char** argv) {
  stet::tracking::open_standard_descriptors();
  return stet::tracking::cli::run_program(argc, argv);
}
