// What a request costs on its way: Tgetattr over a channel and over the socket, to a worker in its
// jail, beside a bare ping-pong through shared memory of messages of the same size. The client runs
// on one processor and the server on another. Clients of shared memory either sleep at once, as
// servers do, or watch it for a moment before.
//   round_trip GOFER [ROUNDS]
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>

#include "bench/processors.h"
#include "bench/times.h"
#include "spec/base/futex.h"
#include "tests/support/descriptors.h"
#include "tests/support/serving.h"

namespace {

using base::FutexScope;
using bench::pin;
using bench::Times;

constexpr std::size_t kRequest = 2 + 12;  // Tgetattr and Rgetattr as datagrams
constexpr std::size_t kReply = 2 + 153;
constexpr int kSlices = 20;
constexpr int kDefaultRounds = 200'000;

void check(bool good, const char* what) {
  if (!good) throw std::system_error(errno, std::generic_category(), what);
}

template <class R>
void must(const R& result, const char* what) {
  if (!result) throw std::runtime_error(what + (": " + support::outcome(result)));
}

// Two processes that take turns with a window as a client and a worker do, and do nothing else.
class PingPong {
 public:
  explicit PingPong(int processor) : window_(make_window()) {
    child_ = ::fork();
    check(child_ >= 0, "fork");
    if (child_ == 0) answer(processor);
  }
  PingPong(const PingPong&) = delete;
  PingPong& operator=(const PingPong&) = delete;
  ~PingPong() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }

  void round(bool watches) {
    std::memcpy(datagram(), buffer_.data(), kRequest);
    pass(p9::kClientActive, p9::kServerActive, kRequest);
    if (watches) (void)base::watch_while(header().state, p9::kServerActive);
    await(p9::kClientActive);
    std::memcpy(buffer_.data(), datagram(), header().length.load(std::memory_order_relaxed));
  }

 private:
  static p9client::Mapping make_window() {
    base::UniqueFd memory = support::make_memory_file("window");
    check(::ftruncate(memory.raw(), p9::kWindowSize) == 0, "ftruncate");
    auto window = p9client::Mapping::of(memory, 0, p9::kWindowSize);
    must(window, "mmap");
    return *std::move(window);
  }
  [[noreturn]] void answer(int processor) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    pin(0, processor);
    for (;;) {
      await(p9::kServerActive);
      std::memcpy(buffer_.data(), datagram(), header().length.load(std::memory_order_relaxed));
      std::memcpy(datagram(), buffer_.data(), kReply);
      pass(p9::kServerActive, p9::kClientActive, kReply);
    }
  }
  void pass(uint32_t from, uint32_t to, std::size_t length) {
    header().length.store(static_cast<uint32_t>(length), std::memory_order_relaxed);
    header().state.compare_exchange_strong(from, to);
    base::futex_wake(header().state, 1, FutexScope::kShared);
  }
  void await(uint32_t mine) {
    for (uint32_t state = 0; (state = header().state.load()) != mine;)
      (void)base::futex_wait(header().state, state, FutexScope::kShared);
  }
  p9::WindowHeader& header() {
    return *reinterpret_cast<p9::WindowHeader*>(window_.bytes().data());
  }
  std::byte* datagram() { return window_.bytes().data() + p9::kDatagram; }

  p9client::Mapping window_;
  std::array<std::byte, 256> buffer_{};
  pid_t child_ = -1;
};

void print_row(const char* name, Times& times) {
  std::printf("%-48s %10.2f %10.2f  µs\n", name, times.median(), times.quantile(0.99));
}

void print_ratio(const char* name, Times& one, Times& other) {
  std::printf("%-48s %10.2f\n", name, one.median() / other.median());
}

void run(const char* binary, int rounds) {
  std::optional<bench::Processors> processors = bench::two_processors();
  if (!processors) throw std::runtime_error("this takes two processors");
  support::Bundle bundle;
  bundle.mount("/served", bundle.beside("served"), {"rbind", "rw", "x-gofer.channels=1"});
  support::Serving gofer(bundle, {.binary = binary});
  bench::pin_threads(gofer.worker(1), processors->server);
  pin(0, processors->client);
  PingPong ping_pong(processors->server);
  auto client = p9client::Client::connect_over_channel(gofer.take_client(1));
  must(client, "connecting");

  std::array<Times, 2> bare;  // the client sleeps, watches
  std::array<Times, 2> channel;
  Times socket;
  p9::Tgetattr request{p9client::Client::root(), p9::kGetattrBasic};
  // In slices, one after the other: what else the machine does meets all alike.
  for (int slice = 0; slice < kSlices; ++slice) {
    for (bool watches : {false, true}) {
      client->channel()->watches = watches;
      bare[watches].take(rounds / kSlices, [&] { ping_pong.round(watches); });
      channel[watches].take(rounds / kSlices,
                            [&] { must(client->channel()->call(request), "Tgetattr"); });
    }
    socket.take(rounds / kSlices, [&] { must(client->connection().call(request), "Tgetattr"); });
  }
  std::printf("%d round trips each, client on processor %d, server on processor %d\n\n", rounds,
              processors->client, processors->server);
  std::printf("%-48s %10s %10s\n", "", "median", "99 %");
  print_row("bare futex ping-pong through shared memory", bare[false]);
  print_row("Tgetattr over a channel, client sleeps", channel[false]);
  print_row("Tgetattr over the socket", socket);
  print_row("bare ping-pong, client watches, then sleeps", bare[true]);
  print_row("Tgetattr over a channel, client watches", channel[true]);
  print_ratio("channel / bare ping-pong, clients sleep", channel[false], bare[false]);
  print_ratio("channel / socket, clients sleep", channel[false], socket);
  print_ratio("channel / bare futex ping-pong, client watches", channel[true], bare[false]);
  print_ratio("channel / socket, client watches", channel[true], socket);
}

}  // namespace

int main(int count, char** words) {
  int rounds = kDefaultRounds;
  if (count == 3) std::from_chars(words[2], words[2] + std::strlen(words[2]), rounds);
  if (count < 2 || count > 3 || rounds < kSlices) {
    std::fprintf(stderr, "usage: round_trip GOFER [ROUNDS]\n");
    return 2;
  }
  try {
    run(words[1], rounds);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "round_trip: %s\n", error.what());
    return 1;
  }
  return 0;
}
