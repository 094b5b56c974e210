"""Attach to a running Orrery world.

    import orrery

    with orrery.attach("tcp://127.0.0.1:5570") as world:
        for table in world.watch("client"):
            print(table.tick, table["sent"].sum())

A world is published by `sim run SCENARIO --publish ENDPOINT`. Needs pyzmq;
columns are numpy arrays where numpy is there, and array.array where it is not.
docs/protocol.md describes what goes over the wire.
"""

import array
import itertools
import json
import sys
import zlib

import zmq

try:
    import numpy
except ImportError:
    numpy = None

__all__ = ["attach", "World", "Table", "Document", "Log", "Gap", "Refused"]

VERSION = 1

# How values are called on the wire, and in array.array and numpy.
_CODES = {
    "bool": "B", "int8": "b", "int16": "h", "int32": "i", "int64": "q",
    "uint8": "B", "uint16": "H", "uint32": "I", "uint64": "Q",
    "float32": "f", "float64": "d",
}


class Gap(Exception):
    """A frame does not follow the one before; the next keyframe mends it."""


class Refused(Exception):
    """The world refused a request; code and cure say why and what to do."""

    def __init__(self, error):
        super().__init__(": ".join(filter(None, (error.get("text"), error.get("cure")))))
        self.code = error.get("code")
        self.cure = error.get("cure")


def attach(endpoint, requests=None, keys=None, timeout=5.0, context=None):
    """Return the World that is published at an endpoint.

    requests is its endpoint for requests, one port above if not given; keys
    is (server public, own public, own secret) in Z85 for CURVE; timeout is in
    seconds.
    """
    return World(endpoint, requests or _beside(endpoint), keys, timeout, context)


def _beside(endpoint):
    if endpoint.startswith("ipc://"):
        return endpoint + ".requests"
    host, _, port = endpoint.rpartition(":")
    return "%s:%d" % (host, int(port) + 1)


class World:
    """A running world, seen from outside."""

    def __init__(self, endpoint, requests, keys, timeout, context):
        self.timeout = timeout
        self._context = context or zmq.Context.instance()
        self._requests_at, self._keys = requests, keys
        self._frames = self._socket(zmq.SUB, endpoint)
        self._requests = None
        self._numbers = itertools.count(1)
        self._topics = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Leave the world, which goes on."""
        self._frames.close(linger=0)
        if self._requests:
            self._requests.close(linger=0)

    def watch(self, *names):
        """Yield a table each time it changes: "client" for all whose names
        begin so; all that the scenario exports if none is named."""
        if not names:
            topics = [table["topic"] for table in self.schema["tables"]]
            return self.frames(*(topic for topic in topics if not topic.startswith("columns/.")))
        return self.frames(*("columns/" + name for name in names))

    def frames(self, *prefixes):
        """Yield whatever comes with topics of these prefixes: a Table, a
        Document or a Log, as it then is. It ends after timeout seconds in
        which nothing came, without an end if timeout is None."""
        return (seen for seen, news in self._receive(prefixes) if news)

    def _receive(self, prefixes):
        for prefix in prefixes:
            self._frames.subscribe(prefix)
        try:
            while self._frames.poll(None if self.timeout is None else self.timeout * 1000):
                yield self._take(self._frames.recv_multipart())
        finally:
            for prefix in prefixes:
                if not self._frames.closed:
                    self._frames.unsubscribe(prefix)

    def get(self, topic):
        """Return one topic as it is now."""
        for seen, _ in self._receive([topic]):  # the first frame is complete
            if seen.topic == topic and seen.whole:
                return seen
        raise TimeoutError("nothing came of %s in %s s" % (topic, self.timeout))

    @property
    def schema(self):
        """What is exported, and of what types and units."""
        return self.get("schema").value

    def keys(self, name):
        """What the rows of a table are called."""
        return _keys(self.get("keys/" + name).value["keys"])

    def ask(self, do, **arguments):
        """Send a request and return its reply, as docs/protocol.md has them."""
        if self._requests is None:
            self._requests = self._socket(zmq.DEALER, self._requests_at)
        number = next(self._numbers)
        self._requests.send_json({"v": VERSION, "id": number, "do": do, **arguments})
        while self._requests.poll(None if self.timeout is None else self.timeout * 1000):
            parts = self._requests.recv_multipart()
            reply = json.loads(parts[0])
            if reply.get("id") != number:
                continue  # of a request that was given up
            if "error" in reply:
                raise Refused(reply["error"])
            if len(parts) == 4:
                self._take(parts[1:])
            return reply
        raise TimeoutError("no reply to %s in %s s" % (do, self.timeout))

    def _take(self, parts):
        topic, header, body = parts[0].decode(), json.loads(parts[1]), parts[2]
        kind = Table if "cols" in header else Log if header["kind"] == "items" else Document
        seen = self._topics.setdefault(topic, kind(topic))
        try:
            return seen, seen._apply(header, body)
        except Gap:
            self.ask("keyframe", topic=topic)
            return seen, seen.whole

    def _socket(self, kind, endpoint):
        socket = self._context.socket(kind)
        if self._keys:
            socket.curve_serverkey, socket.curve_publickey, socket.curve_secretkey = self._keys
        socket.connect(endpoint)
        return socket


class _Topic:
    def __init__(self, topic):
        self.topic = topic
        self.run = self.epoch = None
        self.seq = self.tick = self.missed = 0
        self.whole = False  # what is here is what the world had at tick

    def _follow(self, header):
        """Return whether a frame is news."""
        same = (header["run"], header["epoch"]) == (self.run, self.epoch)
        if same and header["seq"] < self.seq + (not self.whole and header["seq"] == self.seq):
            return False
        if same and self.whole and header["seq"] == self.seq:
            return False
        if header["kind"] == "delta" and not (same and self.whole and header["base"] == self.seq):
            self.whole = False
            raise Gap(self.topic)
        return True

    def _follows(self, header):
        self.run, self.epoch, self.seq = header["run"], header["epoch"], header["seq"]
        self.tick, self.missed, self.whole = header["tick"], self.missed + header.get("missed", 0), True


class Document(_Topic):
    """One value of which the latest counts."""

    value = None

    def _apply(self, header, body):
        if not self._follow(header):
            return False
        self.value = json.loads(body)
        self._follows(header)
        return True


class Log(_Topic):
    """Items each of which counts: those that came last, and how many before."""

    items, before = (), 0

    def _apply(self, header, body):
        if not self._follow(header):
            return False
        self.items, self.before = json.loads(body), header["base"]
        self._follows(header)
        return True


class Table(_Topic):
    """Rows as columns: table["sent"] is an array with a value a row."""

    def __init__(self, topic):
        super().__init__(topic)
        self.name = topic.partition("/")[2]
        self.columns = {}
        self.rows = 0

    def __getitem__(self, column):
        return self.columns[column]

    def __len__(self):
        return self.rows

    def digest(self):
        """The CRC-32 of all columns, little-endian: equal to the world's."""
        crc = 0
        for values in self.columns.values():
            crc = zlib.crc32(_little(values), crc)
        return crc

    def _apply(self, header, body):
        if not self._follow(header):
            return False
        self.whole = False
        if header["kind"] == "keyframe":
            self.columns = {c["name"]: _full(c, body) for c in header["cols"]}
            self.rows = header["n"]
        else:
            sets = [_rows(s, body) for s in header.get("sets", ())]
            for c in header["cols"]:
                _change(self.columns[c["name"]], sets[c["set"]], c, body)
        self._follows(header)
        if "crc" in header and header["crc"] != self.digest():
            self.whole = False
            raise Gap(self.topic)
        return True


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


def _values(cell, body):
    return _array(cell["type"], body[cell["off"]:cell["off"] + cell["len"]])


def _full(cell, body):
    values, kind = _values(cell, body), cell.get("of", cell["type"])
    if numpy:
        return values.astype("?" if kind == "bool" else numpy.dtype(_CODES[kind]).newbyteorder("<"))
    return array.array(_CODES[kind], values)


def _rows(span, body):
    data = body[span["off"]:span["off"] + span["len"]]
    if span["type"] == "uint32":
        return _array("uint32", data)
    if numpy:
        return numpy.unpackbits(numpy.frombuffer(data, "u1"), bitorder="little").nonzero()[0]
    return [8 * i + bit for i, byte in enumerate(data) if byte for bit in range(8) if byte >> bit & 1]


def _change(column, rows, cell, body):
    values = _values(cell, body)
    if numpy:
        column[rows] = column[rows] + values if cell.get("add") else values
        return
    for row, value in zip(rows, values):
        if cell.get("add"):
            value = (column[row] + value + 2**63) % 2**64 - 2**63
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
