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
// A world is published by `sim run SCENARIO --publish ENDPOINT`. Needs node 18
// and the zeromq package. Columns are typed arrays: BigInt64Array for int64.
// docs/protocol.md describes what goes over the wire.

const zlib = require("node:zlib")
const zmq = require("zeromq")

const VERSION = 1

// How values are called on the wire, and what they are here.
const ARRAYS = {
  bool: Uint8Array, int8: Int8Array, int16: Int16Array, int32: Int32Array, int64: BigInt64Array,
  uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, uint64: BigUint64Array,
  float32: Float32Array, float64: Float64Array,
}

/** A frame that does not follow the one before; the next keyframe mends it. */
class Gap extends Error {}

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
 * @param {number} [options.timeout] in milliseconds: how long to wait for a frame or a reply
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
  #asked = 0
  #topics = new Map()

  constructor(endpoint, requests, keys, timeout) {
    const curve = keys && { curveServerKey: keys.server, curvePublicKey: keys.public, curveSecretKey: keys.secret }
    this.#frames = new zmq.Subscriber({ receiveTimeout: timeout, linger: 0, ...curve })
    this.#frames.connect(endpoint)
    this.#connect = () => {
      const socket = new zmq.Dealer({ receiveTimeout: timeout, linger: 0, ...curve })
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

  /** Whatever comes with topics of these prefixes: a Table, Doc or Log, as it then is. */
  async *frames(...prefixes) {
    for await (const [topic, news] of this.#receive(prefixes)) if (news) yield topic
  }

  /** One topic as it is now. */
  async get(name) {
    for await (const [topic] of this.#receive([name])) { // the first frame is complete
      if (topic.topic === name && topic.whole) return topic
    }
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

  /** Send a request; the reply is as docs/protocol.md has it. */
  async ask(request, fields = {}) {
    this.#requests ??= this.#connect()
    const id = ++this.#asked
    await this.#requests.send(JSON.stringify({ v: VERSION, id, do: request, ...fields }))
    for (;;) {
      const [text, ...frame] = await this.#requests.receive()
      const reply = JSON.parse(text)
      if (reply.id !== id) continue // of a request that was given up
      if (reply.error) throw new Refused(reply.error)
      if (frame.length === 3) await this.#take(frame)
      return reply
    }
  }

  async *#receive(prefixes) {
    this.#frames.subscribe(...prefixes)
    try {
      for (;;) yield await this.#take(await this.#frames.receive())
    } finally {
      if (!this.#frames.closed) this.#frames.unsubscribe(...prefixes)
    }
  }

  async #take([name, head, body]) {
    const header = JSON.parse(head)
    let topic = this.#topics.get(String(name))
    if (!topic) {
      topic = new (header.cols ? Table : header.kind === "items" ? Log : Doc)(String(name))
      this.#topics.set(topic.topic, topic)
    }
    try {
      return [topic, topic.apply(header, body)]
    } catch (error) {
      if (!(error instanceof Gap)) throw error
      await this.ask("keyframe", { topic: topic.topic })
      return [topic, topic.whole]
    }
  }
}

class Topic {
  run = null
  epoch = 0
  seq = 0
  tick = 0
  missed = 0 // frames that the world says it left out
  whole = false // what is here is what the world had at tick

  constructor(topic) {
    this.topic = topic
  }

  /** Apply a frame, and return whether it was news. */
  apply(header, body) {
    const same = header.run === this.run && header.epoch === this.epoch
    if (same && (header.seq < this.seq || (this.whole && header.seq === this.seq))) return false
    const follows = same && this.whole && header.base === this.seq
    this.whole = false
    if (header.kind === "delta" && !follows) throw new Gap(this.topic)
    this.set(header, body)
    this.run = header.run
    this.epoch = header.epoch
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

/** Rows as columns: table.columns.sent is an array with a value a row. */
class Table extends Topic {
  columns = {}
  rows = 0

  get name() {
    return this.topic.slice(this.topic.indexOf("/") + 1)
  }

  /** The CRC-32 of all columns, little-endian: equal to the world's. */
  digest() {
    return Object.values(this.columns).reduce((crc, v) => crc32(new Uint8Array(v.buffer, v.byteOffset, v.byteLength), crc), 0)
  }

  set(header, body) {
    if (header.kind === "keyframe") {
      this.columns = Object.fromEntries(header.cols.map((cell) => [cell.name, widen(cell, valuesOf(cell, body))]))
      this.rows = header.n
    } else {
      const sets = (header.sets ?? []).map((span) => rowsOf(span, body))
      for (const cell of header.cols) change(this.columns[cell.name], sets[cell.set], cell, valuesOf(cell, body))
    }
    if (header.crc !== undefined && header.crc !== this.digest()) throw new Gap(this.topic)
  }
}

// Node has it from 20.15 on.
const crc32 = zlib.crc32 ?? ((bytes, crc) => {
  crc = ~crc
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 && 0xedb88320)
  }
  return ~crc >>> 0
})

/** A part of a body as an array of its type, which wants its bytes aligned. */
function valuesOf({ type, off, len }, body) {
  const from = body.byteOffset + off
  return new ARRAYS[type](body.buffer.slice(from, from + len))
}

const isBig = (values) => values instanceof BigInt64Array || values instanceof BigUint64Array

function widen({ type, of = type }, values) {
  if (of === type) return values
  const wide = new ARRAYS[of](values.length)
  const convert = isBig(wide) ? BigInt : Number
  for (let i = 0; i < values.length; i++) wide[i] = convert(values[i])
  return wide
}

function rowsOf({ type, off, len }, body) {
  if (type === "uint32") return valuesOf({ type, off, len }, body)
  const rows = []
  for (let i = 0; i < len; i++) {
    for (let byte = body[off + i], row = 8 * i; byte; byte >>= 1, row++) if (byte & 1) rows.push(row)
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

module.exports = { attach, World, Table, Doc, Log, Gap, Refused }
