"""Experiments that training left out, predicted from their metadata alone.

    imputation.py MFD_MODEL GOLDEN_CHR20 GENOME SHARED

AUROC and average precision of each held-out track on the bins of SHARED/models/chr20/bins.txt, by
  metadata    the model's prediction (weights from metadata, bias 0): must be that of auroc.tsv
  biological  the biological part of its logits alone
  target, biosample              mean of the predictions of trained tracks with that target, that biosample
  target peaks, biosample peaks  mean of what those tracks measured in the very bins that are to be told
The last two see the test region, as no model may; `twin` tells where the same experiment, called with other
thresholds, is among the trained tracks. Leaves with 77 where SHARED is not there."""
import csv
import os
import subprocess
import sys
import tempfile

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))
from auroc import BIN, LEFT, RIGHT, TOLERANCE, auroc, average_precision, positives, read_genome

METHODS = ["metadata", "biological", "target", "biosample", "target peaks", "biosample peaks"]


def predict(program, bundle, genome, bins, folder):
    fasta, out = os.path.join(folder, "windows.fa"), os.path.join(folder, "out")
    with open(fasta, "w") as f:
        for b in bins:
            f.write(">%d\n%s\n" % (b, genome[b * BIN - LEFT:b * BIN + RIGHT]))
    subprocess.run([program, "predict", bundle, "--sequences", fasta, "--ensemble", "strands", "--out", out],
                   check=True)
    return [np.load(os.path.join(out, n + ".npy")) for n in ("predictions", "logits_biological")]


def mean_of(matrix, tracks):
    return matrix[:, tracks].mean(1) if len(tracks) else None


def scores_of(t, table, held, predictions, biological, peaks):
    def like(column):
        return [u for u in range(len(table)) if not held[u] and table[u][column] == table[t][column]]
    target, biosample = like("proc_target"), like("Biosample.term_name")
    return [predictions[:, t], biological[:, t], mean_of(predictions, target), mean_of(predictions, biosample),
            mean_of(peaks, target), mean_of(peaks, biosample)]


def print_imputation(table, held, rows, predictions, biological, peaks):
    names = [r["File.accession"] for r in table]
    figures, worst = [], 0.0
    print("\t".join(["track", "positives", "twin"] + ["%s %s" % (m, s) for m in METHODS for s in ("AUROC", "AP")]))
    for t in np.flatnonzero(held):
        truth = peaks[:, t]
        line = []
        for score in scores_of(t, table, held, predictions, biological, peaks):
            line += [np.nan, np.nan] if score is None else [auroc(truth, score), average_precision(truth, score)]
        stem = names[t].replace("_relaxed", "")
        twin = any(not held[u] and u != t and names[u].replace("_relaxed", "") == stem for u in range(len(names)))
        worst = max(worst, abs(line[0] - float(rows[t]["auroc"])),
                    abs(line[1] - float(rows[t]["average_precision"])))
        figures.append(line)
        print("\t".join([names[t], str(int(truth.sum())), "yes" if twin else "no"] + ["%.4f" % x for x in line]))
    for name, pick in (("mean", np.nanmean), ("median", np.nanmedian)):
        print("\t".join([name, "", ""] + ["%.4f" % x for x in pick(np.array(figures), axis=0)]))
    print("largest difference from auroc.tsv: %.2g" % worst)
    return len(figures) == 14 and worst <= TOLERANCE


def main():
    program, golden, genome, shared = sys.argv[1:]
    model = os.path.join(shared, "models", "chr20")
    if not os.path.exists(os.path.join(model, "bins.txt")):
        print("skipped: no %s/bins.txt" % model)
        sys.exit(77)
    bins = np.loadtxt(os.path.join(model, "bins.txt"), dtype=int)
    with open(os.path.join(model, "auroc.tsv")) as f:
        rows = list(csv.DictReader(f, delimiter="\t"))
    with open(golden + "/metadata.tsv") as f:
        table = list(csv.DictReader(f, delimiter="\t"))
    assert [r["track"] for r in rows] == [r["File.accession"] for r in table]
    held = np.array([r["held_out"] == "True" for r in rows])
    with tempfile.TemporaryDirectory() as folder:
        bundle = os.path.join(folder, "chr20.mfd")
        subprocess.run([program, "import", golden + "/model.ckpt", "--mapping", golden + "/mapping.yaml",
                        "--metadata", golden + "/metadata.tsv", "-o", bundle], check=True)
        predictions, biological = predict(program, bundle, read_genome(genome), bins, folder)
    peaks = np.stack([positives(os.path.join(shared, "data", "peaks", r["track"] + ".bed.gz"), bins)
                      for r in rows], 1)
    sys.exit(not print_imputation(table, held, rows, predictions, biological, peaks))


if __name__ == "__main__":
    main()
