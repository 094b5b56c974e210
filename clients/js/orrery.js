"use strict"
// Attach to a running Orrery world.
//
//     const { attach } = require("./orrery.js")
//
//     const world = attach("tcp://127.0.0.1:5570")
//     for await (const table of world.watch("client")) {
//       console.log(table.tick, table.columns.sent)
//     }
//
// and act on it:
//
//     const reply = await world.call("kv.get", ["x"], { timeout: 50 })
//     console.log(reply.ok ? reply.value : reply.error)
//
// A world is published by `sim run SCENARIO --publish ENDPOINT`. Needs node 18
// and the zeromq package. Columns are typed arrays: BigInt64Array for int64.
// docs/protocol.md describes what goes over the wire.

const zlib = require("node:zlib")
const zmq = require("zeromq")

const VERSION = 1
const MOST = 65536 // bytes of a request

// How values are called on the wire, and what they are here.
const ARRAYS = {
  bool: Uint8Array, int8: Int8Array, int16: Int16Array, int32: Int32Array, int64: BigInt64Array,
  uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, uint64: BigUint64Array,
  float32: Float32Array, float64: Float64Array,
}

/** A frame does not follow the one before, and asking for a complete one did not mend it. */
class Gap extends Error {}

/** What came is no frame, or no reply, of the revision that is known here. */
class Malformed extends Error {}

/** The world refused a request; code and cure say why and what to do. */
class Refused extends Error {
  constructor({ code, text, cure }) {
    super(cure ? `${text}: ${cure}` : text)
    this.code = code
    this.cure = cure
  }
}

/**
 * The world that is published at an endpoint.
 * @param {string} endpoint as tcp://127.0.0.1:5570
 * @param {object} [options]
 * @param {string} [options.requests] its endpoint for requests; one port above if not given
 * @param {{server: string, public: string, secret: string}} [options.keys] in Z85, for CURVE
 * @param {number} [options.timeout] in milliseconds: how long to wait for a frame or a reply; -1: as long as it takes
 */
function attach(endpoint, { requests = beside(endpoint), keys, timeout = 5000 } = {}) {
  return new World(endpoint, requests, keys, timeout)
}

function beside(endpoint) {
  if (endpoint.startsWith("ipc://")) return endpoint + ".requests"
  return endpoint.replace(/\d+$/, (port) => Number(port) + 1)
}

/** A running world, seen from outside. */
class World {
  #frames
  #requests
  #connect
  #timeout
  #asked = 0
  #waiting = new Map() // of each request under way: how it ends, by ID
  #sent = Promise.resolve() // the last request
  #connected = new WeakSet() // sockets for requests at whose other end is somebody
  #listens // the socket on which replies are taken
  #prefixes = [] // subscribed
  #run // the run and the epoch of all topics
  #epoch
  #topics = new Map()

  constructor(endpoint, requests, keys, timeout) {
    const curve = keys && { curveServerKey: keys.server, curvePublicKey: keys.public, curveSecretKey: keys.secret }
    // A machine that is gone is missed else, and not found again. Heartbeats would
    // do that too, but take a large frame on a slow line for silence.
    const alive = { tcpKeepalive: 1, tcpKeepaliveIdle: 15, tcpKeepaliveInterval: 5, tcpKeepaliveCount: 3 }
    // More than a few frames that wait would only be old ones.
    const options = { linger: 0, receiveHighWaterMark: 10, ...alive, ...curve }
    this.#timeout = timeout
    this.#frames = new zmq.Subscriber(options)
    this.#frames.connect(endpoint)
    this.#connect = () => {
      const socket = new zmq.Dealer(options)
      socket.events.on("handshake", () => this.#connected.add(socket))
      socket.events.on("disconnect", () => this.#connected.delete(socket))
      socket.connect(requests)
      return socket
    }
  }

  /** Leave the world, which goes on. */
  close() {
    this.#frames.close()
    this.#requests?.close()
  }

  /** Each table that changes: "client" for all whose names begin so; all that the scenario exports if none is named. */
  async *watch(...names) {
    let topics = names.map((name) => "columns/" + name)
    if (!names.length) {
      topics = (await this.schema()).tables.map((table) => table.topic).filter((topic) => !topic.startsWith("columns/."))
    }
    yield* this.frames(...topics)
  }

  /** Whatever comes with topics of these prefixes: a Table, Doc or Log, as it then is. It ends when nothing came in time. */
  async *frames(...prefixes) {
    for await (const [topic, news] of this.#receive(prefixes)) if (news) yield topic
  }

  /**
   * Messages as they are sent and dropped, some a second at most: of kinds, from or to nodes, over links as
   * "a[*] -> b[0]", all of them patterns.
   * @param {{kinds?: string[], nodes?: string[], links?: string[], perSecond?: number}} [selection]
   */
  messages({ kinds = [], nodes = [], links = [], perSecond = 100 } = {}) {
    return new Messages(this, { kinds, nodes, links, per_second: perSecond })
  }

  /** One topic as it is now. */
  async get(name) {
    const held = this.#topics.get(name)
    if (held?.whole && this.#prefixes.some((prefix) => name.startsWith(prefix))) return held // it is being watched
    for await (const [topic] of this.#receive([name], Date.now())) { // the first frame is complete
      if (topic?.topic === name && topic.whole) return topic
    }
    throw new Error(`nothing came of ${name} in ${this.#timeout} ms`)
  }

  /** What is exported, and of what types and units. */
  async schema() {
    return (await this.get("schema")).value
  }

  /** What the rows of a table are called. */
  async keys(name) {
    const parts = (await this.get("keys/" + name)).value.keys
    return parts.flatMap((part) => {
      if (typeof part === "string") return part
      const [before, first, n, after] = part
      return Array.from({ length: n }, (_, i) => before + (first + i) + after)
    })
  }

  /**
   * Send a request; the reply is as docs/protocol.md has it. Requests are sent in order, and several may be under way:
   * a reply comes when it is there.
   */
  ask(request, fields = {}) {
    return new Promise((resolve, reject) => {
      const id = ++this.#asked
      const text = JSON.stringify({ v: VERSION, id, do: request, ...fields })
      const bytes = Buffer.byteLength(text)
      if (bytes > MOST) throw new Refused({ code: "limit", text: `${request} has ${bytes} bytes`, cure: `a request has at most ${MOST}` })
      this.#waiting.set(id, { request, since: Date.now(), resolve, reject })
      this.#requests ??= this.#connect()
      const socket = this.#requests
      this.#sent = this.#sent.then(() => socket.send(text)).catch((error) => this.#settle(id, (asked) => asked.reject(error)))
      if (this.#listens !== socket) this.#listen(socket)
    })
  }

  /** Take replies while somebody waits for one. */
  async #listen(socket) {
    this.#listens = socket
    try {
      while (this.#waiting.size && socket === this.#requests) {
        const parts = await this.#next(socket, this.#waiting.values().next().value.since)
        if (parts) this.#answer(parts)
        else this.#expire(socket)
      }
    } catch (error) {
      for (const id of this.#waiting.keys()) this.#settle(id, (asked) => asked.reject(error)) // the world was left
    }
    this.#listens = undefined
  }

  #answer([text, ...frame]) {
    const [first] = this.#waiting.keys() // whose reply it is that cannot be read
    let id = first
    try {
      const reply = parse(text, `reply to ${this.#waiting.get(first)?.request}`)
      id = reply.id || first // 0: the request could not be read
      if (!this.#waiting.has(id)) return // of a request that was given up
      if (reply.error) throw new Refused(reply.error)
      if (frame.length) this.#apply(frame)
      this.#settle(id, (asked) => asked.resolve(reply))
    } catch (error) {
      this.#settle(id, (asked) => asked.reject(error))
    }
  }

  /**
   * Give up requests that have waited for too long. A connection stays: exports belong to it. If there is none, all are
   * given up, and closed with the socket: what is said to have no reply must not be done when somebody comes.
   */
  #expire(socket) {
    const reachable = this.#connected.has(socket)
    let expired = false
    for (const [id, { since }] of this.#waiting) { // in order
      expired ||= Date.now() - since >= this.#timeout
      if (!expired || reachable && Date.now() - since < this.#timeout) break
      this.#settle(id, (asked) => asked.reject(new Error(`no reply to ${asked.request} in ${this.#timeout} ms`)))
    }
    if (reachable || this.#waiting.size) return
    socket.close()
    this.#requests = undefined
  }

  #settle(id, how) {
    const asked = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (asked) how(asked)
  }

  /**
   * Call a service. The reply has ok, value, error, provider, took in simulated
   * milliseconds, and of a call that several answer values and errors. While the
   * world is paused acts have pending, which outcome takes, and an ok of null.
   * @param {string} service
   * @param {any[]} [args]
   * @param {object} [options] named: arguments by name; timeout in simulated milliseconds, or a text as "10ms"; as: the node that does it;
   * to, policy ("all" has each that provides it reply), key and need as docs/protocol.md has them
   */
  async call(service, args = [], { timeout, ...options } = {}) {
    if (options.key !== undefined && options.policy !== "hash") {
      throw new TypeError('key is what the policy "hash" chooses by; an argument of that name goes into named')
    }
    return this.#act("call", { service, args, timeout_ns: nanoseconds(timeout), ...options })
  }

  /** Publish a value to a feed, as a node or nobody. */
  async publish(feed, value, { as } = {}) {
    return this.#act("publish", { feed, value, as })
  }

  /** Set a param at a node, if that has the version that is given. The reply has value, version and node, too. */
  async setParam(param, value, { node, version } = {}) {
    return this.#act("set", { param, value, node, if: version })
  }

  /** A param as a node has it: value, version and node. */
  async param(param, { node } = {}) {
    return (await this.ask("get", { param, node })).ok
  }

  /** Put an item into a pipe, from one of its sources. */
  async push(pipe, value, { node, to } = {}) {
    return this.#act("push", { pipe, value, node, to })
  }

  /** Send nodes, by patterns of names, a message. */
  async send(nodes, kind, fields = {}) {
    return this.#act("send", { nodes: [nodes].flat(), kind, fields })
  }

  /** What came of an act that was pending, as soon as it is known. While the world is paused it is pending still. */
  async outcome(act) {
    return this.#act("outcome", { act: act.pending ?? act })
  }

  async #act(request, fields) {
    const { ok, tick } = await this.ask(request, fields)
    return { ok: true, ...ok, took: ok.took_ns && ok.took_ns / 1e6, tick }
  }

  async *#receive(prefixes, since) {
    this.#frames.subscribe(...prefixes)
    this.#prefixes.push(...prefixes)
    try {
      for (let parts; (parts = await this.#next(this.#frames, since ?? Date.now())); ) yield await this.#take(parts)
    } finally {
      for (const prefix of prefixes) this.#prefixes.splice(this.#prefixes.indexOf(prefix), 1)
      if (!this.#frames.closed) this.#frames.unsubscribe(...prefixes)
    }
  }

  /** The next message, or nothing if there is none in time. */
  async #next(socket, since) {
    socket.receiveTimeout = this.#timeout < 0 ? -1 : Math.max(0, since + this.#timeout - Date.now())
    try {
      return await socket.receive()
    } catch (error) {
      if (error.code !== "EAGAIN") throw error
    }
  }

  /** Apply a frame, and say of which topic it was and whether that is news. */
  async #take(parts) {
    try {
      return this.#apply(parts)
    } catch (error) {
      if (!(error instanceof Gap)) throw error
      const name = error.message
      await this.ask("keyframe", { topic: name }) // with the reply comes the frame
      const topic = this.#topics.get(name)
      return [topic, topic?.whole ?? false]
    }
  }

  #apply([name, head, body]) {
    name = String(name)
    try {
      const header = parse(head, "header")
      if (header.v !== VERSION) throw new Malformed(`revision ${header.v} of the wire, and this client knows ${VERSION}`)
      if (header.run === this.#run && header.epoch < this.#epoch) return [this.#topics.get(name), false] // late
      if (header.run !== this.#run || header.epoch !== this.#epoch) {
        this.#run = header.run
        this.#epoch = header.epoch
        this.#topics = new Map()
      }
      let topic = this.#topics.get(name)
      if (!topic) {
        topic = new (header.cols ? Table : header.kind === "items" ? Log : Doc)(name)
        this.#topics.set(name, topic)
        topic.run = header.run
        topic.epoch = header.epoch
      }
      return [topic, topic.apply(header, body)]
    } catch (error) {
      if (error instanceof Gap) throw error
      throw new Malformed(`frame of ${JSON.stringify(name.slice(0, 255))}: ${error.message}`, { cause: error })
    }
  }
}

const UNITS = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9, d: 86400e9 }

/** A simulated time: milliseconds, or a text as in scenarios. */
function nanoseconds(time) {
  if (typeof time !== "string") return time && Math.round(time * 1e6)
  const [, number, unit] = /^([0-9]+(?:\.[0-9]+)?)(ns|us|ms|s|m|h|d)$/.exec(time) ?? []
  if (!unit) throw new TypeError(`"${time}" is not a duration; write a number and one of ns us ms s m h d, as in "10ms"`)
  return Math.round(number * UNITS[unit])
}

/** An object from elsewhere. */
function parse(text, what) {
  let value
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Malformed(`${what}: ${error.message}`, { cause: error })
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Malformed(`${what} is no object`)
  return value
}

class Topic {
  run = null // another after a restart
  epoch = 0 // another after a jump to another moment
  seq = 0
  tick = 0
  missed = 0 // frames that the world says it left out
  whole = false // what is here is what the world had at tick

  constructor(topic) {
    this.topic = topic
  }

  /** Take a frame, and return whether it was news. */
  apply(header, body) {
    if (header.seq < this.seq || (this.whole && header.seq === this.seq)) return false
    const follows = this.whole && header.base === this.seq
    this.whole = false
    if (header.kind === "delta" && !follows) throw new Gap(this.topic)
    this.set(header, body)
    this.seq = header.seq
    this.tick = header.tick
    this.missed += header.missed ?? 0
    this.whole = true
    return true
  }
}

/** One value of which the latest counts. */
class Doc extends Topic {
  value = null

  set(_, body) {
    this.value = JSON.parse(body)
  }
}

/** Items each of which counts: those that came last, and how many before. */
class Log extends Topic {
  items = []
  before = 0

  set(header, body) {
    this.items = JSON.parse(body)
    this.before = header.base
  }
}

/**
 * Messages of a world: docs/protocol.md has their fields. The world samples while they are iterated over; leftOut is
 * how many it did not show.
 */
class Messages {
  #world
  #selection
  leftOut = 0

  constructor(world, selection) {
    this.#world = world
    this.#selection = selection
  }

  async *[Symbol.asyncIterator]() {
    const { topics: [topic] } = (await this.#world.ask("export", { export: { messages: this.#selection } })).ok
    try {
      for await (const log of this.#world.frames(topic)) {
        for (const item of log.topic === topic ? log.items : []) {
          if (item.left_out) this.leftOut += item.left_out
          else yield item
        }
      }
    } finally {
      this.#world.ask("unexport", { topic }).catch(() => {}) // the world may have ended
    }
  }
}

/** Rows as columns: table.columns.sent is an array with a value a row. */
class Table extends Topic {
  columns = {}
  rows = 0
  layout = 0

  get name() {
    return this.topic.slice(this.topic.indexOf("/") + 1)
  }

  /** The CRC-32 of all columns, little-endian: equal to the world's. */
  digest() {
    return Object.values(this.columns).reduce((crc, v) => crc32(new Uint8Array(v.buffer, v.byteOffset, v.byteLength), crc), 0)
  }

  set(header, body) {
    if (header.kind === "keyframe") {
      this.rows = header.n
      this.layout = header.layout
      this.columns = Object.fromEntries(header.cols.map((cell) => [cell.name, widen(cell, valuesOf(cell, body, this.rows))]))
    } else if (header.n !== this.rows || header.layout !== this.layout) {
      throw new Gap(this.topic)
    } else {
      const sets = (header.sets ?? []).map((span) => rowsOf(span, body, this.rows))
      for (const cell of header.cols) {
        const rows = sets[cell.set]
        change(this.columns[cell.name], rows, cell, valuesOf(cell, body, rows.length))
      }
    }
    if (header.crc !== undefined && header.crc !== this.digest()) throw new Gap(this.topic)
  }
}

// Node has it from 20.15 on.
const crc32 = zlib.crc32 ?? ((bytes, crc) => {
  crc = ~crc
  for (const byte of bytes) crc = (crc >>> 8) ^ CRCS[(crc ^ byte) & 0xff]
  return ~crc >>> 0
})

const CRCS = Int32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = (byte >>> 1) ^ (byte & 1 && 0xedb88320)
  return byte
})

/** A part of a body as an array of its type, which wants its bytes aligned. */
function valuesOf({ name, type, off, len }, body, rows) {
  const values = new ARRAYS[type](partOf({ off, len }, body))
  if (values.length !== rows) throw new RangeError(`${name} has ${values.length} values for ${rows} rows`)
  return values
}

/** A copy of the bytes of a column or a set. */
function partOf({ off, len }, body) {
  if (!(off >= 0 && len >= 0 && off + len <= body.length)) throw new RangeError(`bytes ${off} to ${off + len} of ${body.length}`)
  const from = body.byteOffset + off
  return body.buffer.slice(from, from + len)
}

const isBig = (values) => values instanceof BigInt64Array || values instanceof BigUint64Array

function widen({ type, of = type }, values) {
  if (of === type) return values
  const wide = new ARRAYS[of](values.length)
  const convert = isBig(wide) ? BigInt : Number
  for (let i = 0; i < values.length; i++) wide[i] = convert(values[i])
  return wide
}

/** Which rows changed: all must be there, as an array takes a value for others without a word. */
function rowsOf(span, body, n) {
  const rows = span.type === "uint32" ? new Uint32Array(partOf(span, body)) : bitsOf(new Uint8Array(partOf(span, body)))
  for (let i = 0; i < rows.length; i++) if (rows[i] >= n) throw new RangeError(`row ${rows[i]} of ${n}`)
  return rows
}

function bitsOf(bytes) {
  const rows = []
  for (let i = 0; i < bytes.length; i++) {
    for (let byte = bytes[i], row = 8 * i; byte; byte >>= 1, row++) if (byte & 1) rows.push(row)
  }
  return rows
}

function change(column, rows, cell, values) {
  const convert = isBig(column) ? BigInt : Number
  for (let i = 0; i < values.length; i++) {
    const value = convert(values[i])
    if (cell.add) column[rows[i]] += value // int64 alone, and wraps as it should
    else column[rows[i]] = value
  }
}

module.exports = { attach, World, Table, Doc, Log, Messages, Gap, Malformed, Refused }
