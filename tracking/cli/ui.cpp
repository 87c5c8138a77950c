// stet ui.
#include <fmt/format.h>

#include <cstdlib>
#include <memory>

#include "stet/tensor/error.h"
#include "stet/tracking/cli/print.h"
#include "stet/tracking/cli/runs_folder.h"
#include "stet/tracking/cli/verb.h"
#include "stet/tracking/ui/page_files.h"
#include "stet/tracking/ui/server.h"

namespace stet::tracking::cli {
namespace {

void announce(const std::string& address, bool json) {
  if (json) put_json({{"address", address}});
  else put_line(address);
  std::fflush(stdout);
}

int answer(ui::ServerOptions options, const Common& common) {
  require_runs_folder(common);
  options.runs = common.runs;
  // What works on the page serves its files from where they lie.
  if (const char* page = std::getenv("STET_UI_PAGE")) options.page = page;
  if (options.page.empty()) ui::require_page("ui");
  ui::serve(options, [&](const std::string& address) { announce(address, common.json); });
  return 0;
}

}  // namespace

Verb ui_verb() {
  const auto options = std::make_shared<ui::ServerOptions>();
  return {"ui",
          "Show the runs on a page in the browser, served by this machine for itself",
          {{{"stet ui", "print the address to open"},
            {"stet ui --runs runs --read-only", "of a folder, in which the page can change nothing"}}},
          [options](Arguments& arguments) {
            arguments.option("--port", options->port, 1, 65535, "to listen on; else the first free one from 6006 on");
            arguments.option(
                "--host", options->host,
                "address to listen on; others than 127.0.0.1 let other machines in, who must have the token");
            arguments.flag("--read-only", options->read_only, "nothing can be changed from the page");
          },
          [options](const Common& common) { return answer(*options, common); }};
}

}  // namespace stet::tracking::cli
