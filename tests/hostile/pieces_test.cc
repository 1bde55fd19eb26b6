// Hostile case W11: every message, cut into bytes or sent in heaps, is answered the same.
#include <filesystem>
#include <functional>
#include <vector>

#include "tests/hostile/frames.h"

namespace suite {
namespace {

using Bytes = std::vector<std::byte>;

class Pieces : public Frames {
 protected:
  // A tree for each way, all alike.
  void start_anew() {
    std::filesystem::remove_all(exported());
    support::make_file(exported() / "file", "0123456789");
    support::make_file(exported() / "directory" / "inside", "text");
    support::make_symlink(exported() / "link", "file");
    support::set_xattr(exported() / "file", "user.a", "value");
    serve();
    speak(p9::kNewestGoogle);
  }

  // Every message on a file, a directory, a link and an open file, each with a fid of its own.
  std::vector<Bytes> requests() const {
    std::vector<Bytes> all;
    auto add = [&](const auto& message) { all.push_back(support::RawFrame::of(kTag, message)); };
    Subject subject{kFid, Client::root(), kFree, name("new"), name("other")};
    for (const char* where : {"file", "directory", "link", "open"}) {
      bool open = where == std::string_view("open");
      for_each_sample(subject, [&]<class M>(const M& message) {
        if (std::is_same_v<M, p9::Tversion>) return;  // it would end the session
        add(p9::Twalk{Client::root(), kFid, {name(open ? "file" : where)}});
        if (open) add(p9::Tlopen{kFid, p9::kOpenRdwr});
        add(message);
        add(p9::Tclunk{kFid});
        add(p9::Tclunk{kFree});
      });
    }
    return all;
  }

  std::vector<Reply> receive(std::size_t count) {
    std::vector<Reply> replies;
    for (; replies.size() < count; replies.push_back(seen(*client().connection().receive()))) {
    }
    return replies;
  }

  void expect_sent(p9::Bytes bytes) {
    ASSERT_EQ(outcome(client().connection().send_raw(bytes)), "ok");
  }

 private:
  static constexpr p9::Fid kFid{700};
  static constexpr p9::Fid kFree{701};
};

TEST_F(Pieces, W11_EveryMessageInBytesOrInHeapsIsAnsweredTheSame) {
  start_anew();
  std::vector<Bytes> all = requests();
  std::vector<Reply> one_by_one;
  for (const Bytes& request : all) {
    expect_sent(request);
    one_by_one.push_back(receive(1).front());
  }
  EXPECT_EQ(hang_up(), "hangup");

  start_anew();
  std::vector<Reply> in_bytes;
  for (const Bytes& request : all) {
    for (const std::byte& byte : request) expect_sent({&byte, 1});
    in_bytes.push_back(receive(1).front());
  }
  EXPECT_EQ(hang_up(), "hangup");
  EXPECT_TRUE(in_bytes == one_by_one);

  start_anew();
  std::vector<Reply> in_heaps;
  for (std::size_t from = 0; from < all.size(); from += 100) {
    std::size_t count = std::min<std::size_t>(100, all.size() - from);
    Bytes heap;
    for (std::size_t i = 0; i < count; ++i)
      heap.insert(heap.end(), all[from + i].begin(), all[from + i].end());
    expect_sent(heap);
    for (Reply& reply : receive(count)) in_heaps.push_back(std::move(reply));
  }
  EXPECT_TRUE(in_heaps == one_by_one);
  EXPECT_GT(all.size(), 600U);
}

}  // namespace
}  // namespace suite
