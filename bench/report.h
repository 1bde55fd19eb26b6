// Results as a table for people, and as lines of tab-separated values for programs.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "bench/measure.h"

namespace bench {

// What the machine is, and what else it does.
void print_machine(std::FILE* out, const Plan& plan);

void print_heading(std::FILE* out);
// The rows of one workload; the first is the floor, with which the others are compared.
void print_rows(std::FILE* out, const std::vector<Row>& rows);

// Rows of any number of workloads. Throws std::system_error.
void write_tsv(const std::string& file, const std::vector<Row>& rows);

}  // namespace bench
