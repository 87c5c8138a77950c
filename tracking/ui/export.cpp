#include "stet/tracking/ui/export.h"

#include <fmt/format.h>

#include <algorithm>

#include "stet/tensor/error.h"
#include "stet/tensor/sha256.h"
#include "stet/tracking/record/file_system.h"
#include "stet/tracking/record/text.h"
#include "stet/tracking/ui/answers.h"
#include "stet/tracking/ui/columns.h"
#include "stet/tracking/ui/page_files.h"

namespace stet::tracking::ui {
namespace {

constexpr char kMark[] = "stet-export";  // the file by which an export knows one of its own
constexpr size_t kMostExported = 2000, kMostPairs = 12;
constexpr int kPoints = 2000, kLogLines = 1000;

// As the page's encodeURIComponent.
std::string escaped(const std::string& text) {
  constexpr std::string_view kPlain = "-_.!~*'()";
  std::string out;
  for (const char c : text) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kPlain.find(c) != kPlain.npos;
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

// What stands for a run in names of files: its id, unless an edited record has one that is no part of such a name.
std::string file_part(const std::string& id) {
  const bool plain = !id.empty() && id.size() <= 100 && escaped(id) == id && id.find_first_of("'*()!~") == id.npos;
  return plain ? id : "id-" + sha256_hex(id).substr(0, 24);
}

using Asked = std::map<std::string, std::string>;

// How the page names a question: its parameters by name, empty ones left out.
std::string key_of(const std::string& path, const Asked& asked) {
  std::string key = path;
  char separator = '?';
  for (const auto& [name, value] : asked) {
    if (value.empty()) continue;
    key += separator + escaped(name) + "=" + escaped(value);
    separator = '&';
  }
  return key;
}

// A text that is a script's as well as JSON's: nothing in it ends a script or a line.
std::string script_text(const Json& json) {
  std::string text = printable_json(json.dump(-1, ' ', false, Json::error_handler_t::replace));
  std::string out;
  for (const char c : text) out += c == '<' ? std::string("\\u003c") : std::string(1, c);
  return out;
}

std::string base64(const std::string& bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t held = 0;
    for (size_t k = 0; k < 3; ++k)
      held = held << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (size_t k = 0; k < 4; ++k) out += i + k <= bytes.size() ? kDigits[held >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

class Export {
 public:
  Export(Desk& desk, const Folder& to, std::string query)
      : desk_(desk), to_(to), data_(make_folder(real_file_system(), to / "data")), query_(std::move(query)) {}

  Exported run() {
    const Asked asked{{"query", query_}};
    const Parameters selection(asked);
    const Json found = ids(desk_, selection);
    std::vector<std::string> all = found["ids"];
    if (all.size() > kMostExported)
      raise("export: the query fits {} runs, and a page holds {}; say which in the query", all.size(), kMostExported);
    whole_folder(all);
    for (const std::string& id : all) of_run(id);
    if (all.size() >= 2 && all.size() <= kMostPairs) of_pairs(all);
    page();
    return {all.size(), bytes_};
  }

 private:
  void write(const Folder& folder, const std::string& name, const std::string& bytes) {
    write_file(real_file_system(), folder / name, as_bytes(bytes));
    bytes_ += static_cast<int64_t>(bytes.size());
  }

  // Answers of one file; the page loads it when it asks for one of them.
  struct DataFile {
    std::string name, text;
  };
  void add(DataFile& file, const std::string& path, const Asked& asked, const Json& answer) {
    const std::string key = key_of(path, asked);
    file.text += fmt::format("stetData({}, {});\n", script_text(key), script_text(answer));
    files_[key] = "data/" + file.name;
  }
  // What can't be read, of a run that was damaged, is left out: the page says that it is not there.
  template <class F> void try_add(DataFile& file, const std::string& path, const Asked& asked, const F& answer) {
    try {
      add(file, path, asked, answer());
    } catch (const Error&) {  // no answer
    }
  }
  void close(const DataFile& file) {
    if (!file.text.empty()) write(data_, file.name, file.text);
  }

  // What the page asks of all runs: without a query, since the export holds no others.
  void whole_folder(const std::vector<std::string>& all) {
    DataFile file{"runs.js", {}};
    Json said = hello(desk_, {});
    said["read_only"] = true;
    said["folder"] = "";
    said["runs"] = {{"total", all.size()}, {"running", 0}, {"failed", 0}, {"stalled", 0}};
    add(file, "hello", {}, said);
    const Json names = fields(desk_, Parameters({{"query", query_}}));
    add(file, "fields", {}, names);
    const std::string limit = std::to_string(std::max<size_t>(all.size(), 1));
    Json table_answer = table(desk_, Parameters({{"query", query_}, {"limit", limit}}));
    table_answer["total"] = all.size();
    add(file, "table", {{"limit", limit}}, table_answer);
    std::string columns;
    size_t count = 0;
    for (const char* name : {"params", "metrics"}) {
      for (const Json& one : names[name]) {
        if (++count <= 190) columns += (columns.empty() ? "" : ",") + one["expr"].get<std::string>();
      }
    }
    for (const char* field : {"steps", "duration", "program", "group", "seed", "device"})
      columns += (columns.empty() ? "" : ",") + std::string(field);
    Json wide = table(desk_, Parameters({{"query", query_}, {"limit", limit}, {"columns", columns}}));
    wide["total"] = all.size();
    add(file, "table", {{"limit", limit}, {"columns", columns}}, wide);
    add(file, "columns", {{"columns", columns}},
        ui::columns(desk_, Parameters({{"query", query_}, {"columns", columns}})));
    close(file);
  }

  void of_run(const std::string& id) {
    DataFile file{"run-" + file_part(id) + ".js", {}};
    try_add(file, "run", {{"id", id}}, [&] {
      Json described = ui::run(desk_, Parameters({{"id", id}}));
      described.erase("path");
      return described;
    });
    try_add(file, "log", {{"id", id}}, [&] {
      return log(desk_, Parameters({{"id", id}, {"offset", std::to_string(-kLogLines)}}));
    });
    close(file);
    DataFile curves{"series-" + file_part(id) + ".js", {}};
    const std::string runs = names_text({id});
    try_add(curves, "series", {{"runs", runs}}, [&] {
      return series(desk_, Parameters({{"runs", runs}, {"metrics", "*"}, {"points", std::to_string(kPoints)}}));
    });
    close(curves);
    media_of(id);
  }

  void media_of(const std::string& id) {
    DataFile file{"media-" + file_part(id) + ".js", {}};
    for (const char* kind : {"image", "text", "histogram", "vector"}) {
      const Asked asked{{"runs", names_text({id})}, {"kind", kind}};
      Json items = Json::array();
      try_add(file, "media", asked, [&] {
        const Json found = media(desk_, Parameters(asked));
        items = found["items"];
        return found;
      });
      for (const Json& item : items) of_medium(file, id, kind, item);
    }
    close(file);
  }

  void of_medium(DataFile& file, const std::string& id, const std::string& kind, const Json& item) {
    Asked asked{{"run", id}, {"name", item["name"].get<std::string>()}};
    if (kind == "histogram") try_add(file, kind, asked, [&] { return histogram(desk_, Parameters(asked)); });
    if (kind == "vector") try_add(file, kind, asked, [&] { return vector(desk_, Parameters(asked)); });
    if (kind != "image" && kind != "text") return;
    for (const Json& step : item["steps"]) {
      asked["step"] = std::to_string(step.get<int64_t>());
      try_add(file, kind, asked, [&]() -> Json {
        if (kind == "text") return text(desk_, Parameters(asked));
        return "data:image/png;base64," + base64(image(desk_, Parameters(asked)).body);
      });
    }
  }

  void of_pairs(const std::vector<std::string>& all) {
    DataFile file{"pairs.js", {}};
    for (const std::string& a : all) {
      for (const std::string& b : all) {
        if (a == b) continue;
        const Asked asked{{"runs", names_text({a, b})}};
        try_add(file, "compare", asked, [&] { return compare(desk_, Parameters(asked)); });
        try_add(file, "digests", asked, [&] { return digests(desk_, Parameters(asked)); });
      }
    }
    close(file);
  }

  void page() {
    Json files = Json::object();
    for (const auto& [key, name] : files_) files[key] = name;
    write(data_, "files.js", fmt::format("stetFiles({});\n", script_text(files)));
    for (const char* name : {"page.css", "page.js"}) write(to_, name, page_file(name)->bytes);
    // The page's own script first, as it has what the others call.
    std::string html = page_file("page.html")->bytes;
    const std::string script = "<script src=\"page.js\" defer></script>";
    const size_t at = html.find(script);
    if (at == html.npos) raise<DataError>("export: the page has not the script that it is to have");
    html.replace(at, script.size(),
                 "<script src=\"data/first.js\"></script>\n<script src=\"data/files.js\"></script>\n"
                 "<script src=\"data/runs.js\"></script>\n" +
                     script);
    write(data_, "first.js",
          "window.stetExport = {data: new Map(), files: {}};\n"
          "window.stetData = (key, answer) => { window.stetExport.data.set(key, answer); };\n"
          "window.stetFiles = (files) => { Object.assign(window.stetExport.files, files); };\n");
    write(to_, "index.html", html);
    write(to_, kMark, "made by stet export; stet export replaces this folder\n");
  }

  Desk& desk_;
  const Folder to_, data_;
  const std::string query_;
  std::map<std::string, std::string> files_;  // by key
  int64_t bytes_ = 0;
};

// A page of none would take the place of one that has some.
void require_runs(Desk& desk, const std::string& query) {
  if (ids(desk, Parameters({{"query", query}}))["ids"].empty())
    raise("export: there are no such runs; `stet ls` lists them");
}

// May the folder be made, or replaced?
void check_place(const Folder& parent, const std::string& name) {
  const EntryStatus status = look_at(parent / name);
  if (status.kind == EntryStatus::Kind::none) return;
  const auto folder = status.kind == EntryStatus::Kind::folder ? find_folder(parent / name) : std::nullopt;
  if (folder && (folder->names().empty() || is_file(*folder / kMark))) return;
  raise("export: {} is there, and no export made it", (parent / name).path().string());
}

// A moment without the folder is all that is ever seen; where the new one can't take its place the old one has it
// again.
void replace(const Folder& parent, const std::string& building, const std::string& name) {
  FileSystem& fs = file_system();
  const std::string old = ".old-" + name;
  const bool is_there = look_at(parent / name).kind != EntryStatus::Kind::none;
  if (is_there) {
    remove_all(fs, parent / old);
    fs.rename(parent / name, parent / old);
  }
  try {
    fs.rename(parent / building, parent / name);
  } catch (...) {
    if (is_there) fs.rename(parent / old, parent / name);
    throw;
  }
  fs.sync_directory(parent);
  remove_all(fs, parent / old);
}

}  // namespace

Exported export_html(const Path& runs, const std::string& query, const Path& to) {
  require_page("export");
  const Path whole = std::filesystem::absolute(to).lexically_normal();
  const Path place = whole.has_filename() ? whole : whole.parent_path();
  query::parse(query);  // what is wrong with it is said before anything is read
  Desk desk(runs, /*read_only=*/true);
  desk.index.refresh_now();
  require_runs(desk, query);
  const Folder parent = make_directories(file_system(), place.parent_path());
  const std::string name = place.filename().string(), building = ".new-" + name;
  check_place(parent, name);
  remove_all(file_system(), parent / building);
  try {
    const Exported done = Export(desk, make_folder(file_system(), parent / building), query).run();
    replace(parent, building, name);
    return done;
  } catch (...) {
    discard(parent / building);
    throw;
  }
}

}  // namespace stet::tracking::ui
