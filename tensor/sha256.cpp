#include "stet/tensor/sha256.h"

#include <openssl/evp.h>

#include <new>

#include "stet/tensor/error.h"

namespace stet {
namespace {

EVP_MD_CTX* evp(void* context) { return static_cast<EVP_MD_CTX*>(context); }

void require(int ok) {
  if (ok != 1) raise<Error>("sha256: libcrypto refuses SHA-256; check the OpenSSL configuration of this machine");
}

}  // namespace

void Sha256::Free::operator()(void* context) const { EVP_MD_CTX_free(evp(context)); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (!context_) throw std::bad_alloc();
  require(EVP_DigestInit_ex(evp(context_.get()), EVP_sha256(), nullptr));
}

Sha256& Sha256::update(const void* data, size_t bytes) {
  require(EVP_DigestUpdate(evp(context_.get()), data, bytes));
  return *this;
}

Sha256& Sha256::update(uint64_t value) {
  std::array<uint8_t, 8> bytes;
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(value >> (8 * i));
  return update(bytes.data(), bytes.size());
}

Sha256Digest Sha256::digest() const {
  // Finishing ends a context, so a copy is finished.
  const std::unique_ptr<void, Free> copy(EVP_MD_CTX_new());
  if (!copy) throw std::bad_alloc();
  Sha256Digest result;
  require(EVP_MD_CTX_copy_ex(evp(copy.get()), evp(context_.get())));
  require(EVP_DigestFinal_ex(evp(copy.get()), result.data(), nullptr));
  return result;
}

std::string Sha256::hex() const { return to_hex(digest()); }

std::string to_hex(std::span<const uint8_t> bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (uint8_t b : bytes) {
    text += kDigits[b >> 4];
    text += kDigits[b & 15];
  }
  return text;
}

std::string sha256_hex(std::string_view bytes) { return Sha256().update(bytes).hex(); }

}  // namespace stet
