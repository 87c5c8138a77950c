// Starting a recorded program: only what this machine runs, and what could not be started is named.
#include "stet/tracking/reading/subprocess.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "error_of.h"
#include "stet/tensor/error.h"
#include "tracking/sealing.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Command command(const Path& program) {
  return {.program = program, .arguments = {}, .environment = {}, .cwd = {}, .output = {}};
}

TEST(Subprocess, IsNoShellsBusiness) {
  TempFolder folder;
  const Path program = folder / "program", proof = folder / "proof";
  overwrite(program, "touch " + proof.string() + "\n");  // no machine's program, and no #! line
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  EXPECT_THAT(error_of<IoError>([&] { Subprocess child(command(program)); }),
              AllOf(HasSubstr(program.string()), HasSubstr("Exec format error")));
  EXPECT_FALSE(std::filesystem::exists(proof));
}

TEST(Subprocess, WhatCanNotBeStartedIsNamed) {
  EXPECT_THAT(error_of<IoError>([&] { Subprocess child(command("no-such-program-here")); }),
              AllOf(HasSubstr("no-such-program-here"), HasSubstr("No such file")));
  Command elsewhere = command("true");
  elsewhere.cwd = "/no/such/folder";
  EXPECT_THAT(error_of<IoError>([&] { Subprocess child(elsewhere); }), HasSubstr("/no/such/folder"));
  EXPECT_EQ(Subprocess(command("true")).wait(), 0);
  EXPECT_EQ(Subprocess(command("false")).wait(), 1);
}

}  // namespace
}  // namespace stet::tracking
