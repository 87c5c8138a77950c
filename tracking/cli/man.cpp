#include "stet/tracking/cli/man.h"

#include <fmt/format.h>

#include "stet/data/files.h"
#include "stet/tensor/version.h"

namespace stet::tracking::cli {
namespace {

// As it is written, in roff: signs that it takes for others or for its own stand by their names.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const std::string_view sign = c == '\\'   ? "\\(rs"
                                  : c == '-'  ? "\\-"
                                  : c == '\'' ? "\\(aq"
                                  : c == '`'  ? "\\(ga"
                                  : c == '^'  ? "\\(ha"
                                  : c == '~'  ? "\\(ti"
                                  : c == '"'  ? "\\(dq"
                                              : "";
    if (sign.empty()) out.push_back(c);
    else out.append(sign);
  }
  return text.starts_with('.') ? "\\&" + out : out;
}

std::string bold(std::string_view text) { return "\\fB" + roff(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + roff(text) + "\\fR"; }

std::string begin_of(const std::string& name, std::string_view says) {
  std::string upper = name;
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  std::string one_line(says);
  if (!one_line.empty() && one_line[0] >= 'A' && one_line[0] <= 'Z')
    one_line[0] = static_cast<char>(one_line[0] - 'A' + 'a');
  return fmt::format(".TH {} 1 \"\" \"stet {}\" \"Stet\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n", roff(upper), version,
                     roff(name), roff(one_line));
}

// "-m, --metric METRIC"
std::string option_names(const Argument& argument) {
  std::string text;
  for (std::string_view names = argument.name; !names.empty();) {
    const size_t comma = names.find(',');
    text += (text.empty() ? "" : ", ") + bold(names.substr(0, comma));
    names.remove_prefix(comma == names.npos ? names.size() : comma + 1);
  }
  const std::string value = value_word(argument);
  return value.empty() ? text : text + " " + italic(value);
}

std::string synopsis(const Verb& verb, const std::vector<Argument>& arguments) {
  std::string text = fmt::format(".B stet {}\n[{}]\n", roff(verb.name), italic("option ..."));
  for (const Argument& a : arguments) {
    if (a.is_option()) continue;
    const bool many = std::holds_alternative<std::vector<std::string>*>(a.place);
    const std::string name = italic(a.rest ? "word" : a.name) + (many ? " ..." : "");
    text += a.required ? name + "\n" : "[" + name + "]\n";
  }
  return text;
}

std::string page_of(const Verb& verb) {
  const std::vector<Argument> arguments = arguments_of(verb);
  std::string text = begin_of(fmt::format("stet-{}", verb.name), verb.help) + synopsis(verb, arguments);
  text += fmt::format(".SH DESCRIPTION\n{}.\n", roff(verb.help));
  for (const Argument& a : arguments) {
    if (!a.is_option() && !a.rest) text += fmt::format(".TP\n{}\n{}\n", italic(a.name), roff(a.help));
  }
  text += ".SH OPTIONS\n";
  for (const Argument& a : arguments) {
    if (a.is_option()) text += fmt::format(".TP\n{}\n{}\n", option_names(a), roff(a.help));
  }
  text += ".SH EXAMPLES\n";
  for (const Example& example : verb.examples)
    text += fmt::format(".TP\n{}\n{}\n", bold(example.line), roff(example.does));
  text += fmt::format(".SH NOTES\n{}\n.PP\n{}\n", roff(kRunIs), roff(kExitStatus));
  if (takes_queries(arguments)) text += fmt::format(".PP\n{}\n", roff(kQueriesAre));
  return text + ".SH SEE ALSO\n.BR stet (1)\n";
}

std::string front_page(const std::vector<Verb>& verbs) {
  std::string text = begin_of("stet", kProgramIs);
  text += fmt::format(".B stet\n{} [{}]\n", italic("verb"), italic("argument ..."));
  text += fmt::format(".SH DESCRIPTION\n{}\n", roff(kProgramIs));
  text += ".SH VERBS\n";
  for (const Verb& verb : verbs) text += fmt::format(".TP\n.BR stet\\-{} (1)\n{}.\n", roff(verb.name), roff(verb.help));
  text += ".SH OPTIONS\n.TP\n" + bold("--help") + "\nwhat there is; of a verb, what it takes\n.TP\n" +
          bold("--version") + "\nthe version\n";
  text += fmt::format(".SH NOTES\n{}\n.PP\n{}\n", roff(kRunIs), roff(kExitStatus));
  text += ".SH ENVIRONMENT\n.TP\n" + bold("NO_COLOR") + "\nno colours, where it is set to anything\n.TP\n" +
          bold("COLUMNS") + "\nhow wide tables and charts may be, in place of the terminal's width\n.TP\n" +
          bold("XDG_CACHE_HOME") + "\nwhere the index of runs is kept: stet index \\-\\-path\n.TP\n" +
          bold("STET_TRUST") + "\n1: as \\-\\-trust of resume and verify\n";
  text += ".SH SEE ALSO\n";
  for (const Verb& verb : verbs)
    text += fmt::format(".BR stet\\-{} (1){}\n", roff(verb.name), &verb == &verbs.back() ? "" : ",");
  return text;
}

}  // namespace

void write_manual(const std::vector<Verb>& verbs, const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  data::write_file_atomically(folder / "stet.1", front_page(verbs));
  for (const Verb& verb : verbs)
    data::write_file_atomically(folder / fmt::format("stet-{}.1", verb.name), page_of(verb));
}

}  // namespace stet::tracking::cli
