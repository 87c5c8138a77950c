#include <array>
#include <cerrno>
#include <optional>

#include "stet/tensor/error.h"
#include "stet/tracking/exchange/store.h"
#include "stet/tracking/keeping/trash.h"

namespace stet::tracking {
namespace {

class LocalFile final : public StoreFile {
 public:
  explicit LocalFile(std::unique_ptr<File> file) : file_(std::move(file)) {}
  void write(Bytes bytes) override { file_->write(bytes); }
  void finish() override { file_->sync(); }

 private:
  std::unique_ptr<File> file_;
};

class LocalHold final : public StoreHold {
 public:
  explicit LocalHold(std::optional<RunLock> lock) : lock_(std::move(lock)) {}

 private:
  std::optional<RunLock> lock_;
};

class LocalStore final : public Store {
 public:
  LocalStore(FileSystem& fs, const Path& folder) : fs_(fs), top_(folder) {}

  std::string describe(const std::string& path) const override { return (top_.path() / path).string(); }

  std::vector<StoreItem> list(const std::string& path) override {
    std::vector<StoreItem> items;
    if (!path.empty() && tracking::look_at(entry(path)).kind == EntryStatus::Kind::none) return items;
    const Folder inside = folder(path);
    for (const std::string& name : inside.names()) items.push_back({name, tracking::look_at(inside / name)});
    return items;
  }

  EntryStatus look_at(const std::string& path) override { return tracking::look_at(entry(path)); }

  void read(const std::string& path, const std::function<void(Bytes)>& take) override {
    const InputFile file(entry(path));
    std::vector<char> block(size_t{1} << 18);
    int64_t at = 0;
    while (const size_t n = file.read_at(at, block)) {
      take(as_bytes({block.data(), n}));
      at += static_cast<int64_t>(n);
    }
  }

  std::unique_ptr<StoreFile> create(const std::string& path, unsigned mode) override {
    return std::make_unique<LocalFile>(fs_.open(entry(path), OpenMode::exclusive, mode));
  }

  bool duplicate(const std::string& from, const std::string& to) override {
    fs_.copy(InputFile(entry(from)), entry(to), 0644);
    return true;
  }

  void make_folder(const std::string& path) override { tracking::make_folder(fs_, entry(path)); }
  void rename(const std::string& from, const std::string& to) override { fs_.rename(entry(from), entry(to)); }
  void remove(const std::string& path) override { fs_.remove(entry(path)); }
  void sync(const std::string& path) override { fs_.sync_directory(folder(path)); }
  bool is_here() const override { return true; }

  std::unique_ptr<StoreHold> hold(const std::string& path) override {
    return std::make_unique<LocalHold>(tracking::hold(fs_, folder(path)));
  }
  bool is_held(const std::string& run) override { return tracking::is_held(folder(run)); }

 private:
  Folder folder(const std::string& path) const { return path.empty() ? top_ : Folder(entry(path)); }

  Entry entry(const std::string& path) const {
    Folder at = top_;
    size_t begin = 0;
    for (size_t slash; (slash = path.find('/', begin)) != path.npos; begin = slash + 1)
      at = Folder(at / path.substr(begin, slash - begin));
    return at / path.substr(begin);
  }

  FileSystem& fs_;
  Folder top_;
};

}  // namespace

std::unique_ptr<Store> local_store(FileSystem& fs, const Path& folder) {
  return std::make_unique<LocalStore>(fs, folder);
}

std::string read_text(Store& store, const std::string& path, int64_t most) {
  std::string text;
  store.read(path, [&](Bytes bytes) {
    if (static_cast<int64_t>(text.size() + bytes.size()) > most)
      raise<DataError>("{}: has more than the {} bytes that are read", store.describe(path), most);
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
  return text;
}

}  // namespace stet::tracking
