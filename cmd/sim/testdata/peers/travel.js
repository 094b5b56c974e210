"use strict"
// Follow a table wherever the run goes, as travel.py.
const path = require("node:path")

const [client, , endpoint, ...places] = process.argv.slice(2)
const { attach } = require(path.resolve(client, "orrery.js"))

async function main() {
  const world = attach(endpoint, { timeout: 60000 })
  let since = 0, seen = 0, run = null
  for await (const table of world.watch("member")) {
    run ??= table.run
    if (table.epoch < since || (places[0] === "leave" && table.run === run)) continue
    if (places[0] === "leave") {
      places.shift()
      since = 0
    }
    console.log(JSON.stringify({ run: table.run, epoch: table.epoch, tick: table.tick, crc: table.digest() }))
    if (++seen % 4) continue
    if (!places.length) break
    if (places[0] === "restart") {
      places[0] = "leave"
      continue
    }
    since = (await world.ask("go", { at_ns: Number(places.shift()) * 1e6 })).ok.epoch
  }
  world.close()
}

main()
