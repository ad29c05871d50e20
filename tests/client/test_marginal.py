"""mfd marginal against mfdd, with the demo model and genome: every number is the server's own."""

import json
import unittest

from live import Live

REGION = "chr20:42,984,193-42,984,320"  # one bin of the promoter of HNF4A
TRACKS = ["DREAM_HepG2_CTCF", "DREAM_HepG2_MAX"]
LAB = "Library_lab"
PARTS = ("total", "biological", "technical")


class Marginal(Live):
    command = ("marginal",)

    def direct(self, **request):
        return self.daemon.request("POST", "/api/v1/predict/marginal", {"intervals": [REGION], **request}).json()

    def check_rows(self, rows, answer, parts):
        """One bin: a row a track, and behind it one for each setting where those were asked for."""
        bin, settings = answer["results"][0]["bins"][0], answer["provenance"]["settings"]
        wanted, n = [], len(settings)
        for i, track in enumerate(answer["tracks"]):
            wanted.append([track, "", "", [bin["values"][p][i] for p in parts], [bin["sd"][p][i] for p in parts]])
            for s, setting in enumerate(settings if "levels" in bin else []):
                name = ";".join("%s=%s" % pair for pair in setting["values"].items())
                levels = [bin["levels"][p][n * i + s] for p in parts]
                wanted.append([track, name, setting["weight"], levels, None])
        self.assertEqual([(r["track"], r.get("setting", "")) for r in rows], [(w[0], w[1]) for w in wanted])
        for r, (_, _, weight, values, sd) in zip(rows, wanted):
            self.near(r.get("weight", ""), weight)
            for p, value in zip(parts, values):
                self.near(r[p], value)
            for i, p in enumerate(parts):
                self.near(r[p + "_sd"], "" if sd is None else sd[i])

    def near(self, cell, value):
        if value == "":
            self.assertEqual(cell, "")
        else:
            self.assertAlmostEqual(float(cell), value, delta=1e-8 * max(1, abs(value)))

    def test_means_and_deviations_are_the_servers(self):
        for arguments, more, parts in (
                ((), {}, ("total",)),
                (("-c", ",".join(PARTS)), {"components": PARTS}, PARTS),
                (("--distribution", "uniform", "-c", "total"), {"distribution": "uniform"}, ("total",)),
                (("-c", "technical", "--levels"), {"components": ["technical"], "levels": True}, ("technical",))):
            answer = self.direct(tracks={"ids": TRACKS}, over=[LAB], **more)
            rows = self.ask(REGION, "-t", ",".join(TRACKS), "--over", LAB, *arguments).rows()
            self.check_rows(rows, answer, parts)
        self.assertGreater(len(answer["provenance"]["settings"]), 3)
        self.assertTrue(any(r["technical_sd"] not in ("", "0") for r in rows))

    def test_settings_are_given_with_weights_and_the_experiment_need_not_have_been_run(self):
        settings = [{"values": {LAB: "unknown", "Processing_pipeline": "DREAM conservative IDR"}, "weight": 3},
                    {"values": {LAB: [" Stanford", "Michael Snyder"], "Processing_pipeline": "DREAM relaxed IDR"}}]
        virtual = {"id": "what if", "like": TRACKS[0], "metadata": {"Biosample_term_name": "K562"}, "bias": "mean"}
        request = {"virtual_tracks": [virtual], "over": [LAB, "Processing_pipeline"], "distribution": "given",
                   "settings": settings, "levels": True, "components": PARTS}
        rows = self.ask(REGION, "--set", "Biosample_term_name=K562", "--like", TRACKS[0], "--over",
                        LAB + ",Processing_pipeline", "--levels", "-c", ",".join(PARTS), "--given",
                        "3*%s=unknown;Processing_pipeline=DREAM conservative IDR" % LAB, "--given",
                        "%s= Stanford,Michael Snyder;Processing_pipeline=DREAM relaxed IDR" % LAB).rows()
        self.check_rows(rows, self.direct(**request), PARTS)
        self.assertEqual([r["weight"] for r in rows], ["", "0.75", "0.25"])
        mean = 0.75 * float(rows[1]["total"]) + 0.25 * float(rows[2]["total"])
        self.assertAlmostEqual(float(rows[0]["total"]), mean, delta=1e-5)

    def test_json_is_the_servers_document(self):
        arguments = (REGION, "-t", TRACKS[0], "--over", LAB, "--levels")
        answer = self.direct(tracks={"ids": TRACKS[:1]}, over=[LAB], levels=True)
        whole = json.loads(self.ask(*arguments, "-f", "json").out)
        self.assertEqual(whole["results"], answer["results"])
        self.assertEqual(whole["provenance"], answer["provenance"])
        lines = [json.loads(line) for line in self.ask(*arguments, "-f", "ndjson").out.splitlines()]
        self.assertEqual(lines[1], answer["results"][0])

    def test_a_table_shows_the_largest_tracks_with_their_settings(self):
        answer = self.direct(over=[LAB], levels=True)
        values = answer["results"][0]["bins"][0]["values"]["total"]
        first = answer["tracks"][max(range(len(values)), key=values.__getitem__)]
        lines = self.ask(REGION, "--over", LAB, "--levels", "-n", "1", "-f", "table").out.splitlines()
        self.assertEqual(len(lines), 2 + len(answer["provenance"]["settings"]))
        self.assertTrue(all(first in line for line in lines[1:]), lines)
        self.assertEqual(lines[1].split()[-2:], ["%.4f" % max(values), "%.4f" % answer["results"][0]["bins"][0]["sd"]
                                                 ["total"][values.index(max(values))]])

    def test_inputs_that_cannot_be_answered_have_a_row_of_their_own(self):
        rows = self.ask("chr9:1-2", REGION, "-t", TRACKS[0], "--over", LAB, "--levels", code=4).rows()
        self.assertEqual((rows[0]["chrom"], rows[0]["status"], rows[0]["total"]), ("chr9:1-2", "error", ""))
        self.assertTrue(rows[0]["problem"].startswith("contig-unknown: "), rows[0])
        self.assertEqual({r["status"] for r in rows[1:]}, {"ok"})

    def test_what_makes_no_sense_is_refused(self):
        for arguments, words in (((REGION,), "--over"),
                                 ((REGION, "--over", LAB, "--given", "x*%s=unknown" % LAB), "weight"),
                                 ((REGION, "--over", LAB, "--given", "%s=unknown;b" % LAB), "COLUMN=VALUE"),
                                 ((REGION, "--over", LAB, "--given", LAB + "=a", "--distribution", "uniform"),
                                  "--given"),
                                 ((REGION, "--over", LAB, "--set", "a=b", "-t", "x"), "one of them"),
                                 ((REGION, "--over", LAB, "--like", "x"), "--set")):
            self.assertIn(words, self.ask(*arguments, code=2).err)
        self.assertIn("Library_la", self.ask(REGION, "--over", "Library_la", code=1).err)


if __name__ == "__main__":
    unittest.main()
