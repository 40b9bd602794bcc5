#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""scripts/convert_checkpoint.py on checkpoints in PyTorch's format, made here without PyTorch."""

import argparse
import io
import json
import pathlib
import pickle
import struct
import subprocess
import sys
import tempfile
import types
import unittest
import zipfile

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "convert_checkpoint.py"


def _rebuild_tensor_v2(*arguments):
    raise AssertionError("only its name is pickled")


def _rebuild_parameter(*arguments):
    raise AssertionError("only its name is pickled")


def fake_torch():
    """Modules whose names end up in the pickle, as those of PyTorch do."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for function in (_rebuild_tensor_v2, _rebuild_parameter):
        function.__module__ = "torch._utils"
        setattr(utils, function.__name__, function)
    for name in ("FloatStorage", "HalfStorage", "LongStorage", "ComplexFloatStorage"):
        setattr(torch, name, type(name, (), {"__module__": "torch"}))
    torch._utils = utils
    sys.modules["torch"], sys.modules["torch._utils"] = torch, utils
    return torch


TORCH = fake_torch()


class Storage:
    def __init__(self, kind, key, code, values):
        self.kind, self.key, self.numel = getattr(TORCH, kind), key, len(values)
        self.bytes = struct.pack(f"<{len(values)}{code}", *values)


class Tensor:
    def __init__(self, storage, shape, offset=0, stride=None):
        self.storage, self.shape, self.offset = storage, shape, offset
        self.stride = stride or tuple(int(self.product(shape[i + 1:])) for i in range(len(shape)))

    @staticmethod
    def product(sides):
        count = 1
        for side in sides:
            count *= side
        return count

    def __reduce__(self):
        return _rebuild_tensor_v2, (self.storage, self.offset, self.shape, self.stride, False, {})


class Parameter:
    def __init__(self, tensor):
        self.tensor = tensor

    def __reduce__(self):
        return _rebuild_parameter, (self.tensor, True, {})


class Trap:
    """Runs code when it is unpickled the ordinary way."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return pathlib.Path.touch, (pathlib.PurePath(self.path),)


class Pickler(pickle.Pickler):
    def persistent_id(self, obj):
        if isinstance(obj, Storage):
            return ("storage", obj.kind, obj.key, "cpu", obj.numel)
        return None


def save(path, checkpoint, storages, entry="archive/data.pkl"):
    text = io.BytesIO()
    Pickler(text, protocol=2).dump(checkpoint)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, text.getvalue())
        for storage in storages:
            archive.writestr("archive/data/" + storage.key, storage.bytes)


def read_safetensors(path):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = (entry["dtype"], entry["shape"], data[8 + size + begin:8 + size + end])
    return tensors, metadata


class ConvertCheckpoint(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.checkpoint, self.output = self.folder / "c.pth", self.folder / "w.safetensors"
        self.floats = Storage("FloatStorage", "0", "f", [1, 2, 3, 4, 5, 6])
        self.longs = Storage("LongStorage", "1", "q", [7])
        self.halves = Storage("HalfStorage", "2", "e", [0.5, 1.5])

    def run_script(self, *extra):
        command = [sys.executable, str(SCRIPT), str(self.checkpoint), str(self.output), "--config", "mast3r", *extra]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def expect_failure(self, text, *extra):
        result = self.run_script(*extra)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn(text, result.stderr)
        self.assertNotIn("Traceback", result.stderr)
        self.assertEqual([path.name for path in self.folder.iterdir() if path.name.startswith((".convert", "w."))], [])

    def test_names_values_and_configuration(self):
        weights = {"b.weight": Parameter(Tensor(self.floats, (2, 3))), "a.part": Tensor(self.floats, (2,), offset=3),
                   "count": Tensor(self.longs, ()), "half": Tensor(self.halves, (2, 1)), "smpl.faces": Tensor(self.longs, (1,))}
        save(self.checkpoint, {"args": argparse.Namespace(lr=1), "model": weights, "epoch": 3},
             [self.floats, self.longs, self.halves])
        result = self.run_script()
        self.assertEqual(result.returncode, 0, result.stderr)
        tensors, metadata = read_safetensors(self.output)
        self.assertEqual(tensors, {"b.weight": ("F32", [2, 3], self.floats.bytes),
                                   "a.part": ("F32", [2], self.floats.bytes[12:20]),
                                   "count": ("I64", [], self.longs.bytes),
                                   "half": ("F16", [2, 1], self.halves.bytes)})
        self.assertEqual(json.loads(metadata["config"])["enc_embed_dim"], 1024)
        before = self.output.read_bytes()
        again = self.run_script()
        self.assertIn("exists already", again.stderr)
        self.assertEqual(self.output.read_bytes(), before)

    def test_no_code_of_the_checkpoint_runs(self):
        trap = self.folder / "ran"
        save(self.checkpoint, {"evil": Trap(str(trap)), "model": {"a": Tensor(self.floats, (6,))}}, [self.floats])
        self.assertEqual(self.run_script().returncode, 0)
        self.assertFalse(trap.exists())
        self.assertEqual(list(read_safetensors(self.output)[0]), ["a"])

    def test_damaged_checkpoints(self):
        self.checkpoint.write_bytes(b"\x80\x02}q\x00.")
        self.expect_failure("no checkpoint, or one of PyTorch before 1.6")
        save(self.checkpoint, {"a": Tensor(self.floats, (6,))}, [])
        self.expect_failure("archive/data/0")
        save(self.checkpoint, {"a": Tensor(self.floats, (7,))}, [self.floats])
        self.expect_failure("'a' reaches beyond its storage")
        save(self.checkpoint, {"a": Tensor(self.floats, (3, 2), stride=(1, 3))}, [self.floats])
        self.expect_failure("'a' is not contiguous")
        save(self.checkpoint, {"a": Tensor(Storage("ComplexFloatStorage", "0", "f", [1, 2]), (1,))}, [self.floats])
        self.expect_failure("type")
        save(self.checkpoint, {"epoch": 3}, [])
        self.expect_failure("holds no tensors")
        save(self.checkpoint, {"model": {"a": Tensor(self.floats, (6,))}}, [self.floats])
        self.expect_failure("no dictionary 'ema'", "--key", "ema")
        save(self.checkpoint, {}, [], entry="archive/other.pkl")
        self.expect_failure("0 entries data.pkl")
        with zipfile.ZipFile(self.checkpoint, "w") as archive:
            archive.writestr("archive/data.pkl", b"\x80\x02garbage")
        self.expect_failure("pickle cannot be read")


if __name__ == "__main__":
    unittest.main()
