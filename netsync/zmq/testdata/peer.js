// The node side of the tests: peer.js PLAN, a JSON object, and lines of JSON out.
const zmq = require("zeromq")
const {createHash} = require("crypto")

const plan = JSON.parse(process.argv[2])
const silence = plan.silence_ms ?? 60000
const options = {
  linger: 500, receiveTimeout: 120000, reconnectInterval: 20,
  heartbeatInterval: plan.beat_ms ?? 50, heartbeatTimeout: silence, heartbeatTimeToLive: silence,
}
if (plan.server) {
  options.curveServerKey = plan.server
  options.curvePublicKey = plan.public
  options.curveSecretKey = plan.secret
}
if (plan.identity) options.routingId = plan.identity
const say = what => console.log(JSON.stringify(what))

async function sub() {
  const socket = new zmq.Subscriber(options)
  socket.connect(plan.endpoint)
  socket.subscribe(...plan.prefixes)
  for await (const parts of socket) {
    const digest = createHash("sha256").update(Buffer.concat(parts.slice(1))).digest("hex")
    const topic = parts[0].toString()
    say({topic, text: parts[1].subarray(0, 40).toString(), parts: parts.length, sha256: digest})
    if (topic === "end") break
  }
  socket.close()
}

async function ask() {
  const socket = plan.socket === "REQ" ? new zmq.Request(options) : new zmq.Dealer(options)
  socket.connect(plan.endpoint)
  for (let i = 0; i < plan.count; i++) {
    await socket.send(["get", String(i)])
    say({reply: (await socket.receive()).map(String)})
  }
  socket.close()
}

const run = {sub, ask}[plan.do]
run().catch(err => { console.error(err); process.exit(1) })
