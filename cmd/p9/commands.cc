#include "cmd/p9/commands.h"

#include <cstdio>
#include <cstring>
#include <iostream>

#include "cmd/p9/print.h"
#include "spec/base/problem.h"

namespace p9client {
namespace {

constexpr std::size_t kAny = static_cast<std::size_t>(-1);

constexpr Command kCommands[] = {
    {"ls", "lad", 0, kAny, "[-l] [-a] [-d] [PATH...]", "list directories", run_ls},
    {"stat", "", 1, kAny, "PATH...", "show attributes; links are not followed", run_stat},
    {"cat", "", 1, kAny, "PATH...", "write files to standard output", run_cat},
    {"put", "", 1, 2, "[FILE] PATH", "make or replace PATH from FILE or standard input", run_put},
    {"mkdir", "p", 1, kAny, "[-p] PATH...", "make directories", run_mkdir},
    {"rm", "rf", 1, kAny, "[-r] [-f] PATH...", "remove files, with -r whole trees", run_rm},
    {"mv", "", 2, 2, "FROM TO", "rename, within one attach point", run_mv},
    {"ln", "s", 2, 2, "[-s] TARGET LINK", "make a hard or, with -s, a symbolic link", run_ln},
    {"readlink", "", 1, kAny, "PATH...", "print what links point to", run_readlink},
    {"tree", "", 0, kAny, "[PATH...]", "show everything below, across attach points", run_tree},
    {"df", "h", 0, kAny, "[-h] [PATH...]", "show the space of attach points", run_df},
};

}  // namespace

void Run::complain(std::string_view path, base::Errno error) {
  failed_ = true;
  std::cout.flush();
  std::cerr << "p9: " << printable(path) << ": " << strerrordesc_np(error.code()) << " ("
            << base::errno_name(error.code()) << ")\n";
}

std::span<const Command> commands() {
  return kCommands;
}

}  // namespace p9client
