package main

import (
	"io"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/fd"
	"gvisor.dev/gvisor/pkg/p9"
)

func (s *session) host(path string) string { return filepath.Join(s.tree, path) }

func (s *session) lstat(path string) syscall.Stat_t {
	var stat syscall.Stat_t
	s.succeed("lstat of "+path, syscall.Lstat(s.host(path), &stat))
	return stat
}

// walk gives a new file that the caller closes.
func (s *session) walk(names ...string) p9.File {
	_, file, err := s.root.Walk(names)
	if !s.succeed("walk to "+filepath.Join(names...), err) {
		os.Exit(1)
	}
	return file
}

func (s *session) close(file p9.File) { s.succeed("close", file.Close()) }

// descriptor checks that one came exactly where it should: of that file, with the access that was
// asked for.
func (s *session) descriptor(what string, donated *fd.FD, flags p9.OpenFlags, path string) {
	host := s.lstat(path)
	wanted := s.donates && host.Mode&syscall.S_IFMT == syscall.S_IFREG
	if !s.expect((donated != nil) == wanted, "%s: a descriptor: %v", what, donated != nil) || donated == nil {
		return
	}
	var stat unix.Stat_t
	s.succeed(what+": fstat of the descriptor", unix.Fstat(donated.FD(), &stat))
	s.expect(stat.Ino == host.Ino, "%s: a descriptor of another file", what)
	mode, err := unix.FcntlInt(uintptr(donated.FD()), unix.F_GETFL, 0)
	s.succeed(what+": flags of the descriptor", err)
	s.expect(mode&unix.O_ACCMODE == int(flags&p9.OpenFlagsModeMask), "%s: access %#x", what, mode)
	donated.Close()
}

// open opens a new file and checks the descriptor that came with it.
func (s *session) open(flags p9.OpenFlags, names ...string) p9.File {
	file := s.walk(names...)
	donated, _, _, err := file.Open(flags)
	what := "open of " + filepath.Join(names...)
	if s.succeed(what, err) {
		s.descriptor(what, donated, flags, filepath.Join(names...))
	}
	return file
}

func (s *session) sameAttributes(what string, qid p9.QID, attr p9.Attr, path string) {
	host := s.lstat(path)
	s.expect(uint32(attr.Mode) == host.Mode && uint32(attr.UID) == host.Uid &&
		uint32(attr.GID) == host.Gid && attr.NLink == uint64(host.Nlink) &&
		attr.Size == uint64(host.Size) && attr.Blocks == uint64(host.Blocks) &&
		attr.MTimeSeconds == uint64(host.Mtim.Sec) && attr.MTimeNanoSeconds == uint64(host.Mtim.Nsec) &&
		attr.CTimeSeconds == uint64(host.Ctim.Sec) && attr.CTimeNanoSeconds == uint64(host.Ctim.Nsec),
		"%s of %s: %v, on the host %v", what, path, attr, host)
	s.expect(qid.Path == host.Ino, "%s of %s: qid %v, inode %d", what, path, qid, host.Ino)
}

// look compares every file of the tree, by every operation that changes nothing.
func (s *session) look() {
	var paths []string
	filepath.Walk(s.tree, func(path string, _ os.FileInfo, err error) error {
		below, _ := filepath.Rel(s.tree, path)
		paths = append(paths, below)
		return err
	})
	s.expect(len(paths) > 5, "only %d files to look at", len(paths))
	for _, path := range paths {
		var names []string
		if path != "." {
			names = split(path)
		}
		s.lookAt(path, names)
	}
	s.missing()
	s.fileSystem()
}

func split(path string) []string {
	if dir, name := filepath.Split(path); dir != "" {
		return append(split(filepath.Clean(dir)), name)
	}
	return []string{path}
}

func (s *session) lookAt(path string, names []string) {
	qids, file, err := s.root.Walk(names)
	if !s.succeed("walk to "+path, err) {
		return
	}
	qid, _, attr, err := file.GetAttr(p9.AttrMaskAll())
	if s.succeed("attributes of "+path, err) {
		s.sameAttributes("attributes", qid, attr, path)
		s.expect(len(qids) == 0 || qids[len(qids)-1] == qid || qids[len(qids)-1].Path == qid.Path,
			"walk to %s: %v, attributes: %v", path, qids, qid)
	}
	s.walkWithAttributes(path, names, qid)
	s.alongThePath(path, names)
	switch attr.Mode.FileType() {
	case p9.ModeRegular:
		s.sameContent(path, names)
	case p9.ModeDirectory:
		s.sameEntries(path, names)
	case p9.ModeSymlink:
		target, err := file.Readlink()
		wanted, _ := os.Readlink(s.host(path))
		s.expect(err == nil && target == wanted, "link %s: %q, %v; want %q", path, target, err, wanted)
	}
	s.succeed("flush of "+path, file.Flush())
	s.close(file)
}

func (s *session) walkWithAttributes(path string, names []string, qid p9.QID) {
	qids, file, _, attr, err := s.root.WalkGetAttr(names)
	if !s.succeed("walk with attributes to "+path, err) {
		return
	}
	s.expect(len(qids) == len(names), "walk with attributes to %s: %d qids", path, len(qids))
	s.sameAttributes("walk with attributes", qid, attr, path)
	s.close(file)
}

func (s *session) alongThePath(path string, names []string) {
	stats, err := s.root.MultiGetAttr(append([]string{""}, append(names, "missing")...))
	stat := s.lstat(path)
	if path == "." || stat.Mode&syscall.S_IFMT == syscall.S_IFDIR || len(names) > 0 {
		s.succeed("attributes along "+path, err)
	}
	if !s.expect(len(stats) == len(names)+1, "attributes along %s: %d", path, len(stats)) {
		return
	}
	for i := range stats {
		place := filepath.Join(append([]string{"."}, names[:i]...)...)
		s.sameAttributes("attributes along the path", stats[i].QID, stats[i].Attr, place)
	}
}

func (s *session) sameContent(path string, names []string) {
	file := s.open(p9.ReadOnly, names...)
	content, err := io.ReadAll(&p9.ReadWriterFile{File: file})
	wanted, _ := os.ReadFile(s.host(path))
	s.expect(err == nil && string(content) == string(wanted), "content of %s: %d bytes of %d, %v", path,
		len(content), len(wanted), err)
	s.succeed("fsync of "+path, file.FSync())
	s.close(file)
}

// The type of an entry is that of a qid, but in plain 9P2000.L, where it is a DT_ of the host.
func (s *session) sameEntries(path string, names []string) {
	directory := s.open(p9.ReadOnly, names...)
	seen := map[string]bool{}
	for offset := uint64(0); ; {
		entries, err := directory.Readdir(offset, 4096)
		if !s.succeed("entries of "+path, err) || len(entries) == 0 {
			break
		}
		for _, entry := range entries {
			offset = entry.Offset
			if entry.Name == "." || entry.Name == ".." {
				continue
			}
			s.expect(!seen[entry.Name], "%s lists %s twice", path, entry.Name)
			seen[entry.Name] = true
			host := s.lstat(filepath.Join(path, entry.Name))
			wanted := qidType(host.Mode)
			if s.version == 0 {
				wanted = p9.QIDType(host.Mode >> 12 & 017)
			}
			s.expect(entry.Type == wanted, "%s in %s: type %v, want %v", entry.Name, path, entry.Type, wanted)
			s.expect(entry.QID.Path == host.Ino, "%s in %s: %v", entry.Name, path, entry.QID)
		}
	}
	wanted, _ := os.ReadDir(s.host(path))
	s.expect(len(seen) == len(wanted), "%s lists %d names of %d", path, len(seen), len(wanted))
	s.close(directory)
}

// qidType is what the protocol has for a file. gVisor's own server says that FIFOs and sockets are
// append-only, for want of a better word; its client takes whatever is no directory and no link for
// a file.
func qidType(mode uint32) p9.QIDType {
	switch mode & syscall.S_IFMT {
	case syscall.S_IFDIR:
		return p9.TypeDir
	case syscall.S_IFLNK:
		return p9.TypeSymlink
	}
	return p9.TypeRegular
}

func (s *session) missing() {
	_, _, err := s.root.Walk([]string{"missing"})
	s.fail("walk to what is missing", err, unix.ENOENT)
	_, _, _, _, err = s.root.WalkGetAttr([]string{"missing"})
	s.fail("walk with attributes to what is missing", err, unix.ENOENT)
	stats, err := s.root.MultiGetAttr([]string{"missing", "below"})
	s.expect(err == nil && len(stats) == 0, "attributes along what is missing: %d, %v", len(stats), err)
	file := s.walk("file")
	_, err = file.MultiGetAttr([]string{"below"})
	s.fail("attributes below a file", err, unix.ENOTDIR)
	_, _, _, err = file.Open(3)
	s.fail("open with no access mode", err, unix.EINVAL)
	_, err = file.ReadAt(make([]byte, 1), 0)
	s.fail("read of a file that is not open", err, unix.EBADF)
	s.close(file)
	s.fail("use of a closed file", file.Flush(), unix.EBADF)
}

func (s *session) fileSystem() {
	var host unix.Statfs_t
	s.succeed("statfs of the host", unix.Statfs(s.tree, &host))
	stat, err := s.root.StatFS()
	s.expect(err == nil && stat.Blocks == host.Blocks && stat.NameLength == uint32(host.Namelen) &&
		stat.BlockSize == uint32(host.Bsize), "file system: %v, %v; on the host %v", stat, err, host)
}
