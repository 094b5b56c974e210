// These tests hold keys and endpoints to RFC 32 and to what may not be let
// happen to secrets: read by others, overwritten, or quoted in an error.
package zmq

import (
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestRFC32(t *testing.T) {
	b := []byte{0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B}
	if got := encodeZ85(b); got != "HelloWorld" {
		t.Errorf("test case encodes as %q", got)
	}
	if got, err := decodeZ85("HelloWorld"); err != nil || string(got) != string(b) {
		t.Errorf("test case decodes as % x, %v", got, err)
	}
	for _, bad := range []string{"Hell", "Hello\"", "Hel o", "Hell~", "%nSc1", "#####", "Hellö"} {
		if got, err := decodeZ85(bad); err == nil {
			t.Errorf("%q decodes as % x", bad, got)
		}
	}
	if got, err := decodeZ85("%nSc0"); err != nil || string(got) != "\xff\xff\xff\xff" {
		t.Errorf("the greatest decodes as % x, %v", got, err)
	}
}

func TestKeysSurviveTheirText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := Key(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key"))
		if got, err := ParseKey(k.String()); err != nil || got != k {
			t.Errorf("%s came back as %s, %v", k, got, err)
		}
	})
}

func FuzzZ85(f *testing.F) {
	f.Add("HelloWorld")
	f.Add("%nSc1")
	f.Fuzz(func(t *testing.T, text string) {
		b, err := decodeZ85(text)
		if err == nil && encodeZ85(b) != text {
			t.Errorf("%q is % x is %q", text, b, encodeZ85(b))
		}
	})
}

func FuzzCertificate(f *testing.F) {
	pair := NewKeyPair()
	f.Add([]byte("metadata\ncurve\n    public-key = \"" + pair.Public.String() + "\"\n    secret-key = '" + pair.Secret.String() + "'\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		public, secret, err := parseCertificate(text)
		if err != nil && (public != Key{} || secret != Key{}) {
			t.Error("an error, and a key")
		}
	})
}

func TestKeygen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	files, err := Keygen(dir, "ann")
	if err != nil || len(files) != 4 {
		t.Fatal(files, err)
	}
	if more, err := Keygen(dir, "bob"); err != nil || len(more) != 2 {
		t.Fatal(more, err)
	}
	filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		info, _ := d.Info()
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %s, %v", name, info.Mode(), err)
		}
		return nil
	})
	server, err := LoadServerKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	ann, err := LoadClientKeys(dir, "ann")
	if err != nil {
		t.Fatal(err)
	}
	if ann.Server != server.Public || !server.allows(ann.Public) || server.allows(server.Public) || len(server.Clients) != 2 {
		t.Error("the keys do not fit each other")
	}
	if _, err := Keygen(dir, "ann"); err == nil || !strings.Contains(err.Error(), "there already") {
		t.Errorf("a key was overwritten: %v", err)
	}
	for _, name := range []string{"", "../ann", "server", ".ann"} {
		if _, err := Keygen(dir, name); err == nil {
			t.Errorf("a client is called %q", name)
		}
	}
	p := publisher(t, PublisherConfig{Keys: server})
	dial(t, DialConfig{Endpoint: p.Endpoint(), Type: "SUB", Keys: ann})
}

// Certificates are those of pyzmq: it reads ours, and we read its.
func TestCertificatesArePyzmqs(t *testing.T) {
	dir := t.TempDir()
	if _, err := Keygen(dir, "ann"); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("/usr/bin/python3", "-c", `
import sys, zmq.auth, zmq.utils.z85
public, secret = zmq.auth.load_certificate(sys.argv[1] + "/ann.key_secret")
assert zmq.curve_public(secret) == public
assert list(zmq.auth.load_certificates(sys.argv[1] + "/clients")) == [public]
print(public.decode())
zmq.auth.create_certificates(sys.argv[1], "eve")
import os; os.chmod(sys.argv[1] + "/eve.key_secret", 0o600)
`, dir).CombinedOutput()
	ann, err2 := LoadClientKeys(dir, "ann")
	if err != nil || err2 != nil || strings.TrimSpace(string(out)) != ann.Public.String() {
		t.Fatalf("%s %v %v", out, err, err2)
	}
	if _, err := LoadClientKeys(dir, "eve"); err != nil {
		t.Error(err)
	}
}

func TestSecretsAreNotQuotedNorShared(t *testing.T) {
	dir := t.TempDir()
	if _, err := Keygen(dir, "ann"); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "server.key_secret")
	text, _ := os.ReadFile(name)
	secret := strings.Split(string(text), "secret-key = \"")[1][:39]
	os.WriteFile(name, []byte(strings.Replace(string(text), secret, secret+"~", 1)), 0o600)
	if _, err := LoadServerKeys(dir); err == nil || strings.Contains(err.Error(), secret[:10]) {
		t.Errorf("got %v", err)
	}
	os.WriteFile(name, text, 0o600)
	os.Chmod(name, 0o640)
	if _, err := LoadServerKeys(dir); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("got %v", err)
	}
}

// Whoever can write where keys are read from lets himself in, or passes for the
// server.
func TestKeysThatOthersMayWriteAreRefused(t *testing.T) {
	for _, name := range []string{".", "clients", "clients/ann.key", "server.key"} {
		for _, mode := range []fs.FileMode{0o020, 0o002} {
			dir := filepath.Join(t.TempDir(), "keys")
			if _, err := Keygen(dir, "ann"); err != nil {
				t.Fatal(err)
			}
			at := filepath.Join(dir, name)
			info, err := os.Stat(at)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(at, info.Mode().Perm()|mode); err != nil {
				t.Fatal(err)
			}
			_, server := LoadServerKeys(dir)
			_, client := LoadClientKeys(dir, "ann")
			for who, err := range map[string]error{"server": server, "client": client} {
				read := name == "." || (name == "server.key") == (who == "client")
				if refused := err != nil && strings.Contains(err.Error(), "chmod go-w"); refused != read {
					t.Errorf("%s with %#o, %s: %v", name, mode, who, err)
				}
			}
		}
	}
}

func TestKeysAreReadWhateverTheirDirectoryIsCalled(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys[1]*")
	if _, err := Keygen(dir, "ann"); err != nil {
		t.Fatal(err)
	}
	os.WriteFile(filepath.Join(dir, "clients", "README"), []byte("of no key"), 0o600)
	if keys, err := LoadServerKeys(dir); err != nil || len(keys.Clients) != 1 {
		t.Errorf("got %v, %v", keys, err)
	}
}

func TestCertificatesThatAreNone(t *testing.T) {
	dir := t.TempDir()
	if _, err := Keygen(dir, "ann"); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "server.key_secret")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	pair, other := NewKeyPair(), NewKeyPair()
	mixed := "public-key = \"" + pair.Public.String() + "\"\nsecret-key = \"" + other.Secret.String() + "\"\n"
	for want, content := range map[string]string{
		"not that of its secret-key": mixed,
		"over 65536 bytes":           strings.Repeat("# much\n", 10000) + string(text),
		"has no public-key":          "",
		"has no secret-key":          strings.Split(string(text), "    secret-key")[0],
		"40":                         strings.Replace(string(text), "secret-key = \"", "secret-key = \"HelloWorld", 1),
	} {
		os.WriteFile(name, []byte(content), 0o600)
		if _, err := LoadServerKeys(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestEndpoints(t *testing.T) {
	for _, c := range []struct {
		text  string
		want  endpoint
		local bool
		err   string
	}{
		{"tcp://127.0.0.1:5570", endpoint{"tcp", "127.0.0.1:5570"}, true, ""},
		{"tcp://127.9.9.9:*", endpoint{"tcp", "127.9.9.9:0"}, true, ""},
		{"tcp://localhost:1", endpoint{"tcp", "localhost:1"}, true, ""},
		{"tcp://[::1]:1", endpoint{"tcp", "[::1]:1"}, true, ""},
		{"tcp://*:1", endpoint{"tcp", ":1"}, false, ""},
		{"tcp://0.0.0.0:1", endpoint{"tcp", "0.0.0.0:1"}, false, ""},
		{"tcp://[::]:1", endpoint{"tcp", "[::]:1"}, false, ""},
		{"tcp://localhost.evil:1", endpoint{"tcp", "localhost.evil:1"}, false, ""},
		{"ipc:///run/x", endpoint{"unix", "/run/x"}, true, ""},
		{"ipc://@x", endpoint{}, false, "abstract"},
		{"ipc://", endpoint{}, false, "no endpoint"},
		{"tcp://127.0.0.1", endpoint{}, false, "no port"},
		{"udp://127.0.0.1:1", endpoint{}, false, "no endpoint"},
		{"127.0.0.1:1", endpoint{}, false, "no endpoint"},
	} {
		got, err := parseEndpoint(c.text)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v", c.text, err)
			}
			continue
		}
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(endpoint{})); diff != "" || err != nil || got.local() != c.local {
			t.Errorf("%s: local %t, %v\n%s", c.text, got.local(), err, diff)
		}
	}
}

func TestStrangersAreKeptOut(t *testing.T) {
	for _, c := range []struct {
		endpoint string
		keys     *ServerKeys
		want     string
	}{
		{"tcp://0.0.0.0:0", nil, "sim keygen"},
		{"tcp://*:0", nil, "sim keygen"},
		{"tcp://127.0.0.1:0", &ServerKeys{KeyPair: NewKeyPair()}, "let no client in"},
	} {
		nothing := func(ID) ([][]byte, bool) { return nil, false }
		if _, err := ListenPublisher(PublisherConfig{Next: nothing, Endpoint: c.endpoint, Keys: c.keys}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.endpoint, err)
		}
	}
	publisher(t, PublisherConfig{Endpoint: "tcp://0.0.0.0:0", Keys: &ServerKeys{KeyPair: NewKeyPair(), Any: true}})
}

func TestUnixSocketsArePrivate(t *testing.T) {
	root := t.TempDir()
	listen := func(path string) error {
		l, err := listenUnix(path)
		if err == nil {
			l.Close()
		}
		return err
	}
	t.Run("directory is made, and closed to others", func(t *testing.T) {
		path := filepath.Join(root, "new", "world")
		l, err := listenUnix(path)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if info, _ := os.Stat(filepath.Dir(path)); info.Mode().Perm() != 0o700 {
			t.Errorf("mode %s", info.Mode())
		}
		if err := listen(path); err == nil || !strings.Contains(err.Error(), "somebody listens") {
			t.Errorf("listens twice: %v", err)
		}
	})
	t.Run("stale socket is replaced", func(t *testing.T) {
		path := filepath.Join(root, "new", "stale")
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		l.SetUnlinkOnClose(false)
		l.Close()
		if err := listen(path); err != nil {
			t.Error(err)
		}
	})
	t.Run("file is not", func(t *testing.T) {
		path := filepath.Join(root, "new", "file")
		os.WriteFile(path, []byte("dear"), 0o600)
		if err := listen(path); err == nil || !strings.Contains(err.Error(), "no socket") {
			t.Error(err)
		}
		if text, _ := os.ReadFile(path); string(text) != "dear" {
			t.Error("the file is gone")
		}
	})
	t.Run("open directory is refused", func(t *testing.T) {
		dir := filepath.Join(root, "open")
		os.Mkdir(dir, 0o755)
		os.Chmod(dir, 0o755)
		if err := listen(filepath.Join(dir, "world")); err == nil || !strings.Contains(err.Error(), "chmod 700") {
			t.Error(err)
		}
	})
	t.Run("link to a directory is refused", func(t *testing.T) {
		os.Symlink(filepath.Join(root, "new"), filepath.Join(root, "link"))
		if err := listen(filepath.Join(root, "link", "world")); err == nil {
			t.Error("listens through a link")
		}
	})
	t.Run("socket is closed to others too", func(t *testing.T) {
		path := filepath.Join(root, "new", "mode")
		l, err := listenUnix(path)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if info, err := os.Lstat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info, err)
		}
	})
	t.Run("link for a socket is refused", func(t *testing.T) {
		path := filepath.Join(root, "new", "toward")
		os.Symlink(filepath.Join(root, "new", "elsewhere"), path)
		if err := listen(path); err == nil || !strings.Contains(err.Error(), "no socket") {
			t.Error(err)
		}
		if _, err := os.Lstat(filepath.Join(root, "new", "elsewhere")); err == nil {
			t.Error("a socket was made where the link goes")
		}
	})
	t.Run("directory that others can replace is refused", func(t *testing.T) {
		shared := filepath.Join(root, "shared")
		os.Mkdir(shared, 0o700)
		os.Chmod(shared, 0o777)
		if err := listen(filepath.Join(shared, "own", "world")); err == nil || !strings.Contains(err.Error(), "rename") {
			t.Error(err)
		}
		os.Chmod(shared, 0o777|fs.ModeSticky)
		if err := listen(filepath.Join(shared, "own", "world")); err != nil {
			t.Error(err)
		}
		os.Chmod(shared, 0o777)
		deep := filepath.Join(shared, "own", "deeper")
		os.Mkdir(deep, 0o700)
		os.Symlink(shared, filepath.Join(root, "around"))
		if err := listen(filepath.Join(root, "around", "own", "deeper", "world")); err == nil || !strings.Contains(err.Error(), "rename") {
			t.Errorf("through a link: %v", err)
		}
	})
	t.Run("of several that begin at once one listens, and goes on", func(t *testing.T) {
		for i := range 20 {
			path := filepath.Join(root, "new", fmt.Sprint("contended", i))
			l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
			if err != nil {
				t.Fatal(err)
			}
			l.SetUnlinkOnClose(false)
			l.Close() // stale
			got := make(chan net.Listener, 8)
			for range cap(got) {
				go func() {
					l, _ := listenUnix(path)
					got <- l
				}()
			}
			var all []net.Listener
			for range cap(got) {
				if l := <-got; l != nil {
					all = append(all, l)
				}
			}
			if len(all) != 1 {
				t.Errorf("%d listen", len(all))
			}
			for _, l := range all {
				l.Close()
			}
		}
	})
	t.Run("path is too long", func(t *testing.T) {
		if err := listen(filepath.Join(root, strings.Repeat("x", 108))); err == nil || !strings.Contains(err.Error(), "107") {
			t.Error(err)
		}
	})
}
