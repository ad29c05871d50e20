"""mfd-model predict and score: what they write, in which order, and what they refuse."""
import csv
import os
import subprocess
import tempfile
import unittest

import numpy

TOOL = os.environ["MFD_MODEL"]
DATA = os.path.join(os.environ["ROOT"], "tests/golden/data")
GENOME, VARIANTS = os.path.join(DATA, "region.fa"), os.path.join(DATA, "variants.vcf")
HEADER = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
SPLIT = ["predictions", "logits", "logits_biological", "logits_technical", "features_biological", "features_technical"]
WHOLE = ["predictions", "logits", "features"]


def tool(*arguments):
    done = subprocess.run([TOOL, *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def read(path):
    with open(path, "rb") as f:
        return f.read()


def fasta(path):
    with open(path, encoding="ascii") as f:
        return [(r.split("\n")[0], r.split("\n", 1)[1].replace("\n", "")) for r in f.read().split(">")[1:]]


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder, cls.bundles = folder.name, {}
        for name in ("tiny", "baseline"):
            case, bundle = os.path.join(DATA, name), os.path.join(folder.name, name + ".mfd")
            code, _, err = tool("import", case + "/model.ckpt", "-m", case + "/mapping.yaml", "-t",
                                case + "/metadata.tsv", "-o", bundle)
            assert code == 0, err
            cls.bundles[name] = bundle

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="latin-1") as f:
            f.write(text)
        return path

    def run_tool(self, command, *arguments, bundle="tiny", code=0):
        """Runs it into a new folder, which it returns with what was said."""
        out = os.path.join(tempfile.mkdtemp(dir=self.folder), "new", "out")
        got, _, err = tool(command, self.bundles[bundle], *arguments, "--out", out)
        self.assertEqual(got, code, err)
        return out, err

    def refuse(self, words, command, *arguments, **more):
        """It fails, names what is wrong, and leaves nothing that could be taken for a result."""
        out, err = self.run_tool(command, *arguments, code=1, **more)
        for word in words if isinstance(words, tuple) else (words,):
            self.assertIn(word, err)
        self.assertEqual(os.listdir(out) if os.path.isdir(out) else [], [])


class Predict(Case):
    def test_every_output_of_either_kind_of_model_is_written_a_row_a_record(self):
        for case, names in (("tiny", SPLIT), ("baseline", WHOLE)):
            windows = os.path.join(DATA, case, "windows.fa")
            out, err = self.run_tool("predict", "-s", windows, bundle=case)
            self.assertEqual(sorted(os.listdir(out)), sorted(n + ".npy" for n in names))
            n = len(fasta(windows))
            self.assertIn("%d windows" % n, err)
            for name in names:
                array = numpy.load(os.path.join(out, name + ".npy"))
                self.assertEqual((array.dtype, len(array), array.ndim), (numpy.float32, n, 2))

    def test_rows_are_in_the_order_of_the_records_whatever_the_company(self):
        records = fasta(os.path.join(DATA, "tiny", "windows.fa"))
        mixed = [(3 * i + 1) % len(records) for i in range(len(records))] # 3 and their number have no common divisor
        self.assertEqual(len(set(mixed)), len(records))
        path = self.write("mixed.fa", "".join(">%s\n%s\n" % records[i] for i in mixed))
        plain, _ = self.run_tool("predict", "-s", os.path.join(DATA, "tiny", "windows.fa"))
        other, _ = self.run_tool("predict", "-s", path)
        for name in SPLIT:
            one, two = (numpy.load(os.path.join(out, name + ".npy")) for out in (plain, other))
            self.assertEqual(one[mixed].tobytes(), two.tobytes())

    def test_both_strands_are_the_mean_of_a_window_and_its_reverse_complement(self):
        records = fasta(os.path.join(DATA, "tiny", "windows.fa"))
        turned = [(n, s.upper()[::-1].translate(str.maketrans("ACGT", "TGCA"))) for n, s in records]
        path = self.write("turned.fa", "".join(">%s\n%s\n" % r for r in turned))
        strands, _ = self.run_tool("predict", "-s", os.path.join(DATA, "tiny", "windows.fa"), "-e", "strands")
        one, two = (self.run_tool("predict", "-s", p, "-e", "none")[0]
                    for p in (os.path.join(DATA, "tiny", "windows.fa"), path))
        for name in SPLIT:
            got, forward, reverse = (numpy.load(os.path.join(out, name + ".npy")) for out in (strands, one, two))
            self.assertLess(numpy.abs(got - (forward + reverse) / 2).max(), 1e-4)

    def test_a_window_of_another_length_is_named_with_the_length_wanted(self):
        name, bases = fasta(os.path.join(DATA, "tiny", "windows.fa"))[0]
        good = ">good\n%s\n" % bases
        for text, words in ((">short one\n%s\n" % bases[1:], ("record 2", "short one", "2175", "exactly 2176")),
                            (">long\n%sA\n" % bases, ("record 2", "2177", "exactly 2176"))):
            self.refuse(words, "predict", "-s", self.write("bad.fa", good + text))
        self.refuse(("published", "exactly 2184"), "predict", "-e", "published", "-s", self.write("bad.fa", good))

    def test_what_is_no_fasta_is_refused_with_its_line(self):
        for text, words in (("", "no FASTA record"), ("ACGT\n", ("line 1", "begins with '>'")),
                            (">a\n>b\nACGT\n", ("record 1", "no bases")), (">a\nAC1T\n", ("line 2", "0x31")),
                            (">a\nAC\x00T\n", ("line 2", "0x00")), (">a\nAC\xe9T\n", ("line 2", "0xe9"))):
            self.refuse(words, "predict", "-s", self.write("bad.fa", text))
        self.refuse("/nonexistent.fa", "predict", "-s", "/nonexistent.fa")

    def test_options_that_make_no_sense_are_named(self):
        windows = os.path.join(DATA, "tiny", "windows.fa")
        self.refuse("'most' is no ensemble; there are none, strands and published", "predict", "-s", windows, "-e",
                    "most")
        for threads in ("0", "-1", "many", "1025"):
            self.refuse(("--threads", threads), "predict", "-s", windows, "-t", threads)
        code, _, err = tool("predict", self.bundles["tiny"], "-s", windows, "-o", "/proc/nowhere/out")
        self.assertEqual(code, 1)
        self.assertIn("/proc/nowhere", err)


class Score(Case):
    def table(self, out):
        with open(os.path.join(out, "variants.tsv"), encoding="ascii") as f:
            return list(csv.DictReader(f, delimiter="\t"))

    def test_the_seven_published_outputs_are_written_with_the_reference(self):
        swaps = ["logits_biological_ver2", "logits_technical_ver2"]
        for case, names in (("tiny", SPLIT + swaps), ("baseline", WHOLE)):
            out, _ = self.run_tool("score", "-g", GENOME, "-v", VARIANTS, bundle=case)
            references = [n + ".ref" for n in names if n not in swaps]
            self.assertEqual(sorted(os.listdir(out)),
                             sorted(["variants.tsv"] + [n + ".npy" for n in names + references]))
            self.assertEqual({len(numpy.load(os.path.join(out, n + ".npy"))) for n in names + references},
                             {len(self.table(out))})

    def test_variants_may_come_through_a_pipe_plain_or_compressed(self):
        plain, _ = self.run_tool("score", "-g", GENOME, "-v", VARIANTS)
        for name in (VARIANTS, VARIANTS + ".gz"):
            out = os.path.join(tempfile.mkdtemp(dir=self.folder), "out")
            subprocess.run([TOOL, "score", self.bundles["tiny"], "-g", GENOME, "-v", "-", "-o", out], check=True,
                           input=read(name), stderr=subprocess.DEVNULL)
            for array in sorted(os.listdir(plain)):
                self.assertEqual(read(os.path.join(out, array)), read(os.path.join(plain, array)), array)

    def test_every_allele_has_a_row_and_one_that_is_not_scored_says_why(self):
        name, bases = fasta(GENOME)[0]
        name, at = name.split()[0], 30000
        ref = bases[at - 1].upper()
        alt, wrong = [b for b in "ACGT" if b != ref][:2]
        rows = [(ref, alt, "ok"), (ref.lower(), alt.lower(), "ok"), (alt, ref, "flipped"), (alt, wrong, "ref-mismatch"),
                (ref, "*", "star-allele"), (ref, "<DEL>", "symbolic-allele"), (ref, ".", "missing-alt"),
                (ref, "Z", "bad-allele"), (ref, ref + "A" * 40, "allele-too-long"), (ref, ref, "no-change")]
        rows = [(str(at), *row) for row in rows]
        rows += [("99999999", "A", "C", "window-off-contig"), ("x", "A", "C", "malformed-variant")]
        text = HEADER + "".join("%s\t%s\t.\t%s\t%s\t.\t.\t.\n" % (name, *row[:3]) for row in rows)
        text += "chrNone\t5\t.\tA\tC\t.\t.\t.\n"
        text += "%s\t%d\tthree\t%s\t%s,%s,*\t.\t.\t.\n" % (name, at, ref, alt, wrong)
        out, err = self.run_tool("score", "-g", GENOME, "-v", self.write("all.vcf", text))
        got = [row["status"] for row in self.table(out)]
        want = [row[3] for row in rows] + ["contig-unknown", "ok", "ok", "star-allele"]
        self.assertEqual(got, want)
        self.assertIn("%d variants: 4 ok, 1 flipped" % len(want), err)
        for array in os.listdir(out):
            if array.endswith(".npy"):
                empty = numpy.isnan(numpy.load(os.path.join(out, array))).all(1)
                self.assertEqual(list(empty), [w not in ("ok", "flipped") for w in want], array)

    def test_a_window_that_leaves_its_contig_is_padded_only_where_asked_and_that_is_said(self):
        name, bases = fasta(GENOME)[0]
        places = (1000, 1088, 1092, 30000, len(bases) - 1000)
        text = HEADER
        for at in places:
            ref = bases[at - 1].upper()
            text += "%s\t%d\t.\t%s\t%s\t.\t.\t.\n" % (name.split()[0], at, ref, "A" if ref != "A" else "C")
        path = self.write("edge.vcf", text)
        out, _ = self.run_tool("score", "-g", GENOME, "-v", path)
        table = self.table(out)
        self.assertEqual([r["status"] == "ok" for r in table], [False, False, True, True, False])
        self.assertEqual({r["padded"] for r in table}, {"0"})
        padded, err = self.run_tool("score", "-g", GENOME, "-v", path, "--pad")
        table = self.table(padded)
        self.assertEqual({r["status"] for r in table}, {"ok"})
        # the published window of 2184 bases: 1091 before the variant's first, 1092 behind
        want = [max(0, 1091 - (at - 1)) + max(0, at - 1 + 1093 - len(bases)) for at in places]
        self.assertEqual([int(r["padded"]) for r in table], want)
        self.assertIn("%d windows leave their contig" % sum(w > 0 for w in want), err)
        one, two = (numpy.load(os.path.join(o, "logits.npy")) for o in (out, padded))
        self.assertEqual(one[2:4].tobytes(), two[2:4].tobytes())
        self.assertTrue(numpy.isfinite(two).all())

    def test_files_that_are_not_there_or_are_something_else_are_named(self):
        for words, arguments in (("/nonexistent.fa", ("-g", "/nonexistent.fa", "-v", VARIANTS)),
                                 ("/nonexistent.vcf", ("-g", GENOME, "-v", "/nonexistent.vcf")),
                                 (".fai", ("-g", self.write("bare.fa", ">a\nACGT\n"), "-v", VARIANTS)),
                                 ("VCF", ("-g", GENOME, "-v", self.write("no.vcf", "no VCF\n"))),
                                 ("'most'", ("-g", GENOME, "-v", VARIANTS, "-e", "most"))):
            self.refuse(words, "score", *arguments)

    def test_a_result_that_is_there_is_kept_where_a_later_run_fails(self):
        def contents(folder):
            return {name: read(os.path.join(folder, name)) for name in os.listdir(folder)}

        out, _ = self.run_tool("score", "-g", GENOME, "-v", VARIANTS)
        before, cut = contents(out), os.path.join(self.folder, "cut.vcf.gz")
        with open(cut, "wb") as f:
            f.write(read(VARIANTS + ".gz")[:-100])
        code, _, err = tool("score", self.bundles["tiny"], "-g", GENOME, "-v", cut, "-o", out)
        self.assertEqual(code, 1, err)
        self.assertIn("cut.vcf.gz", err)
        self.assertEqual(contents(out), before)


if __name__ == "__main__":
    unittest.main()
