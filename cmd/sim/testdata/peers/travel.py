"""Follow a table wherever the run goes: four frames, then to each moment (in ms)
that is named, "restart" being another run at the same endpoint."""
import json
import sys

sys.path.insert(0, sys.argv[1])
if sys.argv[2] == "plain":
    sys.modules["numpy"] = None  # as if it were not installed
import orrery

with orrery.attach(sys.argv[3], timeout=60) as world:
    places = sys.argv[4:]
    since, seen, run = 0, 0, None
    for table in world.watch("member"):
        if run is None:
            run = table.run
        if table.epoch < since or places[:1] == ["leave"] and table.run == run:
            continue
        if places[:1] == ["leave"]:
            places, since = places[1:], 0
        print(json.dumps({"run": table.run, "epoch": table.epoch, "tick": table.tick, "crc": table.digest()}), flush=True)
        seen += 1
        if seen % 4:
            continue
        if not places:
            break
        if places[0] == "restart":
            places[0] = "leave"
            continue
        reply = world.ask("go", at_ns=int(places.pop(0)) * 10**6)
        since = reply["ok"]["epoch"]
