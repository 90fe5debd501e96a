"""Times PyTorch's convolutions on two threads, for conv_bench.ts.

Reads {"layers": [[name, N, C, size, K, kernel, stride, padding], ...], "gemm": side} from stdin, size
and what follows K being [z, y, x], and writes {name: {"forward": time, "data": time, "weights": time}, "gemm": time, "version": ...}, a time
being milliseconds {"clock": by the clock, "processor": processor time over two cores}.
"""

import json
import sys
import time

import torch
import torch.nn.functional as functional
from torch.nn.grad import conv2d_input, conv2d_weight, conv3d_input, conv3d_weight

torch.set_num_threads(2)


def milliseconds(work, rounds=5):
    work()
    clock, processor = [], []
    for _ in range(rounds):
        start, spent = time.perf_counter(), time.process_time()
        work()
        clock.append((time.perf_counter() - start) * 1e3)
        processor.append((time.process_time() - spent) * 500)
    return {"clock": sorted(clock)[rounds // 2], "processor": sorted(processor)[rounds // 2]}


request = json.load(sys.stdin)
answer = {"version": torch.__version__}
with torch.no_grad():
    for name, n, c, size, k, *window in request["layers"]:
        flat = size[0] == 1
        forward, for_input, for_weight = (
            (functional.conv2d, conv2d_input, conv2d_weight) if flat
            else (functional.conv3d, conv3d_input, conv3d_weight))
        size, kernel, stride, padding = (axes[1:] if flat else axes for axes in (size, *window))
        x, weight = torch.randn(n, c, *size), torch.randn(k, c, *kernel)
        step = {"stride": stride, "padding": padding}
        y = forward(x, weight, **step)
        gradient = torch.randn_like(y)
        answer[name] = {
            "forward": milliseconds(lambda: forward(x, weight, **step)),
            "data": milliseconds(lambda: for_input(x.shape, weight, gradient, **step)),
            "weights": milliseconds(lambda: for_weight(x, weight.shape, gradient, **step)),
        }
    side = request["gemm"]
    a, b = torch.randn(side, side), torch.randn(side, side)
    answer["gemm"] = milliseconds(lambda: a @ b, 15)
json.dump(answer, sys.stdout)
