"""Ask while nobody is there, and, still in the handler of that, ask again."""
import sys
import time

sys.path.insert(0, sys.argv[1])
import orrery

with orrery.attach(sys.argv[2], timeout=0.3) as world:
    try:
        world.publish("news", "given up")
    except TimeoutError:
        print("gave up", flush=True)
        world.timeout = 60
        world.publish("news", "asked again")
        time.sleep(1)  # what was given up may come
