#include "stet/tensor/digest.h"

#include <atomic>
#include <cstring>
#include <type_traits>

#include "stet/tensor/backend.h"
#include "stet/tensor/cpu/digest_words.h"
#include "stet/tensor/digest_word.h"
#include "stet/tensor/parallel.h"
#include "stet/tensor/sha256.h"

namespace stet {
namespace {

using digest_word::Binary32, digest_word::Binary64, digest_word::Raw;

template <class Kind> Digest sum_words(const DigestSalt& salt, const std::byte* data, int64_t begin, int64_t end) {
  if constexpr (std::is_same_v<Kind, Binary32>) return cpu_kernels::digest_float_words(salt, data, begin, end);
  Digest sum;
  for (int64_t i = begin; i < end; ++i) digest_word::add<Kind>(salt, i, digest_word::load(data, i), sum);
  return sum;
}

template <class Kind> Digest digest_words(const DigestSalt& salt, std::span<const std::byte> bytes) {
  const auto words = static_cast<int64_t>(bytes.size() / 8);
  std::atomic<uint64_t> low{0}, high{0};
  parallel_for(words, int64_t{1} << 15, [&](int64_t begin, int64_t end) {
    const Digest part = sum_words<Kind>(salt, bytes.data(), begin, end);
    low += part.low;
    high += part.high;
  });
  Digest sum{salt.low + low, salt.high + high};
  if (const size_t rest = bytes.size() % 8; rest != 0) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + 8 * words, rest);
    digest_word::add<Kind>(salt, words, word, sum);
  }
  return sum;
}

uint64_t little_endian(const uint8_t* bytes) {
  uint64_t word = 0;
  for (int i = 0; i < 8; ++i) word |= static_cast<uint64_t>(bytes[i]) << (8 * i);
  return word;
}

template <class Kind, class T> Digest digest_scalar(std::string_view name, std::string_view dtype, T value) {
  return digest_words<Kind>(DigestSalt(name, dtype, "[]"), std::as_bytes(std::span(&value, 1)));
}

}  // namespace

std::string Digest::hex() const {
  std::array<uint8_t, 16> bytes;
  for (size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<uint8_t>(high >> (56 - 8 * i));
    bytes[8 + i] = static_cast<uint8_t>(low >> (56 - 8 * i));
  }
  return to_hex(bytes);
}

DigestSalt::DigestSalt(std::string_view name, std::string_view dtype, std::string_view shape) {
  const std::string_view zero("\0", 1);
  const Sha256Digest hash = Sha256().update(name).update(zero).update(dtype).update(zero).update(shape).digest();
  low = little_endian(hash.data());
  high = little_endian(hash.data() + 8);
}

Digest digest_bytes(const DigestSalt& salt, std::span<const std::byte> bytes) { return digest_words<Raw>(salt, bytes); }

Digest digest(std::string_view name, const Tensor& value) {
  const DigestTask task{DigestSalt(name, name_of(value.dtype()), value.shape().to_string()),
                        contiguous(value.detach())};
  Digest found;
  std::memcpy(&found, backend(value.device()).digests({&task, 1})->bytes().data(), sizeof(found));
  return found;
}

namespace {

Digest digest_on_host(const DigestTask& task) {
  const Tensor x = task.value.to(cpu);
  const std::span bytes(static_cast<const std::byte*>(x.data()),
                        static_cast<size_t>(x.elements()) * size_of(x.dtype()));
  return visit_dtype(x.dtype(), [&]<class T>(T) { return digest_words<digest_word::KindOf<T>>(task.salt, bytes); });
}

}  // namespace

std::shared_ptr<PendingRead> Backend::digests(std::span<const DigestTask> tasks) {
  std::vector<Digest> found;
  for (const DigestTask& t : tasks) found.push_back(digest_on_host(t));
  const auto bytes = std::as_bytes(std::span(found));
  return std::make_shared<ArrivedRead>(std::vector<std::byte>(bytes.begin(), bytes.end()));
}

Digest digest(std::string_view name, bool value) {
  return digest_scalar<Raw>(name, "bool", static_cast<uint8_t>(value));
}
Digest digest(std::string_view name, int64_t value) { return digest_scalar<Raw>(name, "int64", value); }
Digest digest(std::string_view name, uint64_t value) { return digest_scalar<Raw>(name, "uint64", value); }
Digest digest(std::string_view name, double value) { return digest_scalar<Binary64>(name, "float64", value); }
Digest digest_text(std::string_view name, std::string_view value) {
  return digest_bytes(DigestSalt(name, "string", "[" + std::to_string(value.size()) + "]"),
                      std::as_bytes(std::span(value.data(), value.size())));
}

DigestSum& DigestSum::add(const Digest& part) {
  const uint64_t low = digest_word::mix(part.low);
  sum_.low += low;
  sum_.high += digest_word::mix(part.high ^ low);
  return *this;
}

}  // namespace stet
