"""Look at a meadow, slowly, and then no more, or at its end all that comes."""
import json
import sys
import time

sys.path.insert(0, sys.argv[1])
import orrery

what, endpoint = sys.argv[2:]
with orrery.attach(endpoint, timeout=30) as world:
    if what == "stops":
        world._frames.subscribe("columns/blade")
        time.sleep(3600)
    frames = 0
    for seen in world.frames("columns/blade", "clock"):
        if seen.topic == "clock":
            print(json.dumps({"clock": seen.value["tick"], "ended": seen.value["ended"]}), flush=True)
            if seen.value["ended"]:
                break
            continue
        print(json.dumps({"seq": seen.seq, "missed": seen.missed, "tick": seen.tick, "crc": seen.digest()}), flush=True)
        frames += 1
        if frames < 15:
            time.sleep(0.3)
