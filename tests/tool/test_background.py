"""mfd-model background against NumPy: the effects that `mfd-model score` writes, and their quantiles.

    test_background.py Background | Sample      (what takes longer)
"""
import json
import os
import subprocess
import tempfile
import unittest

import numpy

TOOL = os.environ["MFD_MODEL"]
DATA = os.path.join(os.environ["ROOT"], "tests/golden/data")
GENOME = os.path.join(DATA, "region.fa")
COMMON, RARE, KEPT = 21000, 400, 20000


def tool(*arguments):
    done = subprocess.run([TOOL, *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def must(*arguments):
    code, out, err = tool(*arguments)
    if code:
        raise AssertionError(err)
    return out


def write_variants(path, only_common=False):
    """Substitutions of neighbouring bases, which are cheap to score; every fiftieth or so is rare."""
    with open(GENOME, encoding="ascii") as f:
        name, bases = f.readline()[1:].split()[0], f.read().replace("\n", "").upper()
    common = rare = 0
    with open(path, "w", encoding="ascii") as f:
        f.write("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
        for at in range(10000, len(bases)):
            for alt in "ACGT".replace(bases[at], "") if bases[at] in "ACGT" else "":
                is_rare = rare < RARE and (common + rare) % 50 == 7
                rare, common = rare + is_rare, common + (not is_rare)
                if not (is_rare and only_common):
                    info = "AF=0.002" if is_rare else "AC=30;AN=1000"
                    f.write("%s\t%d\t.\t%s\t%s\t.\t.\t%s\n" % (name, at + 1, bases[at], alt, info))
                if common == COMMON:
                    assert rare == RARE
                    return
    raise AssertionError("the region is too short")


def read(path):
    with open(path, "rb") as f:
        data = f.read()
    size = int.from_bytes(data[:8], "little")
    header, block = json.loads(data[8:8 + size]), data[8 + size:]
    texts = header.pop("__metadata__")
    return texts, {n: numpy.frombuffer(block[slice(*t["data_offsets"])], "<f4").reshape(t["shape"])
                   for n, t in header.items() if n.startswith("background.")}


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.path = staticmethod(lambda name: os.path.join(folder.name, name))
        case = os.path.join(DATA, "tiny")
        cls.bundle, cls.vcf, cls.common = map(cls.path, ("tiny.mfd", "all.vcf", "common.vcf"))
        must("import", case + "/model.ckpt", "-m", case + "/mapping.yaml", "-t", case + "/metadata.tsv", "-o",
             cls.bundle)
        write_variants(cls.vcf)
        write_variants(cls.common, only_common=True)

    def add(self, vcf, *arguments):
        return tool("background", self.bundle, "-g", GENOME, "-v", vcf, "-o", self.path("with.mfd"), *arguments)


class Background(Case):
    def test_all_of_few_are_kept_exactly(self):
        with open(self.common, encoding="ascii") as f, open(self.path("few.vcf"), "w", encoding="ascii") as g:
            g.writelines(f.readlines()[:10003])  # two lines of header
        code, _, err = self.add(self.path("few.vcf"), "--where", "all")
        self.assertEqual(code, 0, err)
        texts, tensors = read(self.path("with.mfd"))
        self.assertEqual(texts["background_variants"], "10001")
        self.assertIn("10001 variants of few.vcf; 121 points\n", must("inspect", self.path("with.mfd")))
        must("score", self.bundle, "-g", GENOME, "-v", self.path("few.vcf"), "-o", self.path("few"))
        effects = numpy.abs(numpy.load(self.path("few/logits.npy"))).astype(float)
        wanted = numpy.quantile(effects, tensors["background.probability"].astype(float), axis=0)
        self.assertLess(numpy.abs(wanted - tensors["background.effect"]).max(), 1e-6)

    def test_too_few_are_refused_with_the_numbers_and_the_remedy(self):
        for where, chosen in (("AF<0.01", RARE), ("NOT_THERE>0", 0)):
            code, _, err = self.add(self.vcf, "--where", where)
            self.assertEqual(code, 1)
            for words in ("at least 10000", "of %d in" % (COMMON + RARE), "%d fulfil" % chosen, "--where"):
                self.assertIn(words, err)

    def test_a_condition_that_is_none_and_files_that_are_not_there_are_named(self):
        for arguments, words in ((("--where", "AF"), "'AF' is no condition"),
                                 (("--variants", "/nonexistent.vcf"), "/nonexistent.vcf"),
                                 (("--genome", "/nonexistent.fa"), "/nonexistent.fa")):
            code, _, err = self.add(self.vcf, *arguments)
            self.assertEqual(code, 1)
            self.assertIn(words, err)


class Sample(Case):
    def test_the_table_is_of_the_effects_of_the_common_variants(self):
        code, _, err = self.add(self.vcf)
        self.assertEqual(code, 0, err)
        texts, tensors = read(self.path("with.mfd"))
        source = json.loads(texts["background_source"])
        self.assertEqual(texts["background_variants"], str(KEPT))
        self.assertEqual(source, {"variants": "all.vcf", "where": "AF>=0.01", "read": COMMON + RARE, "chosen": COMMON,
                                  "scored": COMMON, "kept": KEPT, "ensemble": "published"})
        must("score", self.bundle, "-g", GENOME, "-v", self.common, "-o", self.path("out"))
        effects = numpy.abs(numpy.load(self.path("out/logits.npy")))
        self.assertEqual(len(effects), COMMON)
        probability, table = tensors["background.probability"], tensors["background.effect"]
        for t in range(effects.shape[1]):
            # a sample of 20 in 21: its quantiles are nearly those of all
            share = numpy.array([(effects[:, t] <= x).mean() for x in table[:, t]])
            self.assertLess(numpy.abs(share - probability).max(), 0.004)
        # and the least and the largest of a sample are values of the whole
        for edge in (0, -1):
            self.assertTrue(all(numpy.isin(table[edge, t], effects[:, t]) for t in range(effects.shape[1])))
        self.assertIn("background of %d variants" % KEPT, must("verify", self.path("with.mfd")))
        self.assertEqual(json.loads(must("inspect", "--json", self.path("with.mfd")))["background"],
                         {"variants": KEPT, "points": len(probability), "source": source})


if __name__ == "__main__":
    unittest.main()
