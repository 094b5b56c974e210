"use strict"
// Prints the mean of every exported column, a few times a second.
//     node watch.js tcp://127.0.0.1:5570 client

const { attach } = require("./orrery.js")

async function main([endpoint = "tcp://127.0.0.1:5570", ...names]) {
  const world = attach(endpoint)
  for await (const table of world.watch(...names)) {
    const means = Object.entries(table.columns).map(([name, values]) => {
      let sum = 0
      for (const v of values) sum += Number(v)
      return `${name} ${(sum / table.rows).toFixed(2)}`
    })
    console.log(table.tick, table.name, means.join("  "))
  }
}

main(process.argv.slice(2))
