#include "cmd/plan_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

namespace cmd {
namespace {

using spec::Json;

Json text(std::string_view value) {
  return Json(std::string(value));
}

const char* access_text(const Served& served) {
  if (!served.read_only()) return "rw";
  return served.panics() ? "ro, panic-on-write" : "ro";
}

// Control characters in a path must not reach a terminal.
std::string printable(std::string value) {
  std::ranges::replace_if(value, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return value;
}

// The name spaces of extended attributes that are served, as the options call them.
std::vector<std::string> xattr_words(const spec::XattrNames& names) {
  std::vector<std::string> words;
  for (auto [served, word] :
       {std::pair(names.user, "user"), std::pair(names.acl, "acl"),
        std::pair(names.security, "security"), std::pair(names.trusted, "trusted")})
    if (served) words.emplace_back(word);
  return words;
}

std::string xattr_text(const spec::XattrNames& names) {
  std::string text;
  for (const std::string& word : xattr_words(names)) text += (text.empty() ? "" : ",") + word;
  return text.empty() ? "none" : text;
}

// What is served beyond files, as the options call it.
std::string more_text(const spec::GoferOptions& options) {
  std::string text;
  if (options.uds) text += ",uds";
  if (options.fifo) text += ",fifo";
  if (options.channels > 0) text += ",channels=" + std::to_string(options.channels);
  return text.empty() ? "-" : text.substr(1);
}

Json xattr_json(const spec::XattrNames& names) {
  Json::Array words;
  for (std::string& word : xattr_words(names)) words.emplace_back(std::move(word));
  return Json(std::move(words));
}

using Row = std::array<std::string, 9>;

std::string lay_out(const std::vector<Row>& rows) {
  std::array<std::size_t, std::tuple_size_v<Row>> widths{};
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string out;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    line.resize(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

// How an attach point is served, as far as OCI has no word for it.
void add_options(Json::Object& object, const spec::GoferOptions& options) {
  object.emplace_back("xattr", xattr_json(options.xattrs));
  object.emplace_back("locks", Json(options.locks));
  object.emplace_back("donate", Json(options.donate));
  object.emplace_back("uds", Json(options.uds));
  object.emplace_back("fifo", Json(options.fifo));
  object.emplace_back("channels", Json(uint64_t{options.channels}));
}

Json attach_point_json(const Served& served) {
  Json::Object object{{"where", text(served.point.where)},
                      {"destination", text(served.location.destination)},
                      {"source", text(served.source.real_path)},
                      {"kind", text(served.source.kind)},
                      {"readonly", Json(served.read_only())},
                      {"panic_on_write", Json(served.panics())},
                      {"recursive", Json(served.point.recursive)},
                      {"mknod_fifo", Json(served.point.options.special.fifo)},
                      {"mknod_socket", Json(served.point.options.special.socket)}};
  add_options(object, served.point.options);
  object.emplace_back("idmapped", Json(!served.point.ids.empty()));
  return Json(std::move(object));
}

std::vector<std::string> all_notes(const Found& found, const spec::AttachPlan& plan) {
  std::vector<std::string> notes = plan.notes;
  notes.insert(notes.end(), found.notes.begin(), found.notes.end());
  for (const Served& served : found.served)
    for (const std::string& made : served.location.made)
      notes.push_back(served.point.where + ": the mount point " + made +
                      " is missing and will be made");
  return notes;
}

// The index in "/mounts/3"; nothing for the root.
std::optional<std::size_t> mount_index(std::string_view where) {
  constexpr std::string_view kPrefix = "/mounts/";
  if (!where.starts_with(kPrefix)) return std::nullopt;
  std::size_t index = 0;
  std::from_chars(where.data() + kPrefix.size(), where.data() + where.size(), index);
  return index;
}

constexpr std::string_view kOverlayfsMark = "overlayfs_stale_read";

void mark_overlayfs(Json& mount) {
  if (mount.find("options") == nullptr)
    mount.as<Json::Object>()->emplace_back("options", Json(Json::Array{}));
  auto& options = *mount.find("options")->as<Json::Array>();
  auto is_mark = [](const Json& option) { return *option.as<std::string>() == kOverlayfsMark; };
  if (std::ranges::none_of(options, is_mark)) options.push_back(text(kOverlayfsMark));
}

}  // namespace

std::string plan_table(const Found& found, const spec::AttachPlan& plan) {
  std::vector<Row> rows{
      {"DESTINATION", "ACCESS", "XATTR", "LOCKS", "DONATE", "MORE", "KIND", "FROM", "SOURCE"}};
  for (const Served& served : found.served)
    rows.push_back(
        {printable(served.location.destination), access_text(served),
         xattr_text(served.point.options.xattrs), served.point.options.locks ? "on" : "off",
         served.point.options.donate ? "on" : "off", more_text(served.point.options),
         std::string(served.source.kind), served.point.where, printable(served.source.real_path)});
  std::string out = lay_out(rows);
  if (!plan.passed_over.empty()) {
    out += "\nPassed over, the sandbox's own:\n";
    std::vector<Row> passed;
    for (const spec::PassedOver& mount : plan.passed_over)
      passed.push_back({"  " + printable(mount.destination), printable(mount.type), mount.where});
    out += lay_out(passed);
  }
  for (const std::string& note : all_notes(found, plan)) out += "\nnote: " + printable(note);
  if (out.back() != '\n') out += '\n';
  return out;
}

Json plan_json(const Found& found, const spec::AttachPlan& plan) {
  Json::Array attach_points;
  for (const Served& served : found.served) attach_points.push_back(attach_point_json(served));
  Json::Array passed_over;
  for (const spec::PassedOver& mount : plan.passed_over)
    passed_over.emplace_back(Json::Object{{"where", text(mount.where)},
                                          {"destination", text(mount.destination)},
                                          {"type", text(mount.type)}});
  Json::Array notes;
  for (const std::string& note : all_notes(found, plan)) notes.push_back(text(note));
  return Json(Json::Object{{"attach_points", Json(std::move(attach_points))},
                           {"passed_over", Json(std::move(passed_over))},
                           {"notes", Json(std::move(notes))}});
}

Json::Array ready_json(std::span<const Served> served, std::span<const pid_t> pids) {
  Json::Array array;
  for (std::size_t i = 0; i < served.size(); ++i) {
    Json::Object object{{"destination", text(served[i].location.destination)},
                        {"source", text(served[i].source.real_path)},
                        {"readonly", Json(served[i].read_only())},
                        {"panic_on_write", Json(served[i].panics())}};
    add_options(object, served[i].point.options);
    object.emplace_back("pid", Json(static_cast<int64_t>(pids[i])));
    array.emplace_back(std::move(object));
  }
  return array;
}

std::string gofer_mounts(std::span<const Served> served, std::span<const int> fds) {
  Json::Array array;
  for (std::size_t i = 0; i < served.size(); ++i)
    array.emplace_back(Json::Object{{"fd", Json(static_cast<int64_t>(fds[i]))},
                                    {"destination", text(served[i].location.destination)},
                                    {"readonly", Json(served[i].read_only())}});
  return dump(Json(std::move(array)));
}

std::string resolved_mounts(const Json& raw_mounts, std::span<const Served> served, Marks marks) {
  Json mounts = raw_mounts.is_null() ? Json(Json::Array{}) : raw_mounts;
  for (const Served& one : served)
    if (auto index = mount_index(one.point.where)) {
      Json& mount = (*mounts.as<Json::Array>())[*index];
      *mount.find("destination") = text(one.location.destination);
      if (marks == Marks::kOverlayfs && one.source.on_overlayfs) mark_overlayfs(mount);
    }
  return dump(mounts);
}

}  // namespace cmd
