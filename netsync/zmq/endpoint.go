package zmq

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// An endpoint is where a socket is: tcp://HOST:PORT or ipc://PATH.
type endpoint struct {
	network string // as net has it
	address string
}

func parseEndpoint(text string) (endpoint, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	switch {
	case ok && scheme == "ipc" && rest != "":
		if rest[0] == '@' {
			return endpoint{}, fmt.Errorf("zmq: %s: an abstract socket has no directory to protect it: give a path", text)
		}
		return endpoint{"unix", rest}, nil
	case ok && scheme == "tcp":
		host, port, err := net.SplitHostPort(rest)
		if err != nil || port == "" {
			return endpoint{}, fmt.Errorf("zmq: %s has no port: write tcp://127.0.0.1:5570", text)
		}
		if port == "*" {
			port = "0"
		}
		if host == "*" {
			host = ""
		}
		return endpoint{"tcp", net.JoinHostPort(host, port)}, nil
	}
	return endpoint{}, fmt.Errorf("zmq: %q is no endpoint: write tcp://127.0.0.1:5570 or ipc:///run/user/1000/orrery/world", text)
}

// local tells whether only this machine gets there, whatever a resolver says.
func (e endpoint) local() bool {
	if e.network == "unix" {
		return true
	}
	host, _, _ := net.SplitHostPort(e.address)
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// listen refuses what would let strangers in.
func (e endpoint) listen(keys *ServerKeys) (net.Listener, error) {
	if !e.local() && keys == nil {
		return nil, fmt.Errorf("zmq: tcp://%s can be reached by other machines and has no keys: listen on 127.0.0.1, or make keys (sim keygen DIR) and give them (--curve-keys DIR)", e.address)
	}
	if keys != nil && !keys.Any && len(keys.Clients) == 0 {
		return nil, errors.New("zmq: the keys let no client in: make one (sim keygen DIR NAME), or put its public key into DIR/clients")
	}
	if e.network == "unix" {
		return listenUnix(e.address)
	}
	address := e.address
	if host, port, _ := net.SplitHostPort(address); host == "localhost" {
		address = net.JoinHostPort("127.0.0.1", port)
	}
	config := net.ListenConfig{KeepAliveConfig: keepAlive}
	l, err := config.Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("zmq: cannot listen on tcp://%s: %w", address, err)
	}
	return l, nil
}

// keepAlive finds machines that have gone, with peers too old to be pinged.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}

func (e endpoint) dial(ctx context.Context) (net.Conn, error) {
	d := net.Dialer{KeepAliveConfig: keepAlive}
	return d.DialContext(ctx, e.network, e.address)
}

// format gives a listener's endpoint, with the port it was given.
func format(a net.Addr) string {
	if a.Network() == "unix" {
		return "ipc://" + a.String()
	}
	return "tcp://" + a.String()
}

// maxSocketPath is what Linux takes, less the final zero; others take less.
const maxSocketPath = 107

func listenUnix(path string) (net.Listener, error) {
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("zmq: ipc://%s: the path has %d bytes, and a socket's may have %d", path, len(path), maxSocketPath)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("zmq: ipc://%s: %w", path, err)
	}
	if err := private(dir); err != nil {
		return nil, fmt.Errorf("zmq: ipc://%s: %w", path, err)
	}
	unlock, err := lock(dir)
	if err != nil {
		return nil, fmt.Errorf("zmq: ipc://%s: %w", path, err)
	}
	defer unlock()
	if err := removeStale(path); err != nil {
		return nil, fmt.Errorf("zmq: ipc://%s: %w", path, err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("zmq: cannot listen on ipc://%s: %w", path, err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, fmt.Errorf("zmq: ipc://%s: %w", path, err)
	}
	return l, nil
}

// removeStale unlinks a socket of ours that nobody listens on any more.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return errors.New("there is something that is no socket: take another path")
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		c.Close()
		return errors.New("somebody listens there already: take another path")
	}
	if !refused(err) {
		return fmt.Errorf("cannot tell whether somebody listens there: %w", err)
	}
	return os.Remove(path)
}
