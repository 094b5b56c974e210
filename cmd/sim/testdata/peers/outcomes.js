"use strict"
// Watch topics one after the other, as TOPIC=COUNT says, and print what comes of each.
const path = require("node:path")

const [client, endpoint, kind, ...wanted] = process.argv.slice(2)
if (kind === "old") require("node:zlib").crc32 = undefined // as in node 18
const { attach, Gap, Malformed, Refused } = require(path.resolve(client, "orrery.js"))

async function main() {
  const world = attach(endpoint, { timeout: 20000 })
  for (const want of wanted) {
    const [topic, count] = want.split("=")
    const came = []
    try {
      for await (const seen of world.frames(topic)) {
        came.push(`${seen.tick}:${seen.digest().toString(16).padStart(8, "0")}:${seen.missed}`)
        if (came.length === Number(count)) break
      }
    } catch (error) {
      const known = [Gap, Malformed, Refused].find((kind) => error instanceof kind)
      if (!known) throw error
      came.push(known.name)
      console.error(topic, error.message)
    }
    console.log(JSON.stringify({ topic, came }))
  }
  world.close()
  const brief = attach(endpoint, { timeout: 200 })
  for (const absent of [() => brief.get("columns/absent"), () => brief.ask("silence")]) {
    try {
      await absent()
    } catch (error) {
      console.log(JSON.stringify({ topic: "absent", came: [error.message.split(" in ")[0]] }))
    }
  }
  for await (const _ of attach(endpoint, { timeout: -1 }).frames("columns/absent")) console.log("something came")
}

main()
