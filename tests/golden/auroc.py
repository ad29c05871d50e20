"""The trained model tells bound from unbound bins as well here as it did where it was trained.

    auroc.py MFD_MODEL GOLDEN_CHR20 GENOME SHARED

Predicts the bins that SHARED/models/chr20/bins.txt lists (mean of both strands), scores each track against
its peaks, and compares AUROC and average precision with auroc.tsv. Leaves with 77 where SHARED is not there."""
import csv
import gzip
import os
import subprocess
import sys
import tempfile

import numpy as np

BIN, LEFT, RIGHT = 128, 1024, 1152  # the window of a bin that begins at b is [b - LEFT, b + RIGHT)
TOLERANCE = 1e-3


def read_genome(path):
    with gzip.open(path, "rt") as f:
        return "".join(line.strip() for line in f if line[0] != ">")


def predict(program, bundle, genome, bins, folder):
    fasta = os.path.join(folder, "windows.fa")
    with open(fasta, "w") as f:
        for b in bins:
            f.write(">%d\n%s\n" % (b, genome[b * BIN - LEFT:b * BIN + RIGHT]))
    out = os.path.join(folder, "out")
    subprocess.run([program, "predict", bundle, "--sequences", fasta, "--ensemble", "strands",
                    "--out", out], check=True)
    return np.load(os.path.join(out, "predictions.npy"))


def positives(peaks, bins):
    """True for bins of chr20 of which peaks together cover at least half."""
    covered = np.zeros((bins.max() + 1) * BIN, bool)
    with gzip.open(peaks, "rt") as f:
        for line in f:
            chrom, start, end = line.split("\t")[:3]
            if chrom in ("chr20", "20"):
                covered[int(start):int(end)] = True
    return covered.reshape(-1, BIN).sum(1)[bins] >= BIN // 2


def auroc(truth, score):
    """Mann-Whitney: ties count half."""
    _, group, count = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[group]
    n = truth.sum()
    return (rank[truth].sum() - n * (n + 1) / 2) / (n * (len(truth) - n))


def average_precision(truth, score):
    """Sum over thresholds of precision times the recall gained there."""
    order = np.argsort(-score, kind="stable")
    last = np.r_[np.diff(score[order]) != 0, True]  # of each run of equal scores
    hits = np.cumsum(truth[order])[last]
    precision = hits / (np.flatnonzero(last) + 1)
    return (precision * np.diff(np.r_[0, hits])).sum() / truth.sum()


def main():
    program, golden, genome, shared = sys.argv[1:]
    model = os.path.join(shared, "models", "chr20")
    if not os.path.exists(os.path.join(model, "bins.txt")):
        print("skipped: no %s/bins.txt" % model)
        sys.exit(77)
    bins = np.loadtxt(os.path.join(model, "bins.txt"), dtype=int)
    with open(os.path.join(model, "auroc.tsv")) as f:
        rows = list(csv.DictReader(f, delimiter="\t"))
    with tempfile.TemporaryDirectory() as folder:
        bundle = os.path.join(folder, "chr20.mfd")
        subprocess.run([program, "import", golden + "/model.ckpt", "--mapping", golden + "/mapping.yaml",
                        "--metadata", golden + "/metadata.tsv", "-o", bundle], check=True)
        scores = predict(program, bundle, read_genome(genome), bins, folder)
    worst = {"auroc": 0.0, "average_precision": 0.0}
    for track, row in enumerate(rows):
        truth = positives(os.path.join(shared, "data", "peaks", row["track"] + ".bed.gz"), bins)
        if truth.sum() != int(row["positives"]):
            sys.exit("%s: %d positive bins, not %s" % (row["track"], truth.sum(), row["positives"]))
        for name, value in (("auroc", auroc(truth, scores[:, track])),
                            ("average_precision", average_precision(truth, scores[:, track]))):
            if row[name] not in ("", "nan"):
                worst[name] = max(worst[name], abs(value - float(row[name])))
    print("%d bins, %d tracks, largest differences: %s" % (len(bins), len(rows), worst))
    sys.exit(not (rows and max(worst.values()) <= TOLERANCE))


if __name__ == "__main__":
    main()
