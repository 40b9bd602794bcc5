# SPDX-License-Identifier: Apache-2.0
"""The body model, as far as the import needs it: the pelvis at rest and the soles (docs/body_model.md)."""

import os

import h5py
import numpy as np

from . import Problem

_ANKLES_AND_FEET = ((7, 10), (8, 11))  # Left, right.
_SOLE_HEIGHT_M = 0.02
_VERTICES_PER_FOOT = 12


class Body:
    def __init__(self, path):
        arrays = _read(path)
        self.num_vertices = len(arrays["v_template"])
        template, regressor = arrays["v_template"], arrays["J_regressor"]
        self._pelvis = regressor[0] @ template
        shapes = arrays["shapedirs"][:, :, :10]
        self._pelvis_by_shape = np.tensordot(regressor[0], shapes, 1)  # [3, S]
        carried_most = arrays["weights"].argmax(1)
        # Vertices that are looked at for contact, left foot and right.
        self.sole_vertices = np.concatenate([_sole(template, np.isin(carried_most, joints)) for joints in _ANKLES_AND_FEET])

    def rest_pelvis_m(self, shape):
        return self._pelvis + self._pelvis_by_shape @ shape[:self._pelvis_by_shape.shape[1]]


def _read(path):
    names = ("v_template", "J_regressor", "shapedirs", "weights")
    try:
        if str(path).endswith(".npz"):
            with np.load(path, allow_pickle=False) as file:
                return {name: np.asarray(file[name], "f8") for name in names}
        with h5py.File(path, "r") as file:
            return {name: file[name][()].astype("f8") for name in names}
    except KeyError as error:
        raise Problem(f"{path}: is no body model (docs/body_model.md): {error}") from None
    except (OSError, ValueError) as error:
        raise Problem(f"{path}: cannot be read as a body model, .h5 or .npz: {error}") from None


def _sole(template, is_foot):
    """Vertices spread over the sole: the next is always the farthest from those before."""
    foot = np.flatnonzero(is_foot)
    sole = foot[template[foot, 1] < template[foot, 1].min() + _SOLE_HEIGHT_M]
    points = template[sole]
    chosen = [int(points[:, 2].argmin())]
    while len(chosen) < min(_VERTICES_PER_FOOT, len(sole)):
        apart = np.linalg.norm(points[:, None] - points[None, chosen], axis=2).min(1)
        chosen.append(int(apart.argmax()))
    return np.sort(sole[chosen])


def default_path():
    """The model that `foothold label` uses without --body."""
    given = os.environ.get("FOOTHOLD_BODY_MODEL")
    return given or os.path.join(os.path.dirname(__file__), "../../labels/data/makehuman_smpl24.h5")
