// stet completion.
#include <fmt/format.h>

#include <memory>

#include "stet/tensor/error.h"
#include "stet/tracking/cli/verb.h"

namespace stet::tracking::cli {
namespace {

// The line is taken apart by the program: bash breaks words where it is not asked to, at colons and equals signs.
constexpr char kBash[] = R"(# bash completion for stet
_stet() {
  local word program=$1
  [[ $program != '~/'* ]] || program=$HOME${program:1}
  COMPREPLY=()
  compopt -o nospace
  while IFS= read -r word; do
    case $word in
      files) compopt +o nospace -o default; return ;;
      folders) compopt +o nospace -o dirnames -o filenames; return ;;
    esac
    COMPREPLY+=("$word")
  done < <("$program" complete bash "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" "${COMP_LINE:COMP_POINT}" 2>/dev/null </dev/null)
}
complete -F _stet stet
)";

constexpr char kZsh[] = R"(#compdef stet
_stet() {
  local line kind
  local -a words_before more more_shown finished finished_shown parts
  words_before=("${(@Q)words[2,CURRENT-1]}")
  local word=${(Q):-$compstate[quote]$PREFIX$compstate[quote]}
  while IFS= read -r line; do
    case $line in
      files) compset -P '--*='; _files; return ;;
      folders) compset -P '--*='; _files -/; return ;;
    esac
    parts=("${(@ps:\t:)line}")
    if [[ $parts[1] == more ]]; then
      more+=("$parts[2]") more_shown+=("$parts[3]")
    else
      finished+=("$parts[2]") finished_shown+=("$parts[3]")
    fi
  done < <(${~words[1]} complete zsh "$words_before[@]" "$word" 2>/dev/null </dev/null)
  (( $#finished )) && compadd -l -d finished_shown -a finished
  (( $#more )) && compadd -S '' -d more_shown -a more
  (( $#finished + $#more ))
}
if [[ $funcstack[1] == _stet ]]; then
  _stet "$@"
else
  compdef _stet stet
fi
)";

}  // namespace

Verb completion() {
  const auto shell = std::make_shared<std::string>();
  return {"completion",
          "Print what teaches a shell to complete stet's verbs, options, runs, metrics and queries",
          {{{"source <(stet completion bash)", "in this bash, and in all of them from ~/.bashrc"},
            {"stet completion zsh > _stet", "for a folder of zsh's fpath"}}},
          [shell](Arguments& arguments) {
            arguments.word("SHELL", *shell, "bash or zsh", {"bash", "zsh"});
          },
          [shell](const Common&) {
            if (*shell != "bash" && *shell != "zsh") raise("completion: '{}' is neither bash nor zsh", *shell);
            fmt::print("{}", *shell == "bash" ? kBash : kZsh);
            return 0;
          },
          /*answers_json=*/false};
}

}  // namespace stet::tracking::cli
