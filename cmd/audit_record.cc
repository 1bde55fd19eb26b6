#include "cmd/audit_record.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <string>
#include <utility>

#include "cmd/report.h"
#include "cmd/write_all.h"
#include "spec/json.h"
#include "spec/json_field.h"

namespace cmd {
namespace {

using base::Outcome;
using spec::Field;
using spec::Json;

constexpr std::size_t kMaxBytes = std::size_t{64} << 20;

Json text(std::string_view value) {
  return Json(std::string(value));
}

Json to_json(const Facts& facts) {
  Json::Object object;
  for (const Fact& fact : facts) object.emplace_back(fact.name, Json(fact.value));
  return Json(std::move(object));
}

Json to_json(const Audited& one) {
  Json::Array extras;
  for (spec::Extra extra : spec::kExtras)
    if (one.plan.extras.has(extra)) extras.push_back(text(name_of(extra)));
  Json::Array descriptors;
  for (int number : one.plan.descriptors) descriptors.emplace_back(int64_t{number});
  return Json(Json::Object{{"pid", Json(int64_t{one.pid})},
                           {"where", text(one.plan.where)},
                           {"destination", text(one.plan.destination)},
                           {"source", text(one.plan.source)},
                           {"kind", text(one.plan.kind)},
                           {"role", text(name_of(one.plan.role))},
                           {"extras", Json(std::move(extras))},
                           {"landlock_rights", Json(one.plan.landlock_rights)},
                           {"descriptors", Json(std::move(descriptors))},
                           {"facts", to_json(one.plan.facts)},
                           {"reported", to_json(one.reported)}});
}

// Integers are unsigned once they were written and read again.
Outcome<uint64_t> number(const Field& field) {
  const auto* value = field.present() ? field.json()->as<uint64_t>() : nullptr;
  if (value == nullptr) return field.refuse("is no number", "a number");
  return *value;
}

Outcome<Facts> parse_facts(const Field& field) {
  Facts facts;
  for (const auto& [name, value] : *TRY(field.object()))
    facts.push_back({name, TRY(field[name].string())});
  return facts;
}

Outcome<Audited> parse_one(const Field& field) {
  Audited one{.pid = static_cast<pid_t>(TRY(number(field["pid"]))), .plan = {}, .reported = {}};
  JailPlan& plan = one.plan;
  plan.where = TRY(field["where"].string());
  plan.destination = TRY(field["destination"].string());
  plan.source = TRY(field["source"].string());
  plan.kind = TRY(field["kind"].string());
  auto role = spec::role_named(TRY(field["role"].string()));
  if (!role) return field["role"].refuse("is not known here", "a role of this version");
  plan.role = *role;
  for (const Field& name : TRY(field["extras"].elements())) {
    auto extra = spec::extra_named(TRY(name.string()));
    if (!extra) return name.refuse("is not known here", "an extra of this version");
    plan.extras = plan.extras.with(*extra);
  }
  plan.landlock_rights = TRY(number(field["landlock_rights"]));
  for (const Field& fd : TRY(field["descriptors"].elements()))
    plan.descriptors.push_back(static_cast<int>(TRY(number(fd))));
  plan.facts = TRY(parse_facts(field["facts"]));
  one.reported = TRY(parse_facts(field["reported"]));
  return one;
}

}  // namespace

Outcome<base::UniqueFd> write_record(const AuditRecord& record) {
  Json::Object namespaces;
  for (const auto& [name, link] : record.started_in) namespaces.emplace_back(name, Json(link));
  Json::Array processes;
  for (const Audited& one : record.processes) processes.push_back(to_json(one));
  Json json(Json::Object{{"started_in", Json(std::move(namespaces))},
                         {"inherited_filters", Json(record.inherited_filters)},
                         {"processes", Json(std::move(processes))}});
  base::UniqueFd file(
      ::memfd_create(std::string(kAuditRecordName).c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.valid())
    return base::failure(failed_call("audit", "no memory for the record", "memfd_create"));
  if (!write_all(file, dump(json)))
    return base::failure(failed_call("audit", "the record cannot be written", "write"));
  if (::fcntl(file.raw(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) !=
      0)
    return base::failure(failed_call("audit", "the record cannot be sealed", "fcntl"));
  return file;
}

Outcome<AuditRecord> parse_record(std::string_view text) {
  constexpr std::string_view kName = "the launcher's record";
  Json json = TRY(spec::parse_json(text, "audit", kName, {.bytes = kMaxBytes}));
  Field top(json, "audit", kName);
  AuditRecord record;
  for (const Fact& space : TRY(parse_facts(top["started_in"])))
    record.started_in.emplace(space.name, space.value);
  record.inherited_filters = TRY(number(top["inherited_filters"]));
  for (const Field& one : TRY(top["processes"].elements()))
    record.processes.push_back(TRY(parse_one(one)));
  return record;
}

}  // namespace cmd
