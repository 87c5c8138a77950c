#include "stet/tracking/ui/secrets.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <span>
#include <vector>

#include "stet/tensor/error.h"
#include "stet/tensor/files.h"
#include "stet/tensor/hash_cache.h"
#include "stet/tensor/sha256.h"

namespace stet::tracking::ui {
namespace {

constexpr size_t kTokenBytes = 32;
constexpr size_t kTokenLength = 43;  // of its text

bool is_page_token(std::string_view text) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return text.size() == kTokenLength && text.find_first_not_of(kDigits) == text.npos;
}

std::string hash_of(const std::filesystem::path& runs) {
  std::error_code ignored;
  const auto whole = std::filesystem::weakly_canonical(runs, ignored);
  return sha256_hex((ignored ? std::filesystem::absolute(runs) : whole).string());
}

// The folder of tokens; none where there can't be one that is this user's alone.
Descriptor token_folder() {
  const auto state = user_folder("XDG_STATE_HOME", ".local/state");
  if (state.empty() || open_own_folder(state).get() < 0) return Descriptor();
  return open_own_folder(state / "ui");
}

// A file of this user's own that nobody else may read.
Descriptor open_token(const Descriptor& folder, const std::string& name, int flags) {
  Descriptor file(retry_interrupted(
      [&] { return ::openat(folder.get(), name.c_str(), flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600); }));
  struct stat status {};
  const bool ours = file.get() >= 0 && ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) &&
                    status.st_uid == ::geteuid() && (status.st_mode & 077) == 0;
  return ours ? std::move(file) : Descriptor();
}

std::string read_token(const Descriptor& folder, const std::string& name) {
  const Descriptor file = open_token(folder, name, O_RDONLY);
  if (file.get() < 0) return {};
  const std::string text = read_all(file, name);
  return is_page_token(text) ? text : std::string();
}

}  // namespace

std::string random_text(size_t bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::vector<unsigned char> random(bytes);
  if (::getrandom(random.data(), bytes, 0) != static_cast<ssize_t>(bytes)) raise_io("random bytes", "get them", errno);
  std::string text;
  unsigned held = 0, bits = 0;
  for (const unsigned char byte : random) {
    held = (held << 8 | byte) & 0xffff;
    for (bits += 8; bits >= 6; bits -= 6) text += kDigits[held >> (bits - 6) & 63];
  }
  if (bits > 0) text += kDigits[held << (6 - bits) & 63];
  return text;
}

bool equal_secrets(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string token_of(const std::filesystem::path& runs) {
  const std::string fresh = random_text(kTokenBytes), name = hash_of(runs).substr(0, 24) + ".token";
  const Descriptor folder = token_folder();
  if (folder.get() < 0) return fresh;
  try {
    if (const std::string kept = read_token(folder, name); !kept.empty()) return kept;
    // Written beside and put there whole: of two servers that start at once, both have the one that came first.
    const std::string beside = name + "." + random_text(6);
    {
      const Descriptor file = open_token(folder, beside, O_WRONLY | O_CREAT | O_EXCL);
      if (file.get() < 0) return fresh;
      write_all(file, std::as_bytes(std::span(fresh)), beside);
    }
    const bool first = ::linkat(folder.get(), beside.c_str(), folder.get(), name.c_str(), 0) == 0;
    const std::string kept = first ? fresh : read_token(folder, name);
    if (kept.empty())
      ::renameat(folder.get(), beside.c_str(), folder.get(), name.c_str());  // in the place of a damaged one
    else ::unlinkat(folder.get(), beside.c_str(), 0);
    return kept.empty() ? fresh : kept;
  } catch (const Error&) { return fresh; }
}

std::string cookie_name_of(const std::filesystem::path& runs) { return "stet-" + hash_of(runs).substr(0, 12); }

}  // namespace stet::tracking::ui
