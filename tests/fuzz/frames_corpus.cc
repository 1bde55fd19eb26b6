// Makes the inputs that frames_fuzz starts from: every request on every kind of file, and what
// clients really do.
//   frames_corpus DIRECTORY          writes them
//   frames_corpus --check DIRECTORY  fails unless each is there as it would be written
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/frames.h"
#include "tests/suite/samples.h"
#include "tests/support/raw_frame.h"
#include "tests/support/tree.h"

namespace {

using std::string_view;

constexpr string_view kPlain = "9P2000.L";
constexpr string_view kGoogle = "9P2000.L.Google.13";

constexpr p9::Fid kRoot{0};
constexpr p9::Fid kFid{1};
constexpr p9::Fid kOther{2};
constexpr p9::Fid kFree{3};

p9::Name name(string_view text) {
  return *p9::Name::parse(text);
}

p9::Bytes bytes(string_view text) {
  return std::as_bytes(std::span(text));
}

// One input: how the tree is served, and frames.
class Input {
 public:
  explicit Input(uint8_t how = 0, string_view dialect = kPlain) : all_(1, static_cast<char>(how)) {
    add(p9::Tversion{8192, dialect});
    add(p9::Tattach{kRoot, p9::Fid{p9::kNoFid}, "user", "/", 1000});
  }
  template <p9::Message M>
  Input& add(const M& message) {
    auto frame = support::RawFrame::of(p9::Tag{tag_++}, message);
    all_.append(reinterpret_cast<const char*>(frame.data()), frame.size());
    return *this;
  }
  Input& walk(p9::Fid fid, std::initializer_list<string_view> names) {
    p9::Twalk request{.fid = kRoot, .newfid = fid};
    for (string_view each : names) request.wnames.push(name(each));
    return add(request);
  }
  Input& open(p9::Fid fid, uint32_t flags) { return add(p9::Tlopen{fid, flags}); }
  Input& clunk(p9::Fid fid) { return add(p9::Tclunk{fid}); }
  const std::string& all() const { return all_; }

 private:
  std::string all_;
  uint16_t tag_ = 0;
};

using Corpus = std::map<std::string, std::string>;

// Every request, aimed at a file, a directory, a link and an open file one after the other.
void add_samples(Corpus& corpus) {
  suite::Subject subject{kFid, kRoot, kFree, name("new"), name("other")};
  suite::for_each_sample(subject, [&]<class M>(const M& message) {
    Input input(0, p9::since<M>() == 0 ? kPlain : kGoogle);
    for (const char* where : {"f", "d", "l"})
      input.walk(kFid, {where}).add(message).clunk(kFid).clunk(kFree);
    input.walk(kFid, {"d", "f"}).open(kFid, p9::kOpenRdwr).add(message);
    corpus["each_" + std::string(M::kLine.name)] = input.all();
  });
}

void add_files(Corpus& corpus) {
  corpus["read"] = Input()
                       .walk(kFid, {"f"})
                       .open(kFid, p9::kOpenRdonly)
                       .add(p9::Tread{kFid, 2, 4})
                       .add(p9::Tread{kFid, 100, 4000})
                       .clunk(kFid)
                       .all();
  corpus["create_write"] =
      Input()
          .walk(kFid, {"d"})
          .add(p9::Tlcreate{kFid, name("new"), p9::kOpenRdwr | p9::kOpenExcl, 06755, 1000})
          .add(p9::Twrite{kFid, 0, bytes("written")})
          .add(p9::Twrite{kFid, 1 << 20, bytes("far away")})
          .add(p9::Tfsync{kFid, {1}})
          .add(p9::Tsetattr{.fid = kFid, .valid = p9::kSetattrSize, .size = 3})
          .add(p9::Tgetattr{kFid, p9::kGetattrBasic})
          .add(p9::Tread{kFid, 0, 100})
          .clunk(kFid)
          .all();
  corpus["unlinked"] = Input()
                           .walk(kFid, {"f"})
                           .walk(kOther, {"f"})
                           .open(kFid, p9::kOpenRdwr | p9::kOpenAppend)
                           .add(p9::Tunlinkat{kRoot, name("f"), 0})
                           .add(p9::Twrite{kFid, 0, bytes("still")})
                           .add(p9::Tgetattr{kOther, p9::kGetattrBasic})
                           .add(p9::Txattrwalk{kOther, kFree, ""})
                           .add(p9::Tsetattr{.fid = kOther, .valid = p9::kSetattrMode, .mode = 0})
                           .add(p9::Tremove{kOther})
                           .all();
  corpus["attributes"] =
      Input()
          .walk(kFid, {"f"})
          .add(p9::Tsetattr{.fid = kFid,
                            .valid = p9::kSetattrUid | p9::kSetattrGid | p9::kSetattrMode |
                                     p9::kSetattrAtime | p9::kSetattrAtimeSet | p9::kSetattrMtime,
                            .mode = 06711,
                            .uid = 1000,
                            .gid = 1000,
                            .atime_sec = 1,
                            .atime_nsec = 2})
          .open(kFid, p9::kOpenWronly)
          .add(p9::Twrite{kFid, 0, bytes("x")})
          .add(p9::Tgetattr{kFid, UINT64_MAX})
          .add(p9::Tstatfs{kFid})
          .all();
}

void add_directories(Corpus& corpus) {
  corpus["list"] = Input()
                       .walk(kFid, {})
                       .open(kFid, p9::kOpenRdonly | p9::kOpenDirectory)
                       .add(p9::Treaddir{kFid, 0, 60})
                       .add(p9::Treaddir{kFid, 1, 4000})
                       .add(p9::Treaddir{kFid, 0, 4000})
                       .clunk(kFid)
                       .all();
  corpus["move"] = Input()
                       .add(p9::Tmkdir{kRoot, name("new"), 02775, 1000})
                       .walk(kFid, {"new"})
                       .walk(kOther, {"d", "f"})
                       .add(p9::Trename{kOther, kFid, name("moved")})
                       .add(p9::Trenameat{kRoot, name("new"), kRoot, name("d2")})
                       .add(p9::Trenameat{kRoot, name("f"), kFid, name("moved")})
                       .add(p9::Tgetattr{kOther, p9::kGetattrBasic})
                       .add(p9::Tunlinkat{kFid, name("moved"), 0})
                       .add(p9::Tremove{kFid})
                       .walk(kFree, {"d2"})
                       .all();
  corpus["make"] = Input()
                       .add(p9::Tsymlink{kRoot, name("out"), "../outside/secret", 0})
                       .walk(kFid, {"out"})
                       .add(p9::Treadlink{kFid})
                       .open(kFid, p9::kOpenRdonly)
                       .walk(kOther, {"d", "out", "secret"})
                       .add(p9::Tlink{kRoot, kFid, name("again")})
                       .add(p9::Tmknod{kRoot, name("fifo"), S_IFIFO | 0644, 0, 0, 0})
                       .add(p9::Tmknod{kRoot, name("socket"), S_IFSOCK | 0644, 0, 0, 0})
                       .add(p9::Tmknod{kRoot, name("null"), S_IFCHR | 0644, 1, 3, 0})
                       .walk(kFree, {"fifo"})
                       .open(kFree, p9::kOpenRdwr)
                       .all();
}

void add_xattrs(Corpus& corpus) {
  for (uint8_t how : {uint8_t{0}, fuzz::kAllXattrs, fuzz::kTight, fuzz::kReadOnly}) {
    string_view attribute = how == fuzz::kAllXattrs ? "trusted.b" : "user.b";
    std::string suffix = std::to_string(how);
    corpus["xattr_set_" + suffix] = Input(how)
                                        .walk(kFid, {"f"})
                                        .walk(kOther, {"f"})
                                        .add(p9::Txattrcreate{kFid, attribute, 8, p9::kXattrCreate})
                                        .add(p9::Twrite{kFid, 0, bytes("val")})
                                        .add(p9::Twrite{kFid, 3, bytes("uable")})
                                        .clunk(kFid)
                                        .add(p9::Txattrwalk{kOther, kFree, attribute})
                                        .add(p9::Tread{kFree, 0, 4})
                                        .add(p9::Tread{kFree, 4, 100})
                                        .clunk(kFree)
                                        .add(p9::Txattrwalk{kOther, kFree, ""})
                                        .add(p9::Tread{kFree, 0, 8000})
                                        .all();
    corpus["xattr_drop_" + suffix] =
        Input(how)
            .walk(kFid, {"d"})
            .walk(kOther, {"l"})
            .add(p9::Txattrcreate{kFid, "user.a", 0, p9::kXattrReplace})
            .clunk(kFid)
            .add(p9::Txattrcreate{kOther, attribute, 40, 0})
            .add(p9::Twrite{kOther, 0, bytes("short")})
            .add(p9::Tunlinkat{kRoot, name("l"), 0})
            .clunk(kOther)
            .walk(kFree, {"f"})
            .add(p9::Txattrcreate{kFree, attribute, 65536, 0})
            .add(p9::Tremove{kFree})
            .all();
  }
}

void add_locks(Corpus& corpus) {
  auto lock = [](p9::Fid fid, uint8_t type, uint64_t start, uint64_t length, uint32_t process) {
    return p9::Tlock{fid, type, p9::kLockBlock, start, length, process, "guest"};
  };
  for (uint8_t how : {uint8_t{0}, fuzz::kTight, fuzz::kReadOnly, fuzz::kSingleFile}) {
    Input input(how);
    if (how == fuzz::kSingleFile)
      input.walk(kFid, {}).walk(kOther, {});
    else
      input.walk(kFid, {"f"}).walk(kOther, {"f"});
    corpus["lock_" + std::to_string(how)] =
        input.open(kFid, how == fuzz::kReadOnly ? p9::kOpenRdonly : p9::kOpenRdwr)
            .open(kOther, p9::kOpenRdonly)
            .add(lock(kOther, p9::kLockRead, 0, 10, 1))
            .add(lock(kFid, p9::kLockWrite, 20, 0, 1))
            .add(lock(kFid, p9::kLockUnlock, 3, 3, 1))
            .add(lock(kFid, p9::kLockRead, 3, 5, 2))
            .add(lock(kOther, p9::kLockWrite, 30, 1, 2))
            .add(p9::Tgetlock{kFid, p9::kLockWrite, 0, 0, 2, "guest"})
            .add(p9::Tgetlock{kFid, p9::kLockUnlock, 25, 1, 3, "another"})
            .add(lock(kFid, p9::kLockRead, INT64_MAX, 1, 3))
            .clunk(kOther)
            .add(lock(kFid, p9::kLockWrite, 0, 0, 1))
            .add(p9::Tremove{kFid})
            .all();
  }
}

void add_sessions(Corpus& corpus) {
  corpus["session_again"] = Input()
                                .walk(kFid, {"f"})
                                .open(kFid, p9::kOpenRdwr)
                                .add(p9::Tlock{kFid, p9::kLockWrite, 0, 0, 0, 1, "guest"})
                                .walk(kOther, {"f"})
                                .add(p9::Txattrcreate{kOther, "user.b", 1, 0})
                                .add(p9::Tversion{4096, "9P2000.L"})
                                .add(p9::Tgetattr{kFid, 0})
                                .add(p9::Tattach{kFid, p9::Fid{p9::kNoFid}, "", "", 0})
                                .add(p9::Tflush{p9::Tag{3}})
                                .add(p9::Tversion{4096, "9P2000.u"})
                                .clunk(kFid)
                                .all();
  corpus["session_none"] = std::string(1, '\0');
  Input tight(fuzz::kTight);
  for (uint32_t i = 1; i < 12; ++i) tight.walk(p9::Fid{i}, {"d", "f"});
  for (uint32_t i = 1; i < 6; ++i) tight.open(p9::Fid{i}, p9::kOpenRdonly);
  corpus["session_full"] = tight.clunk(kFid).walk(kFid, {"f"}).open(kFid, p9::kOpenRdonly).all();
}

// What gVisor's client does.
void add_google(Corpus& corpus) {
  suite::Path path{"", "d", "f", "below"};
  for (uint8_t how : {uint8_t{0}, fuzz::kAllXattrs, fuzz::kTight, fuzz::kReadOnly})
    corpus["google_" + std::to_string(how)] =
        Input(how, kGoogle)
            .add(p9::Twalkgetattr{kRoot, kFid, {name("d")}})
            .add(p9::Tmultigetattr{kRoot, path.names()})
            .add(p9::Tucreate{kFid, name("new"), p9::kOpenRdwr, 06755, 1000, 1000})
            .add(p9::Tallocate{kFid, 0, 100, 4000})
            .add(p9::Tallocate{kFid, 3, 0, 4000})
            .add(p9::Tsetxattr{kFid, "user.b", "value", 1})
            .add(p9::Tgetxattr{kFid, "user.b", 0})
            .add(p9::Tlistxattr{kFid, 0})
            .add(p9::Tremovexattr{kFid, "user.b"})
            .add(p9::Tflushf{kFid})
            .add(p9::Tsetattrclunk{.fid = kFid, .valid = p9::kSetattrSize, .size = 7})
            .add(p9::Tumkdir{kRoot, name("new"), 0700, 1, 1})
            .add(p9::Tumknod{kRoot, name("p2"), S_IFIFO | 0600, 0, 0, 1, 1})
            .add(p9::Tusymlink{kRoot, name("l2"), "../outside", 1, 1})
            .add(p9::Twalkgetattr{kRoot, kOther, {name("d"), name("f")}})
            .open(kOther, p9::kOpenRdonly)
            .add(p9::Twalkgetattr{kOther, kOther, {}})
            .add(p9::Tversion{8192, "9P2000.L.Google.14"})
            .add(p9::Tversion{8192, "9P2000.L.Google.2"})
            .add(p9::Tallocate{kOther, 0, 0, 1})
            .all();
}

// What only descriptors are good for.
void add_special(Corpus& corpus) {
  for (uint8_t how : {uint8_t{0}, fuzz::kTight, fuzz::kReadOnly}) {
    Input input(how, kGoogle);
    for (uint32_t type : {p9::kSocketStream, p9::kSocketDatagram, p9::kSocketSeqpacket,
                          p9::kSocketAny, uint32_t{4}})
      input.walk(kFid, {"s"}).add(p9::Tlconnect{kFid, type}).clunk(kFid);
    for (uint32_t flags : {p9::kOpenRdonly, p9::kOpenWronly, p9::kOpenRdwr})
      input.walk(kFid, {"p"})
          .open(kFid, flags)
          .add(p9::Tread{kFid, 0, 10})
          .add(p9::Tfsync{kFid, {0}})
          .add(p9::Tsetattr{.fid = kFid, .valid = p9::kSetattrSize, .size = 7})
          .open(kFid, flags)
          .clunk(kFid);
    corpus["special_" + std::to_string(how)] = input.walk(kFid, {"s"})
                                                   .add(p9::Tunlinkat{kRoot, name("s"), 0})
                                                   .add(p9::Tlconnect{kFid, p9::kSocketStream})
                                                   .add(p9::Tremove{kFid})
                                                   .all();
  }
}

// The messages whose data lie elsewhere in a window than on the socket.
void add_channels(Corpus& corpus) {
  for (uint8_t how : {fuzz::kChannel, static_cast<uint8_t>(fuzz::kChannel | fuzz::kReadOnly)})
    corpus["channel_" + std::to_string(how)] =
        Input(how, kGoogle)
            .walk(kFid, {"f"})
            .open(kFid, p9::kOpenRdwr)
            .add(p9::Twrite{kFid, 1, bytes("written")})
            .add(p9::Twrite{kFid, 0, {}})
            .add(p9::Tread{kFid, 0, 4000})
            .add(p9::Tversion{8192, "9P2000.L"})
            .add(p9::Tattach{kRoot, p9::Fid{p9::kNoFid}, "", "", 0})
            .walk(kFid, {"f"})
            .add(p9::Txattrcreate{kFid, "user.b", 5, 0})
            .add(p9::Twrite{kFid, 0, bytes("value")})
            .clunk(kFid)
            .walk(kFid, {"f"})
            .add(p9::Txattrwalk{kFid, kOther, ""})
            .add(p9::Tread{kOther, 0, 4000})
            .walk(kFree, {"d"})
            .open(kFree, p9::kOpenRdonly)
            .add(p9::Treaddir{kFree, 0, 4000})
            .add(p9::Tmultigetattr{kRoot, suite::Path{"", "d", "f"}.names()})
            .add(p9::Tlistxattr{kFid, 0})
            .add(p9::Tchannel{0, p9::kChannelMemory})
            .all();
}

Corpus make_corpus() {
  Corpus corpus;
  add_samples(corpus);
  add_files(corpus);
  add_directories(corpus);
  add_xattrs(corpus);
  add_locks(corpus);
  add_sessions(corpus);
  add_google(corpus);
  add_special(corpus);
  add_channels(corpus);
  return corpus;
}

bool is_there(const support::path& where, const std::string& input) {
  if (std::filesystem::exists(where) && support::read_file(where) == input) return true;
  std::fprintf(stderr, "%s is missing or old: build update-corpus\n", where.c_str());
  return false;
}

}  // namespace

int main(int count, char** words) {
  bool check = count == 3 && string_view(words[1]) == "--check";
  if (count != 2 && !check) return 2;
  support::path directory = words[count - 1];
  bool good = true;
  for (const auto& [file, input] : make_corpus()) {
    if (check)
      good = is_there(directory / file, input) && good;
    else
      support::make_file(directory / file, input);
  }
  return good ? 0 : 1;
}
