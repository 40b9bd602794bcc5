#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How much work a SIGKILL in the middle of a video costs.

Labels a video once, then again and again from nothing, killed once at a moment drawn evenly over the work and started
again. Work is CPU time on one thread, so a busy machine does not matter; repeated is what both processes took beyond
the undisturbed one, starting up included. The labels must be the same bytes.

    python3 tests/bench/repeated_work.py VIDEO --build build [--kills 8] [--seed 1]
"""

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_s(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def label(arguments, output, kill_at_s=None):
    """CPU seconds of a labelling, killed when it has taken so many; None: to its end."""
    process = subprocess.Popen([f"{arguments.build}/bin/foothold", "label", arguments.video, "--output", output,
                                "--run.threads", "1", "--run.log_level", "error"], stdout=subprocess.DEVNULL)
    while kill_at_s is not None and cpu_s(process.pid) < kill_at_s:
        time.sleep(0.02)
    if kill_at_s is not None:
        process.send_signal(signal.SIGKILL)
    _, status, usage = os.wait4(process.pid, 0)
    if kill_at_s is None and status != 0:
        sys.exit(f"foothold label failed with status {status}")
    return usage.ru_utime + usage.ru_stime


def hashes(output):
    out = {}
    for name in sorted(os.listdir(output)):
        if name.endswith(".h5"):
            with open(os.path.join(output, name), "rb") as file:
                out[name] = hashlib.sha256(file.read()).hexdigest()
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video")
    parser.add_argument("--build", default="build")
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    moments = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        undisturbed_s = label(arguments, f"{folder}/whole")
        expected = hashes(f"{folder}/whole")
        print(f"undisturbed: {undisturbed_s:.1f} s of CPU time, {len(expected)} labels")
        worst_s = 0.0
        for kill in range(arguments.kills):
            output = f"{folder}/{kill}"
            at_s = moments.uniform(0.02, 0.98) * undisturbed_s
            taken_s = label(arguments, output, at_s) + label(arguments, output)
            if hashes(output) != expected:
                sys.exit(f"killed at {at_s:.1f} s: the labels differ")
            worst_s = max(worst_s, taken_s - undisturbed_s)
            print(f"killed at {at_s:5.1f} s: {taken_s - undisturbed_s:5.1f} s repeated", flush=True)
        print(f"at most {worst_s:.1f} s of work repeated per kill")


if __name__ == "__main__":
    main()
