"""mfd-model enrich against the tables that SciPy and scikit-learn made (make_enrich.py)."""

import math
import os
import subprocess
import tempfile
import unittest

TOOL = os.environ["MFD_MODEL"]
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "enrich")
MATRIX = os.path.join(HERE, "logits.npy")
VCF = ["--vcf", os.path.join(HERE, "variants.vcf"), "--cases", "AF<0.005", "--controls", "AF>=0.05"]
LABELS = ["--labels", os.path.join(HERE, "labels.txt"), "--cases", "rare", "--controls", "common"]
CUTS = ["--quantiles", "0.25,0.5,0.9", "--direction", "both"]


def enrich(*arguments):
    p = subprocess.run([TOOL, "enrich", *arguments], capture_output=True, text=True)
    return p.returncode, p.stdout, p.stderr


def rows(text):
    lines = text.splitlines()
    return [dict(zip(lines[0].split("\t"), line.split("\t"))) for line in lines[1:]]


def expected(name):
    with open(os.path.join(HERE, name)) as file:
        return rows(file.read())


class Tables(unittest.TestCase):
    def agree(self, got, name):
        code, out, err = got
        self.assertEqual((code, err), (0, ""))
        got, wanted = rows(out), expected(name)
        self.assertEqual(len(got), len(wanted))
        for ours, theirs in zip(got, wanted):
            for key, value in theirs.items():
                if key == "direction":
                    self.assertEqual(ours[key], value)
                    continue
                a, b = float(ours[key]), float(value)
                close = math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-12) or (a != a and b != b)
                self.assertTrue(close, (key, ours, theirs))

    def test_bins_of_a_vcf_and_of_labels_agree_with_scipy(self):
        for labels in (VCF, LABELS):
            self.agree(enrich(MATRIX, *labels, *CUTS), "bins.tsv")

    def test_rankings_agree_with_sklearn(self):
        for labels in (VCF, LABELS):
            self.agree(enrich(MATRIX, *labels, "--direction", "both", "--report", "ranking"),
                       "ranking.tsv")

    def test_correlations_agree_with_scipy(self):
        values = ["--values", os.path.join(HERE, "values.txt")]
        self.agree(enrich(MATRIX, *values, "-d", "both", "-r", "correlation"), "correlation.tsv")

    def test_a_folder_gives_all_its_outputs_and_names_its_columns(self):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as names, tempfile.TemporaryDirectory() as to:
            names.write("one\tmore\ntwo\nthree\nfour\n")
            names.flush()
            path = os.path.join(to, "table.tsv")
            code, out, err = enrich(HERE, *VCF, "-r", "ranking", "-c", names.name, "-o", path)
            self.assertEqual((code, out, err), (0, "", ""))
            with open(path) as file:
                table = rows(file.read())
            self.assertEqual([(r["output"], r["column"], r["name"]) for r in table],
                             [("logits", str(i), n) for i, n in
                              enumerate(("one", "two", "three", "four"))])

    def test_conditions_may_have_several_parts(self):
        code, out, err = enrich(MATRIX, *VCF[:2], "--cases", "AF<0.005,AF>0.002", "--controls",
                                "MAF>=0.05,AN>=2000", "-r", "ranking")
        self.assertEqual((code, err), (0, ""))
        counts = [int(rows(out)[0][k]) for k in ("cases", "controls")]
        everything = [int(expected("ranking.tsv")[0][k]) for k in ("cases", "controls")]
        self.assertTrue(0 < counts[0] < everything[0] and 0 < counts[1] < everything[1])


class Refusals(unittest.TestCase):
    def test_what_does_not_belong_together_is_told(self):
        with tempfile.NamedTemporaryFile("w") as short, tempfile.TemporaryDirectory() as empty:
            short.write("1\n0\n")
            short.flush()
            bad = [
                ([MATRIX, "--labels", short.name], "240 rows, and there are 2"),
                ([MATRIX, "--labels", "/nonexistent"], "/nonexistent"),
                ([MATRIX], "--labels"),
                ([MATRIX, *LABELS, *VCF], "one of them"),
                ([MATRIX, *VCF[:2]], "--cases"),
                ([MATRIX, *VCF[:2], "--cases", "AF<", "--controls", "AF>1"], "no condition"),
                ([MATRIX, *VCF[:2], "--cases", "AF~1", "--controls", "AF>1"], "no condition"),
                ([MATRIX, *VCF[:2], "--cases", "AF<1,", "--controls", "AF>1"], "no condition"),
                ([MATRIX, *VCF[:2], "--cases", "AF<1", "--controls", "AF<2"], "exclude one another"),
                ([MATRIX, *LABELS, "--quantiles", "0.5,0.5"], "ascending"),
                ([MATRIX, *LABELS, "--quantiles", "0,0.5"], "ascending"),
                ([MATRIX, *LABELS, "--bins", "0"], "--bins"),
                ([MATRIX, *LABELS, "--report", "poem"], "poem"),
                ([MATRIX, *LABELS, "--direction", "up"], "up"),
                ([MATRIX, "-r", "correlation"], "--values"),
                ([MATRIX, "-r", "correlation", "--values", os.path.join(HERE, "labels.txt")],
                 "line 1"),
                ([MATRIX, *LABELS[:2]], "no row has both"),
                ([empty, *LABELS], "none of the outputs"),
                ([os.path.join(HERE, "labels.txt"), *LABELS], "labels.txt"),
                ([MATRIX, *LABELS, "-o", "/nonexistent/x"], "/nonexistent/x"),
            ]
            for arguments, words in bad:
                code, _, err = enrich(*arguments)
                self.assertEqual(code, 1, arguments)
                self.assertIn(words, err)


if __name__ == "__main__":
    unittest.main()
