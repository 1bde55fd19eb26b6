// The p9 tool as people use it: as gofer's command, and with --fd.
#include <gtest/gtest.h>
#include <signal.h>

#include <sstream>
#include <string>
#include <vector>

#include "tests/support/bundle.h"
#include "tests/support/descriptors.h"
#include "tests/support/gofer_process.h"

namespace suite {
namespace {

using support::End;

struct Said {
  End end;
  std::string out;
  std::string err;
};

// Man page text with font changes and backslashes taken away.
std::string plain(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 2, "\\f") == 0) {
      i += 2;
    } else if (text[i] != '\\') {
      out += text[i];
    }
  }
  return out;
}

class Tool : public testing::Test {
 protected:
  Tool() {
    support::make_file(bundle_.rootfs() / "etc" / "passwd", "root:x:0:0\n");
    support::make_symlink(bundle_.rootfs() / "etc" / "mtab", "../data/notes");
    support::make_symlink(bundle_.rootfs() / "loop", "loop");
    support::make_file(bundle_.beside("data") / "notes", "my notes\n", 0640);
    support::make_file(bundle_.beside("library") / "book", "a book\n");
    bundle_.mount("/data", bundle_.beside("data"))
        .mount("/library", bundle_.beside("library"), {"rbind", "ro"})
        .write();
  }

  // Runs a shell script as gofer's command, with p9 in its path.
  Said run(const std::string& script) {
    std::vector<std::string> words{GOFER_BINARY, "--spec", bundle_.config()};
    if (channels_) words.insert(words.end(), {"--channels", "1"});
    words.insert(words.end(), {"--", "/bin/sh", "-c", "p9() { " P9_BINARY " \"$@\"; }; " + script});
    support::Process process(
        {.words = std::move(words), .inherited = {}, .environment = {}, .user = {}});
    End end = process.wait();
    return {end, process.out(), process.err()};
  }
  void expect(const std::string& script, const std::string& out) {
    Said said = run(script);
    EXPECT_EQ(said.out, out) << script;
    EXPECT_EQ(said.err, "") << script;
    EXPECT_EQ(said.end, End{.status = 0}) << script;
  }
  void expect_error(const std::string& script, const std::string& line) {
    Said said = run(script);
    EXPECT_EQ(said.err, line + "\n") << script;
    EXPECT_EQ(said.out, "") << script;
    EXPECT_EQ(said.end, End{.status = 1}) << script;
  }
  support::path data() const { return bundle_.beside("data"); }

  support::Bundle bundle_;
  bool channels_ = false;  // whether the attach points have any
};

TEST_F(Tool, ListsAcrossAttachPoints) {
  expect("p9 ls", "data\netc\nlibrary\nloop\n");
  expect("p9 ls / /data", "/:\ndata\netc\nlibrary\nloop\n/data:\nnotes\n");
  expect("p9 ls /library/book", "/library/book\n");
  expect("p9 ls -d /data", "/data\n");
}

TEST_F(Tool, ListsInDetail) {
  Said said = run("p9 ls -l /data/notes /etc/mtab");
  EXPECT_TRUE(said.out.starts_with("-rw-r-----   1     0     0          9 20")) << said.out;
  EXPECT_NE(said.out.find("lrwxrwxrwx"), std::string::npos) << said.out;
  EXPECT_NE(said.out.find("/etc/mtab -> ../data/notes"), std::string::npos) << said.out;
}

TEST_F(Tool, ReadsFilesAndFollowsLinksAcrossAttachPoints) {
  expect("p9 cat /etc/passwd /library/book", "root:x:0:0\na book\n");
  expect("p9 cat /etc/mtab", "my notes\n");
  expect("p9 cat /data/../data/./notes", "my notes\n");
  expect("p9 readlink /etc/mtab", "../data/notes\n");
}

TEST_F(Tool, TalksOverSharedMemoryWhereThereIsSome) {
  std::string script =
      "p9 --channel ls /; echo hello | p9 --channel put /data/new; "
      "p9 --channel tree /data; p9 cat /data/new; p9 --channel cat /missing";
  Said without = run(script);
  EXPECT_EQ(without.err.find("p9: /: Operation not supported (EOPNOTSUPP)"), 0U) << without.err;
  channels_ = true;
  Said with = run(script);
  EXPECT_EQ(with.out, "data\netc\nlibrary\nloop\n/data\n├── new\n└── notes\nhello\n");
  EXPECT_EQ(with.err, "p9: /missing: No such file or directory (ENOENT)\n");
}

TEST_F(Tool, ShowsTheTreeWithItsMounts) {
  expect("p9 tree /",
         "/\n"
         "├── data  [mount]\n"
         "│   └── notes\n"
         "├── etc\n"
         "│   ├── mtab -> ../data/notes\n"
         "│   └── passwd\n"
         "├── library  [mount, ro]\n"
         "│   └── book\n"
         "└── loop -> loop\n");
}

TEST_F(Tool, PutsFromInputAndFromFiles) {
  expect("echo hello | p9 put /data/new && p9 cat /data/new", "hello\n");
  expect("printf x | p9 put /data/notes && p9 cat /data/notes", "x");
  EXPECT_EQ(support::read_file(data() / "notes"), "x");
  std::string local = (bundle_.beside("local") / "file").native();
  support::make_file(local, "local text", 0750);
  expect("p9 put " + local + " /data && p9 cat /data/file", "local text");
  expect("p9 put " + local + " /data/renamed && p9 cat /data/renamed", "local text");
}

TEST_F(Tool, MakesMovesLinksAndRemoves) {
  expect(
      "p9 mkdir /data/a && p9 mkdir -p /data/a/b/c /data/a && p9 mv /data/notes /data/a/b &&"
      "p9 ln -s b/notes /data/a/soft && p9 ln /data/a/b/notes /data/hard && p9 cat /data/a/soft"
      " && p9 cat /data/hard && p9 tree /data",
      "my notes\nmy notes\n/data\n├── a\n│   ├── b\n│   │   ├── c\n│   │   └── notes\n"
      "│   └── soft -> b/notes\n└── hard\n");
  expect("p9 rm /data/hard && p9 rm -r /data/a && p9 ls /data", "");
  expect("p9 rm -f /data/missing", "");
}

TEST_F(Tool, ShowsAttributesAndSpace) {
  Said said = run("p9 stat /data/notes && p9 df && p9 df -h /data");
  EXPECT_NE(said.out.find("Mode: -rw-r----- (0640)"), std::string::npos) << said.out;
  EXPECT_NE(said.out.find("Size: 9 "), std::string::npos) << said.out;
  EXPECT_NE(said.out.find("/library  [ro]"), std::string::npos) << said.out;
  EXPECT_EQ(said.end, End{.status = 0}) << said.err;
}

TEST_F(Tool, SaysWhatIsWrongInOneLine) {
  expect_error("p9 cat /missing", "p9: /missing: No such file or directory (ENOENT)");
  expect_error("p9 cat /data", "p9: /data: Is a directory (EISDIR)");
  expect_error("p9 cat /loop", "p9: /loop: Too many levels of symbolic links (ELOOP)");
  expect_error("p9 rm /library/book", "p9: /library/book: Read-only file system (EROFS)");
  expect_error("p9 mkdir /library/x", "p9: /library/x: Read-only file system (EROFS)");
  expect_error("p9 rm /data", "p9: /data: Device or resource busy (EBUSY)");
  expect_error("p9 rm /etc", "p9: /etc: Is a directory (EISDIR)");
  expect_error("p9 mv /data/notes /etc/notes",
               "p9: /data/notes: Invalid cross-device link (EXDEV)");
  expect_error("p9 mkdir /data/a/b", "p9: /data/a/b: No such file or directory (ENOENT)");
}

TEST_F(Tool, GoesOnAfterAnErrorAndStillFails) {
  Said said = run("p9 cat /missing /etc/passwd");
  EXPECT_EQ(said.out, "root:x:0:0\n");
  EXPECT_EQ(said.end, End{.status = 1});
}

TEST_F(Tool, RefusesWhatItDoesNotUnderstand) {
  for (const char* words : {"", "frobnicate", "ls -x", "cat", "mv /a", "--nonsense ls", "--fd ls",
                            "--fd 99999999999 ls", "ln -s"}) {
    Said said = run(std::string("p9 ") + words);
    EXPECT_EQ(said.end, End{.status = 2}) << words;
    EXPECT_TRUE(said.err.starts_with("p9: ")) << said.err;
  }
  Said said = run("unset GOFER_MOUNTS; p9 ls");
  EXPECT_EQ(said.end, End{.status = 2});
  said = run("export GOFER_MOUNTS='[{\"fd\":1}]'; p9 ls");
  EXPECT_EQ(said.end, End{.status = 2});
  EXPECT_NE(said.err.find("GOFER_MOUNTS"), std::string::npos) << said.err;
}

TEST_F(Tool, HelpNamesEveryCommand) {
  Said said = run("p9 --help");
  for (const char* command :
       {"ls", "stat", "cat", "put", "mkdir", "rm", "mv", "ln", "readlink", "tree", "df"})
    EXPECT_NE(said.out.find(std::string("\n  ") + command + " "), std::string::npos) << command;
  EXPECT_EQ(said.end, End{.status = 0});
}

TEST_F(Tool, TheManualHasTheSynopsisOfEveryCommandInTheHelp) {
  std::string manual = plain(support::read_file("docs/man/p9.1"));
  std::istringstream help(run("p9 --help").out);
  int compared = 0;
  for (std::string line; std::getline(help, line);) {
    if (!line.starts_with("  ") || line.starts_with("   ") || line.starts_with("  --")) continue;
    std::string synopsis = line.substr(2, line.find("  ", 2) - 2);
    EXPECT_NE(manual.find("p9 " + synopsis + "\n"), std::string::npos) << synopsis;
    ++compared;
  }
  EXPECT_EQ(compared, 11);
}

TEST_F(Tool, PrintsNamesThatCannotSteerATerminal) {
  support::make_file(data() / "a\x1b[31mred");
  support::make_file(data() / "b\nforged");
  support::make_file(data() / "c\xff");
  support::make_file(data() / "d\xc2\x9b");
  support::make_file(data() / "grün");
  expect("p9 ls /data", "a\\x1b[31mred\nb\\nforged\nc\\xff\nd\\xc2\\x9b\ngr\u00fcn\nnotes\n");
}

TEST_F(Tool, TwoAtOnceOnOneAttachPointAreKeptApart) {
  expect("{ p9 cat /etc/passwd; } | { p9 cat /data/notes; cat; }", "my notes\nroot:x:0:0\n");
  // A put that waits for its input holds the attach point. Who comes first is a matter of luck, so
  // both try until it does.
  std::string pipe = (bundle_.directory() / "pipe").native();
  std::string errors = (bundle_.directory() / "errors").native();
  expect("mkfifo " + pipe + "; { until p9 put /data/slow <" + pipe +
             " 2>/dev/null; do :; done; } & exec 9>" + pipe +
             "; while p9 cat /data/notes >/dev/null 2>" + errors +
             "; do :; done; echo text >&9; exec 9>&-; wait; cat " + errors + "; p9 cat /data/slow",
         "p9: /data/notes: Device or resource busy (EBUSY)\ntext\n");
}

}  // namespace
}  // namespace suite
