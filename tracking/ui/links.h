// Links to where a run's source is shown.
#pragma once

#include <string>

namespace stet::tracking::ui {

/// The page of a commit at GitHub or GitLab, by a remote as git has it: https://…, ssh://… or git@host:path. Empty
/// where it is neither's, or anything in it is not what an address of theirs has.
std::string commit_link(const std::string& remote, const std::string& commit);

}  // namespace stet::tracking::ui
