#include <fmt/format.h>
#include <cerrno>

#include "stet/tensor/error.h"
#include "stet/tracking/exchange/sftp_client.h"

namespace stet::tracking {
namespace {

using Kind = EntryStatus::Kind;

// There are no locks: two that copy at once build the same run from the same bytes, and the first renames it.
class SftpStore final : public Store {
 public:
  SftpStore(const std::string& host, std::string folder, bool make) : client_(host), top_(std::move(folder)) {
    if (top_ == "~") top_ = ".";
    if (top_.starts_with("~/")) top_ = top_.substr(2);
    while (top_.size() > 1 && top_.ends_with('/')) top_.pop_back();
    if (make && client_.look_at(top_).kind == Kind::none) client_.make_folder(top_);
  }

  std::string describe(const std::string& path) const override { return client_.describe(place(path)); }

  std::vector<StoreItem> list(const std::string& path) override {
    if (!path.empty() && look_at(path).kind == Kind::none) return {};
    require_folders(path, /*last=*/true);
    return client_.list(place(path));
  }

  EntryStatus look_at(const std::string& path) override { return client_.look_at(place(path)); }

  void read(const std::string& path, const std::function<void(Bytes)>& take) override {
    require_folders(path, /*last=*/false);
    const EntryStatus::Kind kind = look_at(path).kind;
    if (kind == Kind::none) throw IoError(describe(path) + ": can't read: there is no such file", ENOENT);
    if (kind != Kind::file) throw IoError(describe(path) + ": can't read: it is no regular file", EINVAL);
    client_.read(place(path), take);
  }

  std::unique_ptr<StoreFile> create(const std::string& path, unsigned mode) override {
    require_folders(path, /*last=*/false);
    return client_.create(place(path), mode);
  }

  bool duplicate(const std::string& from, const std::string& to) override {
    require_folders(from, /*last=*/false);
    require_folders(to, /*last=*/false);
    return look_at(from).kind == Kind::file && client_.link(place(from), place(to));
  }

  void make_folder(const std::string& path) override {
    require_folders(path, /*last=*/false);
    client_.make_folder(place(path));
  }

  void rename(const std::string& from, const std::string& to) override {
    folders_.clear();
    client_.rename(place(from), place(to));
  }

  void remove(const std::string& path) override {
    require_folders(path, /*last=*/false);
    client_.remove(place(path));
  }

  void sync(const std::string&) override {}
  bool is_here() const override { return false; }
  std::unique_ptr<StoreHold> hold(const std::string&) override { return nullptr; }
  bool is_held(const std::string&) override { return false; }

 private:
  std::string place(const std::string& path) const {
    return path.empty() ? top_ : top_ == "/" ? top_ + path : top_ + "/" + path;
  }

  // A server follows links: what lies behind one is another's.
  void require_folders(const std::string& path, bool last) {
    for (size_t slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1))
      require_folder(path.substr(0, slash));
    if (last && !path.empty()) require_folder(path);
  }

  void require_folder(const std::string& path) {
    if (folders_.contains(path)) return;
    if (look_at(path).kind != Kind::folder) throw IoError(describe(path) + ": is no folder, or a link to one", ENOTDIR);
    folders_.insert(path);
  }

  SftpClient client_;
  std::string top_;
  std::set<std::string> folders_;  // that were looked at
};

}  // namespace

std::unique_ptr<Store> sftp_store(const std::string& host, const std::string& folder, bool make) {
  return std::make_unique<SftpStore>(host, folder, make);
}

}  // namespace stet::tracking
