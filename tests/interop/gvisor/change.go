package main

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/p9"
)

const (
	user  = p9.UID(1234)
	group = p9.GID(5678)
)

// change does everything that changes the tree, and looks on the host at what came of it.
func (s *session) change() {
	s.create()
	s.makeOthers()
	s.names()
	s.setAttributes()
	s.allocate()
	s.xattrs()
	s.sockets()
}

// owned says whether the owner is the one that a request names: older versions name none.
func (s *session) owned(path string) {
	stat := s.lstat(path)
	named := s.version >= versionOwners
	s.expect((stat.Uid == uint32(user)) == named && (stat.Gid == uint32(group)) == named,
		"%s belongs to %d:%d", path, stat.Uid, stat.Gid)
}

func (s *session) create() {
	file := s.walk()
	donated, created, _, _, err := file.Create("created", p9.ReadWrite, 0o640, user, group)
	if !s.succeed("create", err) {
		return
	}
	s.descriptor("create", donated, p9.ReadWrite, "created")
	s.owned("created")
	s.expect(s.lstat("created").Mode == syscall.S_IFREG|0o640, "mode of what was created")
	data := make([]byte, 300_000)
	for i := range data {
		data[i] = byte(i * 7)
	}
	n, err := created.WriteAt(data, 5)
	s.expect(n == len(data) && err == nil, "write: %d, %v", n, err)
	s.succeed("fsync", created.FSync())
	content, _ := os.ReadFile(s.host("created"))
	s.expect(string(content) == "\x00\x00\x00\x00\x00"+string(data), "what was written is not there")
	s.close(created)

	again := s.open(p9.WriteOnly|s.truncate(), "created")
	_, err = again.WriteAt([]byte("short"), 0)
	s.succeed("write", err)
	_, err = again.ReadAt(make([]byte, 1), 0)
	s.fail("read of a file open for writing", err, unix.EBADF)
	s.close(again)

	directory := s.walk()
	_, _, _, _, err = directory.Create("created", p9.ReadWrite|p9.OpenFlags(unix.O_EXCL), 0o640, user, group)
	s.expect(err != nil, "create of what is there")
	s.close(directory)
}

// truncate is the flag where the package sends it.
func (s *session) truncate() p9.OpenFlags {
	if p9.VersionSupportsOpenTruncateFlag(s.version) {
		return p9.OpenTruncate
	}
	return 0
}

func (s *session) makeOthers() {
	_, err := s.root.Mkdir("made", 0o750, user, group)
	s.succeed("mkdir", err)
	s.owned("made")
	s.expect(s.lstat("made").Mode == syscall.S_IFDIR|0o750, "mode of the directory")
	_, err = s.root.Mkdir("made", 0o750, user, group)
	s.fail("mkdir of what is there", err, unix.EEXIST)
	_, err = s.root.Symlink("to/nowhere", "arrow", user, group)
	s.succeed("symlink", err)
	s.owned("arrow")
	target, _ := os.Readlink(s.host("arrow"))
	s.expect(target == "to/nowhere", "target of the link: %q", target)
	_, err = s.root.Mknod("node", p9.ModeRegular|0o600, 0, 0, user, group)
	s.succeed("mknod", err)
	s.owned("node")
	for _, kind := range []p9.FileMode{p9.ModeNamedPipe, p9.ModeSocket, p9.ModeCharacterDevice,
		p9.ModeBlockDevice} {
		_, err = s.root.Mknod("refused", kind|0o600, 1, 3, user, group)
		s.fail("mknod of another kind", err, unix.EPERM)
	}
}

func (s *session) names() {
	file, made := s.walk("created"), s.walk("made")
	s.succeed("link", made.Link(file, "second"))
	s.expect(s.lstat("made/second").Ino == s.lstat("created").Ino, "the link is another file")
	s.succeed("renameat", made.RenameAt("second", s.root, "third"))
	s.expect(s.lstat("third").Ino == s.lstat("created").Ino, "what was renamed is another file")
	third := s.walk("third")
	s.succeed("rename", third.Rename(made, "fourth"))
	s.expect(s.lstat("made/fourth").Ino == s.lstat("created").Ino, "what was moved is another file")
	s.close(third)
	s.fail("unlink of a directory", s.root.UnlinkAt("made", 0), unix.EISDIR)
	s.fail("rmdir of what is not empty", s.root.UnlinkAt("made", unix.AT_REMOVEDIR), unix.ENOTEMPTY)
	s.succeed("unlink", made.UnlinkAt("fourth", 0))
	s.fail("unlink of what is missing", made.UnlinkAt("fourth", 0), unix.ENOENT)
	s.close(made)
	s.succeed("rmdir", s.root.UnlinkAt("made", unix.AT_REMOVEDIR))
	s.close(file)
}

func (s *session) setAttributes() {
	file := s.walk("created")
	mask := p9.SetAttrMask{Permissions: true, UID: true, GID: true, Size: true, ATime: true, MTime: true,
		ATimeNotSystemTime: true, MTimeNotSystemTime: true}
	attr := p9.SetAttr{Permissions: 0o604, UID: 77, GID: 88, Size: 1000, ATimeSeconds: 5,
		ATimeNanoSeconds: 6, MTimeSeconds: 7, MTimeNanoSeconds: 8}
	s.succeed("setattr", file.SetAttr(mask, attr))
	stat := s.lstat("created")
	s.expect(stat.Mode == syscall.S_IFREG|0o604 && stat.Uid == 77 && stat.Gid == 88 && stat.Size == 1000 &&
		stat.Atim == syscall.Timespec{Sec: 5, Nsec: 6} && stat.Mtim == syscall.Timespec{Sec: 7, Nsec: 8},
		"what setattr came to: %v", stat)
	before := time.Now().Add(-time.Minute).Unix()
	s.succeed("setattr and close", file.SetAttrClose(p9.SetAttrMask{MTime: true}, p9.SetAttr{}))
	s.expect(s.lstat("created").Mtim.Sec >= before, "the modification time is not now")
	s.fail("use of a closed file", file.Flush(), unix.EBADF)

	link := s.walk("arrow")
	err := link.SetAttrClose(p9.SetAttrMask{Permissions: true}, p9.SetAttr{Permissions: 0o600})
	s.fail("mode of a link", err, unix.EOPNOTSUPP)
}

func (s *session) allocate() {
	file := s.open(p9.ReadWrite, "created")
	err := file.Allocate(p9.AllocateMode{}, 0, 70_000)
	if s.version < versionAllocate {
		s.fail("allocate", err, unix.EOPNOTSUPP)
	} else {
		s.succeed("allocate", err)
		s.expect(s.lstat("created").Size == 70_000, "size of what was allocated")
		s.succeed("allocate, keeping the size", file.Allocate(p9.AllocateMode{KeepSize: true}, 0, 90_000))
		s.expect(s.lstat("created").Size == 70_000, "size that was to be kept")
		s.fail("allocate, showing what was deleted",
			file.Allocate(p9.AllocateMode{NoHideStale: true}, 0, 1), unix.EOPNOTSUPP)
		s.fail("allocate nothing", file.Allocate(p9.AllocateMode{}, 0, 0), unix.EINVAL)
	}
	s.close(file)
}

func (s *session) xattrs() {
	file := s.walk("created")
	defer s.close(file)
	if s.version < versionGetSetXattr {
		s.fail("setxattr", file.SetXattr("user.a", "value", 0), unix.EOPNOTSUPP)
		_, err := file.GetXattr("user.a", 100)
		s.fail("getxattr", err, unix.EOPNOTSUPP)
		return
	}
	s.succeed("setxattr", file.SetXattr("user.a", "value", unix.XATTR_CREATE))
	s.fail("setxattr of what is there", file.SetXattr("user.a", "value", unix.XATTR_CREATE), unix.EEXIST)
	room := make([]byte, 100)
	n, err := unix.Lgetxattr(s.host("created"), "user.a", room)
	s.expect(err == nil && string(room[:n]) == "value", "attribute on the host: %q, %v", room[:n], err)
	value, err := file.GetXattr("user.a", 100)
	s.expect(err == nil && value == "value", "getxattr: %q, %v", value, err)
	_, err = file.GetXattr("user.b", 100)
	s.fail("getxattr of what is missing", err, unix.ENODATA)
	if s.version < versionListXattr {
		_, err = file.ListXattr(100)
		s.fail("listxattr", err, unix.EOPNOTSUPP)
		s.fail("removexattr", file.RemoveXattr("user.a"), unix.EOPNOTSUPP)
		return
	}
	names, err := file.ListXattr(100)
	_, listed := names["user.a"]
	s.expect(err == nil && len(names) == 1 && listed, "listxattr: %v, %v", names, err)
	s.succeed("removexattr", file.RemoveXattr("user.a"))
	_, err = file.GetXattr("user.a", 100)
	s.fail("getxattr of what was removed", err, unix.ENODATA)
}

// No attach point of the test lets a client make or reach sockets.
func (s *session) sockets() {
	_, _, _, _, err := s.root.Bind(unix.SOCK_STREAM, "bound", user, group)
	s.fail("bind", err, unix.EOPNOTSUPP)
	file := s.walk("socket")
	socket, err := file.Connect(p9.StreamSocket)
	s.expect(err != nil && socket == nil, "connect: %v", socket)
	if s.version < versionConnect {
		s.fail("connect", err, unix.ECONNREFUSED)
	}
	s.close(file)
}

// refuseEveryChange tries each of them on a tree that is served read-only.
func (s *session) refuseEveryChange() {
	file := s.walk("file")
	refused := func(what string, err error) { s.fail(what, err, unix.EROFS) }
	_, _, _, err := file.Open(p9.WriteOnly)
	refused("open to write", err)
	_, _, _, err = file.Open(p9.ReadWrite)
	refused("open for both", err)
	refused("setattr", file.SetAttr(p9.SetAttrMask{Permissions: true}, p9.SetAttr{Permissions: 0o600}))
	directory := s.walk()
	_, _, _, _, err = directory.Create("new", p9.ReadWrite, 0o600, user, group)
	refused("create", err)
	_, err = directory.Mkdir("new", 0o700, user, group)
	refused("mkdir", err)
	_, err = directory.Symlink("to", "new", user, group)
	refused("symlink", err)
	_, err = directory.Mknod("new", p9.ModeRegular|0o600, 0, 0, user, group)
	refused("mknod", err)
	refused("link", directory.Link(file, "new"))
	refused("renameat", directory.RenameAt("file", directory, "new"))
	refused("rename", file.Rename(directory, "new"))
	refused("unlink", directory.UnlinkAt("file", 0))
	if s.version >= versionGetSetXattr {
		refused("setxattr", file.SetXattr("user.a", "v", 0))
	}
	if s.version >= versionListXattr {
		refused("removexattr", file.RemoveXattr("user.a"))
	}
	if s.version >= versionAllocate {
		refused("allocate", file.Allocate(p9.AllocateMode{}, 0, 1))
	}
	s.close(directory)
	refused("setattr and close",
		file.SetAttrClose(p9.SetAttrMask{Permissions: true}, p9.SetAttr{Permissions: 0o600}))
}
