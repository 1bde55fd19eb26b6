#include "sandbox/policy_compiler.h"

#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <utility>

#include "spec/base/fd.h"
#include "spec/base/result.h"

namespace sandbox {
namespace {

using base::Outcome;
using base::UniqueFd;

struct Release {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Release>;

// The level of libseccomp's interface from which on SCMP_ACT_KILL_PROCESS is available. Without
// saying so the library asks the running kernel.
constexpr unsigned kApiLevel = 3;

std::unexpected<base::Problem> trouble(const char* call, int error) {
  return base::failure(base::Problem{
      .step = "policy", .what = "libseccomp refuses", .syscall = call, .error = std::abs(error)});
}

std::unexpected<base::Problem> refuse(const spec::Rule& rule, const std::string& what, int error) {
  return base::failure(base::Problem{.exit = base::ExitCode::kBadSpec,
                                     .step = "policy",
                                     .where = rule.where,
                                     .what = rule.syscall + " " + what,
                                     .syscall = error == 0 ? "" : "seccomp_rule_add_exact",
                                     .error = std::abs(error)});
}

scmp_compare operator_of(spec::Comparison comparison) {
  switch (comparison) {
    case spec::Comparison::kNotEqual:
      return SCMP_CMP_NE;
    case spec::Comparison::kLess:
      return SCMP_CMP_LT;
    case spec::Comparison::kLessOrEqual:
      return SCMP_CMP_LE;
    case spec::Comparison::kEqual:
      return SCMP_CMP_EQ;
    case spec::Comparison::kGreaterOrEqual:
      return SCMP_CMP_GE;
    case spec::Comparison::kGreater:
      return SCMP_CMP_GT;
    case spec::Comparison::kMaskedEqual:
      return SCMP_CMP_MASKED_EQ;
  }
  std::unreachable();
}

Outcome<Filter> make_filter() {
  if (int error = seccomp_api_set(kApiLevel); error != 0) return trouble("seccomp_api_set", error);
  Filter filter(seccomp_init(SCMP_ACT_KILL_PROCESS));
  if (!filter) return trouble("seccomp_init", EINVAL);
  // The library's own answer to a foreign architecture is to kill the thread alone.
  int error = seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  if (error != 0) return trouble("seccomp_attr_set", error);
  // A binary search for the number of the call instead of one comparison after the other.
  constexpr uint32_t kBinaryTree = 2;
  error = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, kBinaryTree);
  if (error != 0) return trouble("seccomp_attr_set", error);
  if (seccomp_arch_exist(filter.get(), SCMP_ARCH_X86_64) != 0)
    return trouble("seccomp_arch_exist", ENOTSUP);
  return filter;
}

Outcome<void> add_rule(void* filter, const spec::Rule& rule) {
  int number = seccomp_syscall_resolve_name(rule.syscall.c_str());
  if (number == __NR_SCMP_ERROR) return refuse(rule, "is not known to libseccomp", 0);
  if (number < 0) return refuse(rule, "is no system call of x86-64", 0);
  std::vector<scmp_arg_cmp> conditions;
  for (const spec::Condition& condition : rule.conditions)
    conditions.push_back({.arg = condition.index,
                          .op = operator_of(condition.comparison),
                          .datum_a = condition.value,
                          .datum_b = condition.wanted});
  int error = seccomp_rule_add_exact_array(
      filter, SCMP_ACT_ALLOW, number, static_cast<unsigned>(conditions.size()), conditions.data());
  if (error != 0) return refuse(rule, "cannot be added", error);
  return {};
}

// What libseccomp exports into a file descriptor, as a sequence of T.
template <class Sequence>
Outcome<Sequence> exported(void* filter, int (*export_to)(void*, int), const char* call) {
  UniqueFd file(::memfd_create("filter", MFD_CLOEXEC));
  if (!file.valid()) return trouble("memfd_create", errno);
  if (int error = export_to(filter, file.raw()); error != 0) return trouble(call, error);
  off_t end = ::lseek(file.raw(), 0, SEEK_END);
  if (end < 0) return trouble("lseek", errno);
  auto bytes = static_cast<std::size_t>(end);
  Sequence result;
  result.resize(bytes / sizeof(typename Sequence::value_type));
  ssize_t n = ::pread(file.raw(), result.data(), bytes, 0);
  if (n != end) return trouble("pread", n < 0 ? errno : EIO);
  return result;
}

}  // namespace

Outcome<Program> compile(const spec::Policy& policy) {
  Filter filter = TRY(make_filter());
  for (const spec::Rule& rule : policy.rules) TRY(add_rule(filter.get(), rule));
  return Program{.instructions = TRY(exported<std::vector<sock_filter>>(
                     filter.get(), [](void* from, int to) { return seccomp_export_bpf(from, to); },
                     "seccomp_export_bpf")),
                 .text = TRY(exported<std::string>(
                     filter.get(), [](void* from, int to) { return seccomp_export_pfc(from, to); },
                     "seccomp_export_pfc"))};
}

std::optional<std::string> syscall_name(int number) {
  std::unique_ptr<char, decltype([](char* text) { std::free(text); })> name(
      seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, number));
  if (!name) return std::nullopt;
  return std::string(name.get());
}

}  // namespace sandbox
