"""Writes the NumPy files of the tests: python make.py (NumPy 2.4)."""
import numpy as np

a = np.array([[3.0, 4.0], [0.0, -2.0], [1.5, 0.25]])
y = np.array([1.0, -1.0, 1.0])


def npy(name, array, version=(1, 0)):
    with open(name, "wb") as f:
        np.lib.format.write_array(f, array, version=version)


npy("f8.npy", a)
npy("f4.npy", a.astype("<f4"))
npy("f8-v2.npy", a, version=(2, 0))
npy("fortran.npy", np.asfortranarray(a))
npy("big-endian.npy", a.astype(">f8"))
npy("int64.npy", a.astype("<i8"))
npy("record.npy", np.zeros(2, dtype=[("u", "<f8"), ("v", "<f4")]))
npy("scalar.npy", np.array(3.0))
npy("empty.npy", np.zeros((0, 2)))
npy("images.npy", np.arange(1, 13, dtype="<f4").reshape(3, 2, 2))
npy("labels.npy", y)
np.savez("xy.npz", X=a, y=y)
np.savez_compressed("packed.npz", inputs=a, targets=y, note=np.array(["text"]))
np.savez("one.npz", a)
