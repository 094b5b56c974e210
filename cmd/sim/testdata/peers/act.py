"""Act on a world with the client, and print what came of it."""
import sys
import threading

sys.path.insert(0, sys.argv[1])
import orrery


def refused(act, *args, **named):
    try:
        act(*args, **named)
    except orrery.Refused as e:
        return e.code


def wrong(act, *args, **named):
    try:
        act(*args, **named)
    except (TypeError, ValueError) as e:
        return str(e)


keys = tuple(arg.encode() for arg in sys.argv[3].split(",")) if len(sys.argv) > 3 else None
with orrery.attach(sys.argv[2], keys=keys, timeout=20) as world:
    world.ask("pause")
    early = world.call("who")
    print(early.ok, early.error)
    world.ask("resume")
    print(world.outcome(early).ok)
    put = world.call("put", "x", [1, 2.5, None], ttl=3)
    print(put.ok, put.value, put.provider, put.took)
    print(world.call("get", "x").value)
    print(world.call("get", named={"key": "x"}).value, world.call("put", ttl=4, named={"value": 1, "key": "x"}).value)
    print(wrong(world.call, "get", key="x"))
    print(wrong(world.call, "never", timeout="10"))
    print(refused(world.publish, "news/a", "x" * 65536))
    print(world.call("never", timeout="10.5ms").took)
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
    print(world.call("who", policy="all", timeout=0.2).values)
    failed = world.call("get", "y", policy="all", timeout=0.2)
    print(failed.ok, [name for name, _ in failed.errors], failed.values)
    world.ask("pause")
    taken = world.set_param("fanout", 8, node="store")
    print(taken.ok, taken.error, taken.pending > 0, world.outcome(taken).pending == taken.pending)
    world.ask("resume")
    done = world.outcome(taken)
    print(done.ok, done.value.value, done.tick == taken.tick, refused(world.outcome, 10**9))
    with orrery.attach(sys.argv[2], keys=keys) as other:
        soon = threading.Timer(0.5, other.ask, ["pause"])
        soon.start()
        held = world.call("never", timeout=1.0)
        soon.join()
        print(held.ok, held.error, held.pending > 0)
    world.ask("resume")
    world.ask("pace", pace=10)
    print(world.outcome(held).error)
    world.ask("pace", pace=0)
