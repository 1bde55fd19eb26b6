#include "bench/report.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <fstream>
#include <system_error>

namespace bench {
namespace {

std::string now_utc() {
  std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32] = {};
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts);
  return text;
}

std::string load_average() {
  std::ifstream in("/proc/loadavg");
  std::string one;
  std::string five;
  in >> one >> five;
  return one + " " + five;
}

}  // namespace

void print_machine(std::FILE* out, const Plan& plan) {
  utsname name{};
  ::uname(&name);
  std::fprintf(out, "%s %s, %ld processors, %s, load before (1, 5 min): %s\n", name.sysname,
               name.release, ::sysconf(_SC_NPROCESSORS_ONLN), now_utc().c_str(),
               load_average().c_str());
  std::fprintf(out, "each server and workload: %d slices of %d ms, in turns\n\n", plan.slices,
               static_cast<int>(plan.slice.count()));
}

void print_heading(std::FILE* out) {
  std::fprintf(out, "%-30s %6s %-10s %10s %10s %10s %9s   %6s %6s %6s\n", "", "in", "", "median",
               "99 %", "per", "CPU", "median", "rate", "CPU");
  std::fprintf(out, "%-30s %6s %-10s %10s %10s %10s %9s   %6s %6s %6s\n", "workload", "flight",
               "server", "us", "us", "second", "us", "/floor", "/floor", "/floor");
  std::fflush(out);
}

void print_rows(std::FILE* out, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    const Row& floor = rows.front();
    std::fprintf(out, "%-30s %6zu %-10s %10.2f %10.2f %10.0f %9.2f   %6.2f %6.2f %6.2f\n",
                 row.workload.c_str(), row.in_flight, row.server.c_str(), row.median_us, row.p99_us,
                 row.per_second, row.cpu_us, row.median_us / floor.median_us,
                 row.per_second / floor.per_second, row.cpu_us / floor.cpu_us);
  }
  std::fprintf(out, "\n");
  std::fflush(out);
}

void write_tsv(const std::string& file, const std::vector<Row>& rows) {
  std::ofstream out(file);
  out << "workload\tin_flight\tserver\toperations\tmedian_us\tp99_us\tper_second\tcpu_us\n";
  for (const Row& row : rows)
    out << row.workload << '\t' << row.in_flight << '\t' << row.server << '\t' << row.operations
        << '\t' << row.median_us << '\t' << row.p99_us << '\t' << row.per_second << '\t'
        << row.cpu_us << '\n';
  out.close();
  if (!out) throw std::system_error(errno, std::generic_category(), file);
}

}  // namespace bench
