"""Print messages of a world, one by one, and then how many were left out."""
import json
import sys

sys.path.insert(0, sys.argv[1])
import orrery

with orrery.attach(sys.argv[2], timeout=20) as world:
    messages = world.messages(kinds=["hop"], nodes=["member[1*]"], per_second=int(sys.argv[3]))
    shown = iter(messages)
    while not messages.left_out:
        print(json.dumps(next(shown)), flush=True)
    shown.close()
    print(json.dumps({"left": messages.left_out}))
