// The bits of 9P2000.L under their manual names. On the wire they have the values of x86-64 Linux,
// whatever machine either side runs on.
#pragma once

#include <cstdint>

namespace p9 {

inline constexpr uint32_t kNoFid = 0xffffffff;    // NOFID: no afid, no authentication
inline constexpr uint32_t kNoUname = 0xffffffff;  // NONUNAME: no numeric user given
inline constexpr uint32_t kNoGid = 0xffffffff;
inline constexpr uint16_t kNoTag = 0xffff;  // NOTAG: what Tversion usually carries

// Tlopen, Tlcreate: flags
inline constexpr uint32_t kOpenAccess = 3;  // mask of the access mode; the value 3 itself is none
inline constexpr uint32_t kOpenRdonly = 0;
inline constexpr uint32_t kOpenWronly = 1;
inline constexpr uint32_t kOpenRdwr = 2;
inline constexpr uint32_t kOpenCreate = 0x40;
inline constexpr uint32_t kOpenExcl = 0x80;
inline constexpr uint32_t kOpenNoctty = 0x100;
inline constexpr uint32_t kOpenTrunc = 0x200;
inline constexpr uint32_t kOpenAppend = 0x400;
inline constexpr uint32_t kOpenNonblock = 0x800;
inline constexpr uint32_t kOpenDsync = 0x1000;
inline constexpr uint32_t kOpenFasync = 0x2000;
inline constexpr uint32_t kOpenDirect = 0x4000;
inline constexpr uint32_t kOpenLargefile = 0x8000;
inline constexpr uint32_t kOpenDirectory = 0x10000;
inline constexpr uint32_t kOpenNofollow = 0x20000;
inline constexpr uint32_t kOpenNoatime = 0x40000;
inline constexpr uint32_t kOpenCloexec = 0x80000;
inline constexpr uint32_t kOpenSync = 0x100000;

// qid.type
inline constexpr uint8_t kQidDirectory = 0x80;
inline constexpr uint8_t kQidSymlink = 0x02;

// Rgetattr: valid
inline constexpr uint64_t kGetattrBasic = 0x7ff;  // MODE to BLOCKS, INO included
inline constexpr uint64_t kGetattrBtime = 0x800;

// Tsetattr: valid
inline constexpr uint32_t kSetattrMode = 0x1;
inline constexpr uint32_t kSetattrUid = 0x2;
inline constexpr uint32_t kSetattrGid = 0x4;
inline constexpr uint32_t kSetattrSize = 0x8;
inline constexpr uint32_t kSetattrAtime = 0x10;
inline constexpr uint32_t kSetattrMtime = 0x20;
inline constexpr uint32_t kSetattrCtime = 0x40;
inline constexpr uint32_t kSetattrAtimeSet = 0x80;
inline constexpr uint32_t kSetattrMtimeSet = 0x100;

// Txattrcreate: flags
inline constexpr uint32_t kXattrCreate = 1;   // XATTR_CREATE: it must not be there
inline constexpr uint32_t kXattrReplace = 2;  // XATTR_REPLACE: it must be there

// Tlock, Tgetlock: type
inline constexpr uint8_t kLockRead = 0;
inline constexpr uint8_t kLockWrite = 1;
inline constexpr uint8_t kLockUnlock = 2;

// Tlock: flags
inline constexpr uint32_t kLockBlock = 1;    // the client would wait
inline constexpr uint32_t kLockReclaim = 2;  // the client had it before the server started anew

// Rlock: status
inline constexpr uint8_t kLockSuccess = 0;
inline constexpr uint8_t kLockBlocked = 1;

// Tlconnect: socktype
inline constexpr uint32_t kSocketStream = 0;
inline constexpr uint32_t kSocketDatagram = 1;
inline constexpr uint32_t kSocketSeqpacket = 2;
inline constexpr uint32_t kSocketAny = 3;  // asked for by clients that only know the file

// Tunlinkat: flags
inline constexpr uint32_t kUnlinkDirectory = 0x200;  // AT_REMOVEDIR

}  // namespace p9
