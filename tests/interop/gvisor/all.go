package main

import (
	"fmt"
	"sync"

	"gvisor.dev/gvisor/pkg/p9"
)

const (
	goroutines = 64
	rounds     = 20
)

// all mixes the operations of many goroutines on one connection, each on a directory of its own.
func (s *session) all() {
	var group sync.WaitGroup
	for i := 0; i < goroutines; i++ {
		group.Add(1)
		go func(name string) {
			defer group.Done()
			if _, err := s.root.Mkdir(name, 0o700, p9.NoUID, p9.NoGID); !s.succeed("mkdir", err) {
				return
			}
			for round := 0; round < rounds; round++ {
				s.mix(name, fmt.Sprint("file", round))
			}
		}(fmt.Sprint("goroutine", i))
	}
	group.Wait()
}

func (s *session) mix(directory, name string) {
	made := s.walk(directory)
	donated, file, _, _, err := made.Create(name, p9.ReadWrite, 0o600, p9.NoUID, p9.NoGID)
	if !s.succeed("create", err) {
		return
	}
	text := directory + "/" + name
	s.descriptor("create", donated, p9.ReadWrite, text)
	_, err = file.WriteAt([]byte(text), 0)
	s.succeed("write", err)
	room := make([]byte, len(text))
	n, err := file.ReadAt(room, 0)
	s.expect(string(room[:n]) == text, "%s holds %q, %v", text, room[:n], err)
	s.close(file)

	stats, err := s.root.MultiGetAttr([]string{directory, name})
	s.expect(err == nil && len(stats) == 2 && stats[1].Attr.Size == uint64(len(text)),
		"attributes along %s: %v, %v", text, stats, err)
	parent := s.walk(directory)
	s.succeed("rename", parent.RenameAt(name, parent, "renamed"))
	again := s.open(p9.ReadOnly, directory, "renamed")
	n, err = again.ReadAt(room, 0)
	s.expect(string(room[:n]) == text, "%s holds %q, %v", text, room[:n], err)
	s.close(again)
	s.succeed("unlink", parent.UnlinkAt("renamed", 0))
	s.close(parent)
}
