#include "tests/support/bundle.h"

#include <utility>

namespace support {

using spec::Json;

namespace {

Json text(std::string_view value) {
  return Json(std::string(value));
}

}  // namespace

Bundle::Bundle() {
  make_directory(rootfs());
}

path Bundle::beside(std::string_view name) const {
  path where = directory_ / name;
  if (!std::filesystem::exists(where)) make_directory(where);
  return where;
}

Bundle& Bundle::read_only_root(bool yes) {
  read_only_root_ = yes;
  return *this;
}

Bundle& Bundle::annotate(std::string key, std::string value) {
  annotations_.emplace_back(std::move(key), Json(std::move(value)));
  return *this;
}

Bundle& Bundle::mount(std::string destination, const path& source,
                      std::vector<std::string> options) {
  Json::Array words;
  for (std::string& option : options) words.emplace_back(std::move(option));
  mounts_.emplace_back(Json::Object{{"destination", Json(std::move(destination))},
                                    {"type", text("bind")},
                                    {"source", text(source.native())},
                                    {"options", Json(std::move(words))}});
  ++attach_points_;
  return *this;
}

Bundle& Bundle::map_ids(uint32_t container, uint32_t host, uint32_t size) {
  Json& mount = mounts_.back();
  for (const char* list : {"uidMappings", "gidMappings"}) {
    if (mount.find(list) == nullptr)
      mount.as<Json::Object>()->emplace_back(list, Json(Json::Array{}));
    mount.find(list)->as<Json::Array>()->emplace_back(
        Json::Object{{"containerID", Json(int64_t{container})},
                     {"hostID", Json(int64_t{host})},
                     {"size", Json(int64_t{size})}});
  }
  return *this;
}

Bundle& Bundle::process(std::string member, Json value) {
  process_.emplace_back(std::move(member), std::move(value));
  return *this;
}

Bundle& Bundle::mount_type(std::string destination, std::string type) {
  mounts_.emplace_back(Json::Object{
      {"destination", Json(std::move(destination))}, {"type", Json(type)}, {"source", Json(type)}});
  return *this;
}

void Bundle::write() const {
  Json::Object root{{"path", text("rootfs")}, {"readonly", Json(read_only_root_)}};
  Json::Object object{{"ociVersion", text("1.0.2")},
                      {"root", Json(std::move(root))},
                      {"mounts", Json(mounts_)},
                      {"annotations", Json(annotations_)}};
  if (!process_.empty()) object.emplace_back("process", Json(process_));
  make_file(config(), spec::dump(Json(std::move(object))));
}

}  // namespace support
