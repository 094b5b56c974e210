"""Follow tables of a world with the client, and print what was seen of each frame."""
import json
import sys

sys.path.insert(0, sys.argv[1])
if "plain" in sys.argv:
    sys.modules["numpy"] = None  # as if it were not installed
import orrery

keys = None
if len(sys.argv) > 4 and sys.argv[4] != "plain":
    keys = tuple(arg.encode() for arg in sys.argv[4].split(","))
with orrery.attach(sys.argv[2], keys=keys, timeout=20) as world:
    print(json.dumps({"rows": world.keys("member")[:2], "topics": len(world.schema["topics"])}), flush=True)
    seen = 0
    for table in world.watch("member"):
        print(json.dumps({"tick": table.tick, "crc": table.digest(), "missed": table.missed, "seq": table.seq}), flush=True)
        seen += 1
        if seen == int(sys.argv[3]):
            break
