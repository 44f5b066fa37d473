"""Prints facts of the test data that are compared in facts_test.go: python facts.py (NumPy 2.4).

It reads the files, drops repeated rows, codes the labels and evaluates the kernel on its own: for unit rows
H_ij = <x_i, x_j> (pi - t_ij) / (2 pi), t the angle, in extended precision.
"""
import gzip
import io

import numpy as np

REAL = "../../../testdata/data/real/"


def table(path, skip=0, delimiter=","):
    raw = open(path, "rb").read()
    if path.endswith(".gz"):
        raw = gzip.decompress(raw)
    return np.loadtxt(io.BytesIO(raw), skiprows=skip, delimiter=delimiter, ndmin=2)


def distinct(x, y=None):
    keep = []
    for i in range(len(x)):
        if not any((x[i] == x[j]).all() for j in keep):
            keep.append(i)
    return x[keep], None if y is None else y[keep]


def gram(x):
    x = x.astype(np.longdouble)
    x = x / np.sqrt((x * x).sum(1))[:, None]
    h = np.empty((len(x), len(x)))
    for i, u in enumerate(x):
        minus = np.sqrt(((x - u) ** 2).sum(1))
        plus = np.sqrt(((x + u) ** 2).sum(1))
        t = 2 * np.arctan2(minus, plus)
        h[i] = (x @ u) * (np.longdouble(np.pi) - t) / (2 * np.longdouble(np.pi))
    return h


def facts(name, x, y=None, standard=False, first=None):
    if standard:
        x = x - x.mean(0)
        sd = np.sqrt((x * x).mean(0))
        x = x[:, sd > 0] / sd[sd > 0]
    x, y = distinct(x[:first], None if y is None else y[:first])
    h = gram(x)
    line = f'{name}: n={len(x)} lambda0={np.linalg.eigvalsh(h)[0]:.17g}'
    if y is not None:
        y = y - y.mean()
        y = y / np.sqrt((y * y).mean())
        line += f' measure={y @ np.linalg.solve(h, y):.17g}'
    print(line)


C = "cases/"
a = table(C + "label-as-feature.csv", 1)
facts("label-as-feature", a[:, :-1], a[:, -1])
for f in ["unrelated-labels-01", "unrelated-labels-pm1", "sorted-class-zero-first", "five-rows"]:
    a = table(C + f + ".csv")
    facts(f, a[:, :-1], np.where(a[:, -1] == 1, 1.0, -1.0))
a = np.load(C + "xy-float.npz")
facts("xy-float", a["X"], np.where(a["y"] == 1, 1.0, -1.0))
a = table(C + "pandas-index-column.csv", 1)
facts("pandas-index-column", a[:, 1:-1], a[:, -1])
facts("late-duplicate", table(C + "late-duplicate.csv"))
facts("pandas-fortran", np.load(C + "pandas-fortran.npy"))
facts("uint8", np.load(C + "uint8.npy").astype(float))
a = table(C + "semicolon.csv", 1, ";")
facts("semicolon", a[:, :-1], a[:, -1])
a = table(C + "mixed-header.csv", 1)
facts("mixed-header", a[:, :-1], 2 * a[:, -1] - 1)

for standard in [False, True]:
    tag = " standardised" if standard else ""
    a = table(REAL + "iris.csv", 1)
    facts("iris" + tag, a[:, :-1], np.where(a[:, -1] == 0, 1.0, -1.0), standard)
    a = table(REAL + "wine.csv", 1)
    facts("wine" + tag, a[:, :-1], np.where(a[:, -1] == 0, 1.0, -1.0), standard)
    a = table(REAL + "breast-cancer.csv.gz", 1)
    facts("breast-cancer" + tag, a[:, :-1], 2 * a[:, -1] - 1, standard)
    x = table(REAL + "diabetes.csv.gz", 0, None)
    y = table(REAL + "diabetes-target.csv.gz")
    facts("diabetes" + tag, x, y[:, 0], standard)
    a = table(REAL + "digits.csv.gz")
    facts("digits" + tag, a[:, :-1], np.where(a[:, -1] == 0, 1.0, -1.0), standard, 500)
