// The suite against a worker of the real binary, in its jail and under its filter.
#include <algorithm>
#include <iostream>
#include <stdexcept>
#include <vector>

#include "tests/suite/served.h"
#include "tests/support/bundle.h"
#include "tests/support/descriptors.h"
#include "tests/support/gofer_process.h"
#include "tests/support/proc.h"
#include "tests/support/violation.h"

namespace suite {
namespace {

constexpr std::size_t kFirst = 1;  // the root is attach point 0

std::vector<std::string> options_of(const Export& how) {
  std::vector<std::string> options{"rbind", how.read_only ? "ro" : "rw"};
  if (how.panic_on_write) options.emplace_back("x-gofer.panic-on-write");
  if (how.make_fifo) options.emplace_back("x-gofer.mknod=fifo");
  if (how.make_socket) options.emplace_back("x-gofer.mknod=socket");
  if (how.no_xattrs) options.emplace_back("x-gofer.xattr=none");
  if (how.acls) options.emplace_back("x-gofer.xattr=acl");
  if (how.security) options.emplace_back("x-gofer.xattr=security");
  if (how.trusted) options.emplace_back("x-gofer.xattr=trusted");
  if (!how.locks) options.emplace_back("x-gofer.locks=off");
  if (how.uds) options.emplace_back("x-gofer.uds=open");
  if (how.fifo) options.emplace_back("x-gofer.fifo=open");
  if (how.channels > 0) options.push_back("x-gofer.channels=" + std::to_string(how.channels));
  if (!how.donate) options.emplace_back("x-gofer.donate=off");
  return options;
}

std::vector<std::string> arguments_for(const std::vector<ServedTree>& trees) {
  std::vector<std::string> arguments{"--log-level", "info"};
#ifdef MAX_OPEN_FILES
  arguments.insert(arguments.end(), {"--max-open-files", MAX_OPEN_FILES});
#endif
  if (std::ranges::any_of(trees, [](const ServedTree& tree) { return tree.how.kernel_fs; }))
    arguments.emplace_back("--allow-kernel-fs");
  return arguments;
}

}  // namespace

const std::size_t kChannelMutations = 10'000;

struct Served::Impl {
  explicit Impl(const std::vector<ServedTree>& trees)
      : config(written(trees)),
        gofer(config, bundle.attach_points(),
              {.binary = GOFER_BINARY, .arguments = arguments_for(trees)}) {
    if (!gofer.ready()) throw std::runtime_error(gofer.failure());
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  // A test that lost its worker has no word for it: this is the place to look at.
  ~Impl() { std::cerr << support::violations_in(gofer.process().err(), GOFER_BINARY); }

  support::path written(const std::vector<ServedTree>& trees) {
    std::string destination = "/served";
    for (const auto& [source, how] : trees) {
      bundle.mount(destination, source, options_of(how));
      destination += '+';
    }
    bundle.write();
    return bundle.config();
  }

  support::Bundle bundle;
  support::path config;
  support::Gofer gofer;
};

Served::Served(const std::vector<ServedTree>& trees) : impl_(new Impl(trees)) {}
Served::Served(Served&&) noexcept = default;
Served::~Served() = default;

base::UniqueFd Served::take_client(std::size_t tree) {
  return impl_->gofer.take_client(kFirst + tree);
}

std::string Served::end(std::size_t tree) {
  pid_t worker = impl_->gofer.worker(kFirst + tree);
  return support::text_of(impl_->gofer.worker_end(worker), "cause");
}

std::string Served::log() const {
  return impl_->gofer.process().err();
}

std::size_t Served::descriptors() const {
  return support::count_descriptors(impl_->gofer.worker(kFirst));
}

std::size_t Served::threads() const {
  return std::stoul(support::status_field(impl_->gofer.worker(kFirst), "Threads"));
}

std::vector<std::size_t> Served::resident() const {
  std::vector<std::size_t> all;
  for (std::size_t point = kFirst; point < impl_->bundle.attach_points(); ++point)
    all.push_back(std::stoul(support::status_field(impl_->gofer.worker(point), "VmRSS")));
  return all;
}

}  // namespace suite
