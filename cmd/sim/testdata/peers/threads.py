"""Act on a world from several threads with one client, and print what came of it."""
import asyncio
import concurrent.futures
import sys

sys.path.insert(0, sys.argv[1])
import orrery


async def ask_at_once(world, names):
    return await asyncio.gather(*(asyncio.to_thread(world.call, "get", name) for name in names))


keys = tuple(arg.encode() for arg in sys.argv[3].split(",")) if len(sys.argv) > 3 else None
with orrery.attach(sys.argv[2], keys=keys, timeout=20) as world, concurrent.futures.ThreadPoolExecutor(8) as pool:
    slow = [pool.submit(world.call, "never", timeout=20) for _ in range(3)]
    puts = list(pool.map(lambda i: world.call("put", "k%d" % i, i).ok, range(60)))
    print(puts.count(True), [reply.value for reply in asyncio.run(ask_at_once(world, ["k%d" % i for i in range(20)]))])
    print(world.param("fanout").value, [late.done() for late in slow])
    world.ask("pace", pace=0)
    print([late.result().error for late in slow])
