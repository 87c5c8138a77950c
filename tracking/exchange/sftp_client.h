// A client of SFTP, version 3, which speaks with a server through a program: ssh, as the user has set it up.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "stet/tracking/exchange/sftp_packet.h"
#include "stet/tracking/exchange/store.h"
#include "stet/tracking/reading/subprocess.h"

namespace stet::tracking {

class SftpClient {
 public:
  /// Runs `ssh -s -- host sftp`, or the program that the environment variable STET_SSH names in ssh's place. Throws
  /// IoError where there is no connection.
  explicit SftpClient(const std::string& host);
  /// Speaks with a server at the other end of a socket.
  SftpClient(std::string host, Descriptor stream);
  ~SftpClient();

  // Each throws IoError that names the path with the host before it.

  EntryStatus look_at(const std::string& path);
  std::vector<StoreItem> list(const std::string& path);
  void read(const std::string& path, const std::function<void(Bytes)>& take);
  std::unique_ptr<StoreFile> create(const std::string& path, unsigned mode);
  void make_folder(const std::string& path);
  void rename(const std::string& from, const std::string& to);
  void remove(const std::string& path);
  /// Gives a file another name; false where the server can't.
  bool link(const std::string& from, const std::string& to);
  std::string describe(const std::string& path) const { return host_ + ":" + path; }

 private:
  friend class SftpFile;
  struct Reply {
    uint8_t type = 0;
    std::string content;  // behind the request's number
  };

  uint32_t send(sftp::Type type, const std::string& content);
  Reply receive(uint32_t id);
  Reply ask(sftp::Type type, const std::string& content) { return receive(send(type, content)); }
  void put(std::string_view bytes);
  std::string get_packet();
  void begin();
  // Throws unless the reply is a status that says that all went well.
  void require_ok(const Reply& reply, const std::string& path, const char* what) const;
  std::string handle_of(const Reply& reply, const std::string& path, const char* what) const;
  [[noreturn]] void fail(const Reply& reply, const std::string& path, const char* what) const;
  // Takes a file's blocks, as far as they are asked for in `sent`, by their places.
  void read_blocks(const std::string& handle, const std::string& path, const std::function<void(Bytes)>& take,
                   std::deque<std::pair<uint64_t, uint32_t>>& sent);
  void close(const std::string& handle, const std::string& path);

  std::string host_;
  Descriptor stream_;
  std::unique_ptr<Subprocess> ssh_;
  std::map<std::string, std::string, std::less<>> extensions_;
  std::map<uint32_t, Reply> early_;  // replies to requests that nobody has asked for yet
  std::set<uint32_t> unwanted_;      // requests whose replies nobody will ask for
  uint32_t next_ = 0;
};

/// A folder on another machine; one that is not absolute lies in the user's home there. `make`: where there is none, it
/// is made. Throws IoError.
std::unique_ptr<Store> sftp_store(const std::string& host, const std::string& folder, bool make);

}  // namespace stet::tracking
