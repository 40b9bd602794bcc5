#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the student learns from labels that Foothold makes of synthetic clips.

    python3 tests/bench/student_learning.py learn --build build --work /tmp/learn
    python3 tests/bench/student_learning.py quality --build build --work /tmp/quality --people 2

`learn` makes clips, labels them (recorded perception, default noise), trains a small student from random
weights and compares it, on held-out clips and against their truth, with its untrained self and with a student
that says the mean relative motion of the training set of every pair. Exit code 1 unless the trained one has
half the errors of the untrained one and smaller ones than the mean.

`select` corrupts 30 % of the labels (corrupt_labels) and keeps those whose residuals (label_residuals) are small.
`quality` goes on from there: for each seed it trains on the kept ones, and on as many drawn from all.

What is done already is not done again: the same command goes on where it was stopped.
"""

import argparse
import array
import collections
import json
import os
import random
import shutil
import statistics
import struct
import subprocess
import sys

NETWORK = {
    "patch_size": 8, "enc_embed_dim": 64, "enc_depth": 2, "enc_num_heads": 2, "dec_embed_dim": 64, "dec_depth": 2,
    "dec_num_heads": 2, "mlp_ratio": 2.0, "norm_eps": 1e-06, "rope_base": 100.0, "hooks": [0, 1, 1, 2],
    "head_layer_dims": [4, 4, 4, 4], "head_feature_dim": 4, "head_last_dim": 4, "local_feature_hidden_factor": 0.5,
    "desc_dim": 4, "depth_mode": "exp", "conf_mode": "exp, vmin 1", "desc_conf_mode": "exp, vmin 0",
    "desc_mode": "norm", "roi_conv_channels": 32, "head_dropout": 0.0}
# As released, relative motion hardly counts beside the scene.
LOSS_WEIGHTS = {"rel_translation": 3, "rel_rotation": 30, "contact_static": 0.2, "contact_scale": 0.3, "depth": 0.3}
SIDE_PX = 96  # Of the clips.
STUDENT_SIDE_PX = 32
FOCAL_PX = 200  # People fill two thirds of the picture.
HELD_OUT_SEED = 100001
LIMIT = 3  # Residuals above so many times their median over all labels are too large.
ERRORS = ("rel_translation_error", "rel_rotation_deg", "motion_mpjpe_mm")


def run(command, log=None):
    result = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=dict(os.environ, OMP_NUM_THREADS="1"))
    if log:
        with open(log, "w", encoding="utf-8") as file:
            file.write(result.stdout)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)} failed with {result.returncode}:\n{result.stdout[-4000:]}")
    return result.stdout


class Bench:
    """Folders and programs of one run."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.foothold = f"{arguments.build}/bin/foothold"
        os.makedirs(arguments.work, exist_ok=True)
        self.network = self.path("network.json")
        with open(self.network, "w", encoding="utf-8") as file:
            json.dump(NETWORK, file)

    def path(self, *names):
        return os.path.join(self.arguments.work, *names)

    def once(self, name, work):
        """Runs `work` unless a run before has."""
        done = self.path(f"{name}.done")
        if os.path.exists(done):
            return
        print(f"{name} ...", file=sys.stderr, flush=True)
        work()
        with open(done, "w", encoding="utf-8"):
            pass

    def synthesise(self, name, clips, people, seed):
        self.once(name, lambda: run([
            self.foothold, "synth", self.path(name), "--clips", str(clips), "--seed", str(seed),
            "--synthetic.num_frames", str(self.arguments.frames), "--synthetic.width", str(SIDE_PX),
            "--synthetic.height", str(SIDE_PX), "--synthetic.focal_px", str(FOCAL_PX),
            "--synthetic.num_people", str(people), "--synthetic.keyframe_interval", "4",
            "--run.threads", "1"]))

    def videos(self, name):
        return sorted(self.path(name, file) for file in os.listdir(self.path(name)) if file.endswith(".mp4"))

    def label(self, name, clips):
        self.once(name, lambda: run([
            self.foothold, "label", *self.videos(clips), "-o", self.path(name), "--perception", "recorded",
            "--run.threads", "1"]))

    def data(self):
        # With one person, the world motion predicted is that of the person, wherever it is put in the camera.
        self.synthesise("held_out", self.arguments.held_out, 1, HELD_OUT_SEED)
        self.synthesise("train", self.arguments.clips, self.arguments.people, self.arguments.first_seed)
        self.label("labels", "train")

    def train(self, name, labels, seed, steps, rate):
        a = self.arguments
        self.once(name, lambda: run([
            f"{a.build}/bin/train_student", "--labels", labels, "--held-out", self.path("held_out"),
            "--output", self.path(name), "--data.packs", self.path("packs"),
            "--data.width", str(STUDENT_SIDE_PX), "--data.height", str(STUDENT_SIDE_PX), "--data.threads", "1",
            "--data.min_gap_frames", str(a.gap), "--data.max_gap_frames", str(a.gap),
            "--train.held_out_kind", "truth", "--train.network", self.network, "--train.seed", str(seed),
            "--train.steps", str(steps), "--train.global_batch", str(a.batch), "--train.learning_rate", str(rate),
            "--train.min_learning_rate", "0", "--train.backbone_rate", "1", "--train.layer_decay", "1",
            "--train.warmup_steps", str(min(100, steps // 4)), "--train.ema_decay", str(a.ema),
            "--train.validate_every", str(max(1, steps // 5)),
            "--train.validation_batches", str(a.validation_batches), "--train.checkpoint_every", str(steps),
            *(word for term, weight in LOSS_WEIGHTS.items() for word in (f"--train.{term}_weight", str(weight)))],
            self.path(f"{name}.log")))

    def events(self, name, event):
        with open(self.path(name, "log.jsonl"), encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        return [line for line in lines if line["event"] == event]

    def predict(self, name, model):
        a = self.arguments
        self.once(name, lambda: run([
            self.foothold, "predict", *self.videos("held_out"), "-o", self.path(name), "--perception", "recorded",
            "--predict.model", model, "--predict.gap_frames", str(a.gap), "--predict.image_side_px", str(STUDENT_SIDE_PX),
            "--run.threads", "1"]))

    def w_mpjpe_mm(self, name):
        """Of every held-out clip."""
        text = run([f"{self.arguments.build}/bin/score_labels", self.path(name), self.path("held_out")])
        return [float(line.split()[1]) for line in text.splitlines()]


def write_constant_student(model, translation, rotation, path):
    """A copy of a student's weights that says one relative motion of every pair."""
    with open(model, "rb") as file:
        data = bytearray(file.read())
    header_end = 8 + struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:header_end])

    def fill(name, rows):
        begin, end = header[name]["data_offsets"]
        width = (end - begin) // 4 // len(rows)
        values = array.array("f", [value for value in rows for _ in range(width)])
        data[header_end + begin:header_end + end] = values.tobytes()

    for head, motion in (("rel_trans_head", translation), ("rel_rot_head", rotation)):
        layers = f"{head}.head_layers"
        # The first layer gives ones, the residual blocks add nothing, the last layer makes the motion of them.
        fill(f"{layers}.0.1.weight", [0.0])
        fill(f"{layers}.0.1.bias", [1.0])
        for block in (1, 2):
            for norm in ("norm1", "norm2"):
                fill(f"{layers}.{block}.0.{norm}.weight", [0.0])
                fill(f"{layers}.{block}.0.{norm}.bias", [0.0])
        hidden = header[f"{layers}.3.weight"]["shape"][1]
        fill(f"{layers}.3.weight", [value / hidden for value in motion])
        if f"{layers}.3.bias" in header:
            fill(f"{layers}.3.bias", [0.0])
    with open(path, "wb") as file:
        file.write(data)


def scores(validation, prefix=""):
    return [validation[prefix + name] for name in ERRORS]


def learn(bench):
    a = bench.arguments
    bench.data()
    bench.train("untrained", bench.path("labels"), a.seed, 1, 0)
    bench.train("trained", bench.path("labels"), a.seed, a.steps, a.rate)
    motion = bench.events("trained", "mean_motion")[0]
    mean_model = bench.path("mean.safetensors")
    write_constant_student(bench.path("trained", "model.safetensors"),
                           [motion[f"rel_translation_{i}"] for i in range(3)],
                           [motion[f"rel_rotation_{i}"] for i in range(6)], mean_model)
    models = {"untrained": bench.path("untrained", "model.safetensors"), "mean motion": mean_model,
              "trained": bench.path("trained", "model.safetensors")}
    curve = bench.events("trained", "validation")
    pairwise = {"untrained": scores(bench.events("untrained", "validation")[-1]),
                "mean motion": scores(curve[-1], "mean_motion/"), "trained": scores(curve[-1])}
    clips = {}
    for name, model in models.items():
        folder = "predicted_" + name.replace(" ", "_")
        bench.predict(folder, model)
        clips[name] = bench.w_mpjpe_mm(folder)

    print("| held-out clips | W-MPJPE mm, mean | median | rel. translation error % | rel. rotation error deg | "
          "second body mm |\n|---|---|---|---|---|---|")
    for name in models:
        share, angle, joints = pairwise[name]
        print(f"| {name} | {statistics.mean(clips[name]):.0f} | {statistics.median(clips[name]):.0f} | "
              f"{100 * share:.1f} | {angle:.2f} | {joints:.1f} |")
    print("\n| step | training loss | held-out loss | rel. translation error % | rel. rotation error deg | "
          "second body mm |\n|---|---|---|---|---|---|")
    losses = {line["step"]: line["loss"] for line in bench.events("trained", "train")}
    for line in curve:
        share, angle, joints = scores(line)
        near = [loss for step, loss in losses.items() if abs(step - line["step"]) <= 50]
        print(f"| {line['step']} | {statistics.mean(near):.3f} | {line['loss']:.3f} | {100 * share:.1f} | {angle:.2f} | "
              f"{joints:.1f} |")
    results = {name: (statistics.mean(clips[name]), pairwise[name][0]) for name in models}
    good = True
    for index, what in enumerate(("W-MPJPE", "relative translation")):
        trained, untrained, mean = (results[name][index] for name in ("trained", "untrained", "mean motion"))
        print(f"\n{what}: {100 * (1 - trained / untrained):.1f} % below the untrained student, "
              f"{100 * (1 - trained / mean):.1f} % below the mean motion")
        good = good and trained <= (1 - a.least) * untrained and (trained < mean or a.no_mean)
    return 0 if good else 1


def residuals(bench):
    """Residuals by label: {file: {name: value}}."""
    output = bench.path("residuals.txt")
    bench.once("residuals", lambda: run(
        [f"{bench.arguments.build}/bin/label_residuals", bench.path("corrupted"), bench.path("train")], output))
    table = {}
    with open(output, encoding="utf-8") as file:
        for line in file:
            words = line.split()
            table[words[0]] = {name: float(value) for name, value in zip(words[1::2], words[2::2])}
    return table


def kept_labels(table):
    """Labels of which no residual is more than LIMIT times the median over all labels."""
    names = list(next(iter(table.values())))
    middle = {name: statistics.median(row[name] for row in table.values()) for name in names}
    return sorted(file for file, row in table.items() if all(row[name] <= LIMIT * middle[name] for name in names))


def write_list(bench, name, files):
    path = bench.path(f"{name}.txt")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(f"corrupted/{label}\n" for label in sorted(files))
    return path


def corrupt(bench):
    """The kind of corruption, or "sound", by label."""
    bench.data()
    bench.once("corrupted", lambda: run([f"{bench.arguments.build}/bin/corrupt_labels", bench.path("labels"),
                                         bench.path("corrupted")], bench.path("kinds.txt")))
    with open(bench.path("kinds.txt"), encoding="utf-8") as file:
        return dict(line.split() for line in file)


def print_selection(kinds, table, kept):
    names = list(next(iter(table.values())))
    print("| labels | of all | kept | " + " | ".join(f"median {name}" for name in names) + " |\n|---|---|---|" +
          "---|" * len(names))
    for kind, count in sorted(collections.Counter(kinds.values()).items()):
        rows = [table[file] for file in kinds if kinds[file] == kind]
        print(f"| {kind} | {count} | {sum(kinds[file] == kind for file in kept)} | " +
              " | ".join(f"{statistics.median(row[name] for row in rows):.3f}" for name in names) + " |")
    print()


def select(bench):
    kinds = corrupt(bench)
    table = residuals(bench)
    kept = kept_labels(table)
    print_selection(kinds, table, kept)
    sound = sum(kind == "sound" for kind in kinds.values())
    kept_sound = sum(kinds[file] == "sound" for file in kept)
    good = len(kept) - kept_sound <= 0.1 * (len(kinds) - sound) and kept_sound >= 0.5 * sound
    return 0 if good else 1


def quality(bench):
    a = bench.arguments
    kinds = corrupt(bench)
    table = residuals(bench)
    kept = kept_labels(table)
    print_selection(kinds, table, kept)
    print(f"{len(kept)} labels in each training set.\n")

    print("| seed | labels | W-MPJPE mm | rel. translation error % | rel. rotation error deg | second body mm |\n"
          "|---|---|---|---|---|---|")
    rows = {"kept": [], "drawn": []}
    for seed in range(a.seed, a.seed + a.seeds):
        sets = {"kept": kept, "drawn": random.Random(seed).sample(sorted(kinds), len(kept))}
        for name, files in sets.items():
            run_name = f"{name}_{seed}"
            bench.train(run_name, write_list(bench, run_name, files), seed, a.steps, a.rate)
            bench.predict(f"predicted_{run_name}", bench.path(run_name, "model.safetensors"))
            row = [statistics.mean(bench.w_mpjpe_mm(f"predicted_{run_name}"))]
            row += scores(bench.events(run_name, "validation")[-1])
            rows[name].append(row)
            print(f"| {seed} | {name} | {row[0]:.0f} | {100 * row[1]:.1f} | {row[2]:.2f} | {row[3]:.1f} |", flush=True)
    print()
    good = True
    for index, what in enumerate(("W-MPJPE", "relative translation", "relative rotation", "second body")):
        gains = [1 - kept_row[index] / drawn_row[index] for kept_row, drawn_row in zip(rows["kept"], rows["drawn"])]
        print(f"{what}: kept against drawn {', '.join(f'{-100 * gain:+.1f} %' for gain in gains)}; "
              f"mean {-100 * statistics.mean(gains):+.1f} %")
        good = good and (index > 1 or statistics.mean(gains) > 0)
    return 0 if good else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("learn", "select", "quality"))
    parser.add_argument("--build", default="build")
    parser.add_argument("--work", required=True, help="folder for everything")
    parser.add_argument("--clips", type=int, default=360)
    parser.add_argument("--held-out", type=int, default=40)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--people", type=int, default=1, help="in each training clip; held-out ones have one")
    parser.add_argument("--first-seed", type=int, default=1, help="of the training clips")
    parser.add_argument("--gap", type=int, default=10, help="frames between the two pictures")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--ema", type=float, default=0.98)
    parser.add_argument("--validation-batches", type=int, default=15)
    parser.add_argument("--seed", type=int, default=1, help="of weights and order; the first of quality")
    parser.add_argument("--seeds", type=int, default=3, help="of quality")
    parser.add_argument("--least", type=float, default=0.5, help="learn: share of the untrained student's errors to lose")
    parser.add_argument("--no-mean", action="store_true", help="learn: need not beat the mean motion")
    parser.add_argument("--fresh", action="store_true", help="remove the folder first")
    arguments = parser.parse_args()
    if arguments.fresh:
        shutil.rmtree(arguments.work, ignore_errors=True)
    print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    return {"learn": learn, "select": select, "quality": quality}[arguments.what](Bench(arguments))


if __name__ == "__main__":
    sys.exit(main())
