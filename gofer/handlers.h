// The index of what this server can do: one handler per request.
//
// A handler gets a request that is well formed, allowed in this state of the session and on this
// attach point (see dispatcher.h), and returns the reply or the errno for Rlerror. A request that
// fails leaves nothing behind: no descriptor, no half-made file, no changed fid. Every handler that
// names a fid answers EBADF when it is unknown.
#pragma once

#include "gofer/p9/requests.h"
#include "gofer/session.h"

namespace gofer {

using base::Result;

// handle_session.cc

// 9P: version. Below 4096 msize: EINVAL. Served are 9P2000.L and 9P2000.L.Google.0 to .13; a higher
// number answers EAGAIN, on which gVisor's client asks for a lower one; any other dialect answers
// Rversion "unknown". Refusals change nothing; success resets the session.
Result<p9::Rversion> handle(Session& session, const p9::Tversion& request);
// Nobody authenticates here: ENOENT, by which diod's clients know that they may attach without.
Result<p9::Rauth> handle(Session& session, const p9::Tauth& request);
// As often as wanted; n_uname becomes the owner of what is created below. EINVAL for an afid,
// ENOENT for an aname other than "" and "/".
Result<p9::Rattach> handle(Session& session, const p9::Tattach& request);
// Requests are answered in order, so that the flushed one has its answer already.
Result<p9::Rflush> handle(Session& session, const p9::Tflush& request);
// A part of a channel, which goes with the reply: the file with the windows, or the client's end of
// the side socket; as often as asked for. EOPNOTSUPP when there are no channels, ENOSYS past the
// last one, EINVAL for any other part.
Result<p9::Rchannel> handle(Session& session, const p9::Tchannel& request);

// handle_walk.cc

// All or nothing: a missing name is Rlerror with its errno, never a shorter Rwalk. Walking from an
// open fid is allowed; what comes of it is not open. ELOOP for a symlink on the way, ENOTDIR for
// another file and for a symlink walked from.
Result<p9::Rwalk> handle(Session& session, const p9::Twalk& request);
// The same together with the attributes of where it leads.
Result<p9::Rwalkgetattr> handle(Session& session, const p9::Twalkgetattr& request);
Result<p9::Rclunk> handle(Session& session, const p9::Tclunk& request);
// Removes a file of any kind if its name still stands for it (else ENOENT or ESTALE).
Result<p9::Rremove> handle(Session& session, const p9::Tremove& request);

// handle_open.cc

// Regular files and directories. EBADF when the fid is open already, ELOOP for a symlink, EPERM
// for devices and sockets, which are never opened; flags as in open_flags.h.
// FIFOs where the attach point says so and the client gets descriptors (else EPERM): the reply
// brings one that does not block, and nothing of it stays here. Never waits: ENXIO for writing
// while nobody reads.
Result<p9::Rlopen> handle(Session& session, const p9::Tlopen& request);
// Creates, or without EXCL opens what is there if it is a regular file. The fid then stands for the
// open file.
Result<p9::Rlcreate> handle(Session& session, const p9::Tlcreate& request);
Result<p9::Rucreate> handle(Session& session, const p9::Tucreate& request);

// handle_connect.cc

// A socket connected to the socket file that the fid was walked to goes to the client with the
// reply; nothing of it stays here. It never waits: EAGAIN while the server's backlog is full.
// EOPNOTSUPP unless the attach point serves sockets and this client gets descriptors; EINVAL for
// what is no socket and for a socktype that is none, ENXIO for socktype "any", which is what
// open(2) says of sockets; ENOENT or ESTALE when the name does not stand for the socket any more;
// ECONNREFUSED, EPROTOTYPE, EACCES ... as connect(2) has them.
Result<p9::Rlconnect> handle(Session& session, const p9::Tlconnect& request);

// handle_io.cc. EBADF when the fid is not open for it; EISDIR for reading a directory; EINVAL for
// an offset past 2^63-1, ESPIPE for a FIFO, whose data goes by its own descriptor. A short count is
// what the kernel gave, and no error.

Result<p9::Rread> handle(Session& session, const p9::Tread& request);
Result<p9::Rwrite> handle(Session& session, const p9::Twrite& request);
Result<p9::Rfsync> handle(Session& session, const p9::Tfsync& request);
Result<p9::Rflushf> handle(Session& session, const p9::Tflushf& request);
// EOPNOTSUPP for modes that fallocate(2) does not document.
Result<p9::Rallocate> handle(Session& session, const p9::Tallocate& request);

// handle_attributes.cc

Result<p9::Rgetattr> handle(Session& session, const p9::Tgetattr& request);
// Checked as a whole before anything is changed: EINVAL for unknown bits, ids of -1, nanoseconds
// out of range and a size for a special file; EISDIR for that of a directory, EFBIG for one past
// 2^63-1; EOPNOTSUPP for the mode of a symlink; EPERM for a new owner of a file whose own has no id
// in a mapped tree. A new size takes set-id bits from the file unless user 0 asks. CTIME is the
// host's own and ignored.
Result<p9::Rsetattr> handle(Session& session, const p9::Tsetattr& request);
// The fid is gone, whatever the answer.
Result<p9::Rsetattrclunk> handle(Session& session, const p9::Tsetattrclunk& request);
// As far as the path goes: a name that is missing, or a file on the way that is no directory, ends
// it without an error. ENOTDIR when the fid itself is none. EMSGSIZE when there is more than msize
// holds.
Result<p9::Rmultigetattr> handle(Session& session, const p9::Tmultigetattr& request);
Result<p9::Rstatfs> handle(Session& session, const p9::Tstatfs& request);
Result<p9::Rreadlink> handle(Session& session, const p9::Treadlink& request);

// handle_readdir.cc. Offsets are the host's cookies; types are DT_*. EBADF when the fid is not
// open, ENOTDIR for a file, EINVAL when not even one entry fits.
Result<p9::Rreaddir> handle(Session& session, const p9::Treaddir& request);

// handle_create.cc. New objects belong to the user of the attach, or the one that a request of the
// Google extensions names, and the gid of the request; types in mode are ignored but by Tmknod and
// Tumknod, which answer EPERM for devices always, for FIFOs and sockets unless the attach point
// allows them.

Result<p9::Rmkdir> handle(Session& session, const p9::Tmkdir& request);
Result<p9::Rsymlink> handle(Session& session, const p9::Tsymlink& request);
Result<p9::Rmknod> handle(Session& session, const p9::Tmknod& request);
Result<p9::Rumkdir> handle(Session& session, const p9::Tumkdir& request);
Result<p9::Rusymlink> handle(Session& session, const p9::Tusymlink& request);
Result<p9::Rumknod> handle(Session& session, const p9::Tumknod& request);
// EPERM for a directory, ENOENT for a file that has no name left.
Result<p9::Rlink> handle(Session& session, const p9::Tlink& request);

// handle_rename.cc

// EBUSY for the root; ENOENT or ESTALE when the fid's name does not stand for its file any more.
Result<p9::Rrename> handle(Session& session, const p9::Trename& request);
Result<p9::Rrenameat> handle(Session& session, const p9::Trenameat& request);
Result<p9::Runlinkat> handle(Session& session, const p9::Tunlinkat& request);

// handle_xattr.cc. Names that the attach point does not serve (see XattrNames) answer EOPNOTSUPP;
// an empty or too long one ERANGE. What was not written here comes from the kernel: ENODATA,
// EEXIST, EPERM ... A fid that stands for an attribute takes Tread or Twrite and Tclunk, and
// answers EBADF to everything else.

// The value, or with an empty name the list of names, as it is now: newfid reads that snapshot.
Result<p9::Rxattrwalk> handle(Session& session, const p9::Txattrwalk& request);
// The fid, which must not be open, takes the value by Twrite. Tclunk sets it, and says whether that
// worked; whatever else ends the fid sets nothing. E2BIG above 64 KiB.
Result<p9::Rxattrcreate> handle(Session& session, const p9::Txattrcreate& request);

// The Google extensions, one message each. What a text or a list of 65535 can't hold is EMSGSIZE.
Result<p9::Rgetxattr> handle(Session& session, const p9::Tgetxattr& request);
Result<p9::Rlistxattr> handle(Session& session, const p9::Tlistxattr& request);
Result<p9::Rsetxattr> handle(Session& session, const p9::Tsetxattr& request);
Result<p9::Rremovexattr> handle(Session& session, const p9::Tremovexattr& request);

// handle_lock.cc. Byte-range locks on the host's file, which belong to client_id and proc_id of the
// request. EBADF unless the fid is an open file, and for a write lock on a read-only attach point;
// EINVAL for a range past 2^63-1; ENOLCK past the budgets; EOPNOTSUPP where locks are off.

// Never waits: BLOCKED says that somebody else has a lock in that range, and that the client may
// ask again. Locks end with the last fid that their owner took them through.
Result<p9::Rlock> handle(Session& session, const p9::Tlock& request);
// The lock that is in the way of the one asked for, or type UNLCK. Asking for type UNLCK, as Linux
// does, means any lock. Holders that this connection does not know have proc_id 0 and no client_id.
Result<p9::Rgetlock> handle(Session& session, const p9::Tgetlock& request);

}  // namespace gofer
