"""Watch topics one after the other, as TOPIC=COUNT says, and print what comes of each."""
import json
import sys

sys.path.insert(0, sys.argv[1])
if sys.argv[3] == "plain":
    sys.modules["numpy"] = None  # as if it were not installed
import orrery

with orrery.attach(sys.argv[2], timeout=20) as world:
    for wanted in sys.argv[4:]:
        topic, _, count = wanted.partition("=")
        came = []
        try:
            for _, seen in zip(range(int(count)), world.frames(topic)):
                came.append("%d:%08x:%d" % (seen.tick, seen.digest(), seen.missed))
        except (orrery.Gap, orrery.Malformed, orrery.Refused) as error:
            came.append(type(error).__name__)
            print(topic, error, file=sys.stderr)
        print(json.dumps({"topic": topic, "came": came}), flush=True)
    world.timeout = 0.2
    for absent in (lambda: world.get("columns/absent"), lambda: world.ask("silence")):
        try:
            absent()
        except TimeoutError as error:
            print(json.dumps({"topic": "absent", "came": [str(error).partition(" in ")[0]]}), flush=True)
    world.timeout = None
    for seen in world.frames("columns/absent"):  # until it is interrupted
        print("something came", flush=True)
