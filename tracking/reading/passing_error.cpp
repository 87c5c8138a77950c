#include "stet/tracking/reading/passing_error.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <initializer_list>
#include <new>

#include "stet/tensor/error.h"

namespace stet::tracking {
namespace {

int code_of(const std::exception& error) {
  if (const auto* io = dynamic_cast<const IoError*>(&error)) return io->code;
  const auto* of_files = dynamic_cast<const std::filesystem::filesystem_error*>(&error);
  return of_files ? of_files->code().value() : 0;
}

}  // namespace

bool is_passing(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error)) return true;
  const auto codes = {EMFILE, ENFILE, ENOMEM, EIO, EACCES, ESTALE};
  return std::find(codes.begin(), codes.end(), code_of(error)) != codes.end();
}

}  // namespace stet::tracking
