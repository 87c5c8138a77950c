#include "stet/tracking/exchange/place.h"

#include "stet/tensor/error.h"
#include "stet/tracking/exchange/sftp_client.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking {
namespace {

// None that ssh could take for an option, or a shell for more than a word.
bool is_host(const std::string& host) {
  const size_t at = host.rfind('@');
  const std::string name = at == host.npos ? host : host.substr(at + 1);
  return !name.empty() && name[0] != '-' && host[0] != '-' && at != 0 && printable(host) == host &&
         host.find_first_of(" \t'\"\\$`;&|<>(){}*?!#") == host.npos;
}

}  // namespace

Place place_of(const std::string& call, const std::string& text) {
  if (text.empty() || text[0] == '-')
    raise("{}: '{}' is no place: a folder, or user@host:folder; one that begins with - is ./{}", call, text, text);
  const size_t colon = text.find(':');
  if (colon == text.npos || text.find('/') < colon) return {"", text};
  Place place{text.substr(0, colon), text.substr(colon + 1)};
  if (!is_host(place.host))
    raise("{}: '{}' is no host; a folder with a colon in its name is ./{}", call, place.host, text);
  if (place.folder.empty()) raise("{}: '{}' names no folder behind the colon", call, text);
  return place;
}

std::unique_ptr<Store> open_place(FileSystem& fs, const Place& place, bool make) {
  if (place.is_remote()) return sftp_store(place.host, place.folder.string(), make);
  if (make) make_directories(fs, std::filesystem::absolute(place.folder).lexically_normal());
  return local_store(fs, place.folder);
}

}  // namespace stet::tracking
