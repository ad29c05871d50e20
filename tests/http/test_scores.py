"""The scores of variants that are made of others: held against numbers computed here from the plain ones."""
import json
import os
import subprocess
import tempfile
import unittest

import golden
import harness
import numpy

SCORE = "/api/v1/variants/score"
BACKGROUND = 10002


def common_variants(path):
    """A VCF of substitutions of neighbouring bases, which are cheap to score."""
    name, bases = next(harness.records("region.fa"))
    with open(path, "w", encoding="ascii") as f:
        f.write("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
        written, at = 0, 20000
        while written < BACKGROUND:
            here = bases[at].upper()
            for there in "ACGT".replace(here, "") if here in "ACGT" else "":
                f.write("%s\t%d\t.\t%s\t%s\t.\t.\t.\n" % (name, at + 1, here, there))
                written += 1
            at += 1
    return written


def tensors(path):
    """Of a safetensors file of single-precision numbers."""
    with open(path, "rb") as f:
        data = f.read()
    size = int.from_bytes(data[:8], "little")
    head, block = json.loads(data[8:8 + size]), data[8 + size:]
    return {name: numpy.frombuffer(block[slice(*t["data_offsets"])], "<f4").reshape(t["shape"])
            for name, t in head.items() if name.startswith("background.")}


class Quantiles(harness.Case):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        vcf, cls.bundle = os.path.join(cls.directory.name, "in.vcf"), os.path.join(cls.directory.name, "with.mfd")
        cls.written = common_variants(vcf)
        subprocess.run([harness.MFD_MODEL, "background", harness.bundle("tiny"), "--genome",
                        os.path.join(harness.DATA, "region.fa"), "--variants", vcf, "--where", "all", "--out",
                        cls.bundle],
                       check=True, stderr=subprocess.DEVNULL)
        cls.models = {"with": cls.bundle, "without": "tiny"}
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.directory.cleanup()

    def test_a_quantile_is_the_share_of_the_background_below_with_the_sign_of_the_effect(self):
        answer = self.post(SCORE, {"model": "with", "variants": golden.variants(), "scores": ["effect", "quantile"]})
        self.assertEqual(answer.status, 200, answer.body[:500])
        answer = answer.json()
        self.assertEqual(answer["provenance"]["background"], {"variants": self.written})
        effect = numpy.array([r["effect"]["total"] for r in answer["results"]])
        quantile = numpy.array([r["quantile"]["total"] for r in answer["results"]])
        background = tensors(self.bundle)
        wanted = numpy.empty_like(effect)
        for t in range(effect.shape[1]):
            wanted[:, t] = numpy.interp(numpy.abs(effect[:, t]), background["background.effect"][:, t],
                                        background["background.probability"], left=0)
        wanted = numpy.sign(effect) * numpy.minimum(wanted, self.written / (self.written + 1))
        self.assertLess(numpy.abs(quantile - wanted).max(), 1e-6)
        self.assertGreater(numpy.ptp(numpy.abs(quantile)), 0.5)

    def test_a_bundle_without_a_background_says_how_to_make_one(self):
        answer = self.post(SCORE, {"model": "without", "variants": golden.variants(), "scores": ["quantile"]})
        self.assertProblem(answer, 422, "no-background", "mfd-model background")
        self.assertEqual(answer.json()["pointer"], "/scores")
        answer = self.post(SCORE, {"model": "without", "variants": golden.variants()[:1]}).json()
        self.assertNotIn("background", answer["provenance"])

    def test_a_virtual_track_has_no_background(self):
        answer = self.post(SCORE, {"model": "with", "variants": golden.variants(), "scores": ["quantile"],
                                   "virtual_tracks": [{"id": "v", "metadata": {"proc_target": "CTCF"}, "like": "ENCFF001TST"}]})
        self.assertProblem(answer, 422, "unsupported", "virtual")


class Demo(harness.Case):
    models, genomes, arguments = {}, {}, ("--demo",)

    def test_the_demo_has_a_background(self):
        answer = self.post(SCORE, {"variants": ["chr20-42984261-C-T"], "scores": ["effect", "quantile"]})
        self.assertEqual(answer.status, 200, answer.body[:500])
        answer = answer.json()
        self.assertGreaterEqual(answer["provenance"]["background"]["variants"], 10000)
        effect, quantile = (numpy.array(answer["results"][0][s]["total"]) for s in ("effect", "quantile"))
        self.assertEqual(effect.shape, quantile.shape)
        self.assertTrue((numpy.sign(effect) == numpy.sign(quantile)).all())
        self.assertLess(numpy.abs(quantile).max(), 1)
        self.assertGreater(numpy.ptp(numpy.abs(quantile)), 0.1)


class Ratios(harness.Case):
    models = {"tiny": "tiny", "baseline": "baseline"}

    def test_sar_is_the_ratio_of_the_averaged_probabilities(self):
        for model in self.models:
            request = {"model": model, "variants": golden.variants()}
            plain = self.post(SCORE, {**request, "scores": ["reference", "alternative"],
                                      "scale": "probability"}).json()
            mixed = self.post(SCORE, {**request, "scores": ["sar", "effect"]}).json()
            for one, other in zip(plain["results"], mixed["results"]):
                wanted = numpy.log2(numpy.maximum(one["alternative"]["total"], 1e-6) /
                                    numpy.maximum(one["reference"]["total"], 1e-6))
                self.assertLess(numpy.abs(wanted - other["sar"]["total"]).max(), 1e-6)
                self.assertIn("effect", other)

    def test_an_aggregate_of_a_score_is_taken_over_its_tracks(self):
        request = {"model": "tiny", "variants": golden.variants()[:5], "scores": ["sar"]}
        every = self.post(SCORE, request).json()
        ids = every["tracks"][1:4]
        mean = self.post(SCORE, {**request, "tracks": {"ids": ids, "aggregate": "mean"}}).json()
        for one, other in zip(every["results"], mean["results"]):
            self.assertAlmostEqual(numpy.mean(one["sar"]["total"][1:4]), other["sar"]["total"][0], places=6)


if __name__ == "__main__":
    unittest.main()
