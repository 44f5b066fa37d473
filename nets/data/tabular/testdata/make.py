"""Writes the NumPy files of the tests: python make.py (NumPy 2.4)."""
import numpy as np

a = np.array([[3.0, 4.0], [0.0, -2.0], [1.5, 0.25]])
y = np.array([1.0, -1.0, 1.0])


def npy(name, array, version=(1, 0)):
    with open(name, "wb") as f:
        np.lib.format.write_array(f, array, version=version)


npy("f8.npy", a)
npy("f4.npy", a.astype("<f4"))
npy("f2.npy", a.astype("<f2"))
npy("f8-v2.npy", a, version=(2, 0))
npy("fortran.npy", np.asfortranarray(a))
npy("fortran-images.npy", np.asfortranarray(np.arange(24.0).reshape(2, 2, 3, 2)))
npy("big-endian.npy", a.astype(">f8"))
npy("big-endian-fortran.npy", np.asfortranarray(a.astype(">f4")))
b = np.array([[1, 0, 1], [0, 1, 1]])
for name in ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "?"]:
    npy(f"{name.replace('?', 'bool')}.npy", b.astype(name))
npy("big-endian-i4.npy", (b - 2).astype(">i4"))
npy("record.npy", np.zeros(2, dtype=[("u", "<f8"), ("v", "<f4")]))
npy("complex.npy", np.zeros((2, 2), dtype="<c16"))
npy("scalar.npy", np.array(3.0))
npy("empty.npy", np.zeros((0, 2)))
npy("images.npy", np.arange(1, 13, dtype="<f4").reshape(3, 2, 2))
npy("labels.npy", y)
npy("text-labels.npy", np.array(["dog", "cat", "dog"]))
npy("one-hot.npy", np.array([[0, 1, 0], [1, 0, 0], [0, 1, 0]], dtype="<u1"))
npy("column-labels.npy", y.reshape(3, 1))
np.savez("xy.npz", X=a, y=y)
np.savez_compressed("packed.npz", inputs_a=a, results=y, note=np.array(["text"]))
np.savez("train.npz", x_test=a[:1], x_train=a, y_test=y[:1], y_train=y.astype("<i8"))
np.savez("plain.npz", a, y)
np.savez("one.npz", a)
