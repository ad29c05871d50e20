"""Outputs of the published code (tests/golden/data), and how near an answer must be."""
import os

import harness
import numpy

TOLERANCE = {"predictions": (2e-5, 0), "logits": (1e-4, 1e-4), "features": (1e-4, 1e-4)}
CASES = ("tiny", "order2", "padded", "wide", "baseline")


def expected(case, name):
    return numpy.load(os.path.join(harness.DATA, case, "expected", name + ".npy"))


def has(case, name):
    return os.path.exists(os.path.join(harness.DATA, case, "expected", name + ".npy"))


def worst(answer, wanted, kind):
    """How far the worst number is, in tolerances; at most 1 is right."""
    answer, wanted = numpy.asarray(answer, dtype=numpy.float64), wanted.astype(numpy.float64)
    if answer.shape != wanted.shape:
        raise AssertionError("shape %s, not %s" % (answer.shape, wanted.shape))
    absolute, relative = TOLERANCE[kind]
    return float(numpy.max(numpy.abs(answer - wanted) / (absolute + relative * numpy.abs(wanted))))


def variants():
    """Lines of variants.vcf: {"chrom", "pos", "ref", "alt", "id"}."""
    with open(os.path.join(harness.DATA, "variants.vcf"), encoding="ascii") as f:
        lines = [line.split("\t") for line in f if line[0] != "#"]
    return [{"chrom": c, "pos": int(p), "id": i, "ref": r, "alt": a.strip()} for c, p, i, r, a, *_ in lines]
