package zmq

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/crypto/curve25519"
)

// A Key is one half of a pair for Curve25519.
type Key [32]byte

// String is the key in Z85, 40 characters.
func (k Key) String() string { return encodeZ85(k[:]) }

// ParseKey reads a key in Z85. Errors do not quote it, since it may be secret.
func ParseKey(text string) (Key, error) {
	b, err := decodeZ85(text)
	if err != nil {
		return Key{}, fmt.Errorf("zmq: key: %w", err)
	}
	if len(b) != len(Key{}) {
		return Key{}, fmt.Errorf("zmq: key of %d characters, and a key has 40", len(text))
	}
	return Key(b), nil
}

// A KeyPair is what one side of CURVE is known by.
type KeyPair struct{ Public, Secret Key }

// NewKeyPair draws a pair.
func NewKeyPair() KeyPair {
	public, secret := newTransient()
	return KeyPair{Key(*public), Key(*secret)}
}

// ServerKeys are a server's own pair, and who may connect.
type ServerKeys struct {
	KeyPair
	Clients []Key // public keys
	Any     bool  // whoever knows Public may connect
}

func (k *ServerKeys) allows(client Key) bool {
	if k.Any {
		return true
	}
	for _, c := range k.Clients {
		if c == client {
			return true
		}
	}
	return false
}

// ClientKeys are a client's own pair, and the server's public key.
type ClientKeys struct {
	KeyPair
	Server Key
}

// Files are those of czmq and pyzmq: NAME.key has the public key, NAME.key_secret
// both.
const (
	publicSuffix = ".key"
	secretSuffix = ".key_secret"
	clientsDir   = "clients"
)

// Keygen writes what a server and its first client need into dir, which only
// its owner may read: server.key, server.key_secret and, for the client,
// clients/NAME.key and NAME.key_secret. What is there is kept: called again
// with another name it adds a client. It returns the files it wrote.
func Keygen(dir, client string) ([]string, error) {
	if client == "" || strings.ContainsAny(client, "/\\") || client[0] == '.' || client == "server" {
		return nil, fmt.Errorf("zmq: a client cannot be called %q: give a plain name", client)
	}
	clients := filepath.Join(dir, clientsDir)
	if err := os.MkdirAll(clients, 0o700); err != nil {
		return nil, fmt.Errorf("zmq: %w", err)
	}
	var written []string
	_, err := os.Stat(filepath.Join(dir, "server"+secretSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		files, err := writePair(dir, dir, "server")
		if err != nil {
			return nil, err
		}
		written = files
	}
	files, err := writePair(clients, dir, client)
	return append(written, files...), err
}

func writePair(publicDir, secretDir, name string) ([]string, error) {
	pair := NewKeyPair()
	public, secret := filepath.Join(publicDir, name+publicSuffix), filepath.Join(secretDir, name+secretSuffix)
	text := "metadata\ncurve\n    public-key = \"" + pair.Public.String() + "\"\n"
	if err := writeNew(secret, "# ZeroMQ CURVE secret certificate: show it to nobody\n"+text+"    secret-key = \""+pair.Secret.String()+"\"\n"); err != nil {
		return nil, err
	}
	if err := writeNew(public, "# ZeroMQ CURVE public certificate\n"+text); err != nil {
		return nil, err
	}
	return []string{public, secret}, nil
}

// writeNew replaces nothing: a key overwritten is lost.
func writeNew(name, text string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("zmq: %s is there already: remove it first, or take another name", name)
	}
	if err != nil {
		return fmt.Errorf("zmq: %w", err)
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// LoadServerKeys reads a directory of Keygen: server.key_secret, and each
// public key in clients.
func LoadServerKeys(dir string) (*ServerKeys, error) {
	pair, err := loadPair(filepath.Join(dir, "server"+secretSuffix))
	if err != nil {
		return nil, err
	}
	keys := &ServerKeys{KeyPair: pair}
	clients := filepath.Join(dir, clientsDir)
	for _, name := range []string{dir, clients} {
		if err := protected(name); err != nil {
			return nil, err
		}
	}
	files, err := os.ReadDir(clients)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("zmq: %w", err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), publicSuffix) {
			continue
		}
		public, err := loadPublic(filepath.Join(clients, f.Name()))
		if err != nil {
			return nil, err
		}
		keys.Clients = append(keys.Clients, public)
	}
	return keys, nil
}

// LoadClientKeys reads a client's pair and the server's public key from a
// directory: NAME.key_secret and server.key.
func LoadClientKeys(dir, name string) (*ClientKeys, error) {
	pair, err := loadPair(filepath.Join(dir, name+secretSuffix))
	if err != nil {
		return nil, err
	}
	if err := protected(dir); err != nil {
		return nil, err
	}
	server, err := loadPublic(filepath.Join(dir, "server"+publicSuffix))
	if err != nil {
		return nil, err
	}
	return &ClientKeys{pair, server}, nil
}

func loadPair(name string) (KeyPair, error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return KeyPair{}, fmt.Errorf("zmq: there is no secret key %s: sim keygen writes one: %w", name, fs.ErrNotExist)
	case err != nil:
		return KeyPair{}, fmt.Errorf("zmq: %w", err)
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 {
		return KeyPair{}, fmt.Errorf("zmq: %s can be read by others (%#o): its key is no secret; draw a new one, or chmod 600 if nobody saw it", name, mode)
	}
	public, secret, err := loadCertificate(name)
	if err != nil {
		return KeyPair{}, err
	}
	if secret == (Key{}) {
		return KeyPair{}, fmt.Errorf("zmq: %s has no secret-key", name)
	}
	if b, err := curve25519.X25519(secret[:], curve25519.Basepoint); err != nil || Key(b) != public {
		return KeyPair{}, fmt.Errorf("zmq: %s: its public-key is not that of its secret-key: draw a new pair", name)
	}
	return KeyPair{public, secret}, nil
}

func loadPublic(name string) (Key, error) {
	if err := protected(name); err != nil {
		return Key{}, err
	}
	public, _, err := loadCertificate(name)
	return public, err
}

// protected refuses what others may write: who can put a key there lets himself in,
// or passes for the server.
func protected(name string) error {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // who needs it says so
	}
	if err != nil {
		return fmt.Errorf("zmq: %w", err)
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o022 != 0 {
		return fmt.Errorf("zmq: %s can be written by others (%#o), who could put keys of their own there: look at what it has, and chmod go-w", name, mode)
	}
	return nil
}

// maxCertificate is far more than a certificate takes.
const maxCertificate = 64 << 10

func loadCertificate(name string) (public, secret Key, err error) {
	f, err := os.Open(name)
	if err != nil {
		return Key{}, Key{}, fmt.Errorf("zmq: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxCertificate+1))
	if err != nil {
		return Key{}, Key{}, fmt.Errorf("zmq: %w", err)
	}
	if len(text) > maxCertificate {
		return Key{}, Key{}, fmt.Errorf("zmq: %s is no certificate: it has over %d bytes", name, maxCertificate)
	}
	public, secret, err = parseCertificate(text)
	if err != nil {
		return Key{}, Key{}, fmt.Errorf("zmq: %s: %w", name, err)
	}
	return public, secret, nil
}

// parseCertificate reads the two lines that matter, as pyzmq does.
func parseCertificate(text []byte) (public, secret Key, err error) {
	for line := range bytes.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(string(line)), "=")
		value = strings.Trim(value, " \t'\"")
		if !ok {
			continue
		}
		switch strings.TrimSpace(name) {
		case "public-key":
			public, err = ParseKey(value)
		case "secret-key":
			secret, err = ParseKey(value)
		}
		if err != nil {
			return Key{}, Key{}, err
		}
	}
	if public == (Key{}) {
		return Key{}, Key{}, errors.New("it has no public-key")
	}
	return public, secret, nil
}
