// What reading and writing files takes in every folder: descriptors that close themselves, calls that go on after a
// signal, errors that name the file.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace stet {

/// Owns a descriptor of the system; -1 is none.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }
  int get() const { return fd_; }
  /// Gives up the descriptor: the caller closes it.
  int release() { return std::exchange(fd_, -1); }
  /// Closes it now. Returns close's result: some file systems report a failed write only here.
  int close();

 private:
  int fd_;
};

/// What tells one version of a file from another without reading it.
struct FileIdentity {
  uint64_t device = 0, inode = 0;
  int64_t size = 0;
  int64_t mtime_ns = 0, ctime_ns = 0;  ///< nanoseconds since 1970
};
/// Throws IoError naming `path`.
FileIdentity identity_of(const Descriptor& file, const std::filesystem::path& path);

/// Is a time longer ago than a file may change without its times moving, as in Git's "racily clean" index entries?
bool is_settled(int64_t time_ns);

/// Calls `call`, which returns a negative number and sets errno where it fails, until no signal interrupts it.
template <class Call> auto retry_interrupted(Call call) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

/// Throws IoError "<path>: can't <what>: <reason of code>".
[[noreturn]] void raise_io(const std::filesystem::path& path, std::string_view what, int code);

/// All bytes from the descriptor's place to the end. Throws IoError naming `path`.
std::string read_all(const Descriptor& file, const std::filesystem::path& path);

/// Opens a file, not a folder, a device or a pipe, to be read. Throws IoError naming `path`.
Descriptor open_file(const std::filesystem::path& path);

/// Fills `out` with the file's bytes from `offset` on. Throws IoError naming `path`, also where the file ends sooner.
void read_at(const Descriptor& file, std::span<std::byte> out, uint64_t offset, const std::filesystem::path& path);

/// Writes all of `bytes`. Throws IoError naming `path`; some of them may then have been written.
void write_all(const Descriptor& file, std::span<const std::byte> bytes, const std::filesystem::path& path);

/// Returns once the file's bytes and size are on the device. Throws IoError naming `path`.
void sync_file(const Descriptor& file, const std::filesystem::path& path);

/// A file that takes its place once it is whole: it is written aside and renamed, so that a reader sees all of it, or
/// what was there before. One that is not committed leaves nothing behind. Throws IoError naming the file's own path.
class NewFile {
 public:
  explicit NewFile(std::filesystem::path path);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view bytes) { write(std::as_bytes(std::span(bytes))); }
  /// The bytes are on the device when it returns.
  void commit();

 private:
  std::filesystem::path path_, aside_;
  Descriptor file_;
};

}  // namespace stet
