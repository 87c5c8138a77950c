#include "tracking/fault/faulty_file_system.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <vector>

#include "stet/tensor/error.h"

namespace stet::tracking {
namespace {

constexpr int killed_status = 137;

uint64_t size_on_disk(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
}

}  // namespace

class FaultyFile final : public File {
 public:
  FaultyFile(FaultyFileSystem& fs, std::unique_ptr<File> base, Path path)
      : fs_(fs), base_(std::move(base)), path_(std::move(path)) {}

  void write(Bytes bytes) override {
    fs_.begin(path_, true, [&] { base_->write(bytes.first(bytes.size() / 2)); });
    base_->write(bytes);
  }

  void sync() override {
    fs_.begin(path_, true);
    base_->sync();
    std::lock_guard lock(fs_.mutex_);
    fs_.synced_[path_] = size_on_disk(base_->descriptor());
  }

  void clear() override {
    fs_.begin(path_, false);
    base_->clear();
  }

  int descriptor() const override { return base_->descriptor(); }

 private:
  FaultyFileSystem& fs_;
  std::unique_ptr<File> base_;
  Path path_;
};

Fault Fault::parse(const std::string& text) {
  Fault fault;
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = std::min(text.find(',', begin), text.size());
    std::string word = text.substr(begin, end - begin);
    begin = end + 1;
    if (word == "nolock") {
      fault.refuse_locks = true;
      continue;
    }
    if (word.starts_with("count:")) {
      fault.report = word.substr(6);
      continue;
    }
    static const std::map<std::string, Kind> kinds = {{"kill", Kind::kill},
                                                      {"torn", Kind::torn},
                                                      {"power", Kind::power},
                                                      {"enospc", Kind::enospc},
                                                      {"eio", Kind::eio}};
    size_t sign = word.find('@');
    auto kind = kinds.find(word.substr(0, sign));
    const char* last = word.data() + word.size();
    bool whole = sign != std::string::npos && kind != kinds.end() &&
                 std::from_chars(word.data() + sign + 1, last, fault.at).ptr == last && fault.at > 0;
    if (!whole) raise("STET_FAULT: '{}' is none of kill@N, torn@N, power@N, enospc@N, eio@N, count:FILE, nolock", word);
    fault.kind = kind->second;
  }
  return fault;
}

std::unique_ptr<FaultyFileSystem> FaultyFileSystem::from_environment() {
  const char* text = std::getenv("STET_FAULT");
  if (!text || !*text) return nullptr;
  return std::make_unique<FaultyFileSystem>(real_file_system(), Fault::parse(text));
}

FaultyFileSystem::~FaultyFileSystem() {
  if (fault_.report.empty()) return;
  try {
    const Folder folder(fault_.report.parent_path());
    write_file(base_, folder / fault_.report.filename().string(), as_bytes(std::to_string(count_) + "\n"));
  } catch (const IoError&) {  // a test that reads the count finds the file missing
  }
}

void FaultyFileSystem::begin(const Path& path, bool takes_space, const std::function<void()>& half) {
  uint64_t number = ++count_;
  bool struck = number == fault_.at;
  bool full = fault_.kind == Fault::Kind::enospc && takes_space && number > fault_.at;
  if (full) raise_io(path, "write", ENOSPC);
  if (!struck) return;
  switch (fault_.kind) {
    case Fault::Kind::none: break;
    case Fault::Kind::kill: ::_exit(killed_status);
    case Fault::Kind::torn: half(); ::_exit(killed_status);
    case Fault::Kind::power: lose_power();
    case Fault::Kind::enospc:
    case Fault::Kind::eio: half(); raise_io(path, "write", fault_.kind == Fault::Kind::enospc ? ENOSPC : EIO);
  }
}

void FaultyFileSystem::lose_power() {
  std::lock_guard lock(mutex_);
  for (const auto& [path, length] : synced_) {
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0 && static_cast<uint64_t>(info.st_size) > length) {
      if (::truncate(path.c_str(), static_cast<off_t>(length)) < 0) ::_exit(1);
    }
  }
  ::_exit(killed_status);
}

std::unique_ptr<File> FaultyFileSystem::open(const Entry& entry, OpenMode how, unsigned mode) {
  const Path path = entry.path();
  begin(path, true);
  auto file = base_.open(entry, how, mode);
  std::lock_guard lock(mutex_);
  if (how == OpenMode::append) {
    synced_.try_emplace(path, size_on_disk(file->descriptor()));
  } else {
    synced_[path] = 0;
  }
  return std::make_unique<FaultyFile>(*this, std::move(file), path);
}

void FaultyFileSystem::rename(const Entry& from_entry, const Entry& to_entry) {
  const Path from = from_entry.path(), to = to_entry.path();
  begin(to, true);
  base_.rename(from_entry, to_entry);
  std::lock_guard lock(mutex_);
  std::map<Path, uint64_t> moved;
  for (auto& [path, length] : synced_) {  // a renamed folder takes its files along
    auto [rest, inside] = std::mismatch(from.begin(), from.end(), path.begin(), path.end());
    if (rest != from.end()) {
      moved.try_emplace(path, length);
      continue;
    }
    Path target = to;
    for (; inside != path.end(); ++inside) target /= *inside;
    moved[target] = length;
  }
  synced_ = std::move(moved);
}

void FaultyFileSystem::remove(const Entry& entry) {
  begin(entry.path(), false);
  base_.remove(entry);
  std::lock_guard lock(mutex_);
  synced_.erase(entry.path());
}

bool FaultyFileSystem::make_directory(const Entry& entry) {
  begin(entry.path(), true);
  return base_.make_directory(entry);
}

void FaultyFileSystem::sync_directory(const Folder& folder) {
  begin(folder.path(), false);
  base_.sync_directory(folder);
}

void FaultyFileSystem::copy(const InputFile& from, const Entry& to, unsigned mode) {
  begin(to.path(), true);
  base_.copy(from, to, mode);
}

LockResult FaultyFileSystem::try_lock(File& file) {
  return fault_.refuse_locks ? LockResult::unsupported : base_.try_lock(file);
}

}  // namespace stet::tracking
