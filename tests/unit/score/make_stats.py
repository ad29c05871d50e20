#!/usr/bin/python3
"""Writes stats_expected.h: what SciPy and scikit-learn say. Run with Debian's python3-scipy and
python3-sklearn; the result is committed, so that the tests need neither.

    /usr/bin/python3 tests/unit/score/make_stats.py > tests/unit/score/stats_expected.h
"""
import math

import numpy as np
import scipy
import scipy.special
import scipy.stats
import sklearn
import sklearn.metrics

rng = np.random.default_rng(20260102)


def number(x):
    x = float(x)
    return "NAN" if math.isnan(x) else "INFINITY" if math.isinf(x) else repr(x)


def numbers(values):
    return ", ".join(number(v) for v in values)


def fisher_tables():
    tables = [(3, 1, 1, 3), (8, 2, 1, 5), (0, 5, 5, 0), (5, 0, 0, 5), (10, 0, 0, 0), (0, 0, 3, 4),
              (0, 3, 0, 4), (1, 0, 0, 1), (1, 1, 1, 1), (2, 3, 3, 2), (12, 5, 29, 2), (5, 5, 5, 5),
              (0, 16, 4, 20), (100, 2, 1000, 5), (2, 7, 8, 2), (5, 1, 10, 10), (5, 15, 20, 20),
              (5, 16, 20, 25), (10, 5, 10, 1), (50, 1, 50, 1), (1, 99, 0, 100),
              # as large as enrichments get
              (1000, 9000, 10500, 89500), (120, 880, 101000, 898000), (500123, 499877, 500000, 1000000),
              (90210, 909790, 91000, 908000), (3, 999997, 20, 999980), (1000000, 2000, 999000, 2500),
              (990000, 10, 1000, 2)]
    for _ in range(30):
        top = int(rng.choice([6, 30, 400, 20000]))
        tables.append(tuple(int(v) for v in rng.integers(0, top, 4)))
    return tables


def fisher():
    print("static const struct {\n    struct mfd_contingency t;\n"
          "    double odds, two_sided, less, greater;\n} fisher_cases[] = {")
    for t in fisher_tables():
        table = [[t[0], t[1]], [t[2], t[3]]]
        odds = scipy.stats.fisher_exact(table)[0]
        p = [scipy.stats.fisher_exact(table, a)[1] for a in ("two-sided", "less", "greater")]
        print("    { { %d, %d, %d, %d }, %s },"
              % (*t, numbers([odds, *p])))
    print("};\n")


def array(name, values, type="double"):
    text = ", ".join(str(int(v)) for v in values) if type != "double" else numbers(values)
    print("static const %s %s[] = { %s };" % (type, name, text))


def rankings():
    rows = []
    for i, n in enumerate((2, 3, 10, 40, 40, 200)):
        score = rng.normal(size=n) if i % 2 else rng.integers(0, max(2, n // 4), n) / 8
        label = rng.random(n) < (0.3 if i < 5 else 0.05)
        label[0], label[-1] = True, False
        array("score_%d" % i, score)
        array("label_%d" % i, label, "uint8_t")
        rows.append("{ score_%d, label_%d, %d, %s }" % (
            i, i, n, numbers([sklearn.metrics.roc_auc_score(label, score),
                              sklearn.metrics.average_precision_score(label, score)])))
    print("static const struct {\n    const double *score;\n    const uint8_t *label;\n    size_t n;\n"
          "    double auroc, precision;\n} ranking_cases[] = {\n    %s,\n};\n" % ",\n    ".join(rows))


def correlations():
    rows = []
    for i, n in enumerate((2, 3, 5, 20, 100, 300)):
        x = rng.normal(size=n) if i % 2 else np.round(rng.normal(size=n) * 3)
        y = x * rng.choice([-1, 0.1, 0.5]) + rng.normal(size=n) * 0.7 + 1e3
        if i == 2:
            y = np.round(y)
        array("x_%d" % i, x)
        array("y_%d" % i, y)
        pearson, spearman = scipy.stats.pearsonr(x, y), scipy.stats.spearmanr(x, y)
        # SciPy's p for two pairs is 1 for Pearson and NaN for Spearman; we say 1 for both
        rows.append("{ x_%d, y_%d, %d, %s }" % (
            i, i, n, numbers([pearson[0], pearson[1], spearman[0], 1 if n == 2 else spearman[1]])))
    print("static const struct {\n    const double *x, *y;\n    size_t n;\n"
          "    double pearson, pearson_p, spearman, spearman_p;\n} correlation_cases[] = {\n    %s,\n};\n"
          % ",\n    ".join(rows))


def special():
    print("static const struct {\n    double x, a, b, value;\n} beta_cases[] = {")
    for a in (0.5, 1, 3.25, 40, 5000):
        for b in (0.5, 2, 17.5, 900):
            for x in (0, 1e-9, 0.02, 0.5, 0.85, 0.9999, 1):
                print("    { %s },"
                      % numbers([x, a, b, scipy.special.betainc(a, b, x)]))
    print("};\n")
    x = np.sort(rng.normal(size=17))
    array("quantile_of", x)
    print("static const struct {\n    double f, value;\n} quantile_cases[] = {")
    for f in (0, 0.001, 0.05, 0.1, 0.25, 1 / 3, 0.5, 0.7, 0.9, 0.99, 1):
        print("    { %s }," % numbers([f, np.quantile(x, f)]))
    print("};")


print("/* Written by make_stats.py with SciPy %s, scikit-learn %s and NumPy %s: change that. */"
      % (scipy.__version__, sklearn.__version__, np.__version__))
print("#pragma once\n\n#include <math.h>\n\n#include \"core/score/stats.h\"\n\n/* clang-format off */")
fisher()
rankings()
correlations()
special()
print("/* clang-format on */")
