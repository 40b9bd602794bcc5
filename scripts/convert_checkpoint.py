#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Converts a PyTorch checkpoint (.pth) to the safetensors file that Foothold reads, with the same names.

    python3 scripts/convert_checkpoint.py checkpoint.pth weights.safetensors --config config.json

The configuration is a JSON object with the network's sizes under the released code's names; docs/networks.md
has the one of the full MASt3R ("--config mast3r") and JOSH3R ("--config josh3r"). Needs neither PyTorch nor
NumPy. A checkpoint is a pickle, and a pickle can run code when it is loaded: this script imports nothing that
it names, so it cannot. Weights keep their licence.
"""

import argparse
import json
import os
import pickle
import struct
import sys
import tempfile
import zipfile

MAST3R = {
    "patch_size": 16, "enc_embed_dim": 1024, "enc_depth": 24, "enc_num_heads": 16,
    "dec_embed_dim": 768, "dec_depth": 12, "dec_num_heads": 12, "mlp_ratio": 4, "norm_eps": 1e-06,
    "rope_base": 100.0, "hooks": [0, 6, 9, 12], "head_layer_dims": [96, 192, 384, 768],
    "head_feature_dim": 256, "head_last_dim": 128, "local_feature_hidden_factor": 4, "desc_dim": 24,
    "depth_mode": "exp", "conf_mode": "exp, vmin 1", "desc_conf_mode": "exp, vmin 0", "desc_mode": "norm"}
KNOWN_CONFIGS = {"mast3r": MAST3R, "josh3r": {**MAST3R, "roi_conv_channels": 256, "added_norm_eps": 1e-05}}

# Storage class of PyTorch -> (type in the file, bytes of an item).
STORAGES = {"DoubleStorage": ("F64", 8), "FloatStorage": ("F32", 4), "HalfStorage": ("F16", 2),
            "BFloat16Storage": ("BF16", 2), "LongStorage": ("I64", 8), "IntStorage": ("I32", 4),
            "ByteStorage": ("U8", 1), "BoolStorage": ("BOOL", 1)}


class Problem(Exception):
    """What is wrong with the checkpoint, for the user."""


class Inert:
    """Stands for an object of any class that does not matter here, such as saved command lines."""

    def __init__(self, *args, **kwargs):
        pass

    def __call__(self, *args, **kwargs):
        return Inert()

    def __setstate__(self, state):
        pass

    def __setitem__(self, key, value):
        pass

    def append(self, item):
        pass

    def extend(self, items):
        pass


class Storage:
    def __init__(self, kind, key, numel):
        self.kind, self.key, self.numel = kind, key, numel


class Tensor:
    """A view of a storage, as PyTorch pickles it."""

    def __init__(self, storage, offset, size, stride, *_):
        if not isinstance(storage, Storage):
            raise Problem("a tensor has no storage")
        self.storage, self.offset, self.shape, self.stride = storage, offset, tuple(size), tuple(stride)

    def __setstate__(self, state):
        pass

    def is_contiguous(self):
        expected = 1
        for side, stride in zip(reversed(self.shape), reversed(self.stride)):
            if side != 1 and stride != expected:
                return False
            expected *= side
        return True

    def numel(self):
        count = 1
        for side in self.shape:
            count *= side
        return count


class CheckpointUnpickler(pickle.Unpickler):
    def find_class(self, module, name):
        if module == "collections" and name == "OrderedDict":
            return dict
        if module == "torch._utils" and name in ("_rebuild_tensor_v2", "_rebuild_tensor"):
            return Tensor
        if module == "torch._utils" and name == "_rebuild_parameter":
            return lambda data, *_: data
        if module == "torch" and name in STORAGES:
            return name
        return Inert

    def persistent_load(self, pid):
        if not isinstance(pid, tuple) or len(pid) < 5 or pid[0] != "storage":
            raise Problem("an object refers to something other than a storage")
        return Storage(pid[1], str(pid[2]), int(pid[4]))


def read_checkpoint(path):
    """(archive, prefix of its entries, unpickled object)"""
    if not zipfile.is_zipfile(path):
        raise Problem("is not a zip archive: it is no checkpoint, or one of PyTorch before 1.6; load and save it with a newer "
                      "PyTorch (torch.load with weights_only=True)")
    archive = zipfile.ZipFile(path)
    pickles = [name for name in archive.namelist() if name == "data.pkl" or name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise Problem(f"holds {len(pickles)} entries data.pkl instead of one")
    prefix = pickles[0][:-len("data.pkl")]
    if prefix + "byteorder" in archive.namelist() and archive.read(prefix + "byteorder") != b"little":
        raise Problem("was saved on a big-endian machine")
    with archive.open(pickles[0]) as file:
        try:
            return archive, prefix, CheckpointUnpickler(file).load()
        except Problem:
            raise
        except Exception as error:  # pylint: disable=broad-except  # A damaged pickle raises anything.
            raise Problem(f"its pickle cannot be read: {error!r}") from error


def find_weights(checkpoint, key):
    """The mapping of names to tensors: under `key`, or where checkpoints usually hold it."""
    candidates = [key] if key else ["model", "state_dict", "model_state_dict"]
    if isinstance(checkpoint, dict):
        for candidate in candidates:
            if isinstance(checkpoint.get(candidate), dict):
                checkpoint = checkpoint[candidate]
                break
        else:
            if key:
                raise Problem(f"has no dictionary '{key}'; it has: " + ", ".join(map(str, checkpoint)))
    if not isinstance(checkpoint, dict):
        raise Problem("does not hold a dictionary of tensors")
    weights = {str(name): tensor for name, tensor in checkpoint.items() if isinstance(tensor, Tensor)}
    if not weights:
        raise Problem("holds no tensors; choose its part with --key, one of: " + ", ".join(map(str, checkpoint)))
    return weights


def select(weights, drop):
    return {name: tensor for name, tensor in weights.items() if not any(name.startswith(prefix) for prefix in drop)}


def describe(name, tensor):
    if tensor.storage.kind not in STORAGES:
        raise Problem(f"tensor '{name}' is of type {tensor.storage.kind}, which is not supported")
    kind, item = STORAGES[tensor.storage.kind]
    if not tensor.is_contiguous():
        raise Problem(f"tensor '{name}' is not contiguous; save it with .contiguous()")
    if tensor.offset < 0 or tensor.offset + tensor.numel() > tensor.storage.numel:
        raise Problem(f"tensor '{name}' reaches beyond its storage")
    return kind, item


def write_safetensors(path, archive, prefix, weights, metadata):
    """Largest items first, then by name: as Foothold writes such files itself."""
    order = sorted(weights, key=lambda name: (-describe(name, weights[name])[1], name))
    header, offset = {"__metadata__": metadata}, 0
    for name in order:
        kind, item = describe(name, weights[name])
        size = weights[name].numel() * item
        header[name] = {"dtype": kind, "shape": list(weights[name].shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    folder = os.path.dirname(os.path.abspath(path))
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".convert-", delete=False) as out:
        try:
            out.write(struct.pack("<Q", len(text)) + text)
            for name in order:
                tensor = weights[name]
                item = STORAGES[tensor.storage.kind][1]
                data = archive.read(prefix + "data/" + tensor.storage.key)
                if len(data) != tensor.storage.numel * item:
                    raise Problem(f"the storage of tensor '{name}' has {len(data)} bytes, not {tensor.storage.numel * item}")
                out.write(data[tensor.offset * item:(tensor.offset + tensor.numel()) * item])
            out.flush()
            os.fsync(out.fileno())
            os.chmod(out.name, 0o644)
            os.link(out.name, path)  # Never replaces a file.
        finally:
            os.unlink(out.name)


def read_config(text):
    if text in KNOWN_CONFIGS:
        return KNOWN_CONFIGS[text]
    with open(text, encoding="utf-8") as file:
        config = json.load(file)
    if not isinstance(config, dict):
        raise Problem(f"{text} does not hold a JSON object")
    return config


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("checkpoint")
    parser.add_argument("output")
    parser.add_argument("--config", required=True, help="mast3r, josh3r, or a JSON file")
    parser.add_argument("--key", help="where the checkpoint holds its tensors (default: model, state_dict, or itself)")
    parser.add_argument("--drop", action="append", default=["smpl."], help="leave out names with this prefix (default: smpl.)")
    arguments = parser.parse_args()
    try:
        config = read_config(arguments.config)
        archive, prefix, checkpoint = read_checkpoint(arguments.checkpoint)
        with archive:
            weights = select(find_weights(checkpoint, arguments.key), arguments.drop)
            write_safetensors(arguments.output, archive, prefix, weights, {"config": json.dumps(config)})
    except FileExistsError:
        sys.exit(f"{arguments.output}: exists already; choose another name or remove it first")
    except (Problem, OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        sys.exit(f"{arguments.checkpoint}: {error}")
    print(f"{arguments.output}: {len(weights)} tensors")


if __name__ == "__main__":
    main()
