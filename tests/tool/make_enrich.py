#!/usr/bin/python3
"""Writes tests/tool/enrich/: a small matrix of effects, its variants, and the tables that SciPy and
scikit-learn make of them, straight from the definitions. Run with Debian's python3-scipy and
python3-sklearn; the result is committed, so that the test needs neither.

    /usr/bin/python3 tests/tool/make_enrich.py tests/tool/enrich
"""
import os
import sys

import numpy as np
import scipy.stats
import sklearn.metrics

HERE = sys.argv[1]
rng = np.random.default_rng(7)
N, COLUMNS = 240, 4


def variants():
    """Records with one to three alleles; AF given, or to be had from AC and AN, or missing."""
    lines, af, row = [], [], 0
    while row < N:
        n = int(min(rng.choice([1, 1, 1, 2, 3]), N - row))
        an = 2000
        ac = [int(rng.choice([1, 2, 5, 150, 900, 1400])) for _ in range(n)]
        kind = rng.choice(["AF", "AC", "none"], p=[0.6, 0.3, 0.1])
        info = {"AF": "DB;AF=%s;XAF=0.5" % ",".join("%g" % (a / an) for a in ac),
                "AC": "AC=%s;AN=%d" % (",".join(map(str, ac)), an), "none": "."}[kind]
        alts = ",".join(["C", "G", "T"][:n])
        lines.append("chr20\t%d\t.\tA\t%s\t.\t.\t%s" % (1000 + 10 * len(lines), alts, info))
        af += [np.nan if kind == "none" else a / an for a in ac]
        row += n
    with open(os.path.join(HERE, "variants.vcf"), "w") as f:
        f.write("##fileformat=VCFv4.2\n##contig=<ID=chr20>\n"
                '##INFO=<ID=AF,Number=A,Type=Float,Description="x">\n'
                '##INFO=<ID=XAF,Number=1,Type=Float,Description="x">\n'
                '##INFO=<ID=DB,Number=0,Type=Flag,Description="x">\n'
                '##INFO=<ID=AC,Number=A,Type=Integer,Description="x">\n'
                '##INFO=<ID=AN,Number=1,Type=Integer,Description="x">\n'
                "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "\n".join(lines) + "\n")
    return np.array(af)


def columns(x, direction):
    return np.abs(x) if direction == "absolute" else x


def tables(effects, label, measured, cuts):
    """label: 1 case, 0 control, -1 neither."""
    bins, ranking, correlation = [], [], []
    for c in range(COLUMNS):
        for direction in ("absolute", "signed"):
            x = columns(effects[:, c].astype(float), direction)
            use = np.isfinite(x) & (label >= 0)
            v, y = x[use], label[use] == 1
            edges = np.quantile(v, [0, *cuts, 1])
            which = np.searchsorted(edges[1:-1], v, side="right")
            for b in range(len(cuts) + 1):
                t = [[int((y & (which == b)).sum()), int((y & (which != b)).sum())],
                     [int((~y & (which == b)).sum()), int((~y & (which != b)).sum())]]
                odds, p = scipy.stats.fisher_exact(t)
                bins.append([c, direction, edges[b], edges[b + 1], *t[0], *t[1], odds, p,
                             scipy.stats.fisher_exact(t, "less")[1],
                             scipy.stats.fisher_exact(t, "greater")[1]])
            ranking.append([c, direction, int(y.sum()), int((~y).sum()),
                            sklearn.metrics.roc_auc_score(y, v),
                            sklearn.metrics.average_precision_score(y, v)])
            use = np.isfinite(x) & np.isfinite(measured)
            correlation.append([c, direction, int(use.sum()),
                                *scipy.stats.pearsonr(x[use], measured[use]),
                                *scipy.stats.spearmanr(x[use], measured[use])])
    p = np.array([row[9] for row in bins])
    order = np.argsort(p)
    q = np.empty(len(p))
    q[order] = np.minimum.accumulate((p[order] * len(p) / np.arange(1, len(p) + 1))[::-1])[::-1]
    return [[*row, min(1, one)] for row, one in zip(bins, q)], ranking, correlation


def write(name, header, rows):
    with open(os.path.join(HERE, name), "w") as f:
        f.write("\t".join(header) + "\n")
        for row in rows:
            f.write("\t".join(repr(float(v)) if isinstance(v, (float, np.floating)) else str(v)
                              for v in row) + "\n")


def main():
    os.makedirs(HERE, exist_ok=True)
    af = variants()
    label = np.where(af < 0.005, 1, np.where(af >= 0.05, 0, -1))
    effects = rng.normal(size=(N, COLUMNS)).astype(np.float32)
    effects[:, 1] += (label == 1) * 0.8          # rare alleles move it more
    effects[:, 2] = np.round(effects[:, 2])      # ties
    effects[:, 3] *= rng.random(N) < 0.3         # mostly nothing
    effects[17] = np.nan                         # not scored
    np.save(os.path.join(HERE, "logits.npy"), effects)
    with open(os.path.join(HERE, "labels.txt"), "w") as f:
        f.writelines({1: "rare\tx\n", 0: "common\n", -1: ".\n"}[int(v)] for v in label)
    measured = 0.4 * effects[:, 1] + rng.normal(size=N)
    measured[[3, 50]] = np.nan
    with open(os.path.join(HERE, "values.txt"), "w") as f:
        f.writelines("NA\n" if np.isnan(v) else "%r\n" % float(v) for v in measured)
    cuts = [0.25, 0.5, 0.9]
    bins, ranking, correlation = tables(effects, label, measured, cuts)
    write("bins.tsv", ["column", "direction", "low", "high", "cases_in", "cases_out", "controls_in",
                       "controls_out", "odds_ratio", "p", "p_less", "p_greater", "q"], bins)
    write("ranking.tsv", ["column", "direction", "cases", "controls", "auroc", "average_precision"],
          ranking)
    write("correlation.tsv", ["column", "direction", "n", "pearson", "pearson_p", "spearman",
                              "spearman_p"], correlation)


main()
