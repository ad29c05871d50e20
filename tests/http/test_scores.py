"""The scores of variants that are made of others: held against numbers computed here from the plain ones."""
import io
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


PARTS = ["total", "biological", "technical"]


class Summaries(harness.Case):
    """One number over the tracks, from the effects on them all."""
    models = {"tiny": "tiny", "baseline": "baseline", "chr20": "chr20"}

    def ask(self, **more):
        answer = self.post(SCORE, {"model": "tiny", "variants": golden.variants(), "components": PARTS, **more})
        self.assertEqual(answer.status, 200, answer.body[:500])
        return answer.json()

    def test_sizes_and_shares_are_those_of_the_effects(self):
        answer = self.ask(scores=["effect", "max_abs", "l2", "share"])
        for r in answer["results"]:
            effect = {part: numpy.array(r["effect"][part]) for part in PARTS}
            for part in PARTS:
                self.assertAlmostEqual(r["max_abs"][part][0], numpy.abs(effect[part]).max(), places=6)
                self.assertAlmostEqual(r["l2"][part][0], numpy.sqrt((effect[part] ** 2).sum()), places=6)
            bio, tech = numpy.abs(effect["biological"]), numpy.abs(effect["technical"])
            self.assertAlmostEqual(r["share"]["biological"][0], bio.sum() / (bio.sum() + tech.sum()), places=6)
            self.assertLess(numpy.abs(numpy.array(r["share"]["tracks"]) - bio / (bio + tech)).max(), 1e-6)
            self.assertEqual(r["share"]["mostly_technical"], [1 if r["share"]["biological"][0] < 0.5 else 0])
        flags = {r["share"]["mostly_technical"][0] for r in answer["results"]}
        self.assertTrue(flags <= {0, 1})
        whole = self.ask(scores=["share", "l2"], tracks={"aggregate": "mean"})["results"]
        for one, other in zip(answer["results"], whole):
            self.assertEqual(one["l2"], other["l2"])
            self.assertEqual(one["share"]["biological"], other["share"]["biological"])
            self.assertNotIn("tracks", other["share"])

    def test_a_dry_run_names_the_numbers_of_an_array(self):
        request = {"model": "tiny", "variants": golden.variants() + ["region1-1-A-<DEL>"], "components": PARTS,
                   "scores": ["effect", "share"], "top": 2}
        data = numpy.load(io.BytesIO(self.post(SCORE + "?format=npy", request).body))
        array = self.post(SCORE + "?format=npy", dict(request, dry_run=True)).json()["array"]
        self.assertEqual(tuple(array["shape"]), data.shape)
        self.assertEqual((len(array["rows"]), len(array["columns"])), data.shape)
        answer = self.post(SCORE, request).json()
        for row, label, r in zip(data, array["rows"], answer["results"]):
            self.assertEqual(label["index"], r["index"])
            if r["status"] != "ok":
                self.assertTrue(numpy.isnan(row).all())
                continue
            self.assertEqual([label[k] for k in ("chrom", "pos", "ref", "alt")], [r["variant"][k] for k in ("chrom", "pos", "ref", "alt")])
            told = {(c["part"], c["column"]): x for c, x in zip(array["columns"], row)}
            for part in PARTS:
                for track, value in zip(answer["tracks"], r["effect"][part]):
                    self.assertEqual(told["effect." + part, track], numpy.float32(value))
                self.assertEqual(told["top.%s" % part, "value 1"], numpy.float32(r["top"][part][0]["value"]))
        self.assertEqual(array["rows"][-1], {"index": len(data) - 1, "id": None})

    def test_top_names_the_tracks_with_the_largest_effects(self):
        answer = self.ask(top=4)
        ids = self.ask(top=1000, tracks={"ids": answer["tracks"][2:5]})
        for r, few in zip(answer["results"], ids["results"]):
            for part in PARTS:
                effect = numpy.array(r["effect"][part])
                order = sorted(range(len(effect)), key=lambda t: (-abs(effect[t]), t))
                self.assertEqual([t["track"] for t in r["top"][part]], [answer["tracks"][t] for t in order[:4]])
                self.assertEqual([t["value"] for t in r["top"][part]], [r["effect"][part][t] for t in order[:4]])
                self.assertEqual({t["track"] for t in few["top"][part]}, set(answer["tracks"][2:5]))
        only = self.ask(scores=["top"])["results"][0]
        self.assertEqual((len(only["top"]["total"]), "effect" in only), (10, False))
        table = self.post(SCORE + "?format=tsv", {"model": "tiny", "variants": golden.variants()[:1], "scores": ["top"],
                                                 "top": 3, "components": PARTS}).body.decode().splitlines()[1:]
        rows = [line.split("\t") for line in table]
        self.assertEqual([(r[9], r[10], r[11]) for r in rows],
                         [("top", part, t["track"]) for part in PARTS for t in answer["results"][0]["top"][part][:3]])
        for top in (0, 1001, "3"):
            self.assertEqual(self.post(SCORE, {"model": "tiny", "variants": ["x-1-A-C"], "top": top}).status, 400)

    def test_agreement_is_of_pairs_of_laboratories_that_saw_the_same_biology(self):
        tracks = self.get("/api/v1/models/chr20/tracks?limit=1000").json()["tracks"]
        biology = ("Biosample_term_name", "Biosample_organ_slims", "Biosample_developmental_slims", "proc_target")
        keys = [tuple(t["metadata"][c] for c in biology) for t in tracks]
        labs = [t["metadata"]["Library_lab"] for t in tracks]
        pairs = [(i, j) for i in range(len(tracks)) for j in range(i)
                 if keys[i] == keys[j] and labs[i] != labs[j] and "unknown" not in (labs[i], labs[j])]
        self.assertGreater(len(pairs), 0)
        answer = self.ask(model="chr20", scores=["effect", "agreement"], ensemble="none")
        for r in answer["results"]:
            for part in PARTS:
                sign = numpy.sign(r["effect"][part])
                wanted = sum(sign[i] == sign[j] for i, j in pairs) / len(pairs)
                self.assertAlmostEqual(r["agreement"][part][0], wanted, places=6)
        self.assertLess(min(r["agreement"]["total"][0] for r in answer["results"]), 1)
        for r in self.ask(scores=["agreement"])["results"]:  # no two laboratories of one biology
            self.assertEqual(r["agreement"]["total"], [None])

    def test_difference_is_of_the_probabilities(self):
        plain = self.post(SCORE, {"model": "tiny", "variants": golden.variants(), "scale": "probability"}).json()
        mixed = self.ask(scores=["effect", "difference"])
        for one, other in zip(plain["results"], mixed["results"]):
            self.assertEqual(one["effect"]["total"], other["difference"]["total"])

    def test_a_model_without_subspaces_has_no_shares(self):
        answer = self.post(SCORE, {"model": "baseline", "variants": golden.variants()[:1], "scores": ["share"]})
        self.assertProblem(answer, 422, "unsupported-component")
        answer = self.post(SCORE, {"model": "baseline", "variants": golden.variants()[:1], "scores": ["max_abs", "top"]})
        self.assertEqual(answer.status, 200, answer.body)
        answer = self.post(SCORE, {"model": "tiny", "variants": golden.variants()[:1], "scores": ["agreement"],
                                   "virtual_tracks": [{"id": "v", "metadata": {"proc_target": "CTCF"}, "like": self.get(
                                       "/api/v1/models/tiny/tracks").json()["tracks"][0]["id"]}]})
        self.assertProblem(answer, 422, "unsupported")

    def test_one_variant_is_cacheable_with_every_score_by_its_own_tag(self):
        v = golden.variants()[0]
        path = "/api/v1/variants/%s-%d-%s-%s/score?model=tiny" % (v["chrom"], v["pos"], v["ref"], v["alt"])
        tags = set()
        for query in ("", "&scores=top", "&scores=top&top=3", "&scores=max_abs", "&format=tsv"):
            answer = self.get(path + query)
            self.assertEqual(answer.status, 200, answer.body)
            tags.add(answer.headers["etag"])
            again = self.get(path + query, {"If-None-Match": answer.headers["etag"]})
            self.assertEqual((again.status, again.body), (304, b""))
        self.assertEqual(len(tags), 5)
        three = self.get(path + "&scores=top&top=3").json()["results"][0]["top"]["total"]
        self.assertEqual(three, self.ask(top=3)["results"][0]["top"]["total"])
        self.assertProblem(self.get(path + "&top=0"), 400, "invalid-parameter")


class Settings(harness.Case):
    """Effects averaged over columns of metadata, and the difference of effects between two settings."""
    def ask(self, **more):
        answer = self.post(SCORE, {"variants": golden.variants()[:6], **more})
        self.assertEqual(answer.status, 200, answer.body[:500])
        return answer.json()

    def test_an_average_is_that_of_its_levels(self):
        tracks = [t["id"] for t in self.get("/api/v1/models/tiny/tracks").json()["tracks"][:2]]
        answer = self.ask(over=["Library_lab"], tracks={"ids": tracks}, levels=True, components=PARTS,
                          scores=["effect", "l2", "reference", "alternative"])
        weights = numpy.array([s["weight"] for s in answer["provenance"]["settings"]])
        self.assertGreater(len(weights), 1)
        for r in answer["results"]:
            for part in PARTS:
                levels = numpy.array(r["levels"][part]).reshape(2, -1)
                mean = levels @ weights
                self.assertLess(numpy.abs(r["effect"][part] - mean).max(), 1e-6)
                sd = numpy.sqrt(numpy.maximum(((levels - mean[:, None]) ** 2) @ weights, 0))
                self.assertLess(numpy.abs(r["sd"][part] - sd).max(), 1e-5)
                self.assertAlmostEqual(r["l2"][part][0], numpy.sqrt((mean ** 2).sum()), places=5)
                change = numpy.subtract(r["alternative"][part], r["reference"][part])
                self.assertLess(numpy.abs(change - mean).max(), 2e-5)

    def test_a_contrast_is_the_difference_in_differences(self):
        track = self.get("/api/v1/models/tiny/tracks").json()["tracks"][0]["id"]
        labels = self.get("/api/v1/models/tiny/fields/proc_target").json()["labels"]
        a, b = ({"proc_target": label["label"] if isinstance(label, dict) else label} for label in labels[:2])
        virtual = self.ask(virtual_tracks=[{"id": "a", "metadata": a, "like": track},
                                           {"id": "b", "metadata": b, "like": track}], components=PARTS)
        answer = self.ask(a=a, b=b, like=track, components=PARTS)
        self.assertEqual(answer["tracks"], ["a-b"])
        for one, other in zip(virtual["results"], answer["results"]):
            for part in PARTS:
                self.assertAlmostEqual(one["effect"][part][0] - one["effect"][part][1], other["effect"][part][0], places=6)

    def test_half_a_contrast_and_both_ways_at_once_are_refused(self):
        for more, slug in (({"a": {"proc_target": "x"}}, "missing-member"),
                           ({"a": {"proc_target": "x"}, "b": {"proc_target": "y"}, "over": ["Library_lab"]},
                            "conflicting-members")):
            self.assertProblem(self.post(SCORE, {"variants": ["x-1-A-C"], **more}), 400, slug)


class Accounts(harness.Case):
    def test_every_input_is_accounted_for_by_its_reason(self):
        v = next(v for v in golden.variants() if len(v["ref"]) == len(v["alt"]) == 1 and not self.post(
            SCORE, {"variants": [v]}).json()["results"][0].get("flipped", True))
        wrong = next(b for b in "ACGT" if b not in (v["ref"], v["alt"]))
        other = next(b for b in "ACGT" if b not in (v["ref"], v["alt"], wrong))
        bad = [{**v, "ref": wrong, "alt": other}, {**v, "chrom": "nowhere"}, {**v, "alt": "*"}, {**v, "alt": "<DEL>"},
               {**v, "alt": v["ref"]}, {**v, "alt": "A" * 40}, {**v, "pos": 3, "ref": "N"}, "what", {**v, "alt": "<DEL>"}]
        answer = self.post(SCORE, {"variants": golden.variants() + bad}).json()
        count = {}
        for r in answer["results"]:
            if r["status"] != "ok":
                count[r["problem"]["type"].split("/")[-1]] = count.get(r["problem"]["type"].split("/")[-1], 0) + 1
        summary = answer["summary"]
        self.assertEqual(summary["reasons"], count)
        self.assertEqual(count["symbolic-allele"], 2)
        self.assertEqual(summary["items"], summary["ok"] + sum(count.values()))
        self.assertGreaterEqual(set(count), {"ref-mismatch", "contig-unknown", "star-allele", "no-change",
                                             "allele-too-long", "malformed-variant"})


if __name__ == "__main__":
    unittest.main()
