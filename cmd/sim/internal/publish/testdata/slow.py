"""Look at a meadow and stop, or slowly, a frame for each line that comes, and at
its end at all."""
import json
import sys
import time

import zmq

sys.path.insert(0, sys.argv[1])
import orrery

what, endpoint = sys.argv[2:]
if what == "stops":
    # Without heartbeats, by which it would cut itself before it is cut.
    socket = zmq.Context.instance().socket(zmq.SUB)
    socket.rcvhwm = 1
    socket.reconnect_ivl = -1
    socket.subscribe("columns/blade")
    socket.connect(endpoint)
    time.sleep(3600)
with orrery.attach(endpoint, timeout=120) as world:
    slow = True
    for seen in world.frames("columns/blade", "clock"):
        if seen.topic == "clock":
            print(json.dumps({"clock": seen.value["tick"], "ended": seen.value["ended"]}), flush=True)
            if seen.value["ended"]:
                break
            continue
        print(json.dumps({"seq": seen.seq, "missed": seen.missed, "tick": seen.tick, "crc": seen.digest()}), flush=True)
        slow = slow and sys.stdin.readline() != ""
