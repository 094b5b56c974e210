// The table of CurveZMQ (RFC 26): each of its demands, and the test that holds
// us to it, or why none can. TestRFC26TableNamesTests holds the table to the
// tests' names.
package zmq

import (
	"os"
	"strings"
	"testing"
)

var rfc26 = []struct{ section, demand, test string }{
	{"Security Handshake", "to reject a client explicitly, a server SHALL send an ERROR command", "TestRFC26Error/server SHALL indicate an authentication failure by ERROR"},
	{"Security Handshake", "after ERROR the client SHALL NOT try to reconnect using the same credentials", "TestRFC26Error/is a hard error for the client"},
	{"Security Handshake", "a client peer SHALL NOT send ERROR to the server", "TestRFC26Error/client peer SHALL NOT send ERROR, commands come in order"},
	{"Security Models", "clients MUST know the server public key before they can connect", "TestRFC26Welcome/box is from S to C', and client SHALL disconnect from others"},
	{"Security Models", "servers MAY know clients' public keys", "TestRFC26Initiate/server MAY authenticate the client by C"},
	{"HELLO", "SHALL be 200 octets long", "TestRFC26Hello/SHALL be 200 octets long"},
	{"HELLO", "the version SHALL be the two octets 1 and 0", "TestRFC26Hello/version SHALL be 1 and 0"},
	{"HELLO", "the padding SHALL be all zero, HELLO larger than WELCOME", "TestRFC26Hello/anti-amplification padding SHALL be all zero"},
	{"HELLO", "the client SHALL generate a unique key pair for each connection", "TestRFC26Hello/client SHALL generate a unique key pair for each connection"},
	{"HELLO", "the client MUST NOT store its transient secret key, nor share it", "by reading: curveClient is a variable of one handshake, and no other has it"},
	{"HELLO", "the short nonce SHALL be prefixed with CurveZMQHELLO---", "TestRFC26Hello/signature box SHALL contain 64 zero octets from C' to S"},
	{"HELLO", "the signature box SHALL contain 64 zero octets from C' to S", "TestRFC26Hello/signature box SHALL contain 64 zero octets from C' to S"},
	{"HELLO", "the server SHALL validate all fields and disconnect malformed clients", "TestRFC26Hello/made for another server key is refused"},
	{"HELLO", "the server SHALL generate a new transient key pair", "TestRFC26Welcome/long nonces SHALL be unique, cookies new"},
	{"HELLO", "the server SHALL not keep this transient key pair, SHOULD keep minimal state", "TestRFC26Welcome/server SHALL not keep the transient key pair"},
	{"HELLO", "short nonces SHALL be incrementing; the server SHALL disconnect clients that reuse one", "TestRFC26Initiate/server SHALL disconnect clients that reuse a short nonce"},
	{"HELLO", "the client SHALL NOT send more than 2^64-1 commands", "TestRFC26Message/no more than 2^64-1 commands"},
	{"WELCOME", "SHALL be 168 octets long", "TestRFC26Welcome/SHALL be 168 octets long"},
	{"WELCOME", "the long nonce SHALL be prefixed with WELCOME-, and be unique", "TestRFC26Welcome/long nonces SHALL be unique, cookies new"},
	{"WELCOME", "the cookie is C' and s' in a box of the cookie key, its nonce prefixed with COOKIE--", "TestRFC26Welcome/cookie is C' and s' in a box of the cookie key"},
	{"WELCOME", "the server MUST discard the cookie key after a short interval", "TestRFC26Welcome/server MUST discard the cookie key after a short interval"},
	{"WELCOME", "the server SHALL generate a new cookie for each WELCOME", "TestRFC26Welcome/long nonces SHALL be unique, cookies new"},
	{"WELCOME", "the client SHALL validate all fields, and disconnect from malformed servers", "TestRFC26Welcome/box is from S to C', and client SHALL disconnect from others"},
	{"INITIATE", "SHALL be at least 257 octets long", "TestRFC26Initiate/SHALL be at least 257 octets long"},
	{"INITIATE", "the cookie is the one provided by the server", "TestRFC26Initiate/cookie is the one provided by the server"},
	{"INITIATE", "the cookie is this connection's: recorded commands are no use", "TestRFC26Initiate/replay of another connection's commands is discarded"},
	{"INITIATE", "the box is from C' to S', its short nonce prefixed with CurveZMQINITIATE", "TestRFC26Initiate/box is from C' to S'"},
	{"INITIATE", "the vouch is [C',S] from C to S', its long nonce prefixed with VOUCH---", "TestRFC26Initiate/vouch is [C',S] from C to S'"},
	{"INITIATE", "a vouch is good for one connection", "TestRFC26Initiate/vouch of another connection is refused"},
	{"INITIATE", "names SHALL be 1 to 255 characters, values 0 to 2^31-1 octets; case SHALL NOT be significant", "TestRFC26Initiate/metadata is validated"},
	{"INITIATE", "the server SHALL validate all fields and disconnect malformed clients", "TestRFC26Error/malformed commands are met with silence"},
	{"INITIATE", "a client that does not pass SHALL get no response but the end: contradicts ERROR, which libzmq sends too", "TestRFC26Error/server SHALL indicate an authentication failure by ERROR"},
	{"READY", "SHALL be at least 30 octets long", "TestRFC26Ready/SHALL be at least 30 octets long"},
	{"READY", "the client SHALL validate all fields, and disconnect from malformed servers", "TestRFC26Ready/client SHALL disconnect from who sends a malformed one"},
	{"READY", "the client SHALL verify that the server's short nonces increment", "TestRFC26Ready/client SHALL verify that nonces increase from READY on"},
	{"READY", "the server SHALL NOT send more than 2^64-1 commands", "TestRFC26Message/no more than 2^64-1 commands"},
	{"MESSAGE", "SHALL be at least 33 octets long", "TestRFC26Message/SHALL be at least 33 octets long"},
	{"MESSAGE", "prefixes are CurveZMQMESSAGES from the server, CurveZMQMESSAGEC from the client", "TestRFC26Message/from server and from client differ by nonce prefix"},
	{"MESSAGE", "MORE and the payload arrive both ways", "TestRFC26Message/both ways, payload and MORE"},
	{"MESSAGE", "nonces increment, and are not used again", "TestRFC26Message/reused and falling nonces are refused"},
	{"MESSAGE", "nonces increment up to the last", "TestRFC26Message/nonces may skip, and after the last none is good"},
	{"MESSAGE", "reserved flags MUST be zero", "TestRFC26Message/reserved flags MUST be zero"},
	{"MESSAGE", "the recipient SHALL validate all fields", "TestRFC26Message/recipient SHALL validate all fields"},
	{"MESSAGE", "the recipient SHALL disconnect malformed peers, and SHALL NOT send ERROR", "TestRFC26BreachesAfterTheHandshake"},
	{"ERROR", "a server SHALL indicate an authentication failure by ERROR, of 7 octets or more", "TestRFC26Error/server SHALL indicate an authentication failure by ERROR"},
	{"RFC 25", "mechanism CURVE, the server as-server, and no way down to another", "TestNobodyGetsPastCurveWithoutIt"},
	{"RFC 27", "who is let in is decided by the client's key: by the directory clients, without a ZAP handler", "TestPeersWithWrongKeysAreRefused"},
}

func TestRFC26TableNamesTests(t *testing.T) {
	var source strings.Builder
	for _, name := range []string{"curve_test.go", "handshake_test.go", "peers_test.go"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(text)
	}
	named := map[string]bool{}
	for _, row := range rfc26 {
		if strings.HasPrefix(row.test, "by reading") {
			continue
		}
		test, sub, _ := strings.Cut(row.test, "/")
		_, body, ok := strings.Cut(source.String(), "func "+test+"(t *testing.T) {")
		body, _, _ = strings.Cut(body, "\n}\n")
		if !ok || !strings.Contains(body, `t.Run("`+sub) && sub != "" {
			t.Errorf("%s, %q: there is no test %q", row.section, row.demand, row.test)
		}
		named[row.test] = true
	}
	// And every test that is named after a demand is in the table.
	for _, test := range []string{"Hello", "Welcome", "Initiate", "Ready", "Message", "Error"} {
		_, body, _ := strings.Cut(source.String(), "func TestRFC26"+test+"(t *testing.T) {")
		body, _, _ = strings.Cut(body, "\n}\n")
		for _, part := range strings.Split(body, `t.Run("`)[1:] {
			sub, _, _ := strings.Cut(part, `", func`)
			if name := "TestRFC26" + test + "/" + sub; !named[name] {
				t.Errorf("%s is not in the table", name)
			}
		}
	}
}
