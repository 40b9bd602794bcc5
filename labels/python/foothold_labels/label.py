# SPDX-License-Identifier: Apache-2.0
"""One label file, opened for reading."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

import h5py
import numpy as np

from .geometry import rotation_matrices

NEWEST_VERSION = 2
_BLOCK_BYTES = 512


class LabelError(ValueError):
    """A file that is no label, is damaged, or is of a newer version. The message names it and the remedy."""


@dataclass(frozen=True)
class Clip:
    """Which frames of which video. T frames."""

    id: str
    name: str
    source_path: str
    source_hash: str  # XXH3-128 of the video file.
    first_frame: int
    time_s: np.ndarray  # [T]
    frame_rate_hz: float
    source_size_px: Tuple[int, int]  # Width, height of the video.
    working_size_px: Tuple[int, int]  # Of depth pictures and boxes.
    working_from_source_scale: np.ndarray  # [2]
    working_from_source_offset_px: np.ndarray  # [2]


@dataclass(frozen=True)
class Camera:
    """OpenCV's axes: x right, y down, z forward. Pixels at integer centres."""

    world_from_cam: np.ndarray  # [T, 4, 4]
    focal_px: float
    center_px: np.ndarray  # [2]
    distortion: np.ndarray  # [2]: k1, k2
    gravity_known: bool

    @property
    def intrinsics(self):
        """[3, 3], of the undistorted image."""
        f, (cx, cy) = self.focal_px, self.center_px
        return np.array([[f, 0, cx], [0, f, cy], [0, 0, 1.0]])


@dataclass(frozen=True)
class Person:
    """N frames of one person, in the world."""

    id: int
    frame: np.ndarray  # [N], of the clip, ascending.
    rotation: np.ndarray  # [N, 24, 4] quaternions wxyz: joint 0 the root in the world, others to the parent.
    translation_m: np.ndarray  # [N, 3], SMPL's transl: x -> R (x - J0) + J0 + t, J0 the pelvis at rest.
    shape: np.ndarray  # [10]
    joints_in_world_m: np.ndarray  # [N, 24, 3]
    confidence: np.ndarray  # [N], 0 to 1.
    foot_contact: Optional[np.ndarray]  # [N, 4]: left heel, left toe, right heel, right toe; 0 to 1.
    box_px: Optional[np.ndarray]  # [N, 4]: x, y, width, height in the undistorted image.
    flags: List[str]
    student_distance_m: Optional[float] = None  # From the student's prediction that the label began with, mean.

    @property
    def rest_pelvis_m(self):
        """[3]: J0, without a body model: the posed pelvis is J0 + t."""
        return self.joints_in_world_m[0, 0] - self.translation_m[0]

    def in_camera(self, camera, entry):
        """Root rotation [3, 3] and translation [3] of entry `entry` as parameters in its frame's camera."""
        return self.seen_from(camera.world_from_cam[self.frame[entry]], entry)

    def seen_from(self, world_from_cam, entry):
        """The same in the camera with the pose `world_from_cam` [4, 4]."""
        cam_from_world = np.linalg.inv(world_from_cam)
        turn, shift = cam_from_world[:3, :3], cam_from_world[:3, 3]
        pelvis = self.rest_pelvis_m
        rotation = turn @ rotation_matrices(self.rotation[entry, 0])
        return rotation, turn @ (self.translation_m[entry] + pelvis) + shift - pelvis


@dataclass(frozen=True)
class Depth:
    """Depth picture of one keyframe, in the undistorted image."""

    frame: int
    depth_m: np.ndarray  # [H, W] float32, along z; 0 unknown.
    confidence: np.ndarray  # [H, W] float32; 0 unknown or removed.

    def points_in_cam(self, camera):
        """Pointmap [H, W, 3] in metres; 0 where the depth is unknown."""
        v, u = np.indices(self.depth_m.shape)
        x = (u - camera.center_px[0]) / camera.focal_px
        y = (v - camera.center_px[1]) / camera.focal_px
        return self.depth_m[..., None] * np.stack([x, y, np.ones_like(x)], -1)


class Label:
    """An open label file. Small parts are read when asked for first, depth pictures one at a time."""

    def __init__(self, file, path):
        self._file = file
        self.path = path
        self._clip = self._camera = self._people = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._file.close()

    @property
    def hdf5(self):
        """The h5py file, for what this class has no name for."""
        return self._file

    @property
    def kind(self):
        """"label", or "truth" for exact truth of a synthetic clip."""
        return self._text("kind")

    @property
    def flags(self):
        return self._texts("flags")

    @property
    def provenance(self):
        return {name: self._text(f"provenance/{name}") for name in self._file["provenance"]}

    @property
    def clip(self):
        if self._clip is None:
            self._clip = Clip(
                id=self._text("clip/id"),
                name=self._text("clip/name"),
                source_path=self._text("clip/source_path"),
                source_hash=self._text("clip/source_hash"),
                first_frame=int(self._read("clip/first_frame")),
                time_s=self._read("clip/time_s"),
                frame_rate_hz=float(self._read("clip/frame_rate_hz")),
                source_size_px=tuple(int(side) for side in self._read("clip/source_size_px")),
                working_size_px=tuple(int(side) for side in self._read("clip/working_size_px")),
                working_from_source_scale=self._read("clip/working_from_source_scale"),
                working_from_source_offset_px=self._read("clip/working_from_source_offset_px"),
            )
        return self._clip

    @property
    def camera(self):
        if self._camera is None:
            rotation = rotation_matrices(self._read("camera/world_from_cam_rotation"))
            poses = np.tile(np.eye(4), (len(rotation), 1, 1))
            poses[:, :3, :3] = rotation
            poses[:, :3, 3] = self._read("camera/world_from_cam_translation_m")
            self._camera = Camera(
                world_from_cam=poses,
                focal_px=float(self._read("camera/focal_px")),
                center_px=self._read("camera/center_px"),
                distortion=self._read("camera/distortion"),
                gravity_known=bool(self._read("camera/gravity_known")),
            )
        return self._camera

    @property
    def people(self):
        if self._people is None:
            self._people = [self._person(f"people/{name}") for name in sorted(self._file["people"])]
        return self._people

    @property
    def keyframes(self):
        """[K] frames that have a depth picture."""
        return self._read("keyframes/frame")

    def depth(self, k) -> Depth:
        """Depth picture of keyframe k."""
        if not 0 <= k < len(self.keyframes):
            raise IndexError(f"{self.path}: keyframe {k} of {len(self.keyframes)}")
        return Depth(
            frame=int(self.keyframes[k]),
            depth_m=self._file["keyframes/depth_m"][k].astype("f4"),
            confidence=self._file["keyframes/confidence"][k].astype("f4"),
        )

    def depths(self) -> Iterator[Depth]:
        for k in range(len(self.keyframes)):
            yield self.depth(k)

    def scene_points(self):
        """Positions in the world [S, 3], confidence [S], colour [S, 3] uint8."""
        return tuple(self._read(f"points/{name}") for name in ("position_m", "confidence", "rgb"))

    def source_pixels(self, x_in_world, frame):
        """World points [..., 3] -> pixels [..., 2] of a frame of the video, lens included."""
        camera, clip = self.camera, self.clip
        pose = camera.world_from_cam[frame]
        x_in_cam = (np.asarray(x_in_world) - pose[:3, 3]) @ pose[:3, :3]
        xy = x_in_cam[..., :2] / x_in_cam[..., 2:]
        k1, k2 = camera.distortion
        r2 = np.sum(xy**2, -1, keepdims=True)
        working = camera.focal_px * (1 + k1 * r2 + k2 * r2**2) * xy + camera.center_px
        return (working - clip.working_from_source_offset_px) / clip.working_from_source_scale

    def _dataset(self, name):
        try:
            return self._file[name]
        except KeyError:
            raise LabelError(f"{self.path}: {name} is missing; run 'foothold validate' on the file") from None

    def _read(self, name):
        return self._dataset(name)[()]

    def _text(self, name):
        return self._dataset(name).asstr()[()]

    def _texts(self, name):
        return list(self._dataset(name).asstr()[()])

    def _person(self, group):
        def optional(name):
            return self._read(f"{group}/{name}") if name in self._file[group] else None

        agreement = f"quality/{group}/student_distance_m"

        return Person(
            id=int(self._read(f"{group}/id")),
            frame=self._read(f"{group}/frame"),
            rotation=self._read(f"{group}/body_in_world_rotation"),
            translation_m=self._read(f"{group}/body_in_world_translation_m"),
            shape=self._read(f"{group}/shape"),
            joints_in_world_m=self._read(f"{group}/joints_in_world_m"),
            confidence=self._read(f"{group}/confidence"),
            foot_contact=optional("foot_contact"),
            box_px=optional("box_px"),
            flags=self._texts(f"{group}/flags"),
            student_distance_m=float(self._read(agreement)) if agreement in self._file else None,
        )


def open_label(path, verify=False) -> Label:
    """Opens a label. Its signature and size are always checked; `verify` reads the whole file once and checks
    its checksum too, for which the package xxhash is needed. Raises LabelError."""
    path = str(path)
    try:
        with open(path, "rb") as stream:
            _check_signature(path, stream, verify)
        return Label(h5py.File(path, "r"), path)
    except OSError as error:
        raise LabelError(f"{path}: cannot be read: {error}; check the path") from error


def find_labels(folder, kind="label") -> List[str]:
    """Paths of the labels below a folder, sorted. Kind "truth": the exact truth of synthetic clips."""
    if kind not in ("label", "truth"):
        raise ValueError(f"kind is '{kind}'; use 'label' or 'truth'")
    if not os.path.isdir(folder):
        raise LabelError(f"{folder}: is no folder; check the path")
    names = (str(path) for path in Path(folder).rglob("*.h5"))
    paths = sorted(
        name for name in names
        if not name.endswith(".observations.h5") and name.endswith(".truth.h5") == (kind == "truth"))
    if not paths:
        raise LabelError(f"{folder}: holds no file of kind {kind}; make labels with 'foothold label'")
    return paths


def _check_signature(path, stream, verify):
    block = stream.read(_BLOCK_BYTES)
    lines = block.decode("ascii", "replace").split("\n")
    try:
        name, version = lines[0].split(" ")
        version = int(version)
        checksum, size = lines[1][len("xxh3-128 "):], int(lines[2][len("bytes "):])
        known = len(block) == _BLOCK_BYTES and name.startswith("foothold-") and len(checksum) == 32
    except (ValueError, IndexError):
        known = False
    if not known:
        raise LabelError(f"{path}: is not a foothold-label file, or its first bytes are damaged")
    if name != "foothold-label":
        raise LabelError(f"{path}: is a {name} file, expected foothold-label")
    if not 1 <= version <= NEWEST_VERSION:
        raise LabelError(
            f"{path}: has schema version {version}, this package reads 1 to {NEWEST_VERSION}; use a newer package")
    actual = os.fstat(stream.fileno()).st_size
    if actual != size:
        raise LabelError(f"{path}: has {actual} of {size} bytes; copy it again, or label the video again")
    if verify:
        _check_checksum(path, stream, block, checksum)


def _check_checksum(path, stream, block, checksum):
    try:
        import xxhash
    except ImportError:
        raise LabelError(f"{path}: the checksum needs the package xxhash; install it or pass verify=False") from None
    state = xxhash.xxh3_128(block.replace(checksum.encode(), b"0" * 32, 1))
    while chunk := stream.read(1 << 20):
        state.update(chunk)
    if state.hexdigest() != checksum:
        raise LabelError(f"{path}: checksum differs: the file was damaged or edited; label the video again")
