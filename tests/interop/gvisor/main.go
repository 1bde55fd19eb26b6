// Drives a worker with the 9P client package of gVisor, in one dialect, with every operation that
// the package has, and compares what it sees with the tree as the host has it.
//
// It gets a connected socket and the tree's path, prints a line for whatever is not as expected,
// and exits with 1 if there was any.
package main

import (
	"flag"
	"fmt"
	"os"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/p9"
	"gvisor.dev/gvisor/pkg/unet"
)

// The first version that has what the package asks for by another way, or not at all, before it.
const (
	versionOwners      = 3
	versionConnect     = 4
	versionAllocate    = 7
	versionGetSetXattr = 10
	versionListXattr   = 11
)

type session struct {
	client  *p9.Client
	root    p9.File
	tree    string // the host's view
	version uint32
	donates bool // whether opened files come with a descriptor

	failures atomic.Int32
}

// expect notes what is not as expected, and goes on.
func (s *session) expect(ok bool, format string, arguments ...any) bool {
	if !ok {
		s.failures.Add(1)
		fmt.Printf("version %d: %s\n", s.version, fmt.Sprintf(format, arguments...))
	}
	return ok
}

func (s *session) succeed(what string, err error) bool {
	return s.expect(err == nil, "%s: %v", what, err)
}

func (s *session) fail(what string, err error, wanted error) {
	s.expect(err == wanted, "%s: got %v, want %v", what, err, wanted)
}

func connect(socketFD int, version uint, tree string, donate bool) (*session, error) {
	socket, err := unet.NewSocket(socketFD)
	if err != nil {
		return nil, err
	}
	client, err := p9.NewClient(socket, 1<<20, fmt.Sprintf("9P2000.L.Google.%d", version))
	if err != nil {
		return nil, err
	}
	root, err := client.Attach("/")
	if err != nil {
		return nil, err
	}
	s := &session{client: client, root: root, tree: tree, version: client.Version()}
	s.donates = donate && s.version > 0
	return s, nil
}

func main() {
	socketFD := flag.Int("socket", -1, "descriptor of the connection")
	tree := flag.String("tree", "", "the served tree on the host")
	ask := flag.Uint("ask", 0, "the version to ask for")
	want := flag.Uint("want", 0, "the version to be agreed on")
	donate := flag.Bool("donate", true, "whether descriptors are donated")
	worker := flag.Int("worker", 0, "the worker's process")
	descriptors := flag.Int("descriptors", 0, "how many the worker may have open at the end")
	readOnly := flag.Bool("read-only", false, "whether the tree is served read-only")
	special := flag.Bool("special", false, "whether sockets and FIFOs are served")
	flag.Parse()

	s, err := connect(*socketFD, *ask, *tree, *donate)
	if err != nil {
		fmt.Println("cannot connect:", err)
		os.Exit(1)
	}
	s.expect(s.version == uint32(*want), "agreed on %d, want %d", s.version, *want)
	if *special {
		s.special()
	} else if *readOnly {
		s.look()
		s.refuseEveryChange()
	} else {
		s.look()
		s.change()
		s.all()
	}
	s.succeed("closing the root", s.root.Close())
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", *worker))
	s.expect(err == nil && len(open) <= *descriptors, "the worker has %d descriptors open: %v", len(open), err)
	s.client.Close()
	if s.failures.Load() > 0 {
		os.Exit(1)
	}
}
