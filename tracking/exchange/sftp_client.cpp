#include "stet/tracking/exchange/sftp_client.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "stet/tensor/error.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking {
namespace {

using sftp::Reader;
using sftp::Writer;

constexpr uint32_t kProtocol = 3, kMostBytes = 1 << 18, kBlock = 1 << 15;  // a server takes 32 KiB at least
constexpr int kEndPatience = 100;                                          // of 20 milliseconds
constexpr size_t kInFlight = 32, kMostNames = 1'000'000;
constexpr uint32_t kForReading = 1, kForWriting = 2, kCreate = 8, kExclusive = 0x20;
constexpr uint32_t kNoAttributes = 0, kPermissions = 4;

int code_of(uint32_t status) {
  switch (status) {
    case sftp::kNoSuchFile: return ENOENT;
    case sftp::kPermissionDenied: return EACCES;
    default: return EIO;
  }
}

}  // namespace

// Written in blocks, some of which are on their way at any time.
class SftpFile final : public StoreFile {
 public:
  SftpFile(SftpClient& client, std::string path, std::string handle)
      : client_(client), path_(std::move(path)), handle_(std::move(handle)) {}
  ~SftpFile() override {
    if (handle_.empty()) return;
    try {
      settle(0);
      client_.close(handle_, path_);
    } catch (const Error&) {  // whoever wrote it has heard of that
    }
  }

  void write(Bytes bytes) override {
    while (!bytes.empty()) {
      const Bytes block = bytes.first(std::min<size_t>(bytes.size(), kBlock));
      bytes = bytes.subspan(block.size());
      settle(kInFlight - 1);
      sent_.push_back(client_.send(
          sftp::kWrite,
          Writer().text(handle_).u64(at_).text({reinterpret_cast<const char*>(block.data()), block.size()}).bytes()));
      at_ += block.size();
    }
  }

  void finish() override {
    settle(0);
    if (client_.extensions_.contains("fsync@openssh.com")) {
      const auto reply = client_.ask(sftp::kExtended, Writer().text("fsync@openssh.com").text(handle_).bytes());
      client_.require_ok(reply, path_, "sync");
    }
    client_.close(std::exchange(handle_, ""), path_);
  }

 private:
  // Waits until at most so many are on their way.
  void settle(size_t most) {
    while (sent_.size() > most) {
      const uint32_t id = sent_.front();
      sent_.pop_front();
      client_.require_ok(client_.receive(id), path_, "write");
    }
  }

  SftpClient& client_;
  std::string path_, handle_;
  std::deque<uint32_t> sent_;
  uint64_t at_ = 0;
};

SftpClient::SftpClient(const std::string& host) : host_(host) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) raise_io(host, "make a socket for ssh", errno);
  stream_ = Descriptor(ends[0]);
  Descriptor theirs(ends[1]);
  const char* other = std::getenv("STET_SSH");
  ssh_ = std::make_unique<Subprocess>(
      Command{.program = other && *other ? other : "ssh",
              .arguments = {"-oForwardX11=no", "-oForwardAgent=no", "-oPermitLocalCommand=no",
                            "-oClearAllForwardings=yes", "-s", "--", host, "sftp"},
              .environment = {},
              .cwd = {},
              .output = {},
              .stream = theirs.get(),
              .end_signal = SIGTERM});
  theirs.close();  // so that its end is seen
  begin();
}

SftpClient::SftpClient(std::string host, Descriptor stream) : host_(std::move(host)), stream_(std::move(stream)) {
  begin();
}

// All that was done has been answered for: ssh may end by itself, and is ended where it doesn't.
SftpClient::~SftpClient() {
  stream_ = Descriptor();
  for (int i = 0; ssh_ && i < kEndPatience && !ssh_->ended(); ++i) ::usleep(20'000);
}

void SftpClient::begin() {
  const std::string hello = Writer().byte(sftp::kInit).u32(kProtocol).bytes();
  put(Writer().text(hello).bytes());
  const std::string answer = get_packet();
  Reader reader(answer, host_);
  if (reader.byte() != sftp::kVersion || reader.u32() < kProtocol)
    throw IoError(fmt::format("{}: its server speaks no version 3 of SFTP", host_), EPROTO);
  while (!reader.at_end()) {
    std::string name(reader.text());
    extensions_[std::move(name)] = reader.text();
  }
}

void SftpClient::put(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n =
        retry_interrupted([&] { return ::send(stream_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); });
    if (n < 0) throw IoError(fmt::format("{}: the connection ended: {}", host_, std::strerror(errno)), errno);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

std::string SftpClient::get_packet() {
  const auto get = [&](size_t count) {
    std::string bytes(count, '\0');
    for (size_t have = 0; have < count;) {
      const ssize_t n = retry_interrupted([&] { return ::recv(stream_.get(), bytes.data() + have, count - have, 0); });
      if (n <= 0)
        throw IoError(fmt::format("{}: the connection ended; what was copied so far stays, call it again", host_),
                      EPIPE);
      have += static_cast<size_t>(n);
    }
    return bytes;
  };
  const std::string length = get(4);
  const uint32_t bytes = Reader(length, host_).u32();
  if (bytes == 0 || bytes > kMostBytes)
    throw IoError(fmt::format("{}: what answers is no SFTP server: it may print something at its start", host_),
                  EPROTO);
  return get(bytes);
}

uint32_t SftpClient::send(sftp::Type type, const std::string& content) {
  const uint32_t id = next_++;
  put(Writer().text(Writer().byte(type).u32(id).bytes() + content).bytes());
  return id;
}

SftpClient::Reply SftpClient::receive(uint32_t id) {
  for (;;) {
    if (const auto found = early_.find(id); found != early_.end()) {
      Reply reply = std::move(found->second);
      early_.erase(found);
      return reply;
    }
    const std::string packet = get_packet();
    Reader reader(packet, host_);
    const uint8_t type = reader.byte();
    const uint32_t of = reader.u32();
    if (of >= next_ || early_.size() > 4 * kInFlight)
      throw IoError(fmt::format("{}: its server answers what was not asked", host_), EPROTO);
    if (unwanted_.erase(of) == 0) early_[of] = {type, packet.substr(5)};
  }
}

void SftpClient::fail(const Reply& reply, const std::string& path, const char* what) const {
  if (reply.type != sftp::kStatus)
    throw IoError(fmt::format("{}: can't {}: its server answers otherwise than it was asked", describe(path), what),
                  EPROTO);
  Reader reader(reply.content, host_);
  const uint32_t status = reader.u32();
  const std::string why = reader.at_end() ? "" : std::string(reader.text());
  throw IoError(fmt::format("{}: can't {}: {}", describe(path), what, why.empty() ? "it failed" : printable(why)),
                code_of(status));
}

void SftpClient::require_ok(const Reply& reply, const std::string& path, const char* what) const {
  if (reply.type != sftp::kStatus || Reader(reply.content, host_).u32() != sftp::kOk) fail(reply, path, what);
}

std::string SftpClient::handle_of(const Reply& reply, const std::string& path, const char* what) const {
  if (reply.type != sftp::kHandle) fail(reply, path, what);
  return std::string(Reader(reply.content, host_).text());
}

void SftpClient::close(const std::string& handle, const std::string& path) {
  require_ok(ask(sftp::kClose, Writer().text(handle).bytes()), path, "close");
}

EntryStatus SftpClient::look_at(const std::string& path) {
  const Reply reply = ask(sftp::kLstat, Writer().text(path).bytes());
  if (reply.type == sftp::kAttributes) return Reader(reply.content, host_).attributes();
  if (reply.type == sftp::kStatus && Reader(reply.content, host_).u32() == sftp::kNoSuchFile) return {};
  fail(reply, path, "look at it");
}

std::vector<StoreItem> SftpClient::list(const std::string& path) {
  const std::string handle = handle_of(ask(sftp::kOpenDir, Writer().text(path).bytes()), path, "read the folder");
  std::vector<StoreItem> items;
  for (;;) {
    const Reply reply = ask(sftp::kReadDir, Writer().text(handle).bytes());
    if (reply.type == sftp::kStatus && Reader(reply.content, host_).u32() == sftp::kEof) break;
    if (reply.type != sftp::kName) fail(reply, path, "read the folder");
    Reader reader(reply.content, host_);
    uint32_t count = reader.u32();
    if (count == 0) fail({}, path, "read the folder");  // and so on, forever
    for (; count > 0; --count) {
      const std::string name(reader.text());
      static_cast<void>(reader.text());  // as ls would print it
      const EntryStatus status = reader.attributes();
      if (name == "." || name == "..") continue;
      if (name.empty() || name.find_first_of(std::string_view("/\0", 2)) != name.npos)
        raise<DataError>("{}: '{}' is no name of something in it", describe(path), printable(name));
      if (items.size() == kMostNames) raise<DataError>("{}: has more in it than is read", describe(path));
      items.push_back({name, status});
    }
  }
  close(handle, path);
  std::ranges::sort(items, {}, &StoreItem::name);
  return items;
}

void SftpClient::read(const std::string& path, const std::function<void(Bytes)>& take) {
  const std::string handle =
      handle_of(ask(sftp::kOpen, Writer().text(path).u32(kForReading).u32(kNoAttributes).bytes()), path, "read");
  std::deque<std::pair<uint64_t, uint32_t>> sent;
  try {
    read_blocks(handle, path, take, sent);
  } catch (const Error&) {
    for (const auto& request : sent) unwanted_.insert(request.second);
    unwanted_.insert(send(sftp::kClose, Writer().text(handle).bytes()));
    throw;
  }
  close(handle, path);
}

// They are asked for ahead. One that comes short ends the file, or what follows it is asked for anew.
void SftpClient::read_blocks(const std::string& handle, const std::string& path, const std::function<void(Bytes)>& take,
                             std::deque<std::pair<uint64_t, uint32_t>>& sent) {
  uint64_t have = 0, asked = 0;
  for (bool ended = false; !ended || !sent.empty();) {
    for (; !ended && sent.size() < kInFlight; asked += kBlock) {
      const std::string content = Writer().text(handle).u64(asked).u32(kBlock).bytes();
      sent.emplace_back(asked, send(sftp::kRead, content));
    }
    const std::pair<uint64_t, uint32_t> first = sent.front();
    sent.pop_front();
    const Reply reply = receive(first.second);
    if (ended || first.first != have) continue;  // asked for before it was known that another came short
    if (reply.type == sftp::kStatus && Reader(reply.content, host_).u32() == sftp::kEof) {
      ended = true;
      continue;
    }
    if (reply.type != sftp::kData) fail(reply, path, "read");
    const std::string_view data = Reader(reply.content, host_).text();
    if (data.empty() || data.size() > kBlock) fail({}, path, "read");
    take(as_bytes(data));
    have += data.size();
    if (data.size() < kBlock) asked = have;
  }
}

std::unique_ptr<StoreFile> SftpClient::create(const std::string& path, unsigned mode) {
  std::string handle = handle_of(
      ask(sftp::kOpen, Writer().text(path).u32(kForWriting | kCreate | kExclusive).u32(kPermissions).u32(mode).bytes()),
      path, "open for writing");
  return std::make_unique<SftpFile>(*this, path, std::move(handle));
}

void SftpClient::make_folder(const std::string& path) {
  if (look_at(path).kind == EntryStatus::Kind::folder) return;
  const Reply reply = ask(sftp::kMakeDir, Writer().text(path).u32(kNoAttributes).bytes());
  if (look_at(path).kind == EntryStatus::Kind::folder) return;  // another has made it
  require_ok(reply, path, "make the folder");
}

void SftpClient::rename(const std::string& from, const std::string& to) {
  const bool replaces = extensions_.contains("posix-rename@openssh.com");
  const Reply reply = replaces
                          ? ask(sftp::kExtended, Writer().text("posix-rename@openssh.com").text(from).text(to).bytes())
                          : ask(sftp::kRename, Writer().text(from).text(to).bytes());
  require_ok(reply, to, "rename to it");
}

bool SftpClient::link(const std::string& from, const std::string& to) {
  constexpr const char* kHardLink = "hardlink@openssh.com";
  if (!extensions_.contains(kHardLink)) return false;
  const Reply reply = ask(sftp::kExtended, Writer().text(kHardLink).text(from).text(to).bytes());
  if (reply.type != sftp::kStatus) fail(reply, to, "link to it");
  return Reader(reply.content, host_).u32() == sftp::kOk;
}

void SftpClient::remove(const std::string& path) {
  const EntryStatus::Kind kind = look_at(path).kind;
  if (kind == EntryStatus::Kind::none) return;
  const bool is_folder = kind == EntryStatus::Kind::folder;
  const sftp::Type type = is_folder ? sftp::kRemoveDir : sftp::kRemove;
  const Reply reply = ask(type, Writer().text(path).bytes());
  if (reply.type == sftp::kStatus && Reader(reply.content, host_).u32() == sftp::kNoSuchFile) return;
  require_ok(reply, path, "remove");
}

}  // namespace stet::tracking
