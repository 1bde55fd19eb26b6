// compile_policy: the build tool that turns policies/*.json into the programs that gofer embeds.
//
//   compile_policy DIR OUT        compiles every policy that DIR has the files of. OUT gets
//   NAME.bpf
//                                 of each (the program as the kernel takes it), programs.inc (all
//                                 of them for C++), names.txt, and in OUT/golden, for people,
//                                 NAME.pfc of each role and of what each extra adds to it
//   compile_policy --names FILE   writes the names of the x86-64 system calls, for C++
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

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

// "rw+uds" as a name of C++.
std::string identifier(std::string name) {
  std::ranges::replace(name, '+', '_');
  return name;
}

class Compiling {
 public:
  Compiling(std::string from, std::string to) : from_(std::move(from)), to_(std::move(to)) {}

  Outcome<void> compile(spec::Role role, spec::Extras extras) {
    auto read_policy = [&](std::string_view name) {
      return read_file(from_ + "/" + std::string(name) + ".json");
    };
    auto policy = TRY(spec::load_policy(role, extras, read_policy));
    auto program = TRY(sandbox::compile(policy));
    names_ += policy.name + "\n";
    programs_ += "namespace " + identifier(policy.name) +
                 " {\nconstexpr std::size_t kRules = " + std::to_string(policy.rules.size()) +
                 ";\nconstexpr sock_filter kProgram[] = {\n" + to_initialisers(program) + "};\n}\n";
    std::string_view bytes(reinterpret_cast<const char*>(program.instructions.data()),
                           program.instructions.size() * sizeof(sock_filter));
    TRY(write_file(to_ + "/" + policy.name + ".bpf", bytes));
    if (!spec::is_of_one(role, extras)) return {};
    return write_file(to_ + "/golden/" + policy.name + ".pfc", program.text);
  }

  Outcome<void> finish() {
    TRY(write_file(to_ + "/programs.inc", programs_));
    return write_file(to_ + "/names.txt", names_);
  }

 private:
  std::string from_;
  std::string to_;
  std::string names_;
  std::string programs_;
};

Outcome<void> compile_all(const std::string& from, const std::string& to) {
  Compiling all(from, to);
  Outcome<void> done = {};
  spec::for_each_policy([&](spec::Role role, spec::Extras extras) {
    if (done) done = all.compile(role, extras);
  });
  TRY(done);
  return all.finish();
}

Outcome<void> write_names(const std::string& path) {
  std::string text;
  for (int number = 0; number < kNumbers; ++number)
    text += "\"" + sandbox::syscall_name(number).value_or("") + "\",\n";
  return write_file(path, text);
}

int run(int argc, char** argv) {
  Outcome<void> done = {};
  if (argc != 3) {
    std::cerr << "usage: compile_policy DIR OUT | compile_policy --names FILE\n";
    return static_cast<int>(base::ExitCode::kUsage);
  }
  if (std::string_view(argv[1]) == "--names") {
    done = write_names(argv[2]);
  } else {
    done = compile_all(argv[1], argv[2]);
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
