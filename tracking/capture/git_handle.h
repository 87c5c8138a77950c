// libgit2's objects with owners, and its errors as exceptions. Private to capture/.
#pragma once

#include <git2.h>

#include <memory>
#include <string>

#include "stet/tensor/error.h"

namespace stet::tracking {

/// Owns one of libgit2's objects.
template <class T, void (*Free)(T*)> struct GitFree {
  void operator()(T* object) const { Free(object); }
};
template <class T, void (*Free)(T*)> using Git = std::unique_ptr<T, GitFree<T, Free>>;

using Repository = Git<git_repository, git_repository_free>;
using Reference = Git<git_reference, git_reference_free>;
using Object = Git<git_object, git_object_free>;
using Index = Git<git_index, git_index_free>;
using Diff = Git<git_diff, git_diff_free>;
using Patch = Git<git_patch, git_patch_free>;

/// Throws DataError "can't <what>: <libgit2's reason>" when libgit2 has failed.
inline void check_git(int result, const char* what) {
  if (result >= 0) return;
  const git_error* error = git_error_last();
  raise<DataError>("can't {}: {}", what, error && error->message ? error->message : "no reason given");
}

inline std::string text_of(git_buf& buffer) {
  std::string text(buffer.ptr ? buffer.ptr : "", buffer.size);
  git_buf_dispose(&buffer);
  return text;
}

inline std::string hex_of(const git_oid& id) { return git_oid_tostr_s(&id); }

/// The commit that a repository's HEAD names; none before the first one. Throws DataError.
Object head_of(git_repository* repository);

}  // namespace stet::tracking
