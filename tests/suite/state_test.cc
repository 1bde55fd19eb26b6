// Every message on a fid in every state: the table of answers.
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "tests/suite/batch.h"
#include "tests/suite/samples.h"
#include "tests/suite/world.h"

namespace suite {
namespace {

constexpr std::size_t kStates = 10;
constexpr std::array<std::string_view, kStates> kStateNames{"a file",
                                                            "a directory",
                                                            "a link",
                                                            "open for reading",
                                                            "open for writing",
                                                            "open for both",
                                                            "an open directory",
                                                            "an unlinked file",
                                                            "an attribute being read",
                                                            "an attribute being written"};
constexpr std::size_t kAttributeRead = 8;
constexpr std::size_t kAttributeWritten = 9;

using Row = std::array<std::string_view, kStates>;

// A fid that stands for an attribute answers EBADF to all but few requests.
constexpr Row files(const std::array<std::string_view, kAttributeRead>& answers,
                    std::string_view attribute_read = "EBADF",
                    std::string_view attribute_written = "EBADF") {
  Row row;
  std::ranges::copy(answers, row.begin());
  row[kAttributeRead] = attribute_read;
  row[kAttributeWritten] = attribute_written;
  return row;
}

constexpr Row all(std::string_view answer) {
  return files({answer, answer, answer, answer, answer, answer, answer, answer});
}

constexpr Row directories(std::string_view answer) {
  return files({"ENOTDIR", answer, "ENOTDIR", "ENOTDIR", "ENOTDIR", "ENOTDIR", answer, "ENOTDIR"});
}

constexpr Row kCreates =
    files({"ENOTDIR", "ok", "ENOTDIR", "EBADF", "EBADF", "EBADF", "EBADF", "ENOTDIR"});

// What is sent is in samples.h; nothing of the names there exists in the directory. Columns are
// kStateNames.
const std::map<std::string_view, Row>& answers() {
  static const std::map<std::string_view, Row> kAnswers{
      {"Tstatfs", all("ok")},
      {"Tlopen", files({"ok", "EISDIR", "ELOOP", "EBADF", "EBADF", "EBADF", "EBADF", "ok"})},
      {"Tlcreate", kCreates},
      {"Tsymlink", directories("ok")},
      {"Tmknod", directories("ok")},
      {"Tmkdir", directories("ok")},
      {"Trename", files({"ok", "ok", "ok", "ok", "ok", "ok", "ok", "ENOENT"})},
      {"Treadlink",
       files({"EINVAL", "EINVAL", "ok", "EINVAL", "EINVAL", "EINVAL", "EINVAL", "EINVAL"})},
      {"Tgetattr", all("ok")},
      {"Tsetattr", files({"ok", "ok", "EOPNOTSUPP", "ok", "ok", "ok", "ok", "ok"})},
      {"Txattrwalk", files({"ok", "ok", "ENODATA", "ok", "ok", "ok", "ok", "ok"})},
      {"Txattrcreate", files({"ok", "ok", "ok", "EBADF", "EBADF", "EBADF", "EBADF", "ok"})},
      {"Tlock", files({"EBADF", "EBADF", "EBADF", "ok", "ok", "ok", "EBADF", "EBADF"})},
      {"Tgetlock", files({"EBADF", "EBADF", "EBADF", "ok", "ok", "ok", "EBADF", "EBADF"})},
      {"Treaddir",
       files({"EBADF", "EBADF", "EBADF", "ENOTDIR", "ENOTDIR", "ENOTDIR", "ok", "EBADF"})},
      {"Tfsync", files({"EBADF", "EBADF", "EBADF", "ok", "ok", "ok", "ok", "EBADF"})},
      {"Tlink", files({"ok", "EPERM", "ok", "ok", "ok", "ok", "EPERM", "ENOENT"})},
      {"Trenameat", directories("ENOENT")},
      {"Tunlinkat", directories("ENOENT")},
      {"Twalk", directories("ENOENT")},
      {"Tread", files({"EBADF", "EBADF", "EBADF", "ok", "EBADF", "ok", "EISDIR", "EBADF"}, "ok")},
      {"Twrite",
       files({"EBADF", "EBADF", "EBADF", "EBADF", "ok", "ok", "EBADF", "EBADF"}, "EBADF", "ok")},
      {"Tclunk", files({"ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok"}, "ok", "EINVAL")},
      {"Tremove", files({"ok", "ok", "ok", "ok", "ok", "ok", "ok", "ENOENT"})},
      {"Tflushf", all("ok")},
      {"Twalkgetattr", directories("ENOENT")},
      {"Tucreate", kCreates},
      {"Tumkdir", directories("ok")},
      {"Tumknod", directories("ok")},
      {"Tusymlink", directories("ok")},
      {"Tlconnect", all("EOPNOTSUPP")},
      {"Tallocate", files({"EBADF", "EBADF", "EBADF", "EBADF", "ok", "ok", "EBADF", "EBADF"})},
      {"Tgetxattr", files({"ok", "ok", "ENODATA", "ok", "ok", "ok", "ok", "ok"})},
      {"Tsetxattr", files({"ok", "ok", "EPERM", "ok", "ok", "ok", "ok", "ok"})},
      {"Tlistxattr", all("ok")},
      {"Tremovexattr", files({"ok", "ok", "EPERM", "ok", "ok", "ok", "ok", "ok"})},
      {"Tsetattrclunk", files({"ok", "ok", "EOPNOTSUPP", "ok", "ok", "ok", "ok", "ok"})},
      {"Tmultigetattr", directories("ok")},
  };
  return kAnswers;
}

// Messages that are about a session, not about a fid that exists.
template <class M>
constexpr bool kAboutTheSession = std::is_same_v<M, p9::Tversion> || std::is_same_v<M, p9::Tauth> ||
                                  std::is_same_v<M, p9::Tattach> || std::is_same_v<M, p9::Tflush> ||
                                  std::is_same_v<M, p9::Tchannel>;

class State : public World {
 protected:
  void SetUp() override {
    serve();
    speak(p9::kNewestGoogle);
  }

  // A fid in the state of this column, on a file of its own.
  p9::Fid make(std::size_t state) {
    std::string where = "subject" + std::to_string(count_++);
    bool directory = state == 1 || state == 6;
    if (directory)
      support::make_directory(exported() / where);
    else if (state == 2)
      support::make_symlink(exported() / where, "target");
    else
      support::make_file(exported() / where, "0123456789");
    if (state != 2) support::set_xattr(exported() / where, "user.a", "value");
    p9::Fid fid = walk(where).release();
    static constexpr std::array<int, kStates> kFlags{
        -1, -1, -1, p9::kOpenRdonly, p9::kOpenWronly, p9::kOpenRdwr, p9::kOpenRdonly, -1, -1, -1};
    if (kFlags[state] >= 0) {
      EXPECT_EQ(outcome(client().open(fid, static_cast<uint32_t>(kFlags[state]))), "ok");
    }
    if (state == 7) std::filesystem::remove(exported() / where);
    if (state == kAttributeRead) fid = attribute_of(fid);
    if (state == kAttributeWritten) {
      EXPECT_EQ(outcome(client().call(p9::Txattrcreate{fid, "user.a", 3, 0})), "ok");
    }
    return fid;
  }

  p9::Fid attribute_of(p9::Fid fid) {
    p9::Fid attribute = client().new_fid();
    EXPECT_EQ(outcome(client().call(p9::Txattrwalk{fid, attribute, "user.a"})), "ok");
    return attribute;
  }

  template <class M>
  std::string send(p9::Fid fid) {
    std::string other = "other" + std::to_string(count_++);
    Subject subject{fid, Client::root(), client().new_fid(), name("new"), name(other)};
    return outcome(client().call(sample(Of<M>{}, subject)));
  }

 private:
  int count_ = 0;
};

TEST_F(State, O1_EveryMessageInEveryStateAnswersAsTheTableSays) {
  for_each_sample(Subject{}, [&]<class M>(const M&) {
    if (kAboutTheSession<M>) return;
    auto row = answers().find(M::kLine.name);
    ASSERT_NE(row, answers().end()) << "no row for " << M::kLine.name;
    for (std::size_t state = 0; state < kStates; ++state) {
      EXPECT_EQ(send<M>(make(state)), row->second[state])
          << M::kLine.name << " on " << kStateNames[state];
    }
  });
  expect_alive();
}

TEST_F(State, O1_EveryMessageOnAFidThatIsNoneAnswersEbadf) {
  p9::Fid clunked = make(0);
  ASSERT_EQ(outcome(client().call(p9::Tclunk{clunked})), "ok");
  for (p9::Fid none : {clunked, p9::Fid{4'000'000}, p9client::kNoFid}) {
    for_each_sample(Subject{}, [&]<class M>(const M&) {
      if (!kAboutTheSession<M>) {
        EXPECT_EQ(send<M>(none), "EBADF") << M::kLine.name << " on " << none.value;
      }
    });
  }
}

TEST_F(State, C7_OfTwoOpensInOneSendExactlyOneSucceeds) {
  for (int round = 0; round < 50; ++round) {
    p9::Fid fid = make(0);
    int good = 0;
    for (uint16_t tag : {uint16_t{1}, uint16_t{2}}) {
      ASSERT_EQ(outcome(client().connection().send(p9::Tag{tag}, p9::Tlopen{fid, p9::kOpenRdwr})),
                "ok");
    }
    for (int i = 0; i < 2; ++i) {
      auto reply = client().connection().receive();
      ASSERT_EQ(outcome(reply), "ok");
      good += reply->type() == p9::Rlopen::kLine.type ? 1 : 0;
    }
    EXPECT_EQ(good, 1);
  }
}

TEST_F(State, C7_OfAnOpenAndACreateInOneSendTheFirstSucceeds) {
  p9::Fid directory = make(1);
  Batch batch;
  batch.add(p9::Tlopen{directory, p9::kOpenRdonly});
  batch.add(p9::Tlcreate{directory, name("new"), p9::kOpenRdwr | p9::kOpenTrunc, 0644, p9::kNoGid});
  batch.add(p9::Tucreate{directory, name("new"), p9::kOpenRdwr, 0644, p9::kNoGid, p9::kNoUname});
  std::vector<std::string> answers;
  batch.run(client(), [&](const p9client::Frame& reply) {
    answers.push_back(outcome(p9client::read_reply<p9::Rlopen>(reply)));
  });
  EXPECT_EQ(answers, (std::vector<std::string>{"ok", "EBADF", "EBADF"}));
  auto entries = client().list(directory);
  ASSERT_EQ(outcome(entries), "ok");  // it is the open directory that it was
  EXPECT_TRUE(entries->empty());
  EXPECT_EQ(support::contents(exported() / "subject0").size(), 1U);
}

}  // namespace
}  // namespace suite
