#include "tracking/sealing.h"

#include <fstream>

#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/run_folder.h"
#include "stet/tracking/record/seal.h"

namespace stet::tracking {

void seal_anew(const Path& run) {
  const Folder folder(run);
  record::RunRecord record = read_record(folder);
  if (record.launches_size() == 0) return;  // nothing to hold a seal
  for (auto& launch : *record.mutable_launches()) {
    if (launch.has_end()) launch.mutable_end()->clear_seal();  // which would say otherwise
  }
  seal_files(record, folder);
  write_record(real_file_system(), folder, record);
}

void flip_byte(const Path& file, uint64_t at) {
  std::string bytes = read_file(file);
  ASSERT_LT(at, bytes.size()) << file;
  bytes[at] ^= 1;
  overwrite(file, bytes);
}

void overwrite(const Path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

void replace_once(const Path& file, const std::string& from, const std::string& to) {
  std::string text = read_file(file);
  const size_t at = text.find(from);
  ASSERT_NE(at, text.npos) << file << " holds no " << from;
  overwrite(file, text.replace(at, from.size(), to));
}

}  // namespace stet::tracking
