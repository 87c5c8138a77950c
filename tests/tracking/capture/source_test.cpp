#include "stet/tracking/capture/source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "stet/tracking/record/record.pb.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

bool shell(const std::string& command) { return std::system(("(" + command + ") > /dev/null 2>&1").c_str()) == 0; }

void write(const Path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

class SourceTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!shell("git --version")) GTEST_SKIP() << "git is not installed";
    write(temp_ / "repo/net.cpp", "int a;\nint b;\n");
    write(temp_ / "repo/gone.h", "x\n");
    write(temp_ / "repo/.gitignore", "build/\n");
    ASSERT_TRUE(shell("cd " + (temp_ / "repo").string() +
                      " && git init -q -b work && git config user.name A && git config user.email a@b.c && git add -A "
                      "&& git commit -qm one &&"
                      " git remote add origin https://joe:s3cret@example.org/joe/net.git?token=abc"));
    write(temp_ / "run/run.json", "{}");
  }

  bool in_repo(const std::string& command) { return shell("cd " + (temp_ / "repo").string() + " && " + command); }

  record::Launch capture(const std::string& runs = "repo/runs") {
    record::Launch launch;
    SourceCapture({temp_ / "repo", temp_ / runs}).write(real_file_system(), temp_ / "run", 2, launch);
    return launch;
  }

  TempFolder temp_;
};

TEST_F(SourceTest, ACleanTreeIsItsCommit) {
  record::Launch launch = capture();
  EXPECT_EQ(launch.source().root(), std::filesystem::canonical(temp_ / "repo").string());
  EXPECT_EQ(launch.source().commit().size(), 40u);
  EXPECT_EQ(launch.source().branch(), "work");
  EXPECT_EQ(launch.source().remote(), "https://example.org/joe/net.git");
  EXPECT_FALSE(launch.source().dirty());
  EXPECT_THAT(launch.source().patch(), IsEmpty());
  EXPECT_THAT(launch.notes(), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(temp_ / "run/source"));
}

TEST_F(SourceTest, ADirtyTreeIsItsCommitAndAPatch) {
  Path repo = temp_ / "repo";
  write(repo / "net.cpp", "int a;\nint c;\n");
  write(repo / "staged.h", "s\n");
  ASSERT_TRUE(shell("cd " + repo.string() + " && git add staged.h && git rm -q gone.h"));
  write(repo / "new/deep/layer.cpp", "no newline at the end");
  write(repo / "empty.h", "");
  write(repo / "build/out.cpp", "ignored");
  write(repo / "new/build/out.cpp", "ignored too");
  write(repo / "runs/x/copy.cpp", "of a run");
  write(repo / "data.bin", "no source");
  write(repo / "large.cpp", std::string((1 << 20) + 1, 'x'));
  record::Launch launch = capture();
  EXPECT_TRUE(launch.source().dirty());
  EXPECT_EQ(launch.source().patch(), "source/launch-2.patch");
  EXPECT_THAT(launch.source().left_out(), ElementsAre("large.cpp: above 1 MiB", "data.bin: no source"));
  EXPECT_THAT(launch.notes(), IsEmpty());
  std::string patch = read_file(temp_ / "run/source/launch-2.patch");
  EXPECT_THAT(patch, Not(HasSubstr("ignored")));
  EXPECT_THAT(patch, Not(HasSubstr("of a run")));
  EXPECT_THAT(patch, Not(HasSubstr("no source")));

  ASSERT_TRUE(shell("cd " + temp_.path().string() +
                    " && git clone -q repo again && cd again && git apply ../run/source/launch-2.patch"));
  EXPECT_EQ(read_file(temp_ / "again/net.cpp"), "int a;\nint c;\n");
  EXPECT_EQ(read_file(temp_ / "again/staged.h"), "s\n");
  EXPECT_EQ(read_file(temp_ / "again/new/deep/layer.cpp"), "no newline at the end");
  EXPECT_FALSE(std::filesystem::exists(temp_ / "again/gone.h"));
}

TEST_F(SourceTest, RunsThatLieAroundTheTreeHideNoSources) {
  write(temp_ / "repo/new/layer.cpp", "int new_one;");
  write(temp_ / "repo/20260101-000000-1234567/run.json", "{\"of\": \"a run\"}");
  write(temp_ / "repo/programs/ab.json", "kept");
  for (const char* runs : {"repo", "."}) {
    const record::Launch launch = capture(runs);
    EXPECT_TRUE(launch.source().dirty()) << runs;
    const std::string patch = read_file(temp_ / "run/source/launch-2.patch");
    EXPECT_THAT(patch, HasSubstr("int new_one;")) << runs;
    EXPECT_EQ(patch.find("a run") != patch.npos, runs == std::string(".")) << "of runs beside the tree it is a source";
  }
}

TEST_F(SourceTest, ABrokenRepositoryIsANote) {
  write(temp_ / "repo/.git/HEAD", "ref: refs/heads/work\n");
  ASSERT_TRUE(shell("cd " + (temp_ / "repo").string() + " && rm -rf .git/objects/?? && mkdir -p .git/objects/aa"));
  record::Launch launch = capture();
  ASSERT_EQ(launch.notes_size(), 1);
  EXPECT_THAT(launch.notes(0), HasSubstr("source: can't"));
}

// What libgit2 doesn't read, in a repository that git itself reads or would complain of.
class UnreadSource : public SourceTest, public testing::WithParamInterface<const char*> {};

TEST_P(UnreadSource, IsUnknownAndNeverClean) {
  ASSERT_TRUE(in_repo(GetParam()));
  const record::Launch launch = capture();
  EXPECT_THAT(launch.source().unknown(), HasSubstr("can't"));
  EXPECT_TRUE(launch.source().dirty());
  ASSERT_EQ(launch.notes_size(), 1);
  EXPECT_EQ(launch.notes(0), "source: " + launch.source().unknown());
}

INSTANTIATE_TEST_SUITE_P(
    States, UnreadSource,
    testing::Values("git update-index --split-index", "git sparse-checkout init --cone --sparse-index && mkdir d",
                    "head -c 40 .git/index > x && mv x .git/index",
                    "git config core.repositoryformatversion 1 && git config extensions.objectformat sha256",
                    "git config core.repositoryformatversion 1 && git config extensions.refstorage reftable",
                    "rm .git/HEAD", "rm -rf .git && echo gitdir: /nowhere > .git"));

TEST_F(SourceTest, WhatThePatchDoesNotHoldIsNamed) {
  const Path repo = temp_ / "repo";
  ASSERT_TRUE(in_repo("git clone -q . ../lib && git -c protocol.file.allow=always submodule add -q " +
                      (temp_ / "lib").string() + " sub && git commit -qm sub"));
  EXPECT_FALSE(capture().source().dirty());
  ASSERT_TRUE(in_repo("git config submodule.sub.ignore all && echo '// own' >> sub/net.cpp"));
  ASSERT_TRUE(in_repo("git init -q inner && echo x > inner/q.cpp && ln -s /nowhere link.cpp && touch one.png"));
  ASSERT_TRUE(in_repo("mkdir images && cd images && touch 1.png 2.png 3.png 4.png"));
  ASSERT_TRUE(in_repo("git update-index --assume-unchanged gone.h && echo changed > gone.h"));
  std::error_code none;
  std::filesystem::copy_file(repo / "net.cpp", repo / "caf\xe9.bin", none);
  const record::Launch launch = capture();
  EXPECT_TRUE(launch.source().dirty());
  EXPECT_THAT(launch.source().left_out(),
              testing::UnorderedElementsAre(
                  "sub: a submodule with changes of its own", "inner/: a git repository of its own", "link.cpp: a link",
                  "one.png: no source", "caf\\xe9.bin: no source", "images/: 4 files that are no sources",
                  "gone.h: changed, though git is told to take it for unchanged"));
  ASSERT_TRUE(in_repo("cd sub && git -c user.name=A -c user.email=a@b.c commit -qam own"));
  EXPECT_THAT(capture().source().left_out(), testing::Contains(HasSubstr("sub: a submodule at commit ")));
}

TEST_F(SourceTest, ALargeBinaryTakesNoOtherChangeWithIt) {
  const Path repo = temp_ / "repo";
  write(repo / "weights.bin", std::string(3 << 20, '\0'));
  write(repo / "table.csv", std::string(3 << 20, '1') + "\n2\n");
  ASSERT_TRUE(in_repo("git add -A && git commit -qm weights"));
  write(repo / "weights.bin", std::string(3 << 20, '\1') + '\0');
  write(repo / "table.csv", std::string(3 << 20, '1') + "\n3\n");
  write(repo / "net.cpp", "int c;\n");
  const record::Launch launch = capture();
  EXPECT_THAT(launch.source().left_out(), ElementsAre("weights.bin: binary, and above 1 MiB"));
  const std::string patch = read_file(temp_ / "run" / launch.source().patch());
  EXPECT_THAT(patch, testing::AllOf(HasSubstr("+int c;"), HasSubstr("+3")));
}

TEST_F(SourceTest, UntrackedFilesBeyondALimitAreNamed) {
  ASSERT_TRUE(in_repo("mkdir many && cd many && touch $(seq -f %05g.cpp 5010)"));
  const record::Launch launch = capture();
  EXPECT_THAT(launch.source().left_out(), ElementsAre(HasSubstr("many/: 10 of its 5010 entries come after")));
}

TEST_F(SourceTest, APatchKeepsModesAndOddNames) {
  const Path repo = temp_ / "repo";
  write(repo / "run.sh", "#!/bin/sh\n");
  write(repo / "a \"b\" \xc3\xa9.h", "");
  ASSERT_TRUE(in_repo("chmod +x run.sh net.cpp"));
  capture();
  ASSERT_TRUE(shell("cd " + temp_.path().string() +
                    " && git clone -q repo again && cd again && git apply ../run/source/launch-2.patch"));
  EXPECT_TRUE(shell("diff -r -x .git " + repo.string() + " " + (temp_ / "again").string()));
  for (const char* name : {"run.sh", "net.cpp"})
    EXPECT_EQ(std::filesystem::status(temp_ / "again" / name).permissions() & std::filesystem::perms::owner_exec,
              std::filesystem::perms::owner_exec);
}

TEST_F(SourceTest, ARepositoryWithoutACommitIsCaptured) {
  ASSERT_TRUE(shell("rm -rf " + (temp_ / "repo/.git").string() + " && cd " + (temp_ / "repo").string() +
                    " && git init -q -b first"));
  record::Launch launch = capture();
  EXPECT_THAT(launch.notes(), IsEmpty());
  EXPECT_THAT(launch.source().commit(), IsEmpty());
  EXPECT_THAT(read_file(temp_ / "run" / launch.source().patch()), HasSubstr("+int a;"));
}

TEST(StripCredentials, LeavesTheAddress) {
  EXPECT_EQ(strip_credentials("https://ghp_abc@github.com/a/b.git"), "https://github.com/a/b.git");
  EXPECT_EQ(strip_credentials("https://u:p@x@github.com/a/b.git?t=1#f"), "https://github.com/a/b.git");
  EXPECT_EQ(strip_credentials("git@github.com:a/b.git"), "github.com:a/b.git");
  EXPECT_EQ(strip_credentials("ssh://git@host:22/a@b"), "ssh://host:22/a@b");
  EXPECT_EQ(strip_credentials("/srv/a@b.git"), "/srv/a@b.git");
}

}  // namespace
}  // namespace stet::tracking
