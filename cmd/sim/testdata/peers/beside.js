"use strict"
// Have several requests under way, of which some are never answered, and print how each ends.

const path = require("node:path")

const [directory, endpoint] = process.argv.slice(2)
const { attach } = require(path.resolve(directory, "orrery.js"))

async function main() {
  const world = attach(endpoint, { timeout: 2000 })
  const ended = []
  const ask = (name) =>
    world.ask("hello", { client: name }).then(
      (reply) => ended.push(`${name}: ${reply.ok.client}`),
      (error) => ended.push(`${name}: ${error.message}`),
    )
  await Promise.all(["a", "never", "b", "refused", "c"].map(ask))
  console.log(ended.join("\n"))
  await Promise.all(["d", "e", "f"].map(ask)) // once all before are over, on another connection or not
  console.log(ended.slice(5).join("\n"))
  const never = ask("never")
  await new Promise((resolve) => setTimeout(resolve, 1000))
  const late = ask("late")
  await never // is given up alone
  await Promise.all([late, ask("after")])
  console.log(ended.slice(8).join("\n"))
  const left = world.ask("hello", { client: "never" }).catch(() => console.log("left"))
  setTimeout(() => world.close(), 100)
  await left
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
