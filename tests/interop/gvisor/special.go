package main

import (
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/p9"
)

// special connects to sockets and opens FIFOs, which lead to this program as the host.
func (s *session) special() {
	for name, kind := range map[string]p9.SocketType{
		"unix": p9.StreamSocket, "unixpacket": p9.SeqpacketSocket} {
		s.stream(name, kind)
	}
	s.datagram()
	s.fifo()
}

// connectTo walks to a socket of the tree and connects, which must come to `wanted` in dialects that
// have the message.
func (s *session) connectTo(name string, kind p9.SocketType, wanted error) *os.File {
	file := s.walk(name)
	defer s.close(file)
	socket, err := file.Connect(kind)
	if s.version < versionConnect {
		wanted = unix.ECONNREFUSED
	}
	s.fail("connect to "+name, err, wanted)
	if err != nil || !s.expect(socket != nil, "connect to %s: no descriptor", name) {
		return nil
	}
	return os.NewFile(uintptr(socket.Release()), name)
}

func (s *session) stream(network string, kind p9.SocketType) {
	path := filepath.Join(s.tree, network)
	listener, err := net.ListenUnix(network, &net.UnixAddr{Name: path, Net: network})
	if !s.succeed("listen", err) {
		return
	}
	defer listener.Close()
	if other := s.connectTo(network, p9.DgramSocket, unix.EPROTOTYPE); other != nil {
		s.expect(false, "connected to another type")
	}
	s.connectTo(network, p9.AnonymousSocket, unix.ENXIO)
	here := s.connectTo(network, kind, nil)
	if here == nil {
		return
	}
	defer here.Close()
	there, err := listener.Accept()
	if !s.succeed("accept", err) {
		return
	}
	defer there.Close()
	s.carry(here, there, "question")
	s.carry(there, here, "answer")
}

func (s *session) datagram() {
	path := filepath.Join(s.tree, "unixgram")
	there, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if !s.succeed("bind", err) {
		return
	}
	defer there.Close()
	if here := s.connectTo("unixgram", p9.DgramSocket, nil); here != nil {
		s.carry(here, there, "datagram")
		here.Close()
	}
}

// fifo opens one for writing while nobody reads, for reading, and for writing to a reader.
func (s *session) fifo() {
	path := filepath.Join(s.tree, "special-fifo")
	s.succeed("mkfifo", unix.Mkfifo(path, 0o600))
	here := s.openFifo(p9.WriteOnly, unix.ENXIO)
	s.expect(here == nil, "open for writing while nobody reads")
	here = s.openFifo(p9.ReadOnly, nil)
	there, err := os.OpenFile(path, os.O_RDWR, 0)
	if !s.succeed("open on the host", err) {
		return
	}
	defer there.Close()
	if here != nil {
		s.carry(there, here, "from the host")
		here.Close()
	}
	if here = s.openFifo(p9.WriteOnly, nil); here != nil {
		s.carry(here, there, "from the client")
		here.Close()
	}
}

func (s *session) openFifo(flags p9.OpenFlags, wanted error) *os.File {
	file := s.walk("special-fifo")
	defer s.close(file)
	descriptor, _, _, err := file.Open(flags)
	if s.version == 0 {
		wanted = unix.EPERM
	}
	s.fail("open of a FIFO", err, wanted)
	if err != nil || !s.expect(descriptor != nil, "open of a FIFO: no descriptor") {
		return nil
	}
	return os.NewFile(uintptr(descriptor.Release()), "fifo")
}

// carry sends a text from one end to the other.
func (s *session) carry(from interface{ Write([]byte) (int, error) },
	to interface{ Read([]byte) (int, error) }, text string) {
	_, err := from.Write([]byte(text))
	s.succeed("write", err)
	room := make([]byte, 100)
	count, err := to.Read(room)
	s.expect(err == nil && string(room[:count]) == text, "read: %q, %v", room[:count], err)
}
