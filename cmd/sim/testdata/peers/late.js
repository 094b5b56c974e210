"use strict"
// Export a column, have a call time out, and print what is there afterwards, as late.py.
const path = require("node:path")

const [client, endpoint] = process.argv.slice(2)
const { attach } = require(path.resolve(client, "orrery.js"))
const print = (value) => console.log(JSON.stringify(value))

async function main() {
  const world = attach(endpoint, { timeout: 3000 })
  const { ok } = await world.ask("export", { export: { program: "store", fields: ["n"] } })
  const [topic] = ok.topics
  await world.call("late", [], { timeout: 60000 }).catch((error) => print(error.message))
  await new Promise((resolve) => setTimeout(resolve, 4000)) // the reply to it comes
  print((await world.call("soon")).value)
  print((await world.schema()).tables.map((table) => table.topic).filter((name) => name === topic))
  const seen = []
  for await (const table of world.frames(topic)) {
    if (seen.push(table.topic) === 3) break
  }
  print(seen)
  world.close()
}

main()
