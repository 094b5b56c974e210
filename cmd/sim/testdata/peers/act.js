"use strict"
// Act on a world with the client, and print what came of it, as act.py does.

const path = require("node:path")

const [directory, endpoint, curve] = process.argv.slice(2)
const { attach, Refused } = require(path.resolve(directory, "orrery.js"))

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const refused = (promise) => promise.then(() => null, (e) => (e instanceof Refused ? e.code : e.message))
// As Python prints it.
const show = (v) => {
  if (v === null || v === undefined) return "None"
  if (v === true) return "True"
  if (v === false) return "False"
  if (Array.isArray(v)) return "[" + v.map(quoted).join(", ") + "]"
  if (typeof v === "object") return "{" + Object.entries(v).map(([k, x]) => `'${k}': ${quoted(x)}`).join(", ") + "}"
  return String(v)
}
const quoted = (v) => (typeof v === "string" ? `'${v}'` : show(v))
const print = (...all) => console.log(all.map(show).join(" "))

async function main() {
  const [server, pub, secret] = (curve ?? "").split(",")
  const world = attach(endpoint, { timeout: 20000, ...(curve && { keys: { server, public: pub, secret } }) })
  await world.ask("pause")
  const early = await world.call("who")
  print(early.ok, early.error)
  await world.ask("resume")
  print((await world.outcome(early)).ok)
  const put = await world.call("put", ["x", [1, 2.5, null]], { named: { ttl: 3 } })
  print(put.ok, put.value, put.provider, put.took / 1000)
  print((await world.call("get", ["x"])).value)
  const placed = await world.call("get", [], { named: { key: "x" } })
  print(placed.value, (await world.call("put", [], { named: { key: "x", value: 1, ttl: 4 } })).value)
  print(await refused(world.call("get", [], { key: "x" })))
  print(await refused(world.call("never", [], { timeout: "10" })))
  print(await refused(world.publish("news/a", "x".repeat(65536))))
  print((await world.call("never", [], { timeout: "10.5ms" })).took / 1000)
  const late = await world.call("late", ["x"], { timeout: 500, as: "client" })
  print(late.value, late.took / 1000)
  print((await world.call("get", ["y"])).error.endsWith("no y"), (await world.call("never", [], { timeout: 10 })).error)
  print((await world.call("who", [], { to: "@all", need: 2, timeout: 200 })).values)
  print((await world.call("who", [], { policy: "hash", key: "k" })).ok)
  print((await world.publish("news/a", { wind: 7 })).ok, (await world.publish("news/b", { $node: "store" }, { as: "client" })).ok)
  const first = await world.setParam("fanout", 5, { node: "store" })
  print(first.ok, first.value, first.version)
  const again = await world.setParam("fanout", 6, { node: "store", version: [7, "store"] })
  print(again.ok, again.error, again.value)
  print((await world.setParam("fanout", 6, { node: "store", version: first.version })).ok, (await world.param("fanout", { node: "store" })).value)
  print((await world.push("orders", "o")).ok, (await world.send("st*", "reset", { by: "me" })).ok)
  print(await refused(world.call("nothing")), await refused(world.push("orders", 1, { node: "store" })), await refused(world.send("x*", "reset")))
  await world.call("late", ["x"], { timeout: 500 }) // what is under way has come by then
  print((await world.call("seen", [], { timeout: 200 })).value)
  print((await world.call("who", [], { policy: "all", timeout: 200 })).values)
  const failed = await world.call("get", ["y"], { policy: "all", timeout: 200 })
  print(failed.ok, failed.errors.map(([name]) => name), failed.values)
  await world.ask("pause")
  const taken = await world.setParam("fanout", 8, { node: "store" })
  print(taken.ok, taken.error, taken.pending > 0, (await world.outcome(taken)).pending === taken.pending)
  await world.ask("resume")
  const done = await world.outcome(taken)
  print(done.ok, done.value, done.tick === taken.tick, await refused(world.outcome(1e9)))
  const [held] = await Promise.all([world.call("never", [], { timeout: 1000 }), sleep(500).then(() => world.ask("pause"))])
  print(held.ok, held.error, held.pending > 0)
  await world.ask("resume")
  await world.ask("pace", { pace: 10 })
  print((await world.outcome(held)).error)
  await world.ask("pace", { pace: 0 })
  world.close()
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
