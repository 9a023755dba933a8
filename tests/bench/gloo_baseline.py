"""One rank of an all-reduce with PyTorch's Gloo over loopback; answers in JSON lines. Driven by gloo.ts.

Arguments: rank, size, elements, file for the ranks to find each other. For each line on standard input: one sum.
"""

import json
import sys
import time

import torch
import torch.distributed as dist


def main() -> None:
    rank, size, elements = map(int, sys.argv[1:4])
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{sys.argv[4]}", rank=rank, world_size=size)
    vector = torch.zeros(elements, dtype=torch.float32)
    answer({"version": torch.__version__})
    for _ in sys.stdin:
        vector.fill_(rank + 1)
        began, before = time.perf_counter(), time.process_time()
        dist.all_reduce(vector)
        seconds, processor = time.perf_counter() - began, time.process_time() - before
        expected = size * (size + 1) / 2
        if vector[0].item() != expected or vector[-1].item() != expected:
            raise SystemExit(f"the sum is {vector[0].item()}, not {expected}")
        answer({"seconds": seconds, "cpuSeconds": processor})


def answer(values: dict) -> None:
    print(json.dumps(values), flush=True)


main()
