#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How much faster two ranks label a CPU-bound corpus than one.

Renders small clips, labels them with the classical back end by one rank and by several, each with one
thread, in turns, and prints the ratio of the median times. Run it on an idle machine with at least as many
cores as ranks:

    python3 tests/bench/rank_scaling.py --build build [--ranks 2] [--clips 24] [--repeat 5] [--require 1.8]

Exit code 1 when the ratio is below --require.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile


def run(command):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(
        os.environ,
        OMPI_ALLOW_RUN_AS_ROOT="1",
        OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
        OMPI_MCA_btl_vader_single_copy_mechanism="none"))
    # 4: a rendered clip in which nobody is found costs the same on both sides.
    if result.returncode not in (0, 4):
        sys.exit(f"{' '.join(command)} failed with {result.returncode}:\n{result.stdout}{result.stderr}")
    return result.stdout


def label_s(arguments, videos, output, ranks):
    launcher = ["mpirun", "-n", str(ranks), "--bind-to", "none"] if ranks > 1 else []
    text = run(launcher + [f"{arguments.build}/bin/label_corpus", "--corpus", videos, "--output", output,
                           "--run.threads", "1", "--run.log_level", "error"])
    return float(re.search(r" frames in ([0-9.]+) s on ", text).group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--require", type=float, default=0)
    arguments = parser.parse_args()

    print(f"cores {os.cpu_count()}, load before {os.getloadavg()[0]:.2f}")
    with tempfile.TemporaryDirectory() as folder:
        videos = f"{folder}/videos"
        run([f"{arguments.build}/bin/foothold", "synth", videos, "--clips", str(arguments.clips),
             "--synthetic.num_frames", "48", "--synthetic.width", "320", "--synthetic.height", "240",
             "--synthetic.num_people", "1", "--synthetic.match_stride_px", "16"])
        times = {1: [], arguments.ranks: []}
        for i in range(arguments.repeat):
            for ranks in times:
                times[ranks].append(label_s(arguments, videos, f"{folder}/out-{i}-{ranks}", ranks))
                print(f"{ranks} rank(s): {times[ranks][-1]:.2f} s", flush=True)
    one, several = (statistics.median(times[ranks]) for ranks in (1, arguments.ranks))
    ratio = one / several
    print(f"median {one:.2f} s with 1 rank, {several:.2f} s with {arguments.ranks}: {ratio:.2f} times the throughput")
    return 1 if ratio < arguments.require else 0


if __name__ == "__main__":
    sys.exit(main())
