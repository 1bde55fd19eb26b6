package main

import (
	"bytes"
	"fmt"
	"math/rand"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/p9"
)

const (
	warmUp       = 50_000 // requests
	mostFiles    = 20     // of one actor
	mostBytes    = 9_000  // of one of its files
	sharedSize   = 3_000_001
	spareDirtyKB = 512 // what an allocator may keep more of than after the warm-up
)

// usage is what a worker holds.
type usage struct {
	descriptors int
	dirtyKB     int // memory that is its own
}

func (s *session) usage(worker int) usage {
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", worker))
	s.succeed("descriptors of the worker", err)
	rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", worker))
	s.succeed("memory of the worker", err)
	used := usage{descriptors: len(open)}
	for _, line := range strings.Split(string(rollup), "\n") {
		fmt.Sscanf(line, "Private_Dirty: %d kB", &used.dirtyKB)
	}
	s.expect(used.dirtyKB > 0, "no memory of the worker: %s", rollup)
	return used
}

// load has many goroutines mix operations until there were as many requests, and looks whether the
// worker holds no more then than it did after the first ones.
func (s *session) load(requests int64, worker int) {
	shared := s.open(p9.ReadOnly, "large")
	actors := make([]*actor, goroutines)
	for i := range actors {
		actors[i] = s.actor(i, shared)
	}
	s.act(actors, warmUp)
	before := s.usage(worker)
	begin := time.Now()
	done := s.act(actors, requests)
	took := time.Since(begin)
	after := s.usage(worker)
	for _, each := range actors {
		each.leave()
	}
	s.close(shared)
	s.expect(after.descriptors <= before.descriptors+goroutines, "descriptors of the worker: %d before, %d after",
		before.descriptors, after.descriptors)
	s.expect(after.dirtyKB <= before.dirtyKB+spareDirtyKB, "memory of the worker: %d KiB before, %d KiB after",
		before.dirtyKB, after.dirtyKB)
	fmt.Fprintf(os.Stderr, "%d requests in %.1f s, %.1f µs each; the worker: %d -> %d descriptors, %d -> %d KiB\n",
		done, took.Seconds(), float64(took.Microseconds())/float64(done), before.descriptors,
		after.descriptors, before.dirtyKB, after.dirtyKB)
}

func (s *session) act(actors []*actor, requests int64) int64 {
	var group sync.WaitGroup
	var done atomic.Int64
	for _, each := range actors {
		group.Add(1)
		go func(a *actor) {
			defer group.Done()
			for done.Load() < requests && s.failures.Load() == 0 {
				done.Add(a.step())
			}
		}(each)
	}
	group.Wait()
	return done.Load()
}

// actor does what it likes in a directory of its own, and knows what must be there.
type actor struct {
	*session
	name      string
	directory p9.File
	shared    p9.File // read by all
	random    *rand.Rand
	files     map[string][]byte
	names     []string
	made      int
	room      []byte
}

func (s *session) actor(number int, shared p9.File) *actor {
	name := fmt.Sprint("actor", number)
	_, err := s.root.Mkdir(name, 0o700, p9.NoUID, p9.NoGID)
	s.succeed("mkdir", err)
	return &actor{session: s, name: name, directory: s.walk(name), shared: shared,
		random: rand.New(rand.NewSource(int64(number))), files: map[string][]byte{},
		room: make([]byte, mostBytes+1)}
}

func (a *actor) leave() {
	for len(a.names) > 0 {
		a.unlink()
	}
	a.close(a.directory)
	a.succeed("rmdir", a.root.UnlinkAt(a.name, unix.AT_REMOVEDIR))
}

// step is one operation; it returns how many requests that took.
func (a *actor) step() int64 {
	if len(a.names) == 0 {
		return a.create()
	}
	operations := []func() int64{a.create, a.read, a.read, a.write, a.truncate, a.attributes, a.along,
		a.rename, a.unlink, a.list, a.xattr, a.symlink, a.readShared, a.readShared, a.fileSystem}
	return operations[a.random.Intn(len(operations))]()
}

func (a *actor) pick() string { return a.names[a.random.Intn(len(a.names))] }

func (a *actor) forget(name string) {
	delete(a.files, name)
	for i := range a.names {
		if a.names[i] == name {
			a.names[i] = a.names[len(a.names)-1]
			a.names = a.names[:len(a.names)-1]
			return
		}
	}
}

func (a *actor) newName() string {
	a.made++
	return fmt.Sprint("file", a.made)
}

func (a *actor) bytes(size int) []byte {
	data := make([]byte, size)
	a.random.Read(data)
	return data
}

func (a *actor) create() int64 {
	if len(a.names) == mostFiles {
		return a.unlink()
	}
	name, data := a.newName(), a.bytes(a.random.Intn(mostBytes))
	file := a.walk(a.name)
	donated, created, _, _, err := file.Create(name, p9.ReadWrite, 0o600, p9.NoUID, p9.NoGID)
	if !a.succeed("create", err) {
		return 2
	}
	a.descriptor("create", donated, p9.ReadWrite, a.name+"/"+name)
	n, err := created.WriteAt(data, 0)
	a.expect(n == len(data) && err == nil, "write: %d of %d, %v", n, len(data), err)
	a.close(created)
	a.files[name] = data
	a.names = append(a.names, name)
	return 4
}

func (a *actor) read() int64 {
	name := a.pick()
	file := a.open(p9.ReadOnly, a.name, name)
	n, err := file.ReadAt(a.room, 0)
	a.expect(bytes.Equal(a.room[:n], a.files[name]), "%s/%s holds %d bytes, %v", a.name, name, n, err)
	a.close(file)
	return 4
}

func (a *actor) write() int64 {
	name := a.pick()
	old := a.files[name]
	offset := a.random.Intn(len(old) + 1)
	data := a.bytes(a.random.Intn(mostBytes - offset + 1))
	file := a.open(p9.WriteOnly, a.name, name)
	n, err := file.WriteAt(data, uint64(offset))
	a.expect(n == len(data) && err == nil, "write: %d of %d, %v", n, len(data), err)
	a.close(file)
	if end := offset + len(data); end > len(old) {
		old = append(old[:offset:offset], data...)
	} else {
		copy(old[offset:], data)
	}
	a.files[name] = old
	return 4
}

func (a *actor) truncate() int64 {
	name := a.pick()
	size := a.random.Intn(mostBytes)
	file := a.walk(a.name, name)
	a.succeed("truncate", file.SetAttrClose(p9.SetAttrMask{Size: true}, p9.SetAttr{Size: uint64(size)}))
	resized := make([]byte, size)
	copy(resized, a.files[name])
	a.files[name] = resized
	return 2
}

func (a *actor) attributes() int64 {
	name := a.pick()
	_, file, _, attr, err := a.directory.WalkGetAttr([]string{name})
	if !a.succeed("walk with attributes", err) {
		return 1
	}
	a.expect(attr.Size == uint64(len(a.files[name])), "%s/%s has %d bytes of %d", a.name, name, attr.Size,
		len(a.files[name]))
	a.close(file)
	return 2
}

func (a *actor) along() int64 {
	name := a.pick()
	stats, err := a.root.MultiGetAttr([]string{"", a.name, name, "below"})
	a.expect(err == nil && len(stats) == 3 && stats[2].Attr.Size == uint64(len(a.files[name])),
		"attributes along %s/%s: %v, %v", a.name, name, stats, err)
	return 1
}

func (a *actor) rename() int64 {
	name, renamed := a.pick(), a.newName()
	a.succeed("rename", a.directory.RenameAt(name, a.directory, renamed))
	a.files[renamed] = a.files[name]
	a.forget(name)
	a.names = append(a.names, renamed)
	return 1
}

func (a *actor) unlink() int64 {
	name := a.pick()
	a.succeed("unlink", a.directory.UnlinkAt(name, 0))
	a.forget(name)
	return 1
}

func (a *actor) list() int64 {
	directory := a.open(p9.ReadOnly, a.name)
	requests := int64(3)
	seen := 0
	for offset := uint64(0); ; requests++ {
		entries, err := directory.Readdir(offset, 4096)
		if !a.succeed("list", err) || len(entries) == 0 {
			break
		}
		for _, entry := range entries {
			offset = entry.Offset
			if _, known := a.files[entry.Name]; known {
				seen++
			}
		}
	}
	a.expect(seen == len(a.files), "%s lists %d names of %d", a.name, seen, len(a.files))
	a.close(directory)
	return requests + 1
}

func (a *actor) xattr() int64 {
	file := a.walk(a.name, a.pick())
	value := fmt.Sprint("value", a.random.Int())
	a.succeed("setxattr", file.SetXattr("user.a", value, 0))
	got, err := file.GetXattr("user.a", 100)
	a.expect(err == nil && got == value, "getxattr: %q, %v; want %q", got, err, value)
	a.close(file)
	return 4
}

func (a *actor) symlink() int64 {
	target := fmt.Sprint("to/nowhere/", a.random.Int())
	_, err := a.directory.Symlink(target, "arrow", p9.NoUID, p9.NoGID)
	a.succeed("symlink", err)
	link := a.walk(a.name, "arrow")
	got, err := link.Readlink()
	a.expect(err == nil && got == target, "readlink: %q, %v; want %q", got, err, target)
	a.close(link)
	a.succeed("unlink", a.directory.UnlinkAt("arrow", 0))
	return 5
}

func (a *actor) readShared() int64 {
	size := 1 + a.random.Intn(4096)
	n, err := a.shared.ReadAt(a.room[:size], uint64(a.random.Intn(sharedSize-size)))
	a.expect(n == size && err == nil && bytes.Count(a.room[:n], []byte("x")) == n,
		"the shared file: %d of %d, %v", n, size, err)
	return 1
}

func (a *actor) fileSystem() int64 {
	stat, err := a.root.StatFS()
	a.expect(err == nil && stat.NameLength > 0, "file system: %v, %v", stat, err)
	return 1
}
