// ZIP archives (PKWARE's APPNOTE), as far as .npz files go: members that are stored or deflated. Private to data/.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "stet/data/files.h"

namespace stet::data {

struct ZipMember {
  std::string name;
  bool deflated = false;
  uint32_t crc = 0;
  uint64_t begin = 0, packed = 0;  ///< where its bytes lie in the file
  uint64_t size = 0;               ///< unpacked
};

/// An archive's members, in its own order. Throws DataError that names the file: it is no archive, cut or damaged, a
/// member is encrypted, packed in another way, or lies outside of the file or where another does.
std::vector<ZipMember> read_zip(const FileBytes& file);

/// A member's bytes. Memory grows with what is there. Throws DataError that names file and member.
std::string unpack_member(const FileBytes& file, const ZipMember& member);

/// An archive of stored members. Throws UsageError on a name that is empty or has a byte below a blank, and where all
/// take more than 4 GB.
std::string make_zip(const std::map<std::string, std::string>& members);

/// A member's name as an error's one line can show it.
std::string printable_name(std::string_view name);

}  // namespace stet::data
