"""Times PyTorch's convolutions on two threads, for conv_bench.ts.

Reads {"layers": [[name, N, C, H, W, K, kernel, stride, padding], ...], "gemm": side} from stdin and
writes {name: {"forward": time, "data": time, "weights": time}, "gemm": time, "version": ...}, a time
being milliseconds {"clock": by the clock, "processor": processor time over two cores}.
"""

import json
import sys
import time

import torch
import torch.nn.functional as functional
from torch.nn.grad import conv2d_input, conv2d_weight

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
    for name, n, c, h, w, k, kernel, stride, padding in request["layers"]:
        x, weight = torch.randn(n, c, h, w), torch.randn(k, c, kernel, kernel)
        step = {"stride": stride, "padding": padding}
        y = functional.conv2d(x, weight, **step)
        gradient = torch.randn_like(y)
        answer[name] = {
            "forward": milliseconds(lambda: functional.conv2d(x, weight, **step)),
            "data": milliseconds(lambda: conv2d_input(x.shape, weight, gradient, **step)),
            "weights": milliseconds(lambda: conv2d_weight(x, weight.shape, gradient, **step)),
        }
    side = request["gemm"]
    a, b = torch.randn(side, side), torch.randn(side, side)
    answer["gemm"] = milliseconds(lambda: a @ b, 15)
json.dump(answer, sys.stdout)
