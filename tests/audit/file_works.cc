// The works of a worker that need files: the server itself under a filter, asked by a client.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "cmd/p9/client.h"
#include "gofer/p9/flags.h"
#include "gofer/p9/google_messages.h"
#include "gofer/server.h"
#include "spec/base/parked_threads.h"
#include "spec/base/worker_fd.h"
#include "spec/role.h"
#include "tests/audit/works.h"
#include "tests/support/tree.h"

namespace audit {
namespace {

using p9client::Client;
using p9client::UniqueFid;

enum class Served : uint8_t { kReadOnly, kReadWrite };

using spec::Extra;
using spec::Extras;

constexpr Extras kNone;
constexpr Extras only(Extra extra) {
  return Extras().with(extra);
}

gofer::AttachPoint attach_point(Served how, Extras extras) {
  return {.root = base::kWorkerRoot,
          .own_fds = base::kWorkerOwnFds,
          .read_only = how == Served::kReadOnly,
          .make_fifo = extras.has(Extra::kMknod),
          .make_socket = extras.has(Extra::kMknod),
          .uds = extras.has(Extra::kUds),
          .fifo = extras.has(Extra::kFifo),
          .xattrs = {.user = extras.has(Extra::kXattr)},
          .donate = extras.has(Extra::kDonate),
          .locks = extras.has(Extra::kLocks)};
}

int serve(const gofer::AttachPoint& attach_point) {
  base::Log log(base::kWorkerLog, base::LogFormat::kText, base::LogLevel::kInfo, "worker");
  return static_cast<int>(gofer::serve(base::kWorkerTransport, attach_point, log));
}

// Notes the name of what the server did not do.
class Asking {
 public:
  template <class T>
  void ask(std::string_view what, const base::Result<T>& answer) {
    if (!answer) failed_.append(what).append(" failed; ");
  }
  void ask(std::string_view what, bool answer) {
    if (!answer) failed_.append(what).append(" failed; ");
  }
  const std::string& failed() const { return failed_; }

 private:
  std::string failed_;
};

void lock(Client& client, Asking& asking, p9::Fid file, uint8_t type) {
  asking.ask("lock", client.call(p9::Tlock{file, type, 0, 0, 10, 7, "client"}));
  asking.ask("unlock", client.call(p9::Tlock{file, p9::kLockUnlock, 0, 0, 10, 7, "client"}));
  asking.ask("getlock", client.call(p9::Tgetlock{file, type, 0, 10, 7, "client"}));
}

void look(Client& client, Asking& asking) {
  asking.ask("read", client.read_file("file"));
  asking.ask("list", client.list("directory"));
  asking.ask("stat", client.stat("directory/inner"));
  auto link = client.walk("link");
  asking.ask("walk to a link", link);
  if (link) asking.ask("readlink", client.readlink(*link));
  asking.ask("statfs", client.call(p9::Tstatfs{Client::root()}));
  auto file = client.open("file", p9::kOpenRdonly);
  asking.ask("open", file);
  auto directory = client.open("directory", p9::kOpenRdonly | p9::kOpenDirectory);
  asking.ask("open a directory", directory);
  if (!directory) return;
  asking.ask("list from its start", client.list(*directory));
  asking.ask("list again, from its start", client.list(*directory));
}

void change_attributes(Client& client, Asking& asking, p9::Fid file) {
  p9::Tsetattr request{.fid = file, .valid = p9::kSetattrUid | p9::kSetattrGid};
  asking.ask("chown", client.call(request));
  request.valid = p9::kSetattrMode;
  request.mode = 0600;
  asking.ask("chmod", client.call(request));
  request.valid = p9::kSetattrSize;
  request.size = 1;
  asking.ask("truncate", client.call(request));
  request.valid = p9::kSetattrMtime;
  asking.ask("utimes", client.call(request));
}

auto make_node(Client& client, uint32_t type) {
  std::string node = "node" + std::to_string(type);
  return client.call(
      p9::Tmknod{Client::root(), *p9::Name::parse(node), type | 0600, 0, 0, p9::kNoGid});
}

void change_names(Client& client, Asking& asking, p9::Fid file) {
  auto name = [](std::string_view text) { return *p9::Name::parse(text); };
  p9::Fid root = Client::root();
  asking.ask("mkdir", client.call(p9::Tmkdir{root, name("made"), 0700, p9::kNoGid}));
  asking.ask("symlink", client.call(p9::Tsymlink{root, name("to"), "file", p9::kNoGid}));
  asking.ask("mknod", make_node(client, S_IFREG));
  asking.ask("link", client.call(p9::Tlink{root, file, name("second")}));
  asking.ask("rename", client.call(p9::Trenameat{root, name("second"), root, name("third")}));
  asking.ask("unlink", client.call(p9::Tunlinkat{root, name("third"), 0}));
  asking.ask("rmdir", client.call(p9::Tunlinkat{root, name("made"), p9::kUnlinkDirectory}));
}

void change(Client& client, Asking& asking) {
  auto file = client.create(Client::root(), "new", p9::kOpenRdwr, 0644);
  asking.ask("create", file);
  if (!file) return;
  asking.ask("write", client.write(*file, 0, "written"));
  asking.ask("fsync", client.call(p9::Tfsync{*file, {0}}));
  asking.ask("fdatasync", client.call(p9::Tfsync{*file, {1}}));
  asking.ask("allocate", client.call(p9::Tallocate{*file, 0, 0, 100}));
  change_attributes(client, asking, *file);
  change_names(client, asking, *file);
}

// With the extras for it, what they are for; without, nothing is done for them either.

void use_donation(Client& client, Asking& asking, bool given) {
  auto file = client.open("file", p9::kOpenRdonly);
  asking.ask("open", file);
  asking.ask("the descriptor", client.take_descriptor().valid() == given);
}

void read_attributes(Client& client, Asking& asking, bool given) {
  auto list = client.get_xattr(Client::root(), "");
  asking.ask("list attributes", list && list->empty() != given);
  asking.ask("attribute", client.get_xattr(Client::root(), "user.there").has_value() == given);
}

void change_xattrs(Client& client, Asking& asking, bool given) {
  auto set = client.set_xattr(Client::root(), "user.made", "value");
  asking.ask("set attribute", set.has_value() == given);
  auto removed = client.set_xattr(Client::root(), "user.made", "", p9::kXattrReplace);
  asking.ask("remove attribute", removed.has_value() == given);
}

void use_locks(Client& client, Asking& asking, bool given, uint32_t open, uint8_t type) {
  auto file = client.open("file", open);
  asking.ask("open to lock", file);
  if (!file) return;
  if (given) return lock(client, asking, *file, type);
  asking.ask("no lock", !client.call(p9::Tlock{*file, type, 0, 0, 10, 7, "client"}));
  asking.ask("no getlock", !client.call(p9::Tgetlock{*file, type, 0, 10, 7, "client"}));
}

void make_special(Client& client, Asking& asking, bool given) {
  asking.ask("make a FIFO", make_node(client, S_IFIFO).has_value() == given);
  asking.ask("make a socket", make_node(client, S_IFSOCK).has_value() == given);
}

// What the host has at the other end of sockets of each type.
struct Listeners {
  explicit Listeners(const support::path& in)
      : stream(support::bind_socket(in / "stream", SOCK_STREAM)),
        datagram(support::bind_socket(in / "datagram", SOCK_DGRAM)),
        seqpacket(support::bind_socket(in / "seqpacket", SOCK_SEQPACKET)) {}
  base::UniqueFd stream;
  base::UniqueFd datagram;
  base::UniqueFd seqpacket;
};

void connect_to_each(Client& client, Asking& asking) {
  constexpr std::pair<const char*, uint32_t> kSockets[] = {{"stream", p9::kSocketStream},
                                                           {"datagram", p9::kSocketDatagram},
                                                           {"seqpacket", p9::kSocketSeqpacket}};
  for (auto [name, type] : kSockets) {
    auto fid = client.walk(name);
    asking.ask("walk to a socket", fid);
    if (fid) asking.ask(name, client.call(p9::Tlconnect{*fid, type}));
    asking.ask("take the socket", client.take_descriptor().valid());
  }
}

void open_each_way(Client& client, Asking& asking, std::initializer_list<uint32_t> ways) {
  for (uint32_t flags : ways) {
    auto fifo = client.open("fifo", flags);
    asking.ask("open a FIFO", fifo);
    asking.ask("take its descriptor", client.take_descriptor().valid());
  }
}

template <class Work>
Ended ask(WorkerChild& worker, Work work) {
  support::make_file(worker.root() / "file", "text");
  support::make_file(worker.root() / "directory" / "inner", "text");
  support::make_symlink(worker.root() / "link", "file");
  support::make_fifo(worker.root() / "fifo");
  Listeners listeners(worker.root().path());
  base::UniqueFd reader(
      ::open((worker.root() / "fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  support::set_xattr(worker.root().path(), "user.there", "value");
  Asking asking;
  {
    auto client =
        Client::connect(std::move(worker.client()), p9client::kDefaultMsize, p9::kNewestGoogle);
    asking.ask("attach", client);
    if (client) work(*client, asking);
  }
  Ended ended = worker.end();
  ended.log += asking.failed();
  return ended;
}

template <class Work>
Ended served(Filter filter, Served how, Extras extras, Work work) {
  WorkerChild worker(filter, [how, extras] { return serve(attach_point(how, extras)); });
  return ask(worker, work);
}

constexpr int kRounds = 200;

// Threads that wait for work, and who waits for them.
void pass_work(base::ParkedThreads& threads) {
  for (int round = 0; round < kRounds; ++round) {
    threads.wait(0);
    threads.run(0, [] {});
  }
  threads.wait(0);
}

int read_the_coarse_clock() {
  timespec now{};
  // As the vDSO does where it cannot read the clock itself.
  return ::syscall(SYS_clock_gettime, CLOCK_MONOTONIC_COARSE, &now) == 0 && now.tv_sec > 0 ? 0 : 1;
}

template <class Work>
Ended served_with_threads(Filter filter, Served how, Work work) {
  base::ParkedThreads* threads = nullptr;  // in the child, which ends without freeing it
  auto body = [&] {
    gofer::AttachPoint point = attach_point(how, kNone);
    point.disk_threads = threads;
    int exit = serve(point);
    pass_work(*threads);
    return exit + read_the_coarse_clock();
  };
  WorkerChild worker(filter, body, [&] {
    threads = new base::ParkedThreads;
    if (!threads->add(2)) std::abort();
  });
  return ask(worker, work);
}

void write_and_sync(Client& client, Asking& asking) {
  look(client, asking);
  auto file = client.open("file", p9::kOpenRdwr);
  asking.ask("open", file);
  if (!file) return;
  for (int round = 0; round < kRounds; ++round) {
    asking.ask("write", client.call(p9::Twrite{*file, 0, {}}));
    asking.ask("fsync", client.call(p9::Tfsync{*file, {uint32_t{round % 2 == 0}}}));
  }
}

}  // namespace

Ended open_list_and_read(Filter filter) {
  return served(filter, Served::kReadOnly, kNone, [](Client& client, Asking& asking) {
    look(client, asking);
    use_donation(client, asking, false);
    read_attributes(client, asking, false);
    use_locks(client, asking, false, p9::kOpenRdonly, p9::kLockRead);
  });
}

Ended change_files(Filter filter) {
  return served(filter, Served::kReadWrite, kNone, [](Client& client, Asking& asking) {
    look(client, asking);
    change(client, asking);
    change_xattrs(client, asking, false);
    use_locks(client, asking, false, p9::kOpenRdwr, p9::kLockWrite);
    make_special(client, asking, false);
  });
}

Ended read_and_wait(Filter filter) {
  return served_with_threads(filter, Served::kReadOnly, look);
}

Ended write_and_wait(Filter filter) {
  return served_with_threads(filter, Served::kReadWrite, write_and_sync);
}

Ended donate_descriptors(Filter filter) {
  return served(filter, Served::kReadOnly, only(Extra::kDonate),
                [](Client& client, Asking& asking) { use_donation(client, asking, true); });
}

Ended read_xattrs(Filter filter) {
  return served(filter, Served::kReadOnly, only(Extra::kXattr),
                [](Client& client, Asking& asking) { read_attributes(client, asking, true); });
}

Ended read_and_change_xattrs(Filter filter) {
  return served(filter, Served::kReadWrite, only(Extra::kXattr),
                [](Client& client, Asking& asking) {
                  read_attributes(client, asking, true);
                  change_xattrs(client, asking, true);
                });
}

Ended lock_files(Filter filter) {
  return served(filter, Served::kReadOnly, only(Extra::kLocks), [](Client& client, Asking& asking) {
    use_locks(client, asking, true, p9::kOpenRdonly, p9::kLockRead);
  });
}

Ended make_special_files(Filter filter) {
  return served(filter, Served::kReadWrite, only(Extra::kMknod),
                [](Client& client, Asking& asking) { make_special(client, asking, true); });
}

Ended connect_to_sockets(Filter filter) {
  return served(filter, Served::kReadOnly, only(Extra::kUds).with(Extra::kDonate), connect_to_each);
}

Ended open_fifos_for_reading(Filter filter) {
  return served(
      filter, Served::kReadOnly, only(Extra::kFifo).with(Extra::kDonate),
      [](Client& client, Asking& asking) { open_each_way(client, asking, {p9::kOpenRdonly}); });
}

Ended open_fifos(Filter filter) {
  return served(filter, Served::kReadWrite, only(Extra::kFifo).with(Extra::kDonate),
                [](Client& client, Asking& asking) {
                  open_each_way(client, asking, {p9::kOpenRdonly, p9::kOpenWronly, p9::kOpenRdwr});
                });
}

}  // namespace audit
