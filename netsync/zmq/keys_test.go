// These tests hold keys and endpoints to RFC 32 and to what may not be let
// happen to secrets: read by others, overwritten, or quoted in an error.
package zmq

import (
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
	t.Run("path is too long", func(t *testing.T) {
		if err := listen(filepath.Join(root, strings.Repeat("x", 108))); err == nil || !strings.Contains(err.Error(), "107") {
			t.Error(err)
		}
	})
}
