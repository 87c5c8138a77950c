// stet data.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>

#include <fstream>
#include <memory>

#include "stet/tensor/error.h"
#include "stet/tracking/cli/catalogue.h"
#include "stet/tracking/cli/download.h"
#include "stet/tracking/cli/print.h"
#include "stet/tracking/cli/table.h"
#include "stet/tracking/cli/tar.h"
#include "stet/tracking/cli/value_text.h"
#include "stet/tracking/cli/verb.h"
#include "stet/tracking/record/nearest.h"

namespace stet::tracking::cli {
namespace {

namespace fs = std::filesystem;

struct Wanted {
  std::string action, name, to, from, catalogue;
};

std::string digest_of(const fs::path& path, const std::string& algorithm) {
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  std::ifstream file(path, std::ios::binary);
  if (EVP_DigestInit_ex(context.get(), EVP_get_digestbyname(algorithm.c_str()), nullptr) != 1)
    raise<DataError>("OpenSSL has no {}", algorithm);
  std::string block(1 << 20, '\0');
  while (file.read(block.data(), static_cast<std::streamsize>(block.size())) || file.gcount() > 0)
    EVP_DigestUpdate(context.get(), block.data(), static_cast<size_t>(file.gcount()));
  if (!file.eof()) raise<DataError>("{}: can't be read", path.string());
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  EVP_DigestFinal_ex(context.get(), bytes, &length);
  return fmt::format("{:02x}", fmt::join(bytes, bytes + length, ""));
}

bool is_right(const fs::path& path, const RemoteFile& file) {
  return fs::file_size(path) == static_cast<uint64_t>(file.bytes) && digest_of(path, file.algorithm) == file.digest;
}

// Where it comes from: the catalogue's addresses, or another place, an address or a folder.
std::vector<std::string> addresses(const RemoteFile& file, const std::string& from) {
  if (from.empty()) return file.from;
  if (from.find("://") != from.npos) return {from + (from.ends_with('/') ? "" : "/") + file.name};
  const fs::path local = fs::absolute(from) / file.name;
  if (!fs::exists(local)) raise<DataError>("{}: no such file", local.string());
  std::string address = "file://";
  for (const unsigned char c : local.string()) {
    const bool plain =
        std::isalnum(c) != 0 || std::string_view("/-_.~").find(static_cast<char>(c)) != std::string_view::npos;
    address += plain ? std::string(1, static_cast<char>(c)) : fmt::format("%{:02X}", c);
  }
  return {address};
}

// Fetches a file aside and gives it its name once it is right.
void fetch_file(const RemoteFile& file, const fs::path& folder, const std::string& from) {
  const fs::path path = folder / file.name, part = folder / (file.name + ".part");
  if (fs::exists(path)) {
    if (!is_right(path, file)) {
      raise<DataError>("{}: is not the file that {} {} is of; move it away and try again", path.string(),
                       file.algorithm, file.digest);
    }
    return put_line(file.name + ": there already");
  }
  std::string wrong = "has no address";
  for (const std::string& address : addresses(file, from)) {
    if (fs::exists(part) && fs::file_size(part) > static_cast<uint64_t>(file.bytes)) fs::remove(part);
    wrong = fetch({address, part, file.bytes, file.name});
    if (wrong.empty() && !is_right(part, file)) {
      wrong = fmt::format("has the {} {}, not {}", file.algorithm, digest_of(part, file.algorithm), file.digest);
      fs::remove(part);
    }
    if (wrong.empty()) {
      fs::rename(part, path);
      return put_line(fmt::format("{}: fetched, {} bytes, {} {}", file.name, file.bytes, file.algorithm, file.digest));
    }
    wrong = address + ": " + wrong;
  }
  raise<DataError>("{}", wrong);
}

int fetch_all(const Wanted& wanted) {
  const std::vector<RemoteDataset> all = read_catalogue(wanted.catalogue);
  std::vector<std::string> names;
  for (const RemoteDataset& set : all) {
    names.push_back(set.name);
    if (set.name != wanted.name) continue;
    const fs::path folder = wanted.to.empty() ? fs::path("data") / set.name : fs::path(wanted.to);
    fs::create_directories(folder);
    put_line(fmt::format("{}; licence: {}; {}", set.title, set.licence, set.home));
    for (const RemoteFile& file : set.files) {
      fetch_file(file, folder, wanted.from);
      if (!file.members.empty()) unpack_members(folder / file.name, file.members, folder);
    }
    put_line("in " + folder.string());
    return 0;
  }
  const std::string near = nearest(wanted.name, names);
  raise("there is no data set '{}'; {}", wanted.name,
        near.empty() ? fmt::format("there are {}", fmt::join(names, ", ")) : "did you mean " + near + "?");
}

int list(const Wanted& wanted) {
  Table table{
      {{"NAME", "name", false}, {"SIZE", "size", false}, {"TITLE", "title", false}, {"LICENCE", "licence", true}}, {}};
  for (const RemoteDataset& set : read_catalogue(wanted.catalogue)) {
    int64_t bytes = 0;
    for (const RemoteFile& file : set.files) bytes += file.bytes;
    using query::Value;
    table.rows.push_back({Value(set.name), Value(size_text(bytes)), Value(set.title), Value(set.licence)});
  }
  print_table(table, terminal_width());
  return 0;
}

}  // namespace

Verb data_sets() {
  const auto wanted = std::make_shared<Wanted>();
  return {"data",
          "Fetch a data set, or list those that are known",
          {{{"stet data list", "the data sets that are known"},
            {"stet data fetch mnist --to data/mnist", "fetch one, checked by its digest"}}},
          [wanted](Arguments& arguments) {
            arguments.word("ACTION", wanted->action, "fetch or list", {"fetch", "list"});
            arguments.optional_word("NAME", wanted->name, "the data set that is to be fetched", Takes::data_set);
            arguments.option("--to", wanted->to, "folder for its files; data/NAME unless given", Takes::folder);
            arguments.option("--from", wanted->from,
                             "folder, or address before the files' names, in place of their own", Takes::folder);
            arguments.option("--catalogue", wanted->catalogue, "file that names data sets, in place of Stet's own",
                             Takes::file);
          },
          [wanted](const Common&) {
            if (wanted->action == "list" && wanted->name.empty()) return list(*wanted);
            if (wanted->action != "fetch") raise("data: '{}' is neither fetch nor list", wanted->action);
            if (wanted->name.empty()) raise("data fetch: give the name of a data set; stet data list has them");
            return fetch_all(*wanted);
          },
          /*answers_json=*/false};
}

}  // namespace stet::tracking::cli
