"""Attach to a running Orrery world.

    import orrery

    with orrery.attach("tcp://127.0.0.1:5570") as world:
        for table in world.watch("client"):
            print(table.tick, table["sent"].sum())

and act on it:

    reply = world.call("kv.get", "x", timeout=0.05)
    print(reply.value if reply.ok else reply.error)

A world is published by `sim run SCENARIO --publish ENDPOINT`. Needs pyzmq;
columns are numpy arrays where numpy is there, and array.array where it is not.
docs/protocol.md describes what goes over the wire.
"""

from __future__ import annotations

import array
import collections
import fractions
import itertools
import json
import re
import sys
import threading
import time
import zlib
from typing import Any, Iterable, Iterator

import zmq
from zmq.utils.monitor import recv_monitor_message

try:
    import numpy
except ImportError:
    numpy = None

__all__ = ["attach", "World", "Table", "Document", "Log", "Messages", "Gap", "Malformed", "Refused", "Reply", "Param"]

VERSION = 1
MOST = 65536  # bytes of a request

# How values are called on the wire, and in array.array and numpy.
_CODES = {
    "bool": "B", "int8": "b", "int16": "h", "int32": "i", "int64": "q",
    "uint8": "B", "uint16": "H", "uint32": "I", "uint64": "Q",
    "float32": "f", "float64": "d",
}

# In nanoseconds.
_UNITS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86400 * 10**9}


class Gap(Exception):
    """A frame does not follow the one before, and asking for a complete one
    did not mend it."""


class Malformed(ValueError):
    """What came is no frame, or no reply, of the revision that is known here."""


class Refused(Exception):
    """The world refused a request; code and cure say why and what to do."""

    def __init__(self, error: dict[str, Any]):
        super().__init__(": ".join(filter(None, (error.get("text"), error.get("cure")))))
        self.code = error.get("code")
        self.cure = error.get("cure")


Reply = collections.namedtuple("Reply", "ok value error provider took values tick errors pending", defaults=(None, None))
Reply.__doc__ = """What came of an act: took is in simulated seconds, tick the world's; values,
of a call that several answer, is who answered and what, and errors who did not
and why. pending is None, or, while the world is paused, what World.outcome asks
by: then ok is None."""

Param = collections.namedtuple("Param", "value version node")
Param.__doc__ = """A param as a node has it."""


def attach(
    endpoint: str,
    requests: str | None = None,
    keys: tuple[bytes, bytes, bytes] | None = None,
    timeout: float | None = 5.0,
    context: zmq.Context | None = None,
) -> World:
    """Return the World that is published at an endpoint.

    requests is its endpoint for requests, one port above if not given; keys
    is (server public, own public, own secret) in Z85 for CURVE; timeout is how
    many seconds to wait for a frame or a reply, None for as long as it takes.
    """
    return World(endpoint, requests or _beside(endpoint), keys, timeout, context)


def _beside(endpoint):
    if endpoint.startswith("ipc://"):
        return endpoint + ".requests"
    host, _, port = endpoint.rpartition(":")
    return "%s:%d" % (host, int(port) + 1)


class World:
    """A running world, seen from outside. Its requests may come from several
    threads: each has a connection of its own. Frames are one thread's."""

    def __init__(self, endpoint, requests, keys, timeout, context):
        self.timeout = timeout
        self._context = context or zmq.Context.instance()
        self._requests_at, self._keys = requests, keys
        self._frames = self._connect(self._context.socket(zmq.SUB), endpoint)
        self._own = _Own()
        self._numbers = itertools.count(1)
        self._prefixes = []
        self._era = None  # the run and the epoch of all topics
        self._topics = {}

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_):
        self.close()

    def close(self) -> None:
        """Leave the world, which goes on. Connections of other threads end with
        those, or with the World."""
        self._frames.close()
        self._leave()

    def watch(self, *names: str) -> Iterator[Table]:
        """Yield a table each time it changes: "client" for all whose names
        begin so; all that the scenario exports if none is named."""
        if not names:
            topics = [table["topic"] for table in self.schema["tables"]]
            return self.frames(*(topic for topic in topics if not topic.startswith("columns/.")))
        return self.frames(*("columns/" + name for name in names))

    def frames(self, *prefixes: str) -> Iterator[Table | Document | Log]:
        """Yield whatever comes with topics of these prefixes, as it then is.
        It ends after timeout seconds in which nothing came."""
        return (seen for seen, news in self._receive(prefixes) if news)

    def messages(self, kinds: Iterable[str] = (), nodes: Iterable[str] = (), links: Iterable[str] = (),
                 per_second: int = 100) -> Messages:
        """Return messages as they are sent and dropped, some a second at most:
        of kinds, from or to nodes, over links as "a[*] -> b[0]", all of them
        patterns."""
        return Messages(self, {"kinds": list(kinds), "nodes": list(nodes), "links": list(links), "per_second": per_second})

    def _receive(self, prefixes, since=None):
        for prefix in prefixes:
            self._frames.subscribe(prefix)
            self._prefixes.append(prefix)
        try:
            while self._wait(self._frames, since or time.monotonic()):
                yield self._take(self._frames.recv_multipart())
        finally:
            for prefix in prefixes:
                self._prefixes.remove(prefix)
                if not self._frames.closed:
                    self._frames.unsubscribe(prefix)

    def _wait(self, socket, since):
        """Return whether there is something, by timeout seconds after since."""
        if self.timeout is None:
            return socket.poll()
        return socket.poll(max(0, since + self.timeout - time.monotonic()) * 1000)

    def get(self, topic: str) -> Table | Document | Log:
        """Return one topic as it is now."""
        if topic in self._topics and self._topics[topic].whole and topic.startswith(tuple(self._prefixes)):
            return self._topics[topic]  # it is being watched
        for seen, _ in self._receive([topic], time.monotonic()):  # the first frame is complete
            if seen is not None and seen.topic == topic and seen.whole:
                return seen
        raise TimeoutError("nothing came of %s in %s s" % (topic, self.timeout))

    @property
    def schema(self) -> dict[str, Any]:
        """What is exported, and of what types and units."""
        return self.get("schema").value

    def keys(self, name: str) -> list[str]:
        """What the rows of a table are called."""
        return _keys(self.get("keys/" + name).value["keys"])

    def ask(self, do: str, **arguments) -> dict[str, Any]:
        """Send a request and return its reply, as docs/protocol.md has them."""
        number, since = self._send(do, arguments), time.monotonic()
        requests = self._own.requests
        while self._wait(requests.socket, since):
            text, *frame = requests.socket.recv_multipart()
            try:
                reply = json.loads(text)
                if reply.get("id", 0) not in (0, number):  # 0: it could not be read
                    continue  # of a request that was given up
            except (ValueError, AttributeError) as error:
                raise Malformed("reply to %s: %s" % (do, error)) from error
            if "error" in reply:
                raise Refused(reply["error"])
            if frame:
                self._apply(frame)
            return reply
        if not requests.is_connected():
            self._leave()  # and drop what was not sent yet: nobody waits for it
        raise TimeoutError("no reply to %s in %s s" % (do, self.timeout))

    def call(
        self, service: str, *args, to: str | None = None, policy: str | None = None, key=None, need: int | None = None,
        node: str | None = None, timeout: float | str | None = None, named: dict[str, Any] | None = None, **more,
    ) -> Reply:
        """Call a service and return its Reply. timeout is in simulated seconds,
        or a text as "10ms"; node does it, nobody if not given; policy "all" has
        each that provides it reply; docs/protocol.md has the others. Other names
        are the service's arguments; those that are called as an option is here
        go into named: named={"key": "x"}."""
        if key is not None and policy != "hash":
            raise TypeError('key is what the policy "hash" chooses by; an argument of that name goes into named')
        return self._act("call", service=service, args=args or None, named={**(named or {}), **more} or None, to=to, policy=policy,
                         key=key, need=need, timeout_ns=_nanoseconds(timeout), **{"as": node})

    def publish(self, feed: str, value, node: str | None = None) -> Reply:
        """Publish a value to a feed, as a node or nobody."""
        return self._act("publish", feed=feed, value=value, **{"as": node})

    def set_param(self, name: str, value, node: str | None = None, version=None) -> Reply:
        """Set a param at a node, if that has the version that is given, and
        return the Reply: its value is the Param that the node then has."""
        return self._act("set", param=name, value=value, node=node, **{"if": version})

    def param(self, name: str, node: str | None = None) -> Param:
        """Return the Param that a node has."""
        got = self.ask("get", **_given(param=name, node=node))["ok"]
        return Param(got["value"], got["version"], got["node"])

    def push(self, pipe: str, item, node: str | None = None, to: str | None = None) -> Reply:
        """Put an item into a pipe, from one of its sources."""
        return self._act("push", pipe=pipe, value=item, node=node, to=to)

    def send(self, nodes: str | list[str], kind: str, **fields) -> Reply:
        """Send nodes, by patterns of names, a message."""
        return self._act("send", nodes=[nodes] if isinstance(nodes, str) else list(nodes), kind=kind, fields=fields or None)

    def outcome(self, act: Reply | int) -> Reply:
        """Return what came of an act that was pending, as soon as it is known.
        While the world is paused it is pending still."""
        return self._act("outcome", act=act.pending if isinstance(act, Reply) else act)

    def _act(self, do, **arguments):
        reply = self.ask(do, **_given(**arguments))
        ok = reply["ok"]
        value = ok.get("value")
        if "version" in ok:
            value = Param(value, ok["version"], ok.get("node"))
        took = ok.get("took_ns")
        return Reply(ok.get("ok", True), value, ok.get("error"), ok.get("provider"), took and took / 1e9, ok.get("values"), reply["tick"],
                     ok.get("errors"), ok.get("pending"))

    def _leave(self):
        if self._own.requests:
            self._own.requests.close()  # now: whoever handles an error may hold it for long
            self._own.requests = None

    def _send(self, do, arguments):
        if self._own.requests is None:
            self._own.requests = _Requests(self._context.socket(zmq.DEALER))
            self._connect(self._own.requests.socket, self._requests_at)
        number = next(self._numbers)
        text = json.dumps({"v": VERSION, "id": number, "do": do, **arguments}, ensure_ascii=False, separators=(",", ":")).encode()
        if len(text) > MOST:
            raise Refused({"code": "limit", "text": "%s has %d bytes" % (do, len(text)), "cure": "a request has at most %d" % MOST})
        self._own.requests.socket.send(text)
        return number

    def _take(self, parts):
        """Apply a frame, and return its topic and whether that is news."""
        try:
            return self._apply(parts)
        except Gap as gap:
            topic = str(gap)
            self.ask("keyframe", topic=topic)  # with the reply comes the frame
            seen = self._topics.get(topic)
            return seen, seen is not None and seen.whole

    def _apply(self, parts):
        try:
            topic, header, body = parts[0].decode(), json.loads(parts[1]), parts[2]
            if header["v"] != VERSION:
                raise ValueError("it is of revision %s of the wire, and this client knows %s" % (header["v"], VERSION))
            run, epoch = header["run"], header["epoch"]
            if self._era and self._era[0] == run and self._era[1] > epoch:
                return self._topics.get(topic), False  # late
            if self._era != (run, epoch):
                self._era, self._topics = (run, epoch), {}
            seen = self._topics.get(topic)
            if seen is None:
                kind = Table if "cols" in header else Log if header["kind"] == "items" else Document
                seen = self._topics[topic] = kind(topic)
                seen.run, seen.epoch = run, epoch
            return seen, seen._apply(header, body)
        except Gap:
            raise
        except Exception as error:  # whatever bytes from elsewhere lead to
            raise Malformed("frame of %r: %s: %s" % (parts[0][:255], type(error).__name__, error)) from error

    def _connect(self, socket, endpoint):
        socket.linger = 0
        socket.rcvhwm = 10  # frames; more would only be old ones
        # A machine that is gone is missed else, and not found again. Heartbeats would do
        # that too, but take a large frame on a slow line for silence.
        socket.tcp_keepalive, socket.tcp_keepalive_idle, socket.tcp_keepalive_intvl, socket.tcp_keepalive_cnt = 1, 15, 5, 3
        if self._keys:
            socket.curve_serverkey, socket.curve_publickey, socket.curve_secretkey = self._keys
        socket.connect(endpoint)
        return socket


class _Requests:
    """A connection to the endpoint of requests. Exports belong to it: it stays,
    whatever has no reply, as long as somebody is at its other end."""

    def __init__(self, socket):
        self.socket, self._connected = socket, False
        self._state = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED)

    def is_connected(self):
        while self._state.poll(0):
            self._connected = recv_monitor_message(self._state)["event"] == zmq.EVENT_HANDSHAKE_SUCCEEDED
        return self._connected

    def close(self):
        if not self.socket.closed:
            self.socket.disable_monitor()
            self._state.close()
            self.socket.close()

    __del__ = close


class _Own(threading.local):
    """What a thread has for itself: sockets are not for several."""

    requests = None


class _Topic:
    run = epoch = None  # others after a restart, and after a jump to another moment

    def __init__(self, topic):
        self.topic = topic
        self.seq = self.tick = 0
        self.missed = 0  # frames that the world says it left out
        self.whole = False  # what is here is what the world had at tick

    def _apply(self, header, body):
        """Take a frame, and return whether it is news."""
        seq = header["seq"]
        if seq < self.seq or self.whole and seq == self.seq:
            return False
        follows = self.whole and header.get("base") == self.seq
        self.whole = False
        if header["kind"] == "delta" and not follows:
            raise Gap(self.topic)
        self._set(header, body)
        self.seq, self.tick, self.whole = seq, header["tick"], True
        self.missed += header.get("missed", 0)
        return True


class Document(_Topic):
    """One value of which the latest counts."""

    value: Any = None

    def _set(self, header, body):
        self.value = json.loads(body)


class Log(_Topic):
    """Items each of which counts: those that came last, and how many before."""

    items: list = []
    before = 0

    def _set(self, header, body):
        self.items, self.before = json.loads(body), header["base"]


class Messages:
    """Messages of a world, as dicts: docs/protocol.md has their keys. The world
    samples while they are iterated over; left_out is how many it did not show."""

    left_out = 0

    def __init__(self, world, selection):
        self._world, self._selection = world, selection

    def __iter__(self) -> Iterator[dict[str, Any]]:
        world = self._world
        topic = world.ask("export", export={"messages": self._selection})["ok"]["topics"][0]
        try:
            for log in world.frames(topic):
                for item in log.items if log.topic == topic else ():
                    if "left_out" in item:
                        self.left_out += item["left_out"]
                    else:
                        yield item
        finally:
            if not world._frames.closed:
                world._send("unexport", {"topic": topic})  # no reply is waited for: the world may have ended


class Table(_Topic):
    """Rows as columns: table["sent"] is an array with a value a row."""

    def __init__(self, topic):
        super().__init__(topic)
        self.name = topic.partition("/")[2]
        self.columns = {}
        self.rows = 0
        self.layout = None

    def __getitem__(self, column: str):
        return self.columns[column]

    def __len__(self) -> int:
        return self.rows

    def digest(self) -> int:
        """The CRC-32 of all columns, little-endian: equal to the world's."""
        crc = 0
        for values in self.columns.values():
            crc = zlib.crc32(_little(values), crc)
        return crc

    def _set(self, header, body):
        if header["kind"] == "keyframe":
            self.rows, self.layout = header["n"], header["layout"]
            self.columns = {c["name"]: _full(c, body, self.rows) for c in header["cols"]}
        elif (header["n"], header["layout"]) != (self.rows, self.layout):
            raise Gap(self.topic)
        else:
            sets = [_rows(s, body) for s in header.get("sets", ())]
            for c in header["cols"]:
                _change(self.columns[c["name"]], sets[c["set"]], c, body)
        if "crc" in header and header["crc"] != self.digest():
            raise Gap(self.topic)


def _nanoseconds(time):
    """A simulated time: seconds, or a text as in scenarios."""
    if not isinstance(time, str):
        return None if time is None else round(time * 1e9)
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(ns|us|ms|s|m|h|d)", time)
    if not found:
        raise ValueError('"%s" is not a duration; write a number and one of ns us ms s m h d, as in "10ms"' % time)
    return round(fractions.Fraction(found[1]) * _UNITS[found[2]])


def _given(**arguments):
    """Arguments but for those that are None; that a value is None says something."""
    return {name: value for name, value in arguments.items() if value is not None or name == "value"}


def _array(kind, data):
    if numpy:
        return numpy.frombuffer(data, "?" if kind == "bool" else numpy.dtype(_CODES[kind]).newbyteorder("<"))
    values = array.array(_CODES[kind], data)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def _little(values):
    if not numpy and sys.byteorder == "big":
        values = values[:]
        values.byteswap()
    return values


def _part(cell, body):
    """The bytes of a column or a set."""
    end = cell["off"] + cell["len"]
    if not 0 <= cell["off"] <= end <= len(body):
        raise ValueError("bytes %d to %d of %d" % (cell["off"], end, len(body)))
    return body[cell["off"]:end]


def _values(cell, body, rows):
    values = _array(cell["type"], _part(cell, body))
    if len(values) != rows:
        raise ValueError("%s has %d values for %d rows" % (cell["name"], len(values), rows))
    return values


def _full(cell, body, rows):
    values, kind = _values(cell, body, rows), cell.get("of", cell["type"])
    if numpy:
        return values.astype("?" if kind == "bool" else numpy.dtype(_CODES[kind]).newbyteorder("<"))
    return array.array(_CODES[kind], values)


def _rows(span, body):
    data = _part(span, body)
    if span["type"] == "uint32":
        return _array("uint32", data)
    if numpy:
        return numpy.unpackbits(numpy.frombuffer(data, "u1"), bitorder="little").nonzero()[0]
    return [8 * i + bit for i, byte in enumerate(data) if byte for bit in range(8) if byte >> bit & 1]


def _change(column, rows, cell, body):
    values = _values(cell, body, len(rows))
    if numpy:
        column[rows] = column[rows] + values if cell.get("add") else values
    elif cell.get("add"):
        for row, value in zip(rows, values):
            column[row] += value
    else:
        for row, value in zip(rows, values):
            column[row] = value


def _keys(parts):
    names = []
    for part in parts:
        if isinstance(part, str):
            names.append(part)
        else:
            before, first, n, after = part
            names.extend("%s%d%s" % (before, i, after) for i in range(first, first + n))
    return names
