"""Act on a world with the client, and print what came of it."""
import sys

sys.path.insert(0, sys.argv[1])
import orrery


def refused(act, *args, **named):
    try:
        act(*args, **named)
    except orrery.Refused as e:
        return e.code


keys = tuple(arg.encode() for arg in sys.argv[3].split(",")) if len(sys.argv) > 3 else None
with orrery.attach(sys.argv[2], keys=keys, timeout=20) as world:
    world.ask("pause")
    print(refused(world.call, "put", "a", 1))
    world.ask("resume")
    put = world.call("put", "x", [1, 2.5, None], ttl=3)
    print(put.ok, put.value, put.provider, put.took)
    print(world.call("get", "x").value)
    late = world.call("late", "x", timeout=0.5, node="client")
    print(late.value, late.took)
    print(world.call("get", "y").error.endswith("no y"), world.call("never", timeout=0.01).error)
    print(world.call("who", to="@all", need=2, timeout=0.2).values)
    print(world.call("who", policy="hash", key="k").ok)
    print(world.publish("news/a", {"wind": 7}).ok, world.publish("news/b", {"$node": "store"}, node="client").ok)
    first = world.set_param("fanout", 5, node="store")
    print(first.ok, first.value.value, first.value.version)
    again = world.set_param("fanout", 6, node="store", version=[7, "store"])
    print(again.ok, again.error, again.value.value)
    print(world.set_param("fanout", 6, node="store", version=first.value.version).ok, world.param("fanout", node="store").value)
    print(world.push("orders", "o").ok, world.send("st*", "reset", by="me").ok)
    print(refused(world.call, "nothing"), refused(world.push, "orders", 1, node="store"), refused(world.send, "x*", "reset"))
    world.call("late", "x", timeout=0.5)  # what is under way has come by then
    print(world.call("seen", timeout=0.2).value)
    world.ask("pace", pace=0)
