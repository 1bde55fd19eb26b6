// Directories, symlinks, special files and hard links.
#include <sys/stat.h>

#include <cerrno>

#include "gofer/creation.h"
#include "gofer/handlers.h"

namespace gofer {
namespace {

using base::fail;

constexpr uint32_t kLinkMode = S_IFLNK | 0777;

// The node type a client may make here; 0 when it may not.
uint32_t permitted_type(const AttachPoint& attach_point, uint32_t mode) {
  switch (mode & S_IFMT) {
    case 0:
    case S_IFREG:
      return S_IFREG;
    case S_IFIFO:
      return attach_point.make_fifo ? S_IFIFO : 0;
    case S_IFSOCK:
      return attach_point.make_socket ? S_IFSOCK : 0;
    default:
      return 0;
  }
}

// Makes a new object in the directory that `parent` stands for, by `make(dir)`.
template <class Make>
Result<p9::Qid> make_in(Session& session, FidState& parent, p9::Name name, uint32_t mode,
                        Owner owner, Make make) {
  Pin dir = TRY(session.descriptor(parent));
  NewObject object{
      .dir = dir, .name = name, .mode = mode, .uid = owner.uid_or(parent.uid), .gid = owner.gid};
  TRY(make(dir));
  return settle(session, object);
}

Result<p9::Qid> make_directory(Session& session, p9::Fid where, p9::Name name, uint32_t mode,
                               Owner owner) {
  FidState& parent = *TRY(session.fids().find(where));
  uint32_t bits = mode & kModeBits;
  return make_in(session, parent, name, S_IFDIR | bits, owner,
                 [&](base::Fd dir) { return host::mkdirat(dir, host::Path(name), bits); });
}

Result<p9::Qid> make_symlink(Session& session, p9::Fid where, p9::Name name,
                             std::string_view target, Owner owner) {
  if (target.find('\0') != target.npos) return fail(EINVAL);
  FidState& parent = *TRY(session.fids().find(where));
  return make_in(session, parent, name, kLinkMode, owner,
                 [&](base::Fd dir) { return host::symlinkat(target, dir, host::Path(name)); });
}

Result<p9::Qid> make_node(Session& session, p9::Fid where, p9::Name name, uint32_t mode,
                          Owner owner) {
  FidState& parent = *TRY(session.fids().find(where));
  uint32_t type = permitted_type(session.attach_point(), mode);
  if (type == 0) return fail(EPERM);
  uint32_t whole = type | (mode & kModeBits);
  return make_in(session, parent, name, whole, owner,
                 [&](base::Fd dir) { return host::mknodat(dir, host::Path(name), whole); });
}

}  // namespace

Result<p9::Rmkdir> handle(Session& session, const p9::Tmkdir& request) {
  return p9::Rmkdir{
      TRY(make_directory(session, request.dfid, request.name, request.mode, {.gid = request.gid}))};
}

Result<p9::Rumkdir> handle(Session& session, const p9::Tumkdir& request) {
  return p9::Rumkdir{TRY(make_directory(session, request.dfid, request.name, request.mode,
                                        {.uid = request.uid, .gid = request.gid}))};
}

Result<p9::Rsymlink> handle(Session& session, const p9::Tsymlink& request) {
  return p9::Rsymlink{
      TRY(make_symlink(session, request.fid, request.name, request.symtgt, {.gid = request.gid}))};
}

Result<p9::Rusymlink> handle(Session& session, const p9::Tusymlink& request) {
  return p9::Rusymlink{TRY(make_symlink(session, request.fid, request.name, request.symtgt,
                                        {.uid = request.uid, .gid = request.gid}))};
}

Result<p9::Rmknod> handle(Session& session, const p9::Tmknod& request) {
  return p9::Rmknod{
      TRY(make_node(session, request.dfid, request.name, request.mode, {.gid = request.gid}))};
}

Result<p9::Rumknod> handle(Session& session, const p9::Tumknod& request) {
  return p9::Rumknod{TRY(make_node(session, request.dfid, request.name, request.mode,
                                   {.uid = request.uid, .gid = request.gid}))};
}

Result<p9::Rlink> handle(Session& session, const p9::Tlink& request) {
  FidState& parent = *TRY(session.fids().find(request.dfid));
  FidState& target = *TRY(session.fids().find(request.fid));
  if (target.node->identity().is_directory()) return fail(EPERM);
  Pin dir = TRY(session.descriptor(parent));
  Pin file = TRY(session.descriptor(target));
  TRY(host::linkat(session.attach_point().own_fds, file, dir, host::Path(request.name)));
  session.tree().mark_changed(*target.node);
  return p9::Rlink{};
}

}  // namespace gofer
