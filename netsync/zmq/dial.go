package zmq

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// A DialConfig says whom to connect to, and as what.
type DialConfig struct {
	Endpoint string
	Type     string      // SUB, DEALER or REQ
	Identity string      // of DEALER and REQ, or ""
	Keys     *ClientKeys // nil: NULL
	Limits   Limits      // of what is received: a server may be hostile too
}

// dialFrameBytes is what a frame of a server may have: a keyframe of a large
// world has 32 MB.
const dialFrameBytes = 256 << 20

var dialPeers = map[string][]string{
	"SUB":    {"PUB", "XPUB"},
	"DEALER": {"ROUTER", "REP", "DEALER"},
	"REQ":    {"ROUTER", "REP"},
}

// A Client is one connection to an endpoint. It does not reconnect: its owner
// dials again, unless the error is ErrRefused. One goroutine may receive
// while another sends.
type Client struct {
	conn      *conn
	delimited bool
	once      sync.Once
	done      chan struct{}
	beating   sync.WaitGroup
}

// Dial connects. Its context ends dialling and handshake, not what follows.
func Dial(ctx context.Context, c DialConfig) (*Client, error) {
	peers, ok := dialPeers[c.Type]
	if !ok {
		return nil, fmt.Errorf("zmq: cannot dial as %q: SUB, DEALER and REQ can", c.Type)
	}
	if len(c.Identity) > 255 || c.Identity != "" && c.Identity[0] == 0 {
		return nil, fmt.Errorf("zmq: identity %q: up to 255 bytes, the first not 0", c.Identity)
	}
	limits := c.Limits.withDefaults(dialFrameBytes)
	if err := limits.validate(); err != nil {
		return nil, err
	}
	e, err := parseEndpoint(c.Endpoint)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, limits.HandshakeTime)
	defer cancel()
	raw, err := e.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("zmq: cannot connect to %s: %w", c.Endpoint, err)
	}
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	k, err := open(raw, &role{socketType: c.Type, peers: peers, identity: c.Identity, client: c.Keys}, limits, false)
	if !stop() || errors.Is(err, os.ErrDeadlineExceeded) {
		if err == nil {
			k.close()
		}
		if err = ctx.Err(); err != context.Canceled {
			err = fmt.Errorf("%w: no handshake within %s: %w", errSilent, limits.HandshakeTime, os.ErrDeadlineExceeded)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("zmq: %s: %w", c.Endpoint, handshakeHint(err, c.Keys))
	}
	k.expectBeats(limits.Heartbeat)
	client := &Client{conn: k, delimited: c.Type == "REQ", done: make(chan struct{})}
	client.beating.Add(1)
	go client.beat(limits.Heartbeat)
	return client, nil
}

// handshakeHint adds what most likely is wrong.
func handshakeHint(err error, keys *ClientKeys) error {
	switch {
	case errors.Is(err, ErrRefused) && keys != nil:
		return fmt.Errorf("%w: ask for your public key %s to be put into the server's clients directory", err, keys.Public)
	case errors.Is(err, errProtocol) && keys == nil:
		return fmt.Errorf("%w: if it has keys, give yours (--curve-keys DIR)", err)
	}
	return err
}

func (c *Client) beat(every time.Duration) {
	defer c.beating.Done()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-c.done:
			return
		case <-tick.C:
			if c.conn.beat(every) != nil {
				return // the reader learns it too
			}
		case context := <-c.conn.guard.pongs:
			if c.conn.guard.sendCommand("PONG", context) != nil {
				return
			}
		}
	}
}

// Subscribe asks for topics with a prefix, "" for all. Twice counts twice.
func (c *Client) Subscribe(prefix string) error { return c.subscribe("SUBSCRIBE", 1, prefix) }

// Unsubscribe takes one Subscribe back.
func (c *Client) Unsubscribe(prefix string) error { return c.subscribe("CANCEL", 0, prefix) }

func (c *Client) subscribe(command string, do byte, prefix string) error {
	if c.conn.peer.minor > 0 {
		return c.conn.guard.sendCommand(command, []byte(prefix))
	}
	return c.conn.send([][]byte{append([]byte{do}, prefix...)}, true)
}

// Send sends a message. Parts must not change until it returns.
func (c *Client) Send(parts [][]byte) error {
	if c.delimited {
		parts = append([][]byte{nil}, parts...)
	}
	return c.conn.send(parts, true)
}

// Receive waits for the next message.
func (c *Client) Receive() ([][]byte, error) {
	parts, err := c.conn.receive()
	if err != nil {
		return nil, err
	}
	if c.delimited {
		if len(parts) < 2 || len(parts[0]) > 0 {
			c.conn.close()
			return nil, fmt.Errorf("%w: reply without an empty part", errProtocol)
		}
		parts = parts[1:]
	}
	return parts, nil
}

// Remote is where the other end is.
func (c *Client) Remote() net.Addr { return c.conn.guard.RemoteAddr() }

// Close ends the connection, and Receive with it.
func (c *Client) Close() error {
	c.once.Do(func() {
		close(c.done)
		c.conn.close()
	})
	c.beating.Wait()
	return nil
}
