# SPDX-License-Identifier: Apache-2.0
"""JOSH's files, read and checked: chunks of the scene, people, what SAM saw."""

import glob
import json
import os
import re
from dataclasses import dataclass

import numpy as np

from . import Problem
from .safe_pickle import load_npy, load_pickle


@dataclass
class Chunk:
    """One josh_<a>-<b>: F frames, N keyframes."""

    path: str
    first_frame: int
    world_from_cam: np.ndarray  # [F, 4, 4]
    intrinsics: np.ndarray  # [3, 3]
    keyframes: np.ndarray  # [N], of the video.
    depth_m: np.ndarray  # [N, H, W]; 0 unknown.
    confidence: np.ndarray  # [N, H, W]
    rgb: np.ndarray  # [N, H, W, 3] uint8

    @property
    def last_frame(self):
        return self.first_frame + len(self.world_from_cam) - 1


@dataclass
class Track:
    """One person: n frames. Translations are in VIMO's camera, whose focal length is the picture's diagonal."""

    id: int
    path: str
    frame: np.ndarray  # [n], ascending.
    rotations: np.ndarray  # [n, 24, 3, 3]
    shape: np.ndarray  # [10]
    translation_m: np.ndarray  # [n, 3]
    boxes: np.ndarray  # [m, 4]: as stored, m may be more than n.
    touches: np.ndarray  # [n, V] bool, or None


def numbers(value, name, path, shape):
    """An array of finite numbers of the shape; None stands for any length."""
    array = np.asarray(value)
    expected = "[" + ", ".join("n" if side is None else str(side) for side in shape) + "]"
    if array.dtype.kind not in "fiub":
        raise Problem(f"{path}: {name} holds no numbers")
    if array.ndim != len(shape) or any(side not in (None, is_side) for side, is_side in zip(shape, array.shape)):
        raise Problem(f"{path}: {name} has shape {list(array.shape)}, expected {expected}")
    if not np.isfinite(array).all():
        raise Problem(f"{path}: {name} has values that are not finite: JOSH's optimisation broke down there and did not say so; "
                      "run this step of JOSH again")
    return array.astype("f8") if array.dtype.kind == "f" else array


def field(record, name, path):
    if not isinstance(record, dict) or name not in record:
        raise Problem(f"{path}: has no '{name}'; it is no file of JOSH's, or of another version")
    return record[name]


def read_chunks(folder):
    chunks = []
    for path in glob.glob(os.path.join(glob.escape(folder), "josh_*-*", "scene.pkl")):
        match = re.fullmatch(r"josh_(\d+)-(\d+)", os.path.basename(os.path.dirname(path)))
        if match:
            chunks.append(_read_chunk(path, int(match[1]), int(match[2])))
    if not chunks:
        raise Problem(f"{folder}: has no josh_<first>-<last>/scene.pkl; give the folder that JOSH worked in")
    chunks.sort(key=lambda chunk: chunk.first_frame)
    for before, after in zip(chunks, chunks[1:]):
        if after.first_frame != before.last_frame:
            raise Problem(f"{after.path}: begins with frame {after.first_frame}, but {before.path} ends with "
                          f"{before.last_frame}: a chunk between them failed, or is left from another run; run JOSH for "
                          "what is missing, or remove what is not of this run")
        if after.depth_m.shape[1:] != before.depth_m.shape[1:]:
            raise Problem(f"{after.path}: depth_hw is {after.depth_m.shape[1:]}, before it was {before.depth_m.shape[1:]}")
    return chunks


def _read_chunk(path, first, last):
    scene = load_pickle(path)
    cameras = numbers(field(scene, "pred_cam", path), "pred_cam", path, (None, 4, 4))
    if len(cameras) != last - first + 1:
        raise Problem(f"{path}: pred_cam has {len(cameras)} frames, its folder's name says {last - first + 1}")
    turns = cameras[:, :3, :3]
    if np.abs(turns @ turns.transpose(0, 2, 1) - np.eye(3)).max() > 1e-3 or np.linalg.det(turns).min() < 0:
        raise Problem(f"{path}: pred_cam holds matrices that are no rotations")
    intrinsics = numbers(field(scene, "intrinsics", path), "intrinsics", path, (3, 3))
    if not (intrinsics[0, 0] > 0 and abs(intrinsics[1, 1] / intrinsics[0, 0] - 1) < 1e-3):
        raise Problem(f"{path}: intrinsics have focal lengths {intrinsics[0, 0]:g} and {intrinsics[1, 1]:g}; JOSH's are "
                      "positive and equal")
    depth = np.asarray(field(scene, "depth_hw", path))
    if depth.ndim != 3 or depth.dtype.kind != "f":
        raise Problem(f"{path}: depth_hw has shape {list(depth.shape)}, expected [n, height, width]")
    confidence = np.asarray(field(scene, "conf_hw", path))
    rgb = np.asarray(field(scene, "rgb_hw3", path))
    for name, array, shape in (("conf_hw", confidence, depth.shape), ("rgb_hw3", rgb, depth.shape + (3,))):
        if array.shape != shape:
            raise Problem(f"{path}: {name} has shape {list(array.shape)}, expected {list(shape)} as depth_hw has")
    known = np.isfinite(depth) & np.isfinite(confidence) & (depth > 0)
    if not known.any():
        raise Problem(f"{path}: depth_hw is positive and finite nowhere; run this chunk of JOSH again")
    return Chunk(path, first, cameras, intrinsics, _keyframes(scene, path, first, len(cameras), len(depth)),
                 np.where(known, depth, 0).astype("f4"), np.where(known, confidence, 0).astype("f4"),
                 np.uint8(np.round(255 * np.clip(np.nan_to_num(rgb), 0, 1))))


def _keyframes(scene, path, first, num_frames, num_keyframes):
    index = numbers(field(scene, "img_idx", path), "img_idx", path, (num_keyframes,)).astype("i8")
    relative = index - first if index[0] == first else index  # Of the video, or of the chunk.
    if relative[0] != 0 or relative[-1] != num_frames - 1 or (np.diff(relative) <= 0).any():
        raise Problem(f"{path}: img_idx does not ascend from the first to the last of {num_frames} frames")
    return relative + first


def read_tracks(folder, body, with_contacts):
    paths = sorted(glob.glob(os.path.join(glob.escape(folder), "tram", "hps_track_*.npy")))
    if not paths:
        raise Problem(f"{folder}: has no tram/hps_track_<id>.npy; run JOSH's preprocessing")
    tracks = []
    for path in paths:
        record = load_npy(path)
        frame = numbers(field(record, "frame", path), "frame", path, (None,)).astype("i8")
        count = len(frame)
        if count == 0:
            continue
        if (np.diff(frame) <= 0).any() or frame[0] < 0:
            raise Problem(f"{path}: frame does not ascend")
        touches = None
        if with_contacts:
            # Not by replacing "tram" in the whole path.
            contact_path = os.path.join(folder, "deco", os.path.basename(path))
            touches = _read_contacts(contact_path, count, body)
        tracks.append(Track(
            id=int(np.asarray(field(record, "id", path)).item()), path=path, frame=frame,
            rotations=_rotations(numbers(field(record, "pred_rotmat", path), "pred_rotmat", path, (count, 24, 3, 3)), path),
            shape=numbers(field(record, "pred_shape", path), "pred_shape", path, (count, 10)).mean(0),
            translation_m=numbers(field(record, "pred_trans", path), "pred_trans", path, (count, 1, 3))[:, 0],
            boxes=numbers(field(record, "boxes", path), "boxes", path, (None, 4)), touches=touches))
    return tracks


def _rotations(matrices, path):
    if np.abs(matrices @ matrices.swapaxes(-1, -2) - np.eye(3)).max() > 0.05 or np.linalg.det(matrices).min() < 0:
        raise Problem(f"{path}: pred_rotmat holds matrices that are no rotations")
    left, _, right = np.linalg.svd(matrices)
    return left @ right


def _read_contacts(path, count, body):
    contacts = load_npy(path)
    if np.ndim(contacts) == 2 and contacts.shape[1] != body.num_vertices:
        raise Problem(f"{path}: is of a body of {contacts.shape[1]} vertices, --body has {body.num_vertices}; give the model that "
                      "JOSH used (docs/body_model.md)")
    return numbers(contacts, "the array", path, (count, body.num_vertices)) >= 0.5


class Instances:
    """What SAM saw in each frame: mask/%06d.json."""

    def __init__(self, folder):
        self._folder = os.path.join(folder, "mask")
        self._frames = {}

    def of_frame(self, frame):
        if frame not in self._frames:
            path = os.path.join(self._folder, f"{frame:06d}.json")
            try:
                with open(path, encoding="utf-8") as file:
                    entries = json.load(file)
                self._frames[frame] = {int(entry["id"]): entry for entry in entries}
            except FileNotFoundError:
                raise Problem(f"{path}: is missing; JOSH writes one per frame") from None
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise Problem(f"{path}: cannot be read: {error!r}") from None
        return self._frames[frame]

    def box_and_score(self, frame, track_id):
        """(x1, y1, x2, y2) and score, or None."""
        entry = self.of_frame(frame).get(track_id)
        if entry is None:
            return None
        path = os.path.join(self._folder, f"{frame:06d}.json")
        box = numbers(field(entry, "xyxy", path), "xyxy", path, (4,)).astype("f8")
        return box, float(np.clip(float(field(entry, "score", path)), 0, 1))

    def people_mask(self, frame, size_px):
        """[height, width] bool: where anybody is."""
        width, height = size_px
        path = os.path.join(self._folder, f"{frame:06d}.json")
        mask = np.zeros((height, width), bool)
        for entry in self.of_frame(frame).values():
            rle = field(entry, "mask", path)
            if list(field(rle, "size", path)) != [height, width]:
                raise Problem(f"{path}: a mask is of size {rle['size']}, the video is [{height}, {width}]")
            mask |= _decode_rle(field(rle, "counts", path), height, width, path)
        return mask


def _decode_rle(counts, height, width, path):
    """COCO's run lengths, column by column: plain numbers, or their text (base 32, differences to the second before)."""
    if isinstance(counts, str):
        runs, at = [], 0
        while at < len(counts):
            value = shift = 0
            more = True
            while more:
                digit = ord(counts[at]) - 48 if at < len(counts) else -1
                if not 0 <= digit < 64:
                    raise Problem(f"{path}: a mask's counts are damaged")
                value |= (digit & 31) << shift
                more, shift, at = bool(digit & 32), shift + 5, at + 1
            if digit & 16:
                value -= 1 << shift
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        counts = runs
    counts = np.asarray(counts, "i8")
    if counts.ndim != 1 or (counts < 0).any() or counts.sum() != height * width:
        raise Problem(f"{path}: a mask's counts do not cover its {height} x {width} pixels")
    return np.repeat(np.arange(len(counts)) % 2 == 1, counts).reshape(width, height).T
