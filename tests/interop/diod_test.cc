// An independent client: the programs of diod, connected to a worker over a socket in the file
// system that the launcher is given once it is accepted.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/interop/tools.h"
#include "tests/support/bundle.h"

namespace interop {
namespace {

using support::path;

class Diod : public testing::Test {
 protected:
  Diod() {
    bundle_.write();
    listener_ = base::UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::string name = socket_path();
    std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
    EXPECT_EQ(::bind(listener_.raw(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_.raw(), 1), 0);
  }

  std::string socket_path() const { return bundle_.directory() / "socket"; }
  path tree() const { return bundle_.rootfs(); }

  // Runs one program of diod against a gofer of its own. The kernel completes its connect() before
  // anybody accepts, so it may start first.
  Result run(const std::string& program, std::vector<std::string> words) {
    words.insert(words.begin(), {program, "-s", socket_path(), "-a", "/"});
    support::Process client(in_path(std::move(words)));
    base::UniqueFd accepted(::accept4(listener_.raw(), nullptr, nullptr, SOCK_CLOEXEC));
    EXPECT_TRUE(accepted.valid());
    std::string number = std::to_string(accepted.raw());
    support::Process gofer({.words = {GOFER_BINARY, "--spec", bundle_.config(), "--io-fds", number},
                            .inherited = {accepted},
                            .environment = {},
                            .user = {}});
    accepted.reset();
    support::End end = client.wait();
    EXPECT_EQ(gofer.wait(), support::End{.status = 0}) << gofer.err();
    return {end, client.out(), client.err()};
  }

  std::set<std::string> list(const std::string& directory) {
    Result result = run("diodls", {directory});
    EXPECT_EQ(result.end, support::End{.status = 0}) << result.err;
    std::istringstream lines(result.out);
    std::set<std::string> names;
    for (std::string name; std::getline(lines, name);) names.insert(name);
    return names;
  }

  std::string cat(const std::string& file) {
    Result result = run("diodcat", {file});
    EXPECT_EQ(result.end, support::End{.status = 0}) << result.err;
    return result.out;
  }

  support::Bundle bundle_;
  base::UniqueFd listener_;
};

TEST_F(Diod, ListsAndReadsATreeBackByteForByte) {
  std::string binary(1'000'003, '\0');
  for (std::size_t i = 0; i < binary.size(); ++i) binary[i] = static_cast<char>(i * 31 + (i >> 9));
  support::make_file(tree() / "large", binary);
  support::make_file(tree() / "empty");
  support::make_file(tree() / "a" / "b" / "deep", "deep text\n");
  for (int i = 0; i < 500; ++i) support::make_file(tree() / "many" / ("file" + std::to_string(i)));
  std::size_t visited = 0;
  std::vector<path> directories{tree()};
  while (!directories.empty()) {
    path directory = directories.back();
    directories.pop_back();
    std::string shown = "/" + directory.lexically_relative(tree()).native();
    std::set<std::string> listed = list(shown == "/." ? "/" : shown);
    listed.erase(".");
    listed.erase("..");
    std::set<std::string> there;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      there.insert(entry.path().filename());
      if (entry.is_directory()) directories.push_back(entry.path());
      ++visited;
    }
    EXPECT_EQ(listed, there) << shown;
  }
  EXPECT_EQ(visited, 506U);
  EXPECT_TRUE(cat("/large") == binary);
  EXPECT_EQ(cat("/empty"), "");
  EXPECT_EQ(cat("/a/b/deep"), "deep text\n");
}

TEST_F(Diod, IsToldWhatIsMissing) {
  Result result = run("diodcat", {"/missing"});
  EXPECT_NE(result.end, support::End{.status = 0});
  EXPECT_NE(result.err.find("No such file or directory"), std::string::npos) << result.err;
}

TEST_F(Diod, ShowsAttributes) {
  support::make_file(tree() / "file", std::string(1234, 'x'), 0640);
  Result result = run("diodls", {"-l", "/"});
  EXPECT_EQ(result.end, support::End{.status = 0}) << result.err;
  EXPECT_NE(result.out.find("1234"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("rw-r-----"), std::string::npos) << result.out;
}

}  // namespace
}  // namespace interop
