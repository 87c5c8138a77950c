#include "stet/data/tokens.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "stet/data/fingerprint.h"
#include "stet/tensor/error.h"
#include "stet/tensor/sha256.h"

namespace stet::data {
namespace fs = std::filesystem;
namespace {

static_assert(std::endian::native == std::endian::little, "tokens are read as they lie in memory");

int64_t bytes_of(TokenType type) { return type == TokenType::uint16 ? 2 : type == TokenType::uint32 ? 4 : 8; }

std::string hash_of(const Descriptor& file, const fs::path& path, int64_t bytes) {
  Sha256 hash;
  std::vector<std::byte> part(static_cast<size_t>(std::min<int64_t>(bytes, 1 << 20)));
  for (int64_t at = 0; at < bytes; at += static_cast<int64_t>(part.size())) {
    part.resize(static_cast<size_t>(std::min<int64_t>(static_cast<int64_t>(part.size()), bytes - at)));
    read_at(file, part, static_cast<uint64_t>(at), path);
    hash.update(part.data(), part.size());
  }
  return hash.hex();
}

}  // namespace

struct Tokens::File {
  fs::path path;
  TokenType type;
  Descriptor file;

  template <class T> void read(int64_t begin, int64_t n, int64_t* out) const {
    std::vector<T> stored(static_cast<size_t>(n));
    read_at(file, std::as_writable_bytes(std::span(stored)), static_cast<uint64_t>(begin) * sizeof(T), path);
    std::copy(stored.begin(), stored.end(), out);
  }
};

Tokens::Tokens(const fs::path& path, TokenType type, std::string name) {
  try {
    auto file = std::make_shared<File>(File{path, type, open_file(path)});
    const FileIdentity identity = identity_of(file->file, path);
    if (identity.size == 0 || identity.size % bytes_of(type) != 0)
      raise<DataError>("data: {}: {} bytes are no whole number of tokens of {}", path.string(), identity.size,
                       bytes_of(type));
    std::error_code error;
    const fs::path absolute = fs::canonical(path, error);
    const FileVersion version{(error ? path : absolute).string(), identity};
    end_ = identity.size / bytes_of(type);
    record_.name = name.empty() ? path.filename().string() : std::move(name);
    record_.samples = end_;
    // The samples' fingerprint is the file's: tokens are its bytes.
    record_.samples_sha256 = remembered("file", {version}, [&] { return hash_of(file->file, path, identity.size); });
    record_.files = {{version.path, identity.size, record_.samples_sha256}};
    file_ = std::move(file);
  } catch (const IoError& error) { raise<DataError>("data: {}", error.what()); }
  announce(record_);
}

Tokens Tokens::part(int64_t begin, int64_t end, std::string_view name) const {
  if (begin < 0 || begin >= end || end > size())
    raise("data: {}: [{}, {}) is no part of {} tokens", record_.name, begin, end, size());
  Tokens p = *this;
  p.begin_ = begin_ + begin;
  p.end_ = begin_ + end;
  p.record_.name += "/" + std::string(name);
  p.record_.split = fmt::format("tokens {} to {}", p.begin_, p.end_);
  p.record_.samples = p.size();
  announce(p.record_);
  return p;
}

void Tokens::read(int64_t begin, int64_t n, int64_t* out) const {
  if (begin < 0 || n < 0 || n > size() || begin > size() - n)
    raise("data: {}: [{}, {}) is no part of {} tokens", record_.name, begin, begin + n, size());
  begin += begin_;
  switch (file_->type) {
    case TokenType::uint16: return file_->read<uint16_t>(begin, n, out);
    case TokenType::uint32: return file_->read<uint32_t>(begin, n, out);
    case TokenType::int64: return file_->read<int64_t>(begin, n, out);
  }
}

}  // namespace stet::data
