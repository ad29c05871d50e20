"""Averages over metadata columns, experiments and differences of two of them, asked for by mfd of mfdd with the demo
model: every number is the server's own."""

import json
import os
import struct
import unittest

from live import Live, harness

REGION, PLACE = "chr20:42,984,261-42,984,266", {"chrom": "chr20", "start": 42984260, "end": 42984266}
TRACK, OTHER = "DREAM_HepG2_CTCF", "DREAM_HepG2_MAX"
LAB = "Library_lab"
PARTS = ("total", "biological", "technical")


def single(x):
    """As single precision: a table has nine digits, and so the same."""
    return "" if x in ("", None) else struct.pack("<f", float(x))


class Scan(Live):
    command = ("ism", REGION, "-e", "none")

    def direct(self, **request):
        answer = self.daemon.request("POST", "/api/v1/ism", {"intervals": [PLACE], "ensemble": "none",
                                                             "components": PARTS, **request})
        self.assertEqual(answer.status, 200, answer.body[:500])
        return answer.json()

    def hold(self, rows, answer):
        """Rows of a table, held against the answer of the server."""
        bases = answer["results"][0]["bases"]
        settings = answer["provenance"]["settings"] if "levels" in bases[0] else []
        wanted = []
        for i, base in enumerate(bases):
            for k, alt in enumerate("ACGT"):
                place = ("chr20", str(PLACE["start"] + 1 + i), base["reference"], alt)
                sd = [base["sd"][p][k][0] if "sd" in base else None for p in PARTS]
                wanted.append((place, "", "", [base["effect"][p][k][0] for p in PARTS], sd, base["centred"]["total"][k][0]))
                for s, setting in enumerate(settings):
                    name = ";".join("%s=%s" % pair for pair in setting["values"].items())
                    wanted.append((place, name, setting["weight"], [base["levels"][p][k][s] for p in PARTS],
                                   3 * [None], None))
        self.assertEqual([tuple(r[n] for n in ("chrom", "pos", "ref", "alt")) for r in rows], [w[0] for w in wanted])
        for row, (_, setting, weight, values, sd, centred) in zip(rows, wanted):
            self.assertEqual(row.get("setting", ""), setting)
            self.assertAlmostEqual(float(row.get("weight") or 0), weight or 0, places=8)
            for p, value, deviation in zip(PARTS, values, sd):
                self.assertEqual(single(row[p]), single(value))
                self.assertEqual(single(row.get(p + "_sd")), single(deviation))
            if centred is not None:
                self.assertAlmostEqual(float(row["centred"]), centred, delta=1e-7)
        return wanted

    def test_an_average_has_the_servers_means_and_deviations(self):
        answer = self.direct(tracks={"ids": [TRACK]}, over=[LAB])
        rows = self.ask("-t", TRACK, "--over", LAB).rows()
        wanted = self.hold(rows, answer)
        self.assertGreater(len(answer["provenance"]["settings"]), 3)
        self.assertGreater(max(w[4][2] for w in wanted), 0)
        self.assertNotIn("setting", rows[0])
        # tracks may be told by their labels, as long as it is one
        where = ("-w", "Biosample_term_name=HepG2", "-w", "proc_target=MAX", "-w", "Processing_pipeline=DREAM conservative IDR")
        self.hold(self.ask(*where, "--over", LAB, "--distribution", "uniform").rows(),
                  self.direct(tracks={"ids": [OTHER]}, over=[LAB], distribution="uniform"))

    def test_levels_are_the_servers_effects_in_each_setting(self):
        request = {"virtual_tracks": [{"id": "v", "like": TRACK, "metadata": {"Biosample_term_name": "K562"}, "bias": "mean"}],
                   "over": [LAB, "Processing_pipeline"], "distribution": "given", "levels": True, "settings": [
                       {"values": {LAB: "unknown", "Processing_pipeline": "DREAM conservative IDR"}, "weight": 3},
                       {"values": {LAB: "unknown", "Processing_pipeline": "DREAM relaxed IDR"}}]}
        options = ("--set", "Biosample_term_name=K562", "--like", TRACK, "--over", LAB + ",Processing_pipeline",
                   "--levels", "--given", "3*%s=unknown;Processing_pipeline=DREAM conservative IDR" % LAB,
                   "--given", "%s=unknown;Processing_pipeline=DREAM relaxed IDR" % LAB)
        answer = self.direct(**request)
        rows = self.ask(*options).rows()
        self.hold(rows, answer)
        self.assertEqual([r["weight"] for r in rows[:3]], ["", "0.75", "0.25"])
        whole = json.loads(self.ask(*options, "-f", "json").out)
        self.assertEqual(whole["provenance"]["settings"], answer["provenance"]["settings"])
        bases = answer["results"][0]["bases"]
        for p in PARTS:
            for told, group in ((whole["effects"], "effect"), (whole["sd"], "sd")):
                self.assertEqual(told[p], [[x[0] for x in base[group][p]] for base in bases])
            self.assertEqual(whole["levels"][p], [[[x[s] for x in base["levels"][p]] for base in bases] for s in range(2)])

    def test_a_difference_is_the_servers(self):
        request = {"a": {"Biosample_term_name": "HepG2", "proc_target": "MAX"},
                   "b": {"Biosample_term_name": "K562", "proc_target": "MAX"}, "like": TRACK}
        options = ("--a", "Biosample_term_name=HepG2", "--b", "Biosample_term_name=K562", "--set", "proc_target=MAX",
                   "--like", TRACK)
        rows = self.ask(*options).rows()
        wanted = self.hold(rows, self.direct(**request))
        self.assertGreater(max(abs(w[3][1]) for w in wanted), 0)
        self.assertNotIn("total_sd", rows[0])
        labs = {"a": {LAB: "unknown", "proc_target": "MAX"}, "b": {LAB: "Michael Snyder", "proc_target": "CTCF"}, "like": TRACK}
        options = ("--a", LAB + "=unknown", "--b", LAB + "=Michael Snyder", "--a", "proc_target=MAX", "--b",
                   "proc_target=CTCF", "--like", TRACK)
        for held in ("nothing", "technical", "biological"):
            wanted = self.hold(self.ask(*options, "--held", held).rows(), self.direct(**labs, held=held))
            still = {"nothing": [], "technical": [2], "biological": [1]}[held]
            self.assertEqual([p for p in (1, 2) if not any(w[3][p] for w in wanted)], still)

    def test_an_experiment_that_nobody_ran_is_scanned(self):
        request = {"virtual_tracks": [{"id": "what if", "like": TRACK, "metadata": {"Biosample_term_name": "liver"},
                                       "bias": "matched"}]}
        options = ("--set", "Biosample_term_name=liver", "--like", TRACK, "--bias", "matched")
        self.hold(self.ask(*options).rows(), self.direct(**request))
        whole = json.loads(self.ask(*options, "-f", "json").out)
        self.assertEqual(whole["tracks"], ["what if"])
        self.assertNotIn("sd", whole)

    def test_pieces_of_a_long_region_join(self):
        long = self.ask("-t", TRACK, "--over", "Processing_pipeline", "--levels", "--window", "each").rows()
        small = harness.Daemon("--demo", settings={"limits.ism_bases": 4, "limits.request_ms": 600000})
        try:
            url = "http://127.0.0.1:%d" % small.port
            self.assertEqual(self.ask("-t", TRACK, "--over", "Processing_pipeline", "--levels", "-S", url).rows(), long)
        finally:
            small.stop()

    def test_a_picture_tells_what_it_is_of(self):
        path, pictures = os.path.join(self.folder.name, "scan.svg"), set()
        for options in (("-t", TRACK), ("-t", TRACK, "--over", LAB), ("-t", TRACK, "--over", "Processing_pipeline"),
                        ("--a", "proc_target=MAX", "--b", "proc_target=CTCF", "--like", TRACK)):
            self.ask(*options, "--plot", path)
            with open(path, "rb") as f:
                pictures.add(f.read())
        self.assertEqual(len(pictures), 4)

    def test_what_makes_no_sense_is_refused_before_anything_is_asked(self):
        for options, words in ((("--over", LAB), "one track"),
                               (("--over", LAB, "-t", TRACK + "," + OTHER), "one track"),
                               (("--over", LAB, "-w", "Biosample_term_name=HepG2"), "67 are chosen"),
                               (("--over", LAB, "-t", TRACK, "--aggregate", "mean"), "--aggregate"),
                               (("--over", LAB, "-t", TRACK, "--given", LAB + "=a", "--distribution", "uniform"), "--given"),
                               (("--levels", "-t", TRACK), "--over"),
                               (("--a", "proc_target=MAX"), "--b"),
                               (("--a", "proc_target=MAX", "--b", "proc_target=CTCF", "--over", LAB), "one of them"),
                               (("--a", "proc_target=MAX", "--b", "proc_target=CTCF", "-t", TRACK), "--tracks"),
                               (("--set", "proc_target=MAX", "-t", TRACK), "one of them"),
                               (("--like", TRACK), "--set"), (("--bias", "mean"), "--set"),
                               (("--held", "technical"), "--a"), (("--set", "proc_target=MAX", "--aggregate", "max"), "one")):
            with self.subTest(options=options):
                self.assertIn(words, self.ask(*options, code=2).err)
        self.assertIn("Library_la", self.ask("-t", TRACK, "--over", "Library_la", code=1).err)

    def test_too_many_tracks_are_told_before_anything_is_computed(self):
        def windows():
            lines = self.daemon.request("GET", "/metrics").body.decode().splitlines()
            return sum(float(l.split()[-1]) for l in lines if l.startswith("mfd_engine_windows_total"))
        before = windows()
        for more in ((), ("--levels",)):
            refused = self.ask("--over", LAB, "-w", "Biosample_term_name=HepG2", *more, code=2)
            self.assertIn("67 are chosen", refused.err)
        self.assertEqual(windows(), before)
        self.ask("-t", OTHER, "-w", "proc_target=MAX", "--over", LAB, "--levels")
        self.assertGreater(windows(), before)


VARIANTS = ["chr20-42984261-C-T", "chr20-42984264-G-A", "chr20-42984264-G-GA"]
VCF = ("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" +
       "".join("%s\t%s\t.\t%s\t%s\t.\t.\t.\n" % tuple(v.split("-")) for v in VARIANTS))
CONTRAST = {"a": {"Biosample_term_name": "HepG2"}, "b": {"Biosample_term_name": "K562"}, "like": TRACK}
VIRTUAL = {"id": "what if", "like": TRACK, "metadata": {"Biosample_term_name": "liver"}, "bias": "mean"}
# what mfd is told, and what it is to ask for
ASKED = {
    "tracks": (("-t", TRACK + "," + OTHER, "--over", LAB), {"tracks": {"ids": [TRACK, OTHER]}, "over": [LAB]}),
    "levels": (("-t", TRACK + "," + OTHER, "--over", LAB, "--levels", "--distribution", "uniform"),
               {"tracks": {"ids": [TRACK, OTHER]}, "over": [LAB], "levels": True, "distribution": "uniform"}),
    "one": (("--set", "Biosample_term_name=liver", "--like", TRACK, "--over", "Processing_pipeline", "--levels"),
            {"virtual_tracks": [VIRTUAL], "over": ["Processing_pipeline"], "levels": True}),
    "experiment": (("--set", "Biosample_term_name=liver", "--like", TRACK), {"virtual_tracks": [VIRTUAL]}),
    "contrast": (("--a", "Biosample_term_name=HepG2", "--b", "Biosample_term_name=K562", "--like", TRACK), CONTRAST),
    "held": (("--a", "Biosample_term_name=HepG2", "--b", "Biosample_term_name=K562", "--like", TRACK, "--held", "technical"),
             {**CONTRAST, "held": "technical"}),
}


class Score(Live):
    command = ("score", "-e", "none")

    def direct(self, format, request):
        answer = self.daemon.request("POST", "/api/v1/variants/score?format=" + format, {
            "variants": VARIANTS, "ensemble": "none", "components": PARTS, **request})
        self.assertEqual(answer.status, 200, answer.body[:500])
        return answer

    def test_rows_are_the_servers_numbers(self):
        for name, (options, request) in ASKED.items():
            with self.subTest(name=name):
                answer, wanted = self.direct("json", request).json(), []
                for variant, result in zip(VARIANTS, answer["results"]):
                    settings = answer["provenance"]["settings"] if "levels" in result else []
                    for t, track in enumerate(answer["tracks"]):
                        wanted.append((variant, track, "", [result["effect"][p][t] for p in PARTS],
                                       [result["sd"][p][t] for p in PARTS] if "sd" in result else 3 * [None]))
                        for s, setting in enumerate(settings):
                            text = ";".join("%s=%s" % pair for pair in setting["values"].items())
                            wanted.append((variant, track, text, [result["levels"][p][len(settings) * t + s] for p in PARTS],
                                           3 * [None]))
                rows = self.ask(*VARIANTS, *options).rows()
                found = [("-".join(["chr" + r["chrom"], r["pos"], r["ref"], r["alt"]]), r["track"], r.get("setting", ""))
                         for r in rows]
                self.assertEqual(found, [w[:3] for w in wanted])
                for row, (_, _, _, effect, sd) in zip(rows, wanted):
                    for p, value, deviation in zip(PARTS, effect, sd):
                        self.assertEqual(single(row["effect_" + p]), single(value))
                        self.assertEqual(single(row.get("effect_%s_sd" % p)), single(deviation))
                self.assertEqual("effect_total_sd" in rows[0], "over" in request)
                self.assertGreater(max(abs(w[3][0]) for w in wanted), 0)

    def test_a_vcf_is_the_servers_to_the_digit(self):
        for name, (options, request) in ASKED.items():
            for scores in ((), ("effect", "reference", "l2")):
                with self.subTest(name=name, scores=scores):
                    told = self.direct("vcf", {**request, **({"scores": scores} if scores else {})}).body.decode()
                    ours = self.ask("-", "-f", "vcf", *options, *(("--scores", ",".join(scores)) if scores else ()),
                                    stdin=VCF.encode()).out
                    for pick in (lambda text: [l for l in text.splitlines() if l.startswith(("##INFO=<ID=MFD_", "##mfd=<"))],
                                 lambda text: [l.split("\t")[7] for l in text.splitlines() if l[0] != "#"]):
                        self.assertEqual(pick(ours), pick(told))
                    self.assertEqual("MFD_LEVEL_2_TECH=" in ours, "levels" in request)
                    self.assertEqual("MFD_SD_TECH=" in ours, "over" in request)
                    self.assertEqual(',Over="%s",Settings=' % ",".join(request.get("over", [])) in ours, "over" in request)

    def test_documents_are_the_servers(self):
        options, request = ASKED["levels"]
        whole, told = json.loads(self.ask(*VARIANTS, *options, "-f", "json").out), self.direct("json", request).json()
        self.assertEqual((whole["results"], whole["provenance"]), (told["results"], told["provenance"]))

    def test_every_score_of_a_track_has_its_column(self):
        scores = "effect,reference,alternative,difference,swap,sar,quantile"
        answer = self.direct("json", {"tracks": {"ids": [TRACK]}, "scores": scores.split(",")}).json()
        row = self.ask(VARIANTS[0], "-t", TRACK, "--scores", scores).rows()[0]
        for score in scores.split(","):
            for part, values in answer["results"][0][score].items():
                column = score if score in ("difference", "sar", "quantile") else score + "_" + part
                self.assertEqual(single(row[column]), single(values[0]), column)

    def test_what_makes_no_sense_is_refused(self):
        for options, words in ((("--levels",), "--over"),
                               (("--levels", "--over", LAB, "--scores", "reference"), "among --scores"),
                               (("--distribution", "uniform"), "--over"), (("--given", LAB + "=a"), "--over"), (("--a", "a=b"), "--b"), (("--held", "technical"), "--a"),
                               (("--over", LAB, "--aggregate", "mean"), "--aggregate"), (("--like", TRACK), "--set"),
                               (("--set", "a=b", "-t", TRACK), "one of them"),
                               (("--a", "a=b", "--b", "a=c", "--over", LAB), "one of them")):
            self.assertIn(words, self.ask(VARIANTS[0], *options, code=2).err)


if __name__ == "__main__":
    unittest.main()
