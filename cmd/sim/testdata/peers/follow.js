"use strict"
// Follow tables of a world with the client, and print what was seen of each frame.
const path = require("node:path")

const [client, endpoint, count, curve] = process.argv.slice(2)
const { attach } = require(path.resolve(client, "orrery.js"))

async function main() {
  const [server, publicKey, secret] = (curve ?? "").split(",")
  const keys = curve && { server, public: publicKey, secret }
  const world = attach(endpoint, { keys, timeout: 20000 })
  console.log(JSON.stringify({ rows: (await world.keys("member")).slice(0, 2), topics: (await world.schema()).topics.length }))
  let seen = 0
  for await (const table of world.watch("member")) {
    console.log(JSON.stringify({ tick: table.tick, crc: table.digest(), missed: table.missed, seq: table.seq }))
    if (++seen === Number(count)) break
  }
  world.close()
}

main()
