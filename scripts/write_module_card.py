#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the card of an exported network (MODULE.json beside MODULE), which perception 'networks' reads.

    python3 scripts/write_module_card.py detect.pt --role detect --torch 2.11.0 \\
        --input images:F32:N,3,H,W --output boxes:F32:N,D,4 --output scores:F32:N,D

Tensors stand in the order in which the network takes and returns them. An axis is a number, or a name for a
size that changes. docs/networks.md says what each role needs. Needs nothing but Python.
"""

import argparse
import hashlib
import json
import os
import sys
import tempfile

TYPES = ("F64", "F32", "F16", "BF16", "I64", "I32", "U8", "BOOL")


def tensor(text):
    try:
        name, kind, axes = text.split(":")
        if not name or kind not in TYPES:
            raise ValueError
        shape = [int(axis) if axis.isdigit() else axis for axis in axes.split(",")]
        if any(not axis.isidentifier() for axis in shape if isinstance(axis, str)):
            raise ValueError
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"'{text}' is not NAME:TYPE:AXES, such as images:F32:N,3,H,W; types: {' '.join(TYPES)}") from None
    return {"name": name, "type": kind, "shape": shape}


def setting(text):
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=NUMBER, such as multiple_px=14") from None


def checksum(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("module")
    parser.add_argument("--role", required=True, choices=["detect", "body", "mask", "contact", "depth"])
    parser.add_argument("--torch", required=True, help="version that exported the network, such as 2.11.0")
    parser.add_argument("--device", choices=["cpu", "cuda", "any"], help="default: any; packages (.pt2) need one")
    parser.add_argument("--input", type=tensor, action="append", required=True, metavar="NAME:TYPE:AXES")
    parser.add_argument("--output", type=tensor, action="append", required=True, metavar="NAME:TYPE:AXES")
    parser.add_argument("--setting", type=setting, action="append", default=[], metavar="NAME=NUMBER")
    parser.add_argument("--note", help="text for people: where the weights are from, their licence")
    arguments = parser.parse_args()
    if arguments.module.endswith(".pt2") and arguments.device not in ("cpu", "cuda"):
        parser.error("a package is compiled for one device: give --device cpu or --device cuda")
    card = {"format": "foothold-module", "version": 1, "role": arguments.role,
            "sha256": checksum(arguments.module), "torch": arguments.torch,
            "device": arguments.device or "any", "inputs": arguments.input, "outputs": arguments.output,
            "settings": dict(arguments.setting)}
    if arguments.note:
        card["note"] = arguments.note
    path = arguments.module + ".json"
    with tempfile.NamedTemporaryFile("w", dir=os.path.dirname(path) or ".", delete=False) as file:
        json.dump(card, file, indent=1)
        file.write("\n")
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)
    print(path)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"write_module_card: {error}")
