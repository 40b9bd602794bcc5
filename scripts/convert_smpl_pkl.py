#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Converts an SMPL model from its distributed pickle (.pkl) to the .npz that Foothold reads.

    python3 scripts/convert_smpl_pkl.py SMPL_NEUTRAL.pkl smpl_neutral.npz

Needs numpy and, because the pickle holds a sparse matrix, scipy; neither chumpy nor Python 2. A pickle
runs code when it is loaded: this script refuses every class but those an SMPL model consists of.
The model keeps its own licence: https://smpl.is.tue.mpg.de/modellicense.html
"""

import argparse
import pickle
import sys

try:
    import numpy as np
    import scipy.sparse
except ImportError as error:
    sys.exit(f"{error}; install them first: python3 -m pip install numpy scipy")

NUM_JOINTS = 24
NUM_SHAPE = 10


class ChumpyArray:
    """Stands for chumpy's arrays, of which only the numbers matter."""

    def __init__(self, *args, **kwargs):
        pass

    def __setstate__(self, state):
        self.state = state if isinstance(state, dict) else {}

    def numbers(self):
        for key in ("x", "_x"):
            if key in self.state:
                return np.asarray(self.state[key])
        if "a" in self.state and "idxs" in self.state:  # chumpy's Select: a view of another array.
            source = plain(self.state["a"]).ravel()[np.asarray(self.state["idxs"])]
            shape = self.state.get("preferred_shape")
            return source if shape is None else source.reshape(shape)
        raise ValueError("a chumpy array of an unknown kind: " + ", ".join(sorted(self.state)))


class SmplUnpickler(pickle.Unpickler):
    def find_class(self, module, name):
        top = module.split(".")[0]
        if top == "chumpy":
            return ChumpyArray
        if top == "scipy" and name in ("csc_matrix", "csr_matrix", "coo_matrix", "csc_array", "csr_array"):
            return getattr(scipy.sparse, name)
        if top == "numpy" and name in ("ndarray", "dtype"):
            return getattr(np, name)
        if top == "numpy" and name in ("_reconstruct", "scalar"):
            try:
                from numpy._core import multiarray  # numpy >= 2
            except ImportError:
                from numpy.core import multiarray
            return getattr(multiarray, name)
        if (module, name) in (("copy_reg", "_reconstructor"), ("copyreg", "_reconstructor")):
            import copyreg

            return copyreg._reconstructor
        if (module, name) in (("__builtin__", "object"), ("builtins", "object")):
            return object
        if (module, name) == ("_codecs", "encode"):
            import _codecs

            return _codecs.encode
        raise pickle.UnpicklingError(f"refused to load {module}.{name}: not part of an SMPL model")


def plain(value):
    if isinstance(value, ChumpyArray):
        value = value.numbers()
    if scipy.sparse.issparse(value):
        value = value.toarray()
    return np.asarray(value)


def convert(source, target):
    with open(source, "rb") as stream:
        model = SmplUnpickler(stream, encoding="latin1").load()
    missing = [key for key in ("v_template", "shapedirs", "J_regressor", "weights", "kintree_table", "f")
               if key not in model]
    if missing:
        sys.exit(f"{source}: not an SMPL model, it has no {', '.join(missing)}")
    vertices = plain(model["v_template"]).astype(np.float64)
    arrays = {
        "v_template": vertices,
        "shapedirs": plain(model["shapedirs"]).astype(np.float64)[:, :, :NUM_SHAPE],
        "J_regressor": plain(model["J_regressor"]).astype(np.float64),
        "weights": plain(model["weights"]).astype(np.float64),
        "kintree_table": plain(model["kintree_table"]).astype(np.int64),
        "f": plain(model["f"]).astype(np.uint32),
    }
    if "posedirs" in model:
        arrays["posedirs"] = plain(model["posedirs"]).astype(np.float64)
    num_joints = arrays["kintree_table"].shape[1]
    if num_joints != NUM_JOINTS:
        sys.exit(f"{source}: {num_joints} joints; Foothold reads SMPL's 24 (not SMPL-H or SMPL-X)")
    np.savez_compressed(target, **arrays)
    print(f"{target}: {len(vertices)} vertices, {arrays['shapedirs'].shape[2]} shape directions, "
          f"{'with' if 'posedirs' in arrays else 'without'} pose correctives")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="SMPL model, .pkl")
    parser.add_argument("target", help="file to write, .npz")
    arguments = parser.parse_args()
    convert(arguments.source, arguments.target)
