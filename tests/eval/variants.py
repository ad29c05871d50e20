"""What the demo's model says of 24,990 variants of the 1000 Genomes Project, as tables.

    MFD=... MFDD=... MFD_MODEL=... ROOT=... variants.py SHARED

1. `mfd-model score`, published protocol: rate and peak memory, which does not grow with the file.
2. Are rare variants (frequency below 0.005) told from common ones (0.05 and above) by their effects? `mfd-model enrich`,
   with a part of its lines and its rankings held against SciPy and scikit-learn, where they are there.
3. The ten variants with the largest technical effects; scored again alone, they must have the very same effects.
4. The background of the demo's bundle, made again from these variants by deploy/demo/make-bundle.
5. The file annotated by way of a daemon (annotate.py).
Leaves with 77 where SHARED or Debian's vt-examples is not there."""
import csv
import gzip
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import annotate
import kgp

RARE, COMMON, BINS = 0.005, 0.05, 10
SPARE = 16  # MiB that a whole file may take more than its first half
PARTS = ["logits", "logits_biological", "logits_technical"]


def fail(text):
    sys.exit("variants.py: " + text)


def score(program, bundle, genome, vcf, out):
    command = [program, "score", bundle, "--genome", genome, "--variants", vcf, "--ensemble", "published", "--out", out]
    code, *figures = kgp.measured(command, stderr=subprocess.DEVNULL)
    if code != 0:
        fail("%s ended with %d" % (" ".join(command), code))
    return figures


def first_records(vcf, n, path):
    with gzip.open(vcf, "rt") as f, open(path, "w") as g:
        for line in f:
            n -= line[0] != "#"
            if n < 0:
                break
            g.write(line)


def measure(program, bundle, genome, vcf, folder):
    out, half = os.path.join(folder, "out"), os.path.join(folder, "half.vcf")
    wall, cpu, memory = score(program, bundle, genome, vcf, out)
    with open(os.path.join(out, "variants.tsv")) as f:
        statuses = [row["status"] for row in csv.DictReader(f, delimiter="\t")]
    counts = {s: statuses.count(s) for s in set(statuses)}
    first_records(vcf, len(statuses) // 2, half)
    less = score(program, bundle, genome, half, os.path.join(folder, "half"))[2]
    print("%d variants: %s" % (len(statuses), counts))
    print("%.1f s, %.0f variants a second; processor %.1f s, %.0f a second; peak memory %.0f MiB (of half: %.0f MiB)"
          % (wall, len(statuses) / wall, cpu, len(statuses) / cpu, memory, less))
    if len(statuses) != sum(1 for _ in kgp.records(vcf)):
        fail("not every variant has a row")
    if memory > less + SPARE:
        fail("memory grows with the file")
    return out


def enrich(program, out, vcf, path, *arguments):
    subprocess.run([program, "enrich", out, "--vcf", vcf, "--cases", "AF<%g" % RARE, "--controls", "AF>=%g" % COMMON,
                    "--direction", "both", "--out", path, *arguments], check=True)
    with open(path) as f:
        return list(csv.DictReader(f, delimiter="\t"))


def check_bins(lines):
    """Adjusted p of the whole table, and every hundredth line's own, from their definitions."""
    p = np.array([float(line["p"]) for line in lines])
    order = np.argsort(p)
    q = np.empty(len(p))
    q[order] = np.minimum.accumulate((p[order] * len(p) / np.arange(1, len(p) + 1))[::-1])[::-1]
    if not np.allclose(np.minimum(q, 1), [float(line["q"]) for line in lines], rtol=1e-6, atol=0):
        fail("q is not that of Benjamini and Hochberg")
    try:
        from scipy.stats import fisher_exact
    except ImportError:
        return "without SciPy"
    worst, some = 0.0, lines[::100]
    for line in some:
        table = [[int(line[k]) for k in row] for row in (("cases_in", "cases_out"), ("controls_in", "controls_out"))]
        for name, want in (("odds_ratio", fisher_exact(table)[0]), ("p", fisher_exact(table)[1]),
                           ("p_less", fisher_exact(table, "less")[1]),
                           ("p_greater", fisher_exact(table, "greater")[1])):
            if want == want and np.isfinite(want) and want > 0:
                worst = max(worst, abs(float(line[name]) / want - 1))
    if worst > 1e-6:
        fail("%g from SciPy" % worst)
    return "%d lines within %.1g of SciPy's" % (len(some), worst)


def check_rankings(lines, out, frequency):
    try:
        from sklearn.metrics import roc_auc_score
    except ImportError:
        return "without scikit-learn"
    worst, n = 0.0, 0
    labelled = (frequency < RARE) | (frequency >= COMMON)
    for part in PARTS:
        effects = np.load(os.path.join(out, part + ".npy"))
        use = labelled & np.isfinite(effects[:, 0])
        for line in (row for row in lines if row["output"] == part and row["direction"] == "absolute"):
            want = roc_auc_score(frequency[use] < RARE, np.abs(effects[use, int(line["column"])]))
            worst, n = max(worst, abs(want - float(line["auroc"]))), n + 1
    if worst > 1e-6 or n == 0:
        fail("%g from scikit-learn" % worst)
    return "%d of them within %.1g of scikit-learn's" % (n, worst)


def print_enrichment(program, out, vcf, frequency, folder):
    bins = enrich(program, out, vcf, os.path.join(folder, "bins.tsv"), "--bins", str(BINS))
    ranks = enrich(program, out, vcf, os.path.join(folder, "ranks.tsv"), "--report", "ranking")
    print("\nRare (%s) against common (%s), bins of a tenth of the effects; medians over columns" %
          (ranks[0]["cases"], ranks[0]["controls"]))
    print("output\tdirection\tcolumns\ttests\tq<0.05\todds ratio, lowest\thighest\tAUROC\tfarthest from 0.5")
    for output, direction in dict.fromkeys((row["output"], row["direction"]) for row in ranks):
        def pick(rows):
            return [r for r in rows if r["output"] == output and r["direction"] == direction]
        ours = pick(bins)
        low, high = (np.median([float(r["odds_ratio"]) for r in ours if float(r[edge]) == at])
                     for edge, at in (("from", 0), ("to", 1)))
        auroc = np.array([float(r["auroc"]) for r in pick(ranks)])
        print("%s\t%s\t%d\t%d\t%d\t%.3f\t%.3f\t%.4f\t%.4f" %
              (output, direction, len(auroc), len(ours), sum(float(r["q"]) < 0.05 for r in ours), low, high,
               np.median(auroc), auroc[np.argmax(np.abs(auroc - 0.5))]))
    print("Odds ratios and p: %s. AUROC: %s." % (check_bins(bins), check_rankings(ranks, out, frequency)))


def print_composition(vcf, out, frequency):
    """How much of that is the composition of sequence: the same within substitutions that lose, keep or gain G and C."""
    change = np.array([sum(b in "GC" for b in cells[4]) - sum(b in "GC" for b in cells[3])
                       if len(cells[3]) == len(cells[4]) == 1 else np.nan for cells, _ in kgp.records(vcf)])
    effects = np.load(os.path.join(out, "logits_biological.npy"))
    use = np.isfinite(change) & np.isfinite(effects[:, 0]) & ((frequency < RARE) | (frequency >= COMMON))
    print("\nSubstitutions, the lowest tenth of the biological effects: median odds ratio over tracks")
    print("G and C\trare\tcommon\todds ratio")
    for name, sign in (("any", None), ("lost", -1), ("kept", 0), ("gained", 1)):
        chosen = use if sign is None else use & (change == sign)
        rare, ratios = frequency[chosen] < RARE, []
        for x in effects[chosen].T:
            low = x < np.quantile(x, 1 / BINS)
            a, b, c, d = (np.sum(rare & low), np.sum(rare & ~low), np.sum(~rare & low), np.sum(~rare & ~low))
            ratios.append(a * d / (b * c))
        print("%s\t%d\t%d\t%.3f" % (name, rare.sum(), (~rare).sum(), np.median(ratios)))


def print_technical(program, bundle, genome, vcf, out, tracks, folder):
    total, biological, technical = (np.load(os.path.join(out, part + ".npy")) for part in PARTS)
    if np.nanmax(np.abs(total - biological - technical)) > 1e-5:
        fail("the parts do not add up")
    size = np.nan_to_num(np.abs(technical))
    top = np.argsort(-size.max(1), kind="stable")[:10]
    rows = list(kgp.records(vcf))
    print("\nThe ten variants with the largest technical effects, on the track where it is largest")
    print("variant\tid\tfrequency\ttrack\ttotal\tbiological\ttechnical\ttechnical share")
    for v in top:
        cells, info = rows[v]
        t = int(np.argmax(size[v]))
        share = size[v, t] / (size[v, t] + abs(biological[v, t]))
        print("%s-%s-%s-%s\t%s\t%s\t%s\t%.4f\t%.4f\t%.4f\t%.2f" %
              (cells[0], cells[1], cells[3], cells[4], cells[2], info["AF"], tracks[t], total[v, t], biological[v, t],
               technical[v, t], share))
    alone, again = os.path.join(folder, "ten.vcf"), os.path.join(folder, "ten")
    with open(alone, "w") as f:
        f.write("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
        f.writelines("\t".join(rows[v][0]) + "\n" for v in top)
    score(program, bundle, genome, alone, again)
    for part, effects in zip(PARTS, (total, biological, technical)):
        if not np.array_equal(np.load(os.path.join(again, part + ".npy")), effects[top]):
            fail("scored alone, the effects are others")


def read_background(path):
    with open(path, "rb") as f:
        data = f.read()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + size])
    tables = [np.frombuffer(data, "<f4", np.prod(t["shape"]), 8 + size + t["data_offsets"][0]).reshape(t["shape"])
              for t in (header["background.probability"], header["background.effect"])]
    return header["__metadata__"]["background_source"], *tables


def check_background(program, root, vcf, out, frequency, folder):
    again = os.path.join(folder, "again.mfd")
    subprocess.run([os.path.join(root, "deploy/demo/make-bundle"), program, vcf, again], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ours, theirs = read_background(os.path.join(root, "deploy/demo/demo.mfd")), read_background(again)
    print("\nBackground of the demo: %s" % ours[0])
    largest = np.abs(ours[2] - theirs[2]).max()
    effects = np.abs(np.load(os.path.join(out, "logits.npy"))[frequency >= 0.0099]).astype(float)
    effects = np.sort(effects[np.isfinite(effects[:, 0])], axis=0)
    rank = (np.arange(len(effects)) + 0.5) / len(effects)
    off = max(np.abs(np.interp(effects[:, t], ours[2][:, t], ours[1]) - rank).max() for t in range(effects.shape[1]))
    print("Made again: largest difference %.1g. Largest error of a quantile for want of more points: %.4f" %
          (largest, off))
    if ours[0] != theirs[0] or not np.array_equal(ours[1], theirs[1]) or largest > 1e-4 or off > 0.005:
        fail("the demo's background is not that of these variants; run deploy/demo/make-bundle")


def main():
    program, root = os.environ["MFD_MODEL"], os.environ["ROOT"]
    vcf = kgp.variants(sys.argv[1])
    kgp.need(vcf, kgp.CHROMOSOME, "samtools", "bcftools", "tabix")
    bundle = os.path.join(root, "deploy/demo/demo.mfd")
    with open(os.path.join(root, "tests/golden/data/chr20/metadata.tsv")) as f:
        tracks = [row["File.accession"] for row in csv.DictReader(f, delimiter="\t")]
    frequency = np.array([float(info["AF"]) for _, info in kgp.records(vcf)])
    with tempfile.TemporaryDirectory() as folder:
        genome = kgp.chromosome(folder)
        out = measure(program, bundle, genome, vcf, folder)
        print_enrichment(program, out, vcf, frequency, folder)
        print_composition(vcf, out, frequency)
        print_technical(program, bundle, genome, vcf, out, tracks, folder)
        check_background(program, root, vcf, out, frequency, folder)
        annotate.annotate(genome, vcf, np.load(os.path.join(out, "logits.npy")), tracks, folder)


if __name__ == "__main__":
    main()
