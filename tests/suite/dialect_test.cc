// Which messages exist in which dialect: every type in each of the fifteen, and what differs.
#include <dirent.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/suite/samples.h"
#include "tests/suite/world.h"
#include "tests/support/raw_frame.h"

namespace suite {
namespace {

using support::RawFrame;
using Bytes = std::vector<std::byte>;

constexpr p9::Tag kTag{42};

// Written from the protocol's text: the types of plain 9P2000.L, and the first Google dialect of
// each type that those add.
constexpr uint8_t kPlainTypes[] = {8,  12, 14, 16, 18, 20,  22,  24,  26,  30,  32,  40,  50,  52,
                                   54, 70, 72, 74, 76, 100, 102, 104, 108, 110, 116, 118, 120, 122};
const std::map<uint8_t, uint32_t> kGoogleTypes{
    {124, 1},                                 // Tflushf
    {126, 2},                                 // Twalkgetattr
    {128, 3},  {130, 3}, {132, 3}, {134, 3},  // Tucreate, Tumkdir, Tumknod, Tusymlink
    {136, 4},                                 // Tlconnect
    {138, 7},                                 // Tallocate
    {34, 10},  {36, 10},                      // Tgetxattr, Tsetxattr
    {28, 11},  {38, 11},                      // Tlistxattr, Tremovexattr
    {140, 12},                                // Tsetattrclunk
    {142, 13},                                // Tmultigetattr
    {250, 8},                                 // Tchannel
};

bool is_served(uint8_t type, uint32_t google) {
  if (std::ranges::find(kPlainTypes, type) != std::end(kPlainTypes)) return true;
  auto added = kGoogleTypes.find(type);
  return added != kGoogleTypes.end() && added->second <= google;
}

class Dialect : public World {
 protected:
  void SetUp() override {
    support::make_file(exported() / "file", "0123456789");
    support::make_directory(exported() / "directory");
    support::set_xattr(exported() / "file", "user.a", "value");
    serve();
  }

  // Begins anew in one of the fifteen: "" is 9P2000.L, "0" to "13" 9P2000.L.Google.N.
  void begin(const std::string& number) {
    std::string dialect = number.empty() ? "9P2000.L" : "9P2000.L.Google." + number;
    auto reply = client().call(p9::Tversion{p9client::kDefaultMsize, dialect});
    ASSERT_EQ(outcome(reply), "ok");
    ASSERT_EQ(reply->version, dialect);
    ASSERT_EQ(outcome(client().attach(Client::root())), "ok");
  }
  template <class Check>
  void in_each_dialect(Check check) {
    for (int n = -1; n <= static_cast<int>(p9::kNewestGoogle); ++n) {
      begin(n < 0 ? "" : std::to_string(n));
      check(static_cast<uint32_t>(std::max(n, 0)));
    }
  }

  // The errno that a frame is answered with, or "ok".
  std::string answer(const Bytes& frame) {
    EXPECT_EQ(outcome(client().connection().send_raw(frame)), "ok");
    auto reply = client().connection().receive();
    if (!reply) return outcome(reply);
    EXPECT_EQ(reply->tag(), kTag);
    if (reply->type() != p9::Rlerror::kLine.type) return "ok";
    return outcome(p9client::read_reply<p9::Rlerror>(*reply));
  }
};

TEST_F(Dialect, W2_EveryTypeIsServedExactlyWhereItIsOneOfTheDialect) {
  support::Inventory before = support::inventory(exported());
  int served_pairs = 0;
  in_each_dialect([&](uint32_t google) {
    for (unsigned type = 0; type < 256; ++type) {
      bool served = is_served(static_cast<uint8_t>(type), google);
      served_pairs += served ? 1 : 0;
      std::string said = answer(RawFrame(static_cast<uint8_t>(type), kTag).take());
      EXPECT_EQ(said, served ? "EINVAL" : "EOPNOTSUPP") << type << " at " << google;
    }
  });
  EXPECT_EQ(served_pairs, 15 * 28 + 13 + 12 + 4 * 11 + 7 + 2 * 4 + 2 * 3 + 2 + 1 + 6 + 10);
  EXPECT_EQ(support::inventory(exported()), before);
  expect_alive();
}

TEST_F(Dialect, W2_NoiseOfEveryTypeHasNoEffectInAnyDialect) {
  support::Inventory before = support::inventory(exported());
  std::mt19937 random(4);
  in_each_dialect([&](uint32_t google) {
    for (unsigned type = 0; type < 256; ++type) {
      Bytes noise(64);
      for (std::byte& byte : noise) byte = std::byte(random() & 0xff);
      std::string said = answer(RawFrame(static_cast<uint8_t>(type), kTag).bytes(noise).take());
      if (is_served(static_cast<uint8_t>(type), google)) {
        EXPECT_TRUE(said == "EINVAL" || said == "ENAMETOOLONG") << type << ": " << said;
      } else {
        EXPECT_EQ(said, "EOPNOTSUPP") << type << " at " << google;
      }
    }
  });
  EXPECT_EQ(support::inventory(exported()), before);
  expect_alive();
}

TEST_F(Dialect, EveryMessageBelowItsDialectIsRefusedWithoutEffect) {
  support::Inventory before = support::inventory(exported());
  for (uint32_t google = 0; google < p9::kNewestGoogle; ++google) {
    speak(google);
    UniqueFid file = walk("file");
    UniqueFid directory = walk("directory");
    for (p9::Fid fid : {p9::Fid(file), p9::Fid(directory)}) {
      Subject subject{fid, Client::root(), p9::Fid{555}, name("new"), name("other")};
      for_each_sample(subject, [&]<class M>(const M& message) {
        if (google >= p9::since<M>()) return;
        EXPECT_EQ(outcome(client().call(message)), "EOPNOTSUPP") << M::kLine.name;
        EXPECT_EQ(outcome(client().getattr(fid)), "ok") << M::kLine.name << " took the fid";
        EXPECT_EQ(outcome(client().getattr(subject.free)), "EBADF") << M::kLine.name;
      });
    }
  }
  EXPECT_EQ(support::inventory(exported()), before);
}

TEST_F(Dialect, AMessageStaysRefusedAfterANewerDialectWasGivenUp) {
  speak(p9::kNewestGoogle);
  EXPECT_EQ(outcome(client().call(p9::Tflushf{Client::root()})), "ok");
  speak(0);
  EXPECT_EQ(outcome(client().call(p9::Tflushf{Client::root()})), "EOPNOTSUPP");
}

TEST_F(Dialect, AnEntrysTypeIsThatOfAQidWhereGooglesClientsReadIt) {
  support::make_symlink(exported() / "link", "file");
  support::make_fifo(exported() / "fifo");
  in_each_dialect([&](uint32_t google) {
    auto entries = client().list("");
    ASSERT_EQ(outcome(entries), "ok");
    std::map<std::string, uint8_t> types;
    for (const p9client::Entry& entry : *entries) types[entry.name] = entry.type;
    std::map<std::string, uint8_t> plain{
        {"file", DT_REG}, {"directory", DT_DIR}, {"link", DT_LNK}, {"fifo", DT_FIFO}};
    std::map<std::string, uint8_t> qids{
        {"file", 0}, {"directory", p9::kQidDirectory}, {"link", p9::kQidSymlink}, {"fifo", 0}};
    EXPECT_EQ(types, google == 0 ? plain : qids) << google;
  });
}

TEST_F(Dialect, TruncWithTlopenIsServedInAll) {
  in_each_dialect([&](uint32_t google) {
    support::make_file(exported() / "full", "text");
    UniqueFid file = walk("full");
    EXPECT_EQ(outcome(client().open(file, p9::kOpenWronly | p9::kOpenTrunc)), "ok") << google;
    EXPECT_EQ(support::read_file(exported() / "full"), "") << google;
    std::filesystem::remove(exported() / "full");
  });
}

}  // namespace
}  // namespace suite
