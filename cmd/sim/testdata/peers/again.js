"use strict"
// Ask while nobody is there, and then ask again, as again.py.
const path = require("node:path")

const [client, endpoint] = process.argv.slice(2)
const { attach } = require(path.resolve(client, "orrery.js"))

async function main() {
  const world = attach(endpoint, { timeout: 300 })
  for (let value = "given up", done = false; !done; value = "asked again") {
    done = await world.publish("news", value).then(() => true, () => false)
    if (!done) console.log("gave up")
  }
  await new Promise((resolve) => setTimeout(resolve, 1000)) // what was given up may come
  world.close()
}

main()
