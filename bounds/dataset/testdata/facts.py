"""Prints facts of the real tables that dataset_test.go compares: python facts.py (NumPy 2.4).

Independent of the Go code: files, coding, kernels (by their recursion in extended precision), spectra by
LAPACK, and the margin by an active-set method for the dual of the hard-margin problem.
"""
import gzip
import io

import numpy as np

REAL = "../../../testdata/data/real/"
PI = np.longdouble(np.pi)


def table(path, skip=0, delimiter=","):
    raw = open(path, "rb").read()
    if path.endswith(".gz"):
        raw = gzip.decompress(raw)
    return np.loadtxt(io.BytesIO(raw), skiprows=skip, delimiter=delimiter, ndmin=2)


def distinct(x, y):
    keep = []
    for i in range(len(x)):
        if not any((x[i] == x[j]).all() for j in keep):
            keep.append(i)
    return x[keep], y[keep]


def chords(x):
    minus, plus = [np.empty((len(x), len(x)), np.longdouble) for _ in range(2)]
    for i, u in enumerate(x):
        minus[i] = np.sqrt(((x - u) ** 2).sum(1))
        plus[i] = np.sqrt(((x + u) ** 2).sum(1))
    return minus, plus


def kernels(x):
    """H, the feature kernel and NTK 1, 2, 3 (2 E[relu relu] keeps the diagonal at 1)."""
    minus, plus = chords(x)
    t = 2 * np.arctan2(minus, plus)
    cos = np.cos(t)
    h = cos * (PI - t) / (2 * PI)
    sigma, theta, out = cos, cos, []
    for _ in range(3):
        nxt = (np.sin(t) + (PI - t) * np.cos(t)) / PI
        theta = nxt + theta * (PI - t) / PI
        sigma = nxt
        # 1 - cos' without cancellation is not needed beyond 1e-15 here
        t = np.arccos(np.clip(sigma, -1, 1)) if _ < 2 else t
        np.fill_diagonal(t, 0)
        out.append(theta)
    return h.astype(float), out


def margin(h, y):
    """1/sqrt(1'a), a >= 0 the minimiser of a'YHYa/2 - 1'a (Lawson and Hanson's active sets)."""
    q = (y[:, None] * h) * y
    n = len(y)
    a, free = np.zeros(n), np.zeros(n, bool)
    while True:
        w = 1 - q @ a
        w[free] = -np.inf
        if w.max() <= 1e-12:
            return 1 / np.sqrt(a.sum())
        free[w.argmax()] = True
        while True:
            s = np.zeros(n)
            s[free] = np.linalg.solve(q[np.ix_(free, free)], np.ones(free.sum()))
            if s[free].min() > 0:
                a = s
                break
            bad = free & (s <= 0)
            step = (a[bad] / (a[bad] - s[bad])).min()
            a = a + step * (s - a)
            free &= a > 1e-14 * a.max()
            a[~free] = 0


def facts(name, x, y, plus=None):
    x, y = distinct(x, y)
    x = x.astype(np.longdouble)
    x = x / np.sqrt((x * x).sum(1))[:, None]
    signs = None
    if plus is not None:
        signs = np.where(y == plus, 1.0, -1.0)
        y = signs
    y = y - y.mean()
    y = y / np.sqrt((y * y).mean())
    minus, plus_ = chords(x)
    d = np.minimum(minus, plus_)
    np.fill_diagonal(d, np.inf)
    h, deep = kernels(x)
    bias, _ = kernels(np.c_[x, np.ones(len(x), np.longdouble)] / np.sqrt(np.longdouble(2)))
    v, u = np.linalg.eigh(h)
    c = (u.T @ y)[::-1] ** 2
    inverse = np.linalg.inv(h)
    n = len(y)
    shuffled = np.trace(inverse) - (inverse.sum() - np.trace(inverse)) / (n - 1)
    print(name, "n", n, "separation %.17g" % d.min(), "lambda0 %.17g" % v[0], "top %.17g" % v[-1],
          "S %.17g" % np.linalg.norm(x.astype(float), 2), "form %.17g" % (y @ np.linalg.solve(h, y)),
          "shuffled %.17g" % shuffled, "lead1 %.17g lead10 %.17g" % (c[:1].sum() / n, c[:10].sum() / n),
          "ntk1 %.17g" % np.linalg.eigvalsh(deep[0].astype(float))[0],
          "bias %.17g" % np.linalg.eigvalsh(bias)[0],
          "margin %.17g" % margin(h, signs) if signs is not None and n < 200 else "")


a = table(REAL + "iris.csv", 1)
facts("iris", a[:, :-1], a[:, -1], 0)
a = table(REAL + "wine.csv", 1)
facts("wine", a[:, :-1], a[:, -1], 0)
a = table(REAL + "breast-cancer.csv.gz", 1)
facts("breast-cancer", a[:150, :-1], a[:150, -1], 1)
facts("diabetes", table(REAL + "diabetes.csv.gz", 0, None), table(REAL + "diabetes-target.csv.gz")[:, 0])
a = table(REAL + "digits.csv.gz")
facts("digits", a[:150, :-1], a[:150, -1], 0)
