"""What mfd says of the demo model is what mfdd says, and adds up."""

import gzip
import json
import os
import re
import unittest

from live import ROOT, Live

REGION = "chr20:42,984,161-42,984,444" # the promoter of HNF4A
VARIANT = "chr20-42984264-G-T"


class Daemon(Live):
    def test_status_and_catalogue(self):
        self.assertIn("ready\tyes", self.ask("status").out)
        model = self.ask("models").rows()[0]
        self.assertEqual((model["default"], model["state"], model["bin"]), ("yes", "ready", "128"))
        tracks = self.ask("tracks").rows()
        self.assertEqual(str(len(tracks)), model["tracks"])
        fields = [r["name"] for r in self.ask("fields").rows()]
        self.assertEqual(list(tracks[0])[1:], fields)
        ctcf = [t["id"] for t in tracks if t["proc_target"] == "CTCF"]
        self.assertEqual([t["id"] for t in self.ask("tracks", "-w", "proc_target=CTCF").rows()], ctcf)
        counts = {r["proc_target"]: int(r["tracks"])
                  for r in self.ask("tracks", "--count-by", "proc_target").rows()}
        self.assertEqual((counts["CTCF"], sum(counts.values())), (len(ctcf), len(tracks)))
        labels = {r["label"]: int(r["tracks"]) for r in self.ask("fields", "proc_target").rows()}
        self.assertEqual(labels, counts)
        found = self.ask("tracks", "--search", "HepG2 CTCF").rows()
        self.assertTrue(found and all(t["proc_target"] == "CTCF" for t in found))

    def test_predictions_are_the_sum_of_their_parts_and_the_bias_of_their_track(self):
        rows = self.ask("predict", REGION, "chr20:42,984,600", "-c", "total,biological,technical").rows()
        bias = {}
        for r in rows:
            total, bio, tech = (float(r[k]) for k in ("total", "biological", "technical"))
            bias.setdefault(r["track"], []).append(total - bio - tech)
        self.assertTrue(all(max(b) - min(b) < 1e-4 for b in bias.values()))
        self.assertEqual({(r["start"], r["end"]) for r in rows if r["index"] == "0"},
                         {(str(42984064 + 128 * i), str(42984192 + 128 * i)) for i in range(3)})

    def test_effects_are_the_sum_of_their_parts_in_every_notation(self):
        answers = []
        for text in (VARIANT, "20:42984263:G:T", "NC_000020.10:g.42984264G>T"):
            rows = self.ask("score", text).rows()
            for r in rows:
                parts = float(r["effect_biological"]) + float(r["effect_technical"])
                self.assertAlmostEqual(float(r["effect_total"]), parts, delta=1e-5)
            answers.append([(r["track"], r["effect_total"]) for r in rows])
        self.assertEqual(answers[0], answers[1])
        self.assertEqual(answers[0], answers[2])
        rows = self.ask("score", VARIANT, "--scores", "effect,sar,quantile").rows()
        self.assertEqual([(r["track"], r["effect_total"]) for r in rows], answers[0])
        for r in rows: # the sign is that of the effect, and the size a share
            effect, sar, quantile = (float(r[k]) for k in ("effect_total", "sar", "quantile"))
            self.assertTrue(effect * quantile >= 0 and abs(quantile) <= 1, r)
            self.assertTrue(effect * sar > 0 or abs(effect) < 0.01, r) # sar averages probabilities
        top = self.ask("score", VARIANT, "-n", "1").rows()[0]
        self.assertEqual((top["track"], top["effect_total"]),
                         max(answers[0], key=lambda t: abs(float(t[1]))))

    def test_features_of_a_sequence_and_of_its_place_agree(self):
        card = dict((r["member"], r["value"]) for r in self.ask("models", "chr20").rows())
        rows = self.ask("features", "chr20:42984193").rows()
        self.assertEqual(len(rows), int(card["features.biological"]) + int(card["features.technical"]))
        start = 42984192 - (int(card["window"]) - int(card["bin"])) // 2
        with gzip.open(os.path.join(ROOT, "deploy/demo/genome.fa.gz"), "rt") as genome:
            next(genome)
            bases = genome.read().replace("\n", "")[start:start + int(card["window"])].encode()
        other = self.ask("features", "--fasta", "-", stdin=b">s\n" + bases + b"\n").rows()
        for a, b in zip(rows, other):
            self.assertEqual((a["subspace"], a["feature"]), (b["subspace"], b["feature"]))
            self.assertAlmostEqual(float(a["value"]), float(b["value"]), delta=1e-4)

    def test_a_vcf_is_annotated_and_its_bad_lines_are_told(self):
        text = ("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
                "chr20\t42984264\ta\tG\tT,A\t.\t.\tDP=1\n20\t42984264\tb\tT\tG\t.\t.\t.\n"
                "chr20\t42984264\tc\tA\tC\t.\t.\t.\nchr9\t5\td\tA\tC\t.\t.\t.\n"
                "chr20\t42984264\te\tG\t<DEL>,*\t.\t.\t.\n")
        to = os.path.join(self.folder.name, "out.vcf.gz")
        result = self.ask("score", "-", "-o", to, "-t", "DREAM_HepG2_CTCF", code=4, stdin=text.encode())
        self.assertIn("3 ok", result.err)
        with gzip.open(to, "rt") as file:
            records = [l.rstrip("\n").split("\t") for l in file if l[0] != "#"]
        status = [re.search("MFD_STATUS=([^;]+)", r[7]).group(1) for r in records]
        self.assertEqual(status, ["ok,ok", "flipped", "ref-mismatch", "contig-unknown",
                                  "symbolic-allele,star-allele"])
        effect = re.search("MFD_EFFECT=([^;]+)", records[0][7]).group(1).split(",")[0]
        alone = self.ask("score", VARIANT, "-t", "DREAM_HepG2_CTCF").rows()[0]["effect_total"]
        self.assertAlmostEqual(float(effect), float(alone), delta=1e-6)

    def test_many_variants_in_pieces_are_the_same_as_alone(self):
        lines = "".join("chr20-%d-G-T\n" % p for p in range(42984000, 42984700)).encode()
        rows = self.ask("score", "--top", "1", code=4, stdin=lines).rows()
        self.assertEqual([int(r["index"]) for r in rows], list(range(700)))
        scored = [r for r in rows if r["status"] == "ok" and r["problem"] != "flipped"]
        self.assertGreater(len(scored), 50)
        for r in scored[::40]:
            alone = self.ask("score", "chr20-%s-G-T" % r["pos"], "-n", "1").rows()[0]
            self.assertEqual((r["track"], r["effect_total"]), (alone["track"], alone["effect_total"]))

    def test_a_scan_equals_its_variants(self):
        rows = self.ask("ism", "chr20:42,984,260-42,984,267", "-t", "DREAM_HepG2_CTCF").rows()
        for r in rows[::5]:
            if r["ref"] == r["alt"]:
                self.assertEqual(float(r["total"]), 0)
                continue
            alone = self.ask("score", "chr20-%s-%s-%s" % (r["pos"], r["ref"], r["alt"]), "-t",
                             "DREAM_HepG2_CTCF").rows()[0]
            for part in ("total", "biological", "technical"):
                self.assertAlmostEqual(float(r[part]), float(alone["effect_" + part]), delta=1e-6)
        one = self.ask("ism", "chr20:42,984,260-42,984,267", "-t", "DREAM_HepG2_CTCF", "--window", "one").rows()
        self.assertEqual([(r["pos"], r["alt"]) for r in one], [(r["pos"], r["alt"]) for r in rows])
        self.assertNotEqual(one, rows)

    def test_pictures_of_a_promoter(self):
        for ending, begins in (("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")):
            path = os.path.join(self.folder.name, "scan." + ending)
            self.ask("ism", "chr20:42,984,200-42,984,299", "-t", "DREAM_HepG2_MAX", "--plot", path)
            with open(path, "rb") as file:
                self.assertTrue(file.read().startswith(begins))

    def test_an_experiment_that_was_run_is_predicted_from_its_metadata(self):
        rows = self.ask("whatif", "chr20:42984193-42984320", "--like", "DREAM_HepG2_CTCF", "--set",
                        "Biosample_term_name=HepG2").rows()
        virtual, real = rows[0], next(r for r in rows if r["track"] == "DREAM_HepG2_CTCF")
        self.assertAlmostEqual(float(real["distance"]), 0, delta=1e-5)
        for part in ("biological", "technical"):
            self.assertAlmostEqual(float(virtual[part]), float(real[part]), delta=1e-4)
        rows = self.ask("compare", "chr20:42984193-42984320", "--like", "DREAM_HepG2_CTCF", "--a",
                        "Library_lab=unknown", "--b", "Library_lab=Michael Snyder").rows()
        self.assertEqual(float(rows[2]["biological"]), 0) # laboratories move no biology

    def test_variants_under_two_settings_are_told_with_the_difference_in_differences(self):
        a, b, shared = {"Biosample_term_name": "K562"}, {"Biosample_term_name": "HepG2"}, {"Library_lab": "unknown"}
        like, parts = "DREAM_HepG2_CTCF", ("total", "biological", "technical")
        other = "20:42984260:C:T"
        virtual = [{"id": i, "metadata": {**shared, **m}, "like": like, "bias": "mean"} for i, m in (("a", a), ("b", b))]
        def direct(**request):
            return self.daemon.request("POST", "/api/v1/variants/score", {
                "variants": [VARIANT, other], "components": parts, "scale": "logit", **request}).json()["results"]
        each = direct(virtual_tracks=virtual)
        both = direct(a={**shared, **a}, b={**shared, **b}, like=like)
        arguments = ("compare", VARIANT, other, "--like", like, "--set", "Library_lab=unknown", "--a",
                     "Biosample_term_name=K562", "--b", "Biosample_term_name=HepG2")
        rows = self.ask(*arguments).rows()
        self.assertEqual([(r["pos"], r["ref"], r["alt"], r["track"]) for r in rows],
                         [(*place, t) for place in (("42984264", "G", "T"), ("42984261", "C", "T"))
                          for t in ("a", "b", "a - b")])
        for i in range(2):
            for p in parts:
                x, y, z = (float(r[p]) for r in rows[3 * i:3 * i + 3])
                for told, wanted in ((x, each[i]["effect"][p][0]), (y, each[i]["effect"][p][1]),
                                     (z, both[i]["effect"][p][0])):
                    self.assertAlmostEqual(told, wanted, delta=1e-8)
                self.assertAlmostEqual(z, x - y, delta=1e-5)
            self.assertNotEqual(float(rows[3 * i + 2]["biological"]), 0)
        whole = json.loads(self.ask(*arguments, "-f", "json").out)
        self.assertEqual((whole["results"], whole["difference"]), (each, both))
        self.assertIn("not both", self.ask(*arguments, REGION, code=2).err)
        result = self.ask(*arguments, "chr9-5-A-C", code=4)
        self.assertIn("input 2: ", result.err)
        self.assertEqual(result.rows(), rows)

    def test_features_and_factors_agree_from_both_sides(self):
        for r in self.ask("features", "--explain").rows()[::16]:
            detail = self.ask("features", "--explain", r["index"], "-n", "3").rows()
            self.assertEqual({(d["index"], d["subspace"]) for d in detail}, {(r["index"], r["subspace"])})
            factor = next(d for d in detail if d["kind"] == "factor")
            column, label = factor["name"].split("=", 1)
            rows = self.ask("fields", column, "--explain", "-n", "100").rows()
            seen = [float(x["effect"]) for x in rows if (x["label"], x["index"]) == (label, r["index"])]
            self.assertEqual(len(seen), 1)
            self.assertAlmostEqual(seen[0], float(factor["weight"]), delta=1e-6)

    def test_a_track_is_made_of_its_columns_and_near_to_itself(self):
        rows = self.ask("tracks", "DREAM_HepG2_HNF4A", "--explain").rows()
        for group in ("biological", "technical"):
            share = [float(r["share"]) for r in rows if (r["kind"], r["group"]) == ("column", group)]
            self.assertAlmostEqual(sum(share), 1, delta=1e-4)
        same = [r for r in rows if r["name"] == "DREAM_HepG2_HNF4A_relaxed"][0]
        self.assertAlmostEqual(float(same["cosine_biological"]), 1, delta=1e-5)
        self.assertLess(float(same["cosine_technical"]), 0.999)

    def test_the_card_adds_up(self):
        card = {r["member"]: r["value"] for r in self.ask("card").rows()}
        tracks = self.ask("card", "--by-track").rows()
        mean = sum(float(t["biological"]) for t in tracks) / len(tracks)
        self.assertAlmostEqual(mean, float(card["variance.mean.biological"]), delta=1e-6)
        for t in tracks[::40]:
            parts = sum(float(t[k]) for k in ("biological", "technical", "covariance"))
            self.assertAlmostEqual(parts, float(t["total"]), delta=1e-5)

    def test_explain_speaks_of_the_models_columns(self):
        whole = json.loads(self.ask("explain", VARIANT, "-f", "json").out)
        self.assertTrue(0 <= whole["biological_share"] <= 1)
        groups = {f["column"]: f["group"] for f in whole["factors"]}
        self.assertEqual((groups["proc_target"], groups["Library_lab"]), ("biological", "technical"))

    def test_what_is_not_there_is_told_with_what_is_near(self):
        for arguments, words in ((["score", VARIANT, "-w", "proc_target=CTFC"], "CTCF"),
                                 (["predict", REGION, "-t", "DREAM_HepG2_CTC"], "DREAM_HepG2_CTCF"),
                                 (["tracks", "-m", "nope"], "nope"),
                                 (["fields", "proc_targe"], "proc_targe"),
                                 (["predict", REGION, "--genome", "hg99"], "hg99")):
            self.assertIn(words, self.ask(*arguments, code=1).err)

    def test_a_dry_run_tells_the_cost(self):
        cost = json.loads(self.ask("score", VARIANT, "-e", "published", "--dry-run", "-f", "json").out)
        self.assertEqual((cost["cost"]["items"], cost["cost"]["passes"]), (1, 28))


if __name__ == "__main__":
    unittest.main()
