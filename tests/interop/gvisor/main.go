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
	"strings"
	"sync/atomic"
	_ "unsafe" // for go:linkname

	"gvisor.dev/gvisor/pkg/p9"
	"gvisor.dev/gvisor/pkg/unet"
)

// The first version that has what the package asks for by another way, or not at all, before it.
const (
	versionOwners      = 3
	versionConnect     = 4
	versionAllocate    = 7
	versionChannels    = 8
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

// channelsPerClient is how many the package asks for. It takes the number of processors for it; the
// test is about what the server has.
//
//go:linkname channelsPerClient gvisor.dev/gvisor/pkg/p9.channelsPerClient
var channelsPerClient int

// mostChannels of one client, in the package as in our server.
const mostChannels = 4

// useChannels checks that the client talks over as many as the server has for its version: each is
// a mapping of a memory file.
func (s *session) useChannels(served int) {
	if s.version < versionChannels {
		served = 0
	}
	maps, err := os.ReadFile("/proc/self/maps")
	s.succeed("mappings", err)
	mapped := strings.Count(string(maps), "/memfd:")
	s.expect(mapped == served, "%d channels, want %d", mapped, served)
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
	channels := flag.Int("channels", -1, "how many channels the worker has, if that matters")
	load := flag.Int64("load", 0, "send as many requests, and do nothing else")
	readOnly := flag.Bool("read-only", false, "whether the tree is served read-only")
	special := flag.Bool("special", false, "whether sockets and FIFOs are served")
	flag.Parse()

	channelsPerClient = mostChannels
	s, err := connect(*socketFD, *ask, *tree, *donate)
	if err != nil {
		fmt.Println("cannot connect:", err)
		os.Exit(1)
	}
	s.expect(s.version == uint32(*want), "agreed on %d, want %d", s.version, *want)
	if *channels >= 0 {
		s.useChannels(*channels)
	}
	if *special {
		s.special()
	} else if *load > 0 {
		s.load(*load, *worker)
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
