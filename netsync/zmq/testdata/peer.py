"""The pyzmq side of the tests: peer.py PLAN, a JSON object, and lines of JSON out."""
import hashlib, json, sys
import zmq
from zmq.utils.monitor import recv_monitor_message

plan = json.loads(sys.argv[1])
context = zmq.Context()
monitors = []


def socket(kind):
    s = context.socket(getattr(zmq, kind))
    s.linger = 500
    s.rcvtimeo = s.sndtimeo = 120000
    s.rcvhwm = plan.get("hwm", 1000)
    silence = plan.get("silence_ms", 60000)
    s.setsockopt(zmq.HEARTBEAT_IVL, plan.get("beat_ms", 50))
    s.setsockopt(zmq.HEARTBEAT_TIMEOUT, silence)
    s.setsockopt(zmq.HEARTBEAT_TTL, silence)
    s.setsockopt(zmq.RECONNECT_IVL, 20)
    if "server" in plan:
        s.curve_serverkey = plan["server"].encode()
        s.curve_publickey = plan["public"].encode()
        s.curve_secretkey = plan["secret"].encode()
    if "identity" in plan:
        s.identity = plan["identity"].encode()
    if plan["do"] == "refused":
        monitors.append(s.get_monitor_socket())  # before anything can happen
    s.connect(plan["endpoint"])
    return s


def say(**what):
    print(json.dumps(what), flush=True)


if plan["do"] == "sub":
    s = socket("SUB")
    for prefix in plan["prefixes"]:
        s.subscribe(prefix)
    while True:
        parts = s.recv_multipart()
        digest = hashlib.sha256(b"".join(parts[1:])).hexdigest()
        say(topic=parts[0].decode(), text=parts[1][:40].decode(), parts=len(parts), sha256=digest)
        if parts[0] == b"end":
            break
elif plan["do"] == "ask":
    s = socket(plan["socket"])
    for i in range(plan["count"]):
        s.send_multipart([b"get", b"%d" % i])
        say(reply=[p.decode() for p in s.recv_multipart()])
elif plan["do"] == "refused":
    s = socket("SUB")
    s.subscribe("")
    while True:
        e = recv_monitor_message(monitors[0])
        if e["event"] in (zmq.EVENT_HANDSHAKE_FAILED_AUTH, zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL, zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL, zmq.EVENT_DISCONNECTED):
            say(event=zmq.Event(e["event"]).name, value=e["value"])
            break
    s.disable_monitor()
context.destroy()
