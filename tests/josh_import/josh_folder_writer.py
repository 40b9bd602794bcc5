# SPDX-License-Identifier: Apache-2.0
"""A folder as JOSH leaves it, made from the truth of a synthetic clip: what JOSH would write if it made no error.

Pickles are written as the real programs write them, with stand-ins for PyTorch and joblib: tensors inside
numpy.save, arrays behind their description in joblib.dump.
"""

import io
import json
import os
import pickle
import sys
import types

import h5py
import numpy as np

ENLARGED = 2  # JOSH's pictures over the video's.


# ---- Stand-ins.

class _Tensor:
    def __init__(self, array):
        self.array = np.ascontiguousarray(array)

    def __reduce__(self):
        strides = tuple(step // self.array.itemsize for step in self.array.strides)
        return sys.modules["torch._utils"]._rebuild_tensor_v2, (_Storage(self.array), 0, self.array.shape, strides, False, _OrderedDict())


class _Storage:
    def __init__(self, array):
        self.array = array

    def __reduce__(self):
        return sys.modules["torch.storage"]._load_from_bytes, (self._packed(),)

    def _packed(self):
        stream = io.BytesIO()
        for fact in (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True}):
            pickle.dump(fact, stream, 2)
        kind = sys.modules["torch"].__dict__[{"f4": "FloatStorage", "f8": "DoubleStorage", "i8": "LongStorage"}[self.array.dtype.str[1:]]]
        pickler = pickle.Pickler(stream, 2)
        mark = object()
        pickler.persistent_id = lambda item: ("storage", kind, "94", "cpu", self.array.size, None) if item is mark else None
        pickler.dump(mark)
        pickle.dump(["94"], stream, 2)
        stream.write(self.array.size.to_bytes(8, "little") + self.array.tobytes())
        return stream.getvalue()


def _install_stand_ins():
    def module(name, **contents):
        made = sys.modules[name] = types.ModuleType(name)
        for key, value in contents.items():
            value.__module__, value.__qualname__ = name, key
            setattr(made, key, value)
        return made

    def function():
        return lambda *_: None

    module("torch", FloatStorage=type("FloatStorage", (), {}), DoubleStorage=type("DoubleStorage", (), {}),
           LongStorage=type("LongStorage", (), {}))
    module("torch._utils", _rebuild_tensor_v2=function())
    module("torch.storage", _load_from_bytes=function())
    module("joblib", **{})
    module("joblib.numpy_pickle", NumpyArrayWrapper=type("NumpyArrayWrapper", (), {}))


from collections import OrderedDict as _OrderedDict  # noqa: E402

_install_stand_ins()


class _JoblibPickler(pickle._Pickler):
    def __init__(self, stream):
        super().__init__(stream, 4)
        self.stream = stream

    def save(self, item, save_persistent_id=True):
        if type(item) is not np.ndarray:
            return super().save(item, save_persistent_id)
        wrapper = sys.modules["joblib.numpy_pickle"].NumpyArrayWrapper()
        fortran = item.flags.f_contiguous and not item.flags.c_contiguous
        wrapper.__dict__ = {"subclass": np.ndarray, "shape": item.shape, "order": "F" if fortran else "C", "dtype": item.dtype,
                            "allow_mmap": True, "numpy_array_alignment_bytes": 16}
        super().save(wrapper)
        self.framer.commit_frame(force=True)
        padding = 16 - (self.stream.tell() + 1) % 16
        self.stream.write(bytes([padding]) + b"\xff" * padding)
        self.stream.write((item.T if fortran else np.ascontiguousarray(item)).tobytes())
        return None


def joblib_dump(value, path):
    with open(path, "wb") as stream:
        _JoblibPickler(stream).dump(value)


# ---- The folder.

def _matrices(q):
    w, x, y, z = np.moveaxis(q, -1, 0)
    return np.stack([np.stack([1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)], -1),
                     np.stack([2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)], -1),
                     np.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], -1)], -2)


def _rle(mask):
    """COCO's text."""
    flat = mask.T.reshape(-1)
    edges = np.flatnonzero(np.diff(flat.astype(np.int8))) + 1
    runs = np.diff(np.concatenate([[0], edges, [len(flat)]])).tolist()
    if flat[0]:
        runs.insert(0, 0)
    text = ""
    for index, run in enumerate(runs):
        value = run - (runs[index - 2] if index > 2 else 0)
        more = True
        while more:
            digit, value = value & 31, value >> 5
            more = value != (-1 if digit & 16 else 0)
            text += chr((digit | (32 if more else 0)) + 48)
    return {"size": list(mask.shape), "counts": text}


class Truth:
    def __init__(self, path):
        with h5py.File(path, "r") as file:
            self.size = tuple(int(side) for side in file["clip/source_size_px"][()])
            self.cameras = np.tile(np.eye(4), (len(file["clip/time_s"]), 1, 1))
            self.cameras[:, :3, :3] = _matrices(file["camera/world_from_cam_rotation"][()])
            self.cameras[:, :3, 3] = file["camera/world_from_cam_translation_m"][()]
            self.focal, self.center = file["camera/focal_px"][()], file["camera/center_px"][()]
            self.keyframes = file["keyframes/frame"][()]
            self.depth = file["keyframes/depth_m"][()].astype("f4")
            self.confidence = file["keyframes/confidence"][()].astype("f4")
            self.people = [{name: person[name][()] for name in person if name != "flags"} for person in file["people"].values()]


def write_folder(truth, folder, chunks, body_path, dropped=0, scale_of_later=1.0):
    """`chunks`: (first, last) frames, neighbours sharing one. `dropped`: first frames of every second person that VIMO dropped.
    `scale_of_later`: of the second and later chunks."""
    for name in ("mask", "tram", "deco"):
        os.makedirs(os.path.join(folder, name))
    _write_masks(truth, folder)
    for number, person in enumerate(truth.people):
        _write_track(truth, folder, number, person, dropped if number % 2 else 0, body_path)
    for number, (first, last) in enumerate(chunks):
        _write_chunk(truth, folder, first, last, scale_of_later if number else 1.0)


def _write_masks(truth, folder):
    row_of = [{int(frame): row for row, frame in enumerate(person["frame"])} for person in truth.people]
    keyframe_of = {int(frame): k for k, frame in enumerate(truth.keyframes)}
    for frame in range(len(truth.cameras)):
        people = np.zeros(truth.size[::-1], bool)
        if frame in keyframe_of:
            k = keyframe_of[frame]
            people = (truth.depth[k] > 0) & (truth.confidence[k] == 0)
        entries = []
        for number, person in enumerate(truth.people):
            if frame not in row_of[number]:
                continue
            x, y, width, height = (float(value) for value in person["box_px"][row_of[number][frame]])
            entries.append({"id": int(person["id"]), "xyxy": [x + 0.5, y + 0.5, x + 0.5 + width, y + 0.5 + height], "label": "person",
                            "score": 0.9, "mask": _rle(people if not entries else np.zeros_like(people))})
        with open(os.path.join(folder, "mask", f"{frame:06d}.json"), "w", encoding="utf-8") as file:
            json.dump(entries, file)


def _write_track(truth, folder, number, person, dropped, body_path):
    frames, rest = person["frame"], person["joints_in_world_m"][0, 0] - person["body_in_world_translation_m"][0]
    cam_from_world = np.linalg.inv(truth.cameras[frames])
    rotations = _matrices(person["body_in_world_rotation"])
    rotations[:, 0] = cam_from_world[:, :3, :3] @ rotations[:, 0]
    pelvis = person["body_in_world_translation_m"] + rest
    pelvis = (cam_from_world[:, :3, :3] @ pelvis[..., None])[..., 0] + cam_from_world[:, :3, 3]
    pelvis[:, 2] *= np.hypot(*truth.size) / truth.focal  # VIMO's focal length is the diagonal.
    boxes = person["box_px"].astype("f8") + [0.5, 0.5, 0, 0]
    boxes[:, 2:] += boxes[:, :2]
    keep = slice(dropped, None)
    count = len(frames[keep])
    tensor = _Tensor if number % 2 == 0 else np.asarray
    record = {"pred_cam": tensor(np.zeros((count, 3), "f4")), "pred_pose": tensor(np.zeros((count, 144), "f4")),
              "pred_shape": tensor(np.tile(person["shape"], (count, 1)).astype("f4")),
              "pred_rotmat": tensor(rotations[keep].astype("f4")),
              "pred_trans": tensor((pelvis - rest)[keep, None].astype("f4")),
              "frame": tensor(frames[keep].astype("i8")), "boxes": boxes, "id": int(person["id"])}
    name = f"hps_track_{person['id']}.npy"
    np.save(os.path.join(folder, "tram", name), np.array(record, dtype=object), allow_pickle=True)
    np.save(os.path.join(folder, "deco", name), _contacts(person["foot_contact"][keep], body_path))


def _contacts(foot_contact, body_path):
    with h5py.File(body_path, "r") as file:
        template, carried = file["v_template"][()], file["weights"][()].argmax(1)
    contacts = np.zeros((len(foot_contact), len(template)))
    for side, joints in enumerate(((7, 10), (8, 11))):
        foot = np.flatnonzero(np.isin(carried, joints))
        sole = foot[template[foot, 1] < template[foot, 1].min() + 0.02]
        middle = (template[sole, 2].min() + template[sole, 2].max()) / 2
        for part, vertices in enumerate((sole[template[sole, 2] < middle], sole[template[sole, 2] >= middle])):
            contacts[:, vertices] = foot_contact[:, [2 * side + part]] > 0.5
    return contacts


def _write_chunk(truth, folder, first, last, scale):
    output = os.path.join(folder, f"josh_{first}-{last}")
    os.makedirs(output)
    inside = [k for k, frame in enumerate(truth.keyframes) if first <= frame <= last]
    cameras = np.linalg.inv(truth.cameras[first]) @ truth.cameras[first:last + 1]
    cameras[:, :3, 3] *= scale
    enlarge = lambda pictures: pictures.repeat(ENLARGED, 1).repeat(ENLARGED, 2)  # noqa: E731
    depth, people = truth.depth[inside], truth.confidence[inside] == 0
    center = (truth.center + 0.5) * ENLARGED - 0.5
    joblib_dump({"eval_metrics": {"loss": 0.0}, "pred_cam": cameras, "depth_hw": enlarge(scale * depth),
                 "rgb_hw3": np.full(enlarge(depth).shape + (3,), 0.5, "f4"),
                 "conf_hw": enlarge(np.where(people, np.float32(1e-3), np.float32(3))),
                 "intrinsics": np.array([[ENLARGED * truth.focal, 0, center[0]], [0, ENLARGED * truth.focal, center[1]], [0, 0, 1]]),
                 "img_idx": (truth.keyframes[inside] - (first if first == 0 else 0)).tolist()},
                os.path.join(output, "scene.pkl"))
