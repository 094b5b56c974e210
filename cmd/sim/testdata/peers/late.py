"""Export a column, have a call time out, and print what is there afterwards."""
import json
import sys
import time

sys.path.insert(0, sys.argv[1])
import orrery


def say(value):
    print(json.dumps(value, separators=(",", ":")), flush=True)


with orrery.attach(sys.argv[2], timeout=20) as world:
    topic = world.ask("export", export={"program": "store", "fields": ["n"]})["ok"]["topics"][0]
    world.timeout = 1
    try:
        world.call("late", timeout=60)
    except TimeoutError as error:
        say(str(error))
    world.timeout = 20
    time.sleep(6)  # the reply to it comes
    say(world.call("soon").value)
    say([table["topic"] for table in world.schema["tables"] if table["topic"] == topic])
    say([table.topic for _, table in zip(range(3), world.frames(topic))])
