"""Effects of the HNF4A promoter's substitutions against those measured, as where the model was trained.

    mpra.py MFD_MODEL BUNDLE GENOME SHARED

Scores the 855 substitutions of SHARED/models/chr20/mpra_snv.vcf by the published protocol, correlates the effects on
the logits with the measured ones (Kircher et al. 2019; variants with at least ten barcodes) through `mfd-model
enrich`, and compares with mpra_correlation.tsv: Pearson and Spearman of the whole, Pearson of either part. Leaves with
77 where SHARED is not there."""
import csv
import os
import subprocess
import sys
import tempfile

BARCODES = 10
TOLERANCE = 1e-4  # six digits in the table; ranks of nearly equal effects turn on their last bits


def rows(path):
    with open(path, newline="") as f:
        return list(csv.DictReader(f, delimiter="\t"))


def measured(path):
    """Measured effect of each substitution, by position and alternative."""
    return {(r["Pos"], r["Alt"]): r["Coefficient"] for r in rows(path) if int(r["Barcodes"]) >= BARCODES}


def keep(vcf, effects, out):
    """Write the records that were measured well; returns their effects in that order."""
    values = []
    with open(vcf) as f, open(out, "w") as g:
        for line in f:
            cells = line.split("\t")
            value = None if line[0] == "#" else effects.get((cells[1], cells[4]))
            if line[0] == "#" or value is not None:
                g.write(line)
            if value is not None:
                values.append(value)
    return values


def correlate(program, matrix, values):
    table = subprocess.run([program, "enrich", matrix, "--report", "correlation", "--direction", "signed", "--values",
                            values], check=True,
                           stdout=subprocess.PIPE, text=True).stdout
    return list(csv.DictReader(table.splitlines(), delimiter="\t"))


def main():
    program, bundle, genome, shared = sys.argv[1:]
    model = os.path.join(shared, "models", "chr20")
    table = os.path.join(shared, "data", "variants", "mpra_satmut_HNF4A_GRCh37.tsv")
    if not os.path.isfile(table):
        print("needs the measured effects in", shared)
        return 77
    with tempfile.TemporaryDirectory() as folder:
        vcf, values, out = (os.path.join(folder, name) for name in ("some.vcf", "values.txt", "out"))
        effects = keep(os.path.join(model, "mpra_snv.vcf"), measured(table), vcf)
        with open(values, "w") as f:
            f.writelines(e + "\n" for e in effects)
        subprocess.run([program, "score", bundle, "--genome", genome, "--variants", vcf, "--out", out], check=True)
        got = {part: correlate(program, os.path.join(out, "logits%s.npy" % part), values)
               for part in ("", "_biological", "_technical")}
    tracks = [r["File.accession"] for r in rows(os.path.join(model, "metadata.tsv"))]
    worst = 0.0
    for want in rows(os.path.join(model, "mpra_correlation.tsv")):
        i = tracks.index(want["track"])
        for name, part, column in (("pearson", "", "pearson"), ("spearman", "", "spearman"),
                                   ("pearson_bio", "_biological", "pearson"),
                                   ("pearson_tech", "_technical", "pearson")):
            worst = max(worst, abs(float(want[name]) - float(got[part][i][column])))
    print("%d substitutions, %d tracks: largest difference from mpra_correlation.tsv %.1e" %
          (len(effects), len(tracks), worst))
    return 0 if worst <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
