"""Draw fields of a running world as they change.

    python3 plot.py tcp://127.0.0.1:5570 client sent

Needs matplotlib, beside what orrery.py does.
"""

import sys

import orrery


def follow(world, program, field):
    """Yield times and, for each node of a program, its values so far."""
    topic, = world.ask("export", export={"program": program, "fields": [field]})["ok"]["topics"]
    times, lines = [], []
    for table in world.frames(topic):
        if len(lines) != len(table):  # nodes were born, or have died
            times, lines = [], [[] for _ in range(len(table))]
        times.append(table.tick)
        for line, value in zip(lines, table[field]):
            line.append(value)
        yield times, lines


def main(endpoint, program, field):
    import matplotlib.pyplot as plt

    with orrery.attach(endpoint) as world:
        tick_ns = world.schema["tick_ns"]
        plt.ion()
        axes = plt.subplots()[1]
        for times, lines in follow(world, program, field):
            axes.clear()
            axes.set(xlabel="simulated time, s", ylabel=field, title=program)
            for line in lines:
                axes.plot([t * tick_ns / 1e9 for t in times], line)
            plt.pause(0.01)
        plt.ioff()
        plt.show()  # the run has ended


if __name__ == "__main__":
    main(*sys.argv[1:4])
