#include "cmd/p9/client.h"

#include <fcntl.h>

#include <algorithm>
#include <utility>

namespace p9client {
namespace {

std::string dialect(uint32_t google) {
  std::string plain = "9P2000.L";
  return google == 0 ? plain : plain + ".Google." + std::to_string(google);
}

// The next component of `path`, taken off it; empty at the end.
std::string_view next_component(std::string_view& path) {
  while (!path.empty()) {
    std::size_t end = path.find('/');
    std::string_view component = path.substr(0, end);
    path = end == path.npos ? std::string_view() : path.substr(end + 1);
    if (!component.empty() && component != ".") return component;
  }
  return {};
}

// Up to kMaxWalk components, taken off `path`.
Result<p9::WalkList<p9::Name>> next_names(std::string_view& path) {
  p9::WalkList<p9::Name> names;
  while (names.size() < p9::kMaxWalk) {
    std::string_view component = next_component(path);
    if (component.empty()) break;
    names.push(TRY(p9::Name::parse(component)));
  }
  return names;
}

}  // namespace

Result<std::vector<Entry>> parse_entries(p9::Bytes data) {
  std::vector<Entry> entries;
  p9::Reader in(data);
  std::size_t left = data.size();
  while (left > 0) {
    Entry entry;
    entry.qid = p9::Codec<p9::Qid>::read(in);
    entry.offset = in.number<uint64_t>();
    entry.type = in.number<uint8_t>();
    entry.name = p9::Codec<std::string_view>::read(in);
    if (!in.ok()) return fail(EPROTO);
    left -= 13 + 8 + 1 + 2 + entry.name.size();
    entries.push_back(std::move(entry));
  }
  return entries;
}

UniqueFid& UniqueFid::operator=(UniqueFid&& other) noexcept {
  if (this != &other) {
    clunk();
    client_ = std::exchange(other.client_, nullptr);
    fid_ = other.fid_;
  }
  return *this;
}

void UniqueFid::clunk() {
  if (client_ != nullptr) (void)client_->clunk(fid_);
  client_ = nullptr;
}

Result<Client> Client::connect(UniqueFd socket, uint32_t msize, uint32_t google) {
  Client client(std::move(socket));
  TRY(client.version(msize, google));
  TRY(client.attach(root()));
  return client;
}

Result<Client> Client::connect_over_channel(UniqueFd socket, uint32_t msize) {
  Client client(std::move(socket));
  TRY(client.version(msize, p9::kNewestGoogle));
  if (client.google() < p9::since<p9::Tchannel>()) return fail(EOPNOTSUPP);
  TRY(client.use_channel(0));
  TRY(client.version(msize));
  TRY(client.attach(root()));
  return client;
}

Result<void> Client::use_channel(uint32_t id) {
  Channel::Parts parts = TRY(Channel::ask(connection_, id));
  channel_ = TRY(Channel::open(std::move(parts), connection_.socket()));
  return {};
}

Result<uint32_t> Client::version(uint32_t msize, uint32_t google) {
  std::string wanted = dialect(google);
  Result<p9::Rversion> reply = call(p9::Tversion{msize, wanted});
  while (!reply && reply.error().code() == EAGAIN && google > 0) {
    wanted = dialect(--google);
    reply = call(p9::Tversion{msize, wanted});
  }
  if (!reply) return base::failure(reply.error());
  if (reply->version != wanted || reply->msize > msize || reply->msize <= kIoHeader)
    return fail(EPROTO);
  google_ = google;
  msize_ = reply->msize;
  connection_.largest_reply = reply->msize;
  return reply->msize;
}

Result<p9::Qid> Client::attach(p9::Fid fid, std::string_view aname) {
  return TRY(call(p9::Tattach{fid, kNoFid, "", aname, p9::kNoUname})).qid;
}

p9::Fid Client::new_fid() {
  if (free_.empty()) return p9::Fid{next_fid_++};
  p9::Fid fid = free_.back();
  free_.pop_back();
  return fid;
}

Result<void> Client::clunk(p9::Fid fid) {
  TRY(call(p9::Tclunk{fid}));
  reuse(fid);
  return {};
}

Result<UniqueFid> Client::walk(p9::Fid from, std::string_view path) {
  p9::Fid fid = new_fid();
  p9::Fid source = from;
  for (bool first = true; first || !path.empty(); first = false) {
    p9::WalkList<p9::Name> names = TRY(next_names(path));
    if (!first && names.empty()) break;
    Result<p9::Rwalk> reply = call(p9::Twalk{source, fid, names});
    // A walk that stopped half way made no fid: the protocol says so, whatever the errno was.
    if (reply && reply->wqids.size() != names.size()) reply = fail(ENOENT);
    if (!reply) {
      if (first)
        reuse(fid);
      else
        (void)clunk(fid);
      return base::failure(reply.error());
    }
    source = fid;
  }
  return UniqueFid(*this, fid);
}

Result<p9::Rgetattr> Client::getattr(p9::Fid fid, uint64_t mask) {
  return call(p9::Tgetattr{fid, mask});
}

Result<p9::Rgetattr> Client::stat(std::string_view path) {
  UniqueFid fid = TRY(walk(path));
  return getattr(fid);
}

Result<p9::Qid> Client::open(p9::Fid fid, uint32_t flags) {
  return TRY(call(p9::Tlopen{fid, flags})).qid;
}

Result<UniqueFid> Client::open(std::string_view path, uint32_t flags) {
  UniqueFid fid = TRY(walk(path));
  TRY(open(fid, flags));
  return fid;
}

Result<UniqueFid> Client::create(p9::Fid directory, std::string_view name, uint32_t flags,
                                 uint32_t mode) {
  p9::Name component = TRY(p9::Name::parse(name));
  UniqueFid fid = TRY(clone(directory));
  TRY(call(p9::Tlcreate{fid, component, flags, mode, p9::kNoGid}));
  return fid;
}

Result<p9::Bytes> Client::read(p9::Fid fid, uint64_t offset, uint32_t count) {
  return TRY(call(p9::Tread{fid, offset, std::min(count, msize_ - kIoHeader)})).data;
}

Result<void> Client::write(p9::Fid fid, uint64_t offset, std::string_view data) {
  while (!data.empty()) {
    std::string_view part = data.substr(0, msize_ - kIoHeader);
    p9::Rwrite reply = TRY(call(p9::Twrite{fid, offset, std::as_bytes(std::span(part))}));
    if (reply.count == 0 || reply.count > part.size()) return fail(EPROTO);
    offset += reply.count;
    data.remove_prefix(reply.count);
  }
  return {};
}

Result<void> Client::read_each(p9::Fid fid, const std::function<bool(p9::Bytes)>& sink) {
  for (uint64_t offset = 0;;) {
    p9::Bytes data = TRY(read(fid, offset, msize_ - kIoHeader));
    if (data.empty() || !sink(data)) return {};
    offset += data.size();
  }
}

Result<std::string> Client::read_file(std::string_view path) {
  UniqueFid fid = TRY(open(path, O_RDONLY));
  std::string text;
  TRY(read_each(fid, [&](p9::Bytes data) {
    text.append(reinterpret_cast<const char*>(data.data()), data.size());
    return true;
  }));
  return text;
}

Result<void> Client::write_file(std::string_view path, std::string_view data, uint32_t mode) {
  Split where = TRY(split(path));
  UniqueFid directory = TRY(walk(where.directory));
  Result<UniqueFid> file = create(directory, where.name, O_WRONLY | O_EXCL, mode);
  if (!file && file.error().code() == EEXIST) {
    file = walk(directory, where.name);
    if (file) TRY(open(*file, O_WRONLY | O_TRUNC));
  }
  if (!file) return base::failure(file.error());
  return write(*file, 0, data);
}

Result<std::string> Client::readlink(p9::Fid fid) {
  return std::string(TRY(call(p9::Treadlink{fid})).target);
}

Result<std::string> Client::get_xattr(p9::Fid fid, std::string_view name) {
  UniqueFid xattr(*this, new_fid());
  auto size = call(p9::Txattrwalk{fid, xattr, name});
  if (!size) {
    reuse(xattr.release());
    return base::failure(size.error());
  }
  std::string value;
  TRY(read_each(xattr, [&](p9::Bytes data) {
    value.append(reinterpret_cast<const char*>(data.data()), data.size());
    return true;
  }));
  if (value.size() != size->size) return fail(EPROTO);
  return value;
}

Result<void> Client::set_xattr(p9::Fid fid, std::string_view name, std::string_view value,
                               uint32_t flags) {
  UniqueFid xattr = TRY(clone(fid));
  TRY(call(p9::Txattrcreate{xattr, name, value.size(), flags}));
  TRY(write(xattr, 0, value));
  // Only the clunk says whether it was set; the fid is gone either way.
  p9::Fid gone = xattr.release();
  Result<p9::Rclunk> set = call(p9::Tclunk{gone});
  reuse(gone);
  if (!set) return base::failure(set.error());
  return {};
}

Result<std::vector<Entry>> Client::list(p9::Fid open_directory) {
  std::vector<Entry> all;
  for (uint64_t offset = 0;;) {
    p9::Rreaddir reply = TRY(call(p9::Treaddir{open_directory, offset, msize_ - kIoHeader}));
    std::vector<Entry> some = TRY(parse_entries(reply.data));
    if (some.empty()) return all;
    offset = some.back().offset;
    for (Entry& entry : some)
      if (entry.name != "." && entry.name != "..") all.push_back(std::move(entry));
  }
}

Result<std::vector<Entry>> Client::list(std::string_view path) {
  UniqueFid fid = TRY(open(path, O_RDONLY | O_DIRECTORY));
  return list(fid);
}

Result<Split> split(std::string_view path) {
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  std::size_t slash = path.rfind('/');
  Split parts =
      slash == path.npos ? Split{"", path} : Split{path.substr(0, slash), path.substr(slash + 1)};
  if (!p9::Name::parse(parts.name)) return fail(EINVAL);
  return parts;
}

}  // namespace p9client
