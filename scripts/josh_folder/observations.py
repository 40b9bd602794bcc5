# SPDX-License-Identifier: Apache-2.0
"""JOSH's results in the form of an observation file (docs/observations.md)."""

import os
import tempfile

import h5py
import numpy as np

from . import Problem

_POINT_CONFIDENCE = 0.1  # JOSH's threshold; below, its points are nothing.
_CONTACT_CONFIDENCE = 0.7
_STILL_FRAMES = 3  # Touching so long before and after, a vertex is planted.
_WINDOW = 10  # Keyframes that are matched with each other, as JOSH's pairs.
_STRIDE_PX = 16
_SAME_SURFACE = 0.03  # Relative difference of depth.
_FEWEST_SHARED = 100  # Pixels of a shared keyframe that can tell the ratio of two chunks' scales.
_SAME_BOX = 0.5  # Intersection over union.


class Converter:
    def __init__(self, video, chunks, tracks, instances, body, say):
        self.video, self.chunks, self.instances, self.body, self.say = video, chunks, instances, body, say
        self.first, self.last = chunks[0].first_frame, chunks[-1].last_frame
        if len(video["time_s"]) <= self.last:
            raise Problem(f"{video['path']}: has {len(video['time_s'])} frames, the folder is about frames {self.first} to {self.last}; "
                          "give the video that rgb/ was made from, at its own frame rate")
        self.height, self.width = chunks[0].depth_m.shape[1:]
        if self.width % 16 or self.height % 16:
            raise Problem(f"{chunks[0].path}: depth_hw is {self.width} x {self.height} pixels; sides are multiples of 16 in JOSH")
        source_width, source_height = video["size_px"]
        self.scale = np.array([self.width / source_width, self.height / source_height])
        if abs(self.scale[0] / self.scale[1] - 1) > 0.05:
            raise Problem(f"{video['path']}: is {source_width} x {source_height} pixels, of another shape than depth_hw "
                          f"({self.width} x {self.height}); give the video that rgb/ was made from")
        self.focal_px, self.center_px = self._lens()
        self._join_chunks()
        self.people = [person for person in map(self._person, tracks) if person is not None]

    # ---- Camera and scene.

    def _lens(self):
        """One for all chunks, each of which has its own: the mean over frames."""
        weights = [len(chunk.world_from_cam) for chunk in self.chunks]
        lens = np.average([chunk.intrinsics for chunk in self.chunks], axis=0, weights=weights)
        return lens[0, 0], lens[:2, 2]

    def _join_chunks(self):
        """Neighbours share a frame, which is a keyframe of both. JOSH gives no chunk the scale of the one before."""
        cameras, keyframes, depth, confidence, rgb = [], [], [], [], []
        for chunk in self.chunks:
            poses, new, scale = chunk.world_from_cam.copy(), 0, 1.0
            if cameras:
                scale, new = self._scale_to(depth[-1], confidence[-1], chunk), 1
            poses[:, :3, 3] *= scale
            if cameras:
                poses = cameras[-1] @ np.linalg.inv(poses[0]) @ poses
            cameras.extend(poses[new:])
            keyframes.extend(chunk.keyframes[new:] - self.first)
            depth.extend(scale * chunk.depth_m[new:])
            confidence.extend(chunk.confidence[new:])
            rgb.extend(chunk.rgb[new:])
        self.world_from_cam = np.array(cameras)
        self.keyframes = np.array(keyframes)
        self.depth_m = np.array(depth, "f4")
        self.rgb = np.array(rgb)
        self.people_masks = np.array([self._mask(frame) for frame in self.keyframes])
        # 0 to 1; JOSH's threshold stays where it is.
        confidence = np.array(confidence)
        self.confidence = np.where((self.depth_m > 0) & ~self.people_masks, confidence / (confidence + 1 - _POINT_CONFIDENCE), 0).astype("f4")

    def _scale_to(self, depth, confidence, chunk):
        shared = (confidence > _POINT_CONFIDENCE) & (chunk.confidence[0] > _POINT_CONFIDENCE) & (depth > 0) & (chunk.depth_m[0] > 0)
        if shared.sum() < _FEWEST_SHARED:
            self.say(f"{chunk.path}: shares too few pixels with the chunk before to compare their scales; taken as equal")
            return 1.0
        return float(np.median(depth[shared] / chunk.depth_m[0][shared]))

    def _mask(self, frame):
        source = self.instances.people_mask(frame + self.first, self.video["size_px"])
        rows = np.floor((np.arange(self.height) + 0.5) / self.scale[1]).astype(int)
        columns = np.floor((np.arange(self.width) + 0.5) / self.scale[0]).astype(int)
        return source[np.ix_(rows, columns)]

    # ---- Matches. JOSH keeps none: these are what its depths and cameras say, hence no evidence of their own.

    def pairs(self):
        for i in range(len(self.keyframes)):
            for j in range(i + 1, min(i + _WINDOW + 1, len(self.keyframes))):
                matches, confidence = self._matches(i, j)
                if len(matches):
                    yield (i, j), matches, confidence

    def _matches(self, i, j):
        v, u = np.mgrid[_STRIDE_PX // 2:self.height:_STRIDE_PX, _STRIDE_PX // 2:self.width:_STRIDE_PX].reshape(2, -1)
        good = self.confidence[i, v, u] > _POINT_CONFIDENCE
        v, u = v[good], u[good]
        rays = np.stack([(u - self.center_px[0]) / self.focal_px, (v - self.center_px[1]) / self.focal_px, np.ones(len(u))], 1)
        j_from_i = np.linalg.inv(self.world_from_cam[self.keyframes[j]]) @ self.world_from_cam[self.keyframes[i]]
        x = (self.depth_m[i, v, u][:, None] * rays) @ j_from_i[:3, :3].T + j_from_i[:3, 3]
        front = x[:, 2] > 1e-6
        u, v, x = u[front], v[front], x[front]
        pixels = self.focal_px * x[:, :2] / x[:, 2:] + self.center_px
        column, row = np.rint(pixels).astype(int).T
        inside = (column >= 0) & (row >= 0) & (column < self.width) & (row < self.height)
        column, row = column.clip(0, self.width - 1), row.clip(0, self.height - 1)
        seen = inside & (self.confidence[j, row, column] > _POINT_CONFIDENCE)
        seen &= np.abs(self.depth_m[j, row, column] - x[:, 2]) < _SAME_SURFACE * x[:, 2]
        matches = np.concatenate([np.stack([u, v], 1), pixels], 1)[seen]
        return matches, np.minimum(self.confidence[i, v, u], self.confidence[j, row, column])[seen]

    # ---- People.

    def _person(self, track):
        inside = (track.frame >= self.first) & (track.frame <= self.last)
        rows = np.flatnonzero(inside)
        if not len(rows):
            self.say(f"{track.path}: is in none of the frames {self.first} to {self.last}; left out")
            return None
        boxes, scores = zip(*(self._box(track, row) for row in rows))
        touches = None
        if track.touches is not None:
            touches = track.touches[rows][:, self.body.sole_vertices] & self._crops_were_right(track, rows, boxes)[:, None]
        return {"id": track.id, "shape": track.shape, "frame": track.frame[rows] - self.first,
                "box_px": self._in_working_image(np.array(boxes)), "confidence": np.array(scores),
                "rotation": _quaternions(track.rotations[rows]),
                "translation_m": self._with_our_focal(track.translation_m[rows], self.body.rest_pelvis_m(track.shape)),
                "contacts": [] if touches is None else self._contacts(track.frame[rows] - self.first, touches)}

    def _box(self, track, row):
        """Of the track's frame, as SAM saw it: `boxes` of the record has rows too many after a dropped fragment (B7)."""
        seen = self.instances.box_and_score(int(track.frame[row]), track.id)
        if seen is not None:
            return seen
        if len(track.boxes) == len(track.frame):
            return track.boxes[row], 0.7  # The least that JOSH takes.
        raise Problem(f"{track.path}: person {track.id} is not in mask/{track.frame[row]:06d}.json, and boxes has "
                      f"{len(track.boxes)} rows for {len(track.frame)} frames, so that nobody knows which is whose; the masks are of "
                      "another run: run JOSH's preprocessing again")

    def _crops_were_right(self, track, rows, boxes):
        """Whether DECO looked at the person: it took row after row of `boxes`."""
        used = np.array([track.boxes[row] if row < len(track.boxes) else np.zeros(4) for row in rows])
        right = _overlap(used, np.array(boxes)) >= _SAME_BOX
        if not right.all():
            self.say(f"{track.path}: contacts of {np.count_nonzero(~right)} of {len(rows)} frames are left out, because DECO looked at boxes of "
                     "other frames (a dropped fragment)")
        return right

    def _in_working_image(self, boxes):
        """Corners counted from the picture's edge, to top-left corner and size counted from the first pixel's centre."""
        corners = boxes.reshape(-1, 2, 2) * self.scale
        return np.concatenate([corners[:, 0] - 0.5, corners[:, 1] - corners[:, 0]], 1)

    def _with_our_focal(self, translation_m, rest_pelvis_m):
        """VIMO takes the diagonal for the focal length. The pelvis keeps its pixel."""
        vimo_focal_px = np.hypot(*self.video["size_px"]) * self.scale[0]
        pelvis = translation_m + rest_pelvis_m
        pelvis[:, 2] *= self.focal_px / vimo_focal_px
        if pelvis[:, 2].min() <= 0:
            raise Problem("a person stands behind the camera (pred_trans); run JOSH's preprocessing again")
        return pelvis - rest_pelvis_m

    def _contacts(self, frames, touches):
        """(keyframe, vertex, planted), ascending."""
        row_of = {int(frame): row for row, frame in enumerate(frames)}
        contacts = []
        for k, keyframe in enumerate(self.keyframes):
            row = row_of.get(int(keyframe))
            if row is None:
                continue
            around = [row_of[f] for f in range(keyframe - _STILL_FRAMES, keyframe + _STILL_FRAMES + 1) if f in row_of]
            planted = touches[around].all(0)
            contacts.extend((k, int(self.body.sole_vertices[s]), bool(planted[s])) for s in np.flatnonzero(touches[row]))
        return sorted(contacts)


def _overlap(a, b):
    low, high = np.maximum(a[:, :2], b[:, :2]), np.minimum(a[:, 2:], b[:, 2:])
    common = np.prod(np.clip(high - low, 0, None), 1)
    areas = np.prod(a[:, 2:] - a[:, :2], 1) + np.prod(b[:, 2:] - b[:, :2], 1)
    return common / np.maximum(areas - common, 1e-9)


def _quaternions(matrices):
    """[..., 3, 3] -> [..., 4] wxyz: the eigenvector of the symmetric matrix whose largest eigenvalue is 3 (Bar-Itzhack)."""
    m = matrices
    k = np.empty(m.shape[:-2] + (4, 4))
    k[..., 0, 0] = m[..., 0, 0] + m[..., 1, 1] + m[..., 2, 2]
    for a, b, c in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        k[..., a + 1, a + 1] = m[..., a, a] - m[..., b, b] - m[..., c, c]
        k[..., 0, a + 1] = k[..., a + 1, 0] = m[..., c, b] - m[..., b, c]
        k[..., a + 1, b + 1] = k[..., b + 1, a + 1] = m[..., a, b] + m[..., b, a]
    q = np.linalg.eigh(k)[1][..., -1]
    return q * np.where(q[..., :1] < 0, -1, 1)


def write(path, converter):
    """Appears complete or not at all; never replaces a file."""
    folder = os.path.dirname(os.path.abspath(path))
    with tempfile.TemporaryDirectory(dir=folder, prefix=".josh-") as work:
        part = os.path.join(work, "part.h5")
        with h5py.File(part, "w") as file:
            _fill(file, converter)
        try:
            os.link(part, path)
        except FileExistsError:
            raise Problem(f"{path}: exists already; remove it, or choose another name") from None


def _fill(file, c):
    def put(name, data, dtype):
        data = np.asarray(data, dtype)
        options = {"compression": "gzip", "compression_opts": 4, "shuffle": True} if data.size > 4096 else {}
        file.create_dataset(name, data=data, **options)

    file.attrs["format"], file.attrs["version"] = "foothold-observations", 1
    file["source"] = "JOSH's folder"
    file["flags"] = ["matches_from_depth"]
    put("clip/time_s", c.video["time_s"][c.first:c.last + 1], "f8")
    put("clip/frame_rate_hz", c.video["frame_rate_hz"], "f8")
    put("clip/source_size_px", c.video["size_px"], "i4")
    put("clip/working_size_px", [c.width, c.height], "i4")
    put("clip/working_from_source_scale", c.scale, "f8")
    put("clip/working_from_source_offset_px", 0.5 * c.scale - 0.5, "f8")
    put("clip/first_frame", c.first, "i4")
    file["clip/source_hash"] = c.video["content_hash"]

    put("camera/world_from_cam_rotation", _quaternions(_nearest_rotations(c.world_from_cam[:, :3, :3])), "f8")
    put("camera/world_from_cam_translation_m", c.world_from_cam[:, :3, 3], "f8")
    put("camera/focal_px", c.focal_px, "f8")
    put("camera/center_px", c.center_px, "f8")

    put("keyframes/frame", c.keyframes, "i4")
    put("keyframes/depth_m", c.depth_m, "f4")
    put("keyframes/confidence", c.confidence, "f4")
    put("keyframes/person_mask", 255 * c.people_masks.astype("u1"), "u1")
    put("keyframes/color", c.rgb, "u1")

    pairs = list(c.pairs())
    if pairs:
        put("pairs/keyframes", [pair for pair, _, _ in pairs], "i4")
        put("pairs/first_match", np.concatenate([[0], np.cumsum([len(matches) for _, matches, _ in pairs])]), "i8")
        put("pairs/match_px", np.concatenate([matches for _, matches, _ in pairs]), "f4")
        put("pairs/confidence", np.concatenate([confidence for _, _, confidence in pairs]), "f4")

    file.create_group("people")
    for number, person in enumerate(c.people):
        group = f"people/{number:04d}/"
        count = len(person["frame"])
        put(group + "id", person["id"], "i4")
        put(group + "shape", person["shape"], "f8")
        put(group + "frame", person["frame"], "i4")
        put(group + "box_px", person["box_px"], "f4")
        put(group + "confidence", person["confidence"], "f4")
        put(group + "pose_confidence", np.ones(count), "f4")
        put(group + "body_in_cam_rotation", person["rotation"], "f8")
        put(group + "body_in_cam_translation_m", person["translation_m"], "f8")
        if person["contacts"]:
            keyframe, vertex, planted = zip(*person["contacts"])
            put(group + "contacts/keyframe", keyframe, "i4")
            put(group + "contacts/vertex", vertex, "i4")
            put(group + "contacts/confidence", np.full(len(keyframe), _CONTACT_CONFIDENCE), "f4")
            put(group + "contacts/stationary", planted, "u1")


def _nearest_rotations(matrices):
    left, _, right = np.linalg.svd(matrices)
    return left @ right
