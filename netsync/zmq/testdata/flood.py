"""The benchmark's peer: flood.py sub ENDPOINT | pub COUNT BYTES."""
import sys, time
import zmq

context = zmq.Context()
if sys.argv[1] == "sub":
    s = context.socket(zmq.SUB)
    s.rcvhwm = 100
    s.subscribe("")
    s.connect(sys.argv[2])
    n = size = 0
    s.recv_multipart(copy=False)
    began = time.perf_counter()
    while True:
        parts = s.recv_multipart(copy=False)
        if len(parts) == 1:
            break
        n += 1
        size += len(parts[2])
    print(n, size, time.perf_counter() - began, flush=True)
else:
    count, size = int(sys.argv[2]), int(sys.argv[3])
    s = context.socket(zmq.XPUB)
    s.setsockopt(zmq.XPUB_NODROP, 1)  # waits, as who must lose nothing has to
    s.sndhwm = 100
    print(s.bind_to_random_port("tcp://127.0.0.1"), flush=True)
    s.recv()
    header, body = b'{"v": 1}' * 10, b"x" * size
    for i in range(count):
        s.send_multipart([b"topic", header, body], copy=size < 16384)
    s.send(b"end")
    s.linger = -1
context.destroy(linger=10000)
