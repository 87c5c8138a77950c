#include "stet/tracking/sha256.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "stet/tensor/error.h"
#include "stet/tracking/file_system.h"

namespace stet::tracking {

struct Sha256::State {
  State() : context(EVP_MD_CTX_new()) {
    if (!context) throw std::bad_alloc();
  }
  ~State() { EVP_MD_CTX_free(context); }
  EVP_MD_CTX* context;
};

namespace {
void check(int result) {
  if (result != 1) raise<Error>("sha256: libcrypto refuses to hash");
}
}  // namespace

Sha256::Sha256() : state_(std::make_unique<State>()) { check(EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr)); }

Sha256::Sha256(const Sha256& other) : state_(std::make_unique<State>()) {
  check(EVP_MD_CTX_copy_ex(state_->context, other.state_->context));
}

Sha256& Sha256::operator=(const Sha256& other) {
  check(EVP_MD_CTX_copy_ex(state_->context, other.state_->context));
  return *this;
}

Sha256::~Sha256() = default;

Sha256& Sha256::update(std::span<const std::byte> bytes) {
  check(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()));
  return *this;
}

Sha256Digest Sha256::finish() {
  Sha256Digest digest;
  check(EVP_DigestFinal_ex(state_->context, reinterpret_cast<unsigned char*>(digest.data()), nullptr));
  return digest;
}

Sha256Digest sha256(std::span<const std::byte> bytes) { return Sha256().update(bytes).finish(); }

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (std::byte b : bytes) {
    text += "0123456789abcdef"[static_cast<unsigned>(b) >> 4];
    text += "0123456789abcdef"[static_cast<unsigned>(b) & 15];
  }
  return text;
}

std::string sha256_file(const std::filesystem::path& path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) raise_io(path, "read", errno);
  Sha256 hash;
  std::vector<std::byte> block(size_t{1} << 18);
  ssize_t n;
  while ((n = ::read(fd, block.data(), block.size())) != 0) {
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) break;
    hash.update(std::span(block).first(static_cast<size_t>(n)));
  }
  int code = errno;
  ::close(fd);
  if (n < 0) raise_io(path, "read", code);
  return hex(hash.finish());
}

}  // namespace stet::tracking
