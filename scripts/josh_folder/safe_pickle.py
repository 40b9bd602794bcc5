# SPDX-License-Identifier: Apache-2.0
"""Arrays out of pickles, without running what a pickle may ask for.

Three kinds of file: pickles, .npy files with objects in them, and joblib's dumps, which put an array's bytes behind
the pickled object that describes it. Names that a pickle looks up are answered from the lists below: NumPy's own
constructors, and stand-ins of ours for PyTorch's tensors and joblib's arrays; neither package is imported. Any
other name is refused.
"""

import io
import pickle

import numpy as np

from . import Problem

try:
    from numpy._core import multiarray  # NumPy 2.
except ImportError:
    from numpy.core import multiarray

_STORAGE_TYPES = {"DoubleStorage": "<f8", "FloatStorage": "<f4", "HalfStorage": "<f2", "LongStorage": "<i8",
                  "IntStorage": "<i4", "ShortStorage": "<i2", "CharStorage": "i1", "ByteStorage": "u1",
                  "BoolStorage": "?", "UntypedStorage": "u1"}
_TORCH_MAGIC, _TORCH_PROTOCOL = 0x1950A86A20F9469CFC6C, 1001


class _JoblibArray:
    """Describes an array whose bytes follow in the file."""

    def read(self, stream):
        state = self.__dict__
        dtype, shape = state["dtype"], tuple(int(side) for side in state["shape"])
        if dtype.hasobject:
            raise Problem("holds an array of Python objects, which is not read")
        if state.get("numpy_array_alignment_bytes") is not None:
            stream.read(stream.read(1)[0])
        count = int(np.prod(shape, dtype=np.int64))
        data = stream.read(count * dtype.itemsize)
        if len(data) != count * dtype.itemsize:
            raise Problem("ends within an array: the file was cut off; copy it again")
        array = np.frombuffer(data, dtype, count)
        return array.reshape(shape[::-1]).T if state["order"] == "F" else array.reshape(shape)


def _encode(text, encoding):  # How old pickles hold bytes.
    if encoding != "latin1":
        raise Problem(f"holds text in the encoding {encoding}, which is not read")
    return text.encode("latin1")


def _frombuffer(data, dtype, shape, order):
    return np.frombuffer(data, dtype).reshape(shape, order=order)


def _tensor(storage, offset, size, stride, *_):
    size, stride = tuple(size), tuple(stride)
    reach = offset + sum((side - 1) * step for side, step in zip(size, stride)) + 1 if all(size) else offset
    if offset < 0 or min(stride, default=0) < 0 or reach > len(storage):
        raise Problem("holds a tensor that reaches beyond its storage")
    item = storage.itemsize
    return np.lib.stride_tricks.as_strided(storage[offset:], size, [step * item for step in stride]).copy()


def _storage(data):
    """A tensor's numbers, as PyTorch packs them inside other pickles."""
    stream = io.BytesIO(data)
    if (_load(stream), _load(stream)) != (_TORCH_MAGIC, _TORCH_PROTOCOL):
        raise Problem("holds a tensor of an unknown form; save it as a NumPy array (tensor.cpu().numpy())")
    _load(stream)  # About the machine.
    kind, count = _Unpickler(stream).load()
    _load(stream)  # Keys: there is one storage.
    dtype = np.dtype(_STORAGE_TYPES[kind])
    stored = int.from_bytes(stream.read(8), "little")
    data = stream.read(count * dtype.itemsize)
    if stored != count or len(data) != count * dtype.itemsize:
        raise Problem("holds a tensor that was cut off; copy the file again")
    return np.frombuffer(data, dtype)


_KNOWN = {("numpy", "ndarray"): np.ndarray, ("numpy", "dtype"): np.dtype,
          ("collections", "OrderedDict"): dict, ("_codecs", "encode"): _encode,
          ("__builtin__", "bytes"): lambda: b"", ("builtins", "bytes"): lambda: b"",  # Called for empty ones.
          ("torch._utils", "_rebuild_tensor_v2"): _tensor, ("torch._utils", "_rebuild_tensor"): _tensor,
          ("torch.storage", "_load_from_bytes"): _storage,
          ("torch.storage", "UntypedStorage"): "UntypedStorage",
          ("joblib.numpy_pickle", "NumpyArrayWrapper"): _JoblibArray}
for _core in ("numpy.core", "numpy._core"):
    for _name in ("_reconstruct", "scalar"):
        _KNOWN[_core + ".multiarray", _name] = getattr(multiarray, _name)
    _KNOWN[_core + ".numeric", "_frombuffer"] = _frombuffer
for _name in _STORAGE_TYPES:
    _KNOWN["torch", _name] = _name


class _Unpickler(pickle._Unpickler):  # The one in Python: joblib's bytes lie between its steps.
    dispatch = dict(pickle._Unpickler.dispatch)

    def __init__(self, stream):
        super().__init__(stream)
        self._stream = stream

    def find_class(self, module, name):
        try:
            return _KNOWN[module, name]
        except KeyError:
            raise Problem(f"wants to load {module}.{name}, which is refused: a pickle can run programs; only arrays are "
                          "read") from None

    def persistent_load(self, pid):
        if not (isinstance(pid, tuple) and len(pid) >= 5 and pid[0] == "storage" and pid[1] in _STORAGE_TYPES):
            raise Problem("refers to something other than a tensor's storage")
        return pid[1], int(pid[4])

    def load_build(self):
        super().load_build()
        if isinstance(self.stack[-1], _JoblibArray):
            self.stack[-1] = self.stack[-1].read(self._stream)

    dispatch[pickle.BUILD[0]] = load_build


def _load(stream):
    return _Unpickler(stream).load()


def _guarded(path, read):
    try:
        with open(path, "rb") as stream:
            return read(stream)
    except Problem as problem:
        raise Problem(f"{path}: {problem}") from None
    except FileNotFoundError:
        raise Problem(f"{path}: is missing; run the step of JOSH that writes it") from None
    except OSError as error:
        raise Problem(f"{path}: cannot be read: {error}") from None
    except Exception as error:  # A damaged pickle raises anything.
        raise Problem(f"{path}: is damaged ({type(error).__name__}: {error}); copy it again") from None


def load_pickle(path):
    """What pickle.dump or joblib.dump (without compression) wrote."""
    return _guarded(path, _load)


def load_npy(path):
    """What numpy.save wrote: an array, or the one object in it."""

    def read(stream):
        version = np.lib.format.read_magic(stream)
        reader = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}.get(version)
        if reader is None:
            raise Problem(f"is an .npy file of version {version}, which is not read")
        shape, fortran, dtype = reader(stream)
        if not dtype.hasobject:
            stream.seek(0)
            return np.load(stream, allow_pickle=False)
        array = _load(stream)
        return array.item() if isinstance(array, np.ndarray) and array.shape == () else array

    return _guarded(path, read)
