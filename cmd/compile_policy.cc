// compile_policy: the build tool that turns policies/*.json into the programs that gofer embeds.
//
//   compile_policy DIR STEM ROLE [EXTRA...]   compiles what DIR has for them; writes STEM.bpf (the
//                                             program as the kernel takes it), STEM.pfc (for
//                                             people), STEM.inc (for C++)
//   compile_policy --names FILE               writes the names of the x86-64 system calls, for C++
#include <cstdio>
#include <fstream>
#include <iostream>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <string_view>

#include "sandbox/policy_compiler.h"
#include "spec/base/result.h"
#include "spec/policy.h"

namespace cmd {
namespace {

using base::Outcome;

// System calls of x86-64 have numbers below this; x32 alone goes on from 512.
constexpr int kNumbers = 512;

std::unexpected<base::Problem> trouble(const std::string& path, const char* what) {
  return base::failure(base::Problem{.step = "policy", .where = path, .what = what});
}

Outcome<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) return trouble(path, "cannot be read");
  return text.str();
}

Outcome<void> write_file(const std::string& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) return trouble(path, "cannot be written");
  return {};
}

std::string to_initialisers(const sandbox::Program& program) {
  std::ostringstream text;
  text << std::hex << std::showbase;
  for (const sock_filter& instruction : program.instructions)
    text << "{" << instruction.code << ", " << unsigned{instruction.jt} << ", "
         << unsigned{instruction.jf} << ", " << instruction.k << "},\n";
  return text.str();
}

template <class T>
Outcome<T> known(std::optional<T> found, std::string_view name) {
  if (!found) return trouble(std::string(name), "is no role and no extra");
  return *found;
}

Outcome<void> compile_role(const std::string& directory, const std::string& stem,
                           std::string_view role, std::span<char*> extra_names) {
  spec::Extras extras;
  for (std::string_view name : extra_names)
    extras = extras.with(TRY(known(spec::extra_named(name), name)));
  auto read_policy = [&](std::string_view name) {
    return read_file(directory + "/" + std::string(name) + ".json");
  };
  auto policy =
      TRY(spec::load_policy(TRY(known(spec::role_named(role), role)), extras, read_policy));
  auto program = TRY(sandbox::compile(policy));
  std::string_view bytes(reinterpret_cast<const char*>(program.instructions.data()),
                         program.instructions.size() * sizeof(sock_filter));
  TRY(write_file(stem + ".bpf", bytes));
  TRY(write_file(stem + ".pfc", program.text));
  std::string count = std::to_string(policy.rules.size());
  return write_file(stem + ".inc", "constexpr std::size_t kRules = " + count +
                                       ";\nconstexpr sock_filter kProgram[] = {\n" +
                                       to_initialisers(program) + "};\n");
}

Outcome<void> write_names(const std::string& path) {
  std::string text;
  for (int number = 0; number < kNumbers; ++number)
    text += "\"" + sandbox::syscall_name(number).value_or("") + "\",\n";
  return write_file(path, text);
}

int run(int argc, char** argv) {
  Outcome<void> done = {};
  std::span words(argv, static_cast<std::size_t>(argc));
  if (argc == 3 && std::string_view(argv[1]) == "--names") {
    done = write_names(argv[2]);
  } else if (argc >= 4) {
    done = compile_role(argv[1], argv[2], argv[3], words.subspan(4));
  } else {
    std::cerr << "usage: compile_policy DIR STEM ROLE [EXTRA...] | compile_policy --names FILE\n";
    return static_cast<int>(base::ExitCode::kUsage);
  }
  if (done) return 0;
  std::cerr << base::to_line(done.error()) << '\n';
  return static_cast<int>(done.error().exit);
}

}  // namespace
}  // namespace cmd

int main(int argc, char** argv) {
  return cmd::run(argc, argv);
}
