"use strict"
// Print messages of a world, one by one, and then how many were left out.
const path = require("node:path")

const [client, endpoint, perSecond] = process.argv.slice(2)
const { attach } = require(path.resolve(client, "orrery.js"))

async function main() {
  const world = attach(endpoint, { timeout: 20000 })
  const messages = world.messages({ kinds: ["hop"], nodes: ["member[1*]"], perSecond: Number(perSecond) })
  for await (const message of messages) {
    console.log(JSON.stringify(message))
    if (messages.leftOut) break
  }
  console.log(JSON.stringify({ left: messages.leftOut }))
  world.close()
}

main()
