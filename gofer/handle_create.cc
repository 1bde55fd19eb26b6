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

}  // namespace

Result<p9::Rmkdir> handle(Session& session, const p9::Tmkdir& request) {
  FidState& parent = *TRY(session.fids().find(request.dfid));
  Pin dir = TRY(session.descriptor(parent));
  NewObject object{.dir = dir,
                   .name = request.name,
                   .mode = S_IFDIR | (request.mode & kModeBits),
                   .uid = parent.uid,
                   .gid = request.gid};
  TRY(host::mkdirat(dir, host::Path(object.name), request.mode & kModeBits));
  return p9::Rmkdir{.qid = TRY(settle(session, object))};
}

Result<p9::Rsymlink> handle(Session& session, const p9::Tsymlink& request) {
  if (request.symtgt.find('\0') != request.symtgt.npos) return fail(EINVAL);
  FidState& parent = *TRY(session.fids().find(request.fid));
  Pin dir = TRY(session.descriptor(parent));
  NewObject object{
      .dir = dir, .name = request.name, .mode = kLinkMode, .uid = parent.uid, .gid = request.gid};
  TRY(host::symlinkat(request.symtgt, dir, host::Path(object.name)));
  return p9::Rsymlink{.qid = TRY(settle(session, object))};
}

Result<p9::Rmknod> handle(Session& session, const p9::Tmknod& request) {
  FidState& parent = *TRY(session.fids().find(request.dfid));
  uint32_t type = permitted_type(session.attach_point(), request.mode);
  if (type == 0) return fail(EPERM);
  Pin dir = TRY(session.descriptor(parent));
  NewObject object{.dir = dir,
                   .name = request.name,
                   .mode = type | (request.mode & kModeBits),
                   .uid = parent.uid,
                   .gid = request.gid};
  TRY(host::mknodat(dir, host::Path(object.name), object.mode));
  return p9::Rmknod{.qid = TRY(settle(session, object))};
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
