#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What data-parallel training costs on many GPUs: a model, not a measurement.

A step is a forward and a backward pass of the pairs of one GPU. Gradients become ready evenly over the backward
pass, in buckets of train.bucket_mb; each bucket is summed over all GPUs as soon as it is ready and the one before is
done, as train_student does. A sum of B bytes over n GPUs takes 2 (n - 1) / n B / bandwidth + 2 log2(n) latency. What
is left after the backward pass is exposed. Every GPU keeps its number of pairs, so efficiency is step time without
over step time with communication.

    python3 tests/bench/scaling_model.py                 the table of docs/performance.md
    python3 tests/bench/scaling_model.py --check         the model against tests/bench/overlap_bench.cc

Where the defaults come from: bytes = 4 x parameters (counted by the tests of student/josh3r.h); forward speed from
student_bench on an H200; the rest is stated here and not measured.
"""

import argparse
import math


def exposed_s(backward_s, num_bytes, bucket_bytes, ranks, bandwidth, latency_s):
    """Seconds between the end of the backward pass and that of the last sum."""
    buckets = max(1, math.ceil(num_bytes / bucket_bytes))
    done = 0.0
    for i in range(buckets):
        size = min(bucket_bytes, num_bytes - i * bucket_bytes)
        ready = backward_s * min(1.0, (i + 1) * bucket_bytes / num_bytes)
        done = max(done, ready) + 2 * (ranks - 1) / ranks * size / bandwidth + 2 * math.log2(ranks) * latency_s
    return done - backward_s


TRAINED, TRAINED_FROZEN = 754037908, 65399052  # Parameters.
# Bytes per second, one direction: between the GPUs of a node of 8, and of all network cards of a node together. A
# ring passes each of them once; with several cards there are several rings.
NETWORKS = {
    "8 x 400 Gb/s": (450e9, 400e9),
    "1 x 400 Gb/s": (450e9, 50e9),
    "1 x 100 Gb/s": (450e9, 12.5e9),
}


def print_table(arguments):
    forward_s = arguments.pairs / arguments.pairs_per_s
    print(f"{arguments.pairs} pairs per GPU: forward {forward_s * 1e3:.0f} ms, "
          f"backward of all {arguments.backward * forward_s * 1e3:.0f} ms, "
          f"buckets of {arguments.bucket_mb} MB, links at {100 * arguments.attained:.0f} % of their speed\n")
    counts = [8, 16, 64, 128, 512]
    print("| trained | cards per node | " + " | ".join(f"{n} GPUs" for n in counts) + " |")
    print("|---|---|" + "--:|" * len(counts))
    for name, parameters in (("all, 3.02 GB", TRAINED), ("backbone frozen, 0.26 GB", TRAINED_FROZEN)):
        # Of a frozen backbone nothing is derived: the backward pass shrinks with the parameters.
        backward_s = arguments.backward * forward_s * parameters / TRAINED
        for network, (inside, between) in NETWORKS.items():
            cells = []
            for ranks in counts:
                bandwidth = arguments.attained * (inside if ranks <= 8 else min(inside, between))
                left = exposed_s(backward_s, 4 * parameters, arguments.bucket_mb * 1e6, ranks, bandwidth,
                                 arguments.latency_us * 1e-6)
                step_s = forward_s + backward_s
                cells.append(f"{100 * step_s / (step_s + left):.1f} %")
            print(f"| {name} | {network} | " + " | ".join(cells) + " |")


def check():
    """A link that takes half of the backward pass, ten buckets, two ranks."""
    backward_s, num_bytes = 0.055, 2.5e6
    bandwidth = num_bytes / (backward_s / 2)
    left = exposed_s(backward_s, num_bytes, num_bytes / 10, 2, bandwidth, 0)
    print(f"communication {backward_s / 2 * 1e3:.1f} ms of backward {backward_s * 1e3:.0f} ms in 10 buckets: "
          f"{100 * (1 - left / (backward_s / 2)):.1f} % hidden by the model")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=8, help="per GPU and step")
    parser.add_argument("--pairs-per-s", type=float, default=116, help="of the forward pass")
    parser.add_argument("--backward", type=float, default=2, help="times the forward pass")
    parser.add_argument("--bucket-mb", type=float, default=25, help="train.bucket_mb")
    parser.add_argument("--attained", type=float, default=0.8, help="share of the links' speed")
    parser.add_argument("--latency-us", type=float, default=10, help="of one hop")
    parser.add_argument("--check", action="store_true", help="compare with overlap_bench")
    arguments = parser.parse_args()
    check() if arguments.check else print_table(arguments)


if __name__ == "__main__":
    main()
