"""explain, whatif and compare: what a model has learnt, asked in its own terms."""

import json
import unittest

from daemon import TRACKS, Daemon, number
from fake import Fake
from tool import Case, mfd, sent


class Explain(Case):
    def effects(self, part):
        variant = json.dumps({"chrom": "chr20", "pos": 7, "ref": "A", "alt": "C"}, sort_keys=True)
        return [number(variant + "effect", t + part) for t in TRACKS]

    def test_factors_are_means_over_the_tracks_of_a_label(self):
        with Fake(Daemon()) as f:
            result = self.check(mfd("explain", "chr20-7-A-C", "--top", "0", server=f.url), 0)
            rows = result.rows()
            total, bio, tech = (self.effects(p) for p in ("total", "biological", "technical"))
            self.assertAlmostEqual(float(rows[0]["biological"]), sum(bio) / 8, places=6)
            tracks = [r["name"] for r in rows if r["kind"] == "track"]
            self.assertEqual(tracks, sorted(TRACKS, key=lambda t: -abs(total[TRACKS.index(t)])))
            factors = {r["name"]: r for r in rows if r["kind"] == "factor"}
            # W is on one track only
            self.assertEqual(set(factors), {"proc_target=A", "proc_target=B", "proc_target=Z",
                                            "lab=X", "lab=Y"})
            z = factors["proc_target=Z"] # tracks 6 and 7, on the biological part
            lift = (bio[6] + bio[7]) / 2 - sum(bio) / 8
            sd = (sum((b - sum(bio) / 8) ** 2 for b in bio) / 7) ** 0.5
            self.assertAlmostEqual(float(z["lift"]), lift, delta=1e-5)
            self.assertAlmostEqual(float(z["z"]), lift / (sd / 2 ** 0.5), delta=1e-5)
            lab = factors["lab=X"] # tracks 0 and 1, on the technical part
            self.assertEqual((lab["group"], lab["tracks"]), ("technical", "2"))
            self.assertAlmostEqual(float(lab["lift"]), (tech[0] + tech[1]) / 2 - sum(tech) / 8, delta=1e-5)
            sizes = [abs(float(r["z"])) for r in rows if r["kind"] == "factor"]
            self.assertEqual(sizes, sorted(sizes, reverse=True))

    def test_features_are_told_by_what_they_stand_for(self):
        with Fake(Daemon()) as f:
            rows = [r for r in mfd("explain", "chr20-7-A-C", "--top", "0", server=f.url).rows()
                    if r["kind"] == "feature"]
            names = {"0 lab=X", "1 lab=Y", "2 lab=W", "3 proc_target=A", "4 mostly proc_target=Z", "5 proc_target=Z"}
            self.assertEqual({r["name"] for r in rows}, names)
            variant = json.dumps({"chrom": "chr20", "pos": 7, "ref": "A", "alt": "C"}, sort_keys=True)
            changes = {r["name"]: float(r["change"]) for r in rows}
            self.assertEqual(changes["4 mostly proc_target=Z"], number(variant, "1biological"))
            self.assertEqual(changes["0 lab=X"], number(variant, "0technical"))

    def test_a_table_and_a_document_say_the_share_of_biology(self):
        with Fake(Daemon()) as f:
            bio, tech = (sum(map(abs, self.effects(p))) for p in ("biological", "technical"))
            share = bio / (bio + tech)
            whole = json.loads(mfd("explain", "chr20-7-A-C", "-f", "json", server=f.url).out)
            self.assertAlmostEqual(whole["biological_share"], share, places=6)
            self.assertEqual(len(whole["factors"]), 5)
            more = sum(abs(t) > abs(b) for b, t in zip(self.effects("biological"), self.effects("technical")))
            self.assertEqual(whole["technical_tracks"], more)
            table = self.check(mfd("explain", "chr20-7-A-C", "-f", "table", server=f.url), 0).out
            self.assertIn("%.0f %% of the movement over all tracks is biological; %d of 8" % (100 * share, more), table)

    def test_a_variant_that_is_not_scored_is_a_failure(self):
        with Fake(Daemon()) as f:
            self.check(mfd("explain", "junk", server=f.url), 1, "malformed-variant")
            self.check(mfd("explain", server=f.url), 2)


class Model(Case):
    def test_features_are_listed_and_told_one_by_one(self):
        with Fake(Daemon()) as f:
            rows = self.check(mfd("features", "--explain", server=f.url), 0).rows()
            self.assertEqual([r["index"] for r in rows], list("012345"))
            rows = mfd("features", "--explain", "--subspace", "technical", server=f.url).rows()
            self.assertEqual([(r["column"], r["label"]) for r in rows], [("lab", "X"), ("lab", "Y"), ("lab", "W")])
            rows = self.check(mfd("features", "--explain", "4", "5", "-n", "2", server=f.url), 0).rows()
            self.assertEqual([(r["index"], r["kind"], r["name"]) for r in rows], [
                (i, *pair) for i in "45" for pair in (("factor", "proc_target=Z"), ("factor", "proc_target=A"),
                                                      ("track", "T0"), ("track", "T1"))])
            self.assertEqual([r["stands_for"] for r in rows[::4]], ["several columns", "proc_target=Z"])
            one = json.loads(mfd("features", "--explain", "5", "-f", "json", server=f.url).out)
            self.assertEqual((one["index"], one["label"]), (5, "Z"))
            two = json.loads(mfd("features", "--explain", "5", "4", "-f", "json", server=f.url).out)
            self.assertEqual([x["index"] for x in two["features"]], [5, 4])
            self.check(mfd("features", "--explain", "6", server=f.url), 1, "features/6")

    def test_values_stand_beside_what_their_features_stand_for(self):
        with Fake(Daemon()) as f:
            rows = self.check(mfd("features", "--explain", "--fasta", "-", stdin=b">s\nA\n", server=f.url), 0).rows()
            self.assertEqual([(r["subspace"], r["feature"], r["index"], r["stands_for"]) for r in rows], [
                ("biological", "0", "3", "proc_target=A"), ("biological", "1", "4", "several columns"),
                ("biological", "2", "5", "proc_target=Z"), ("technical", "0", "0", "lab=X"),
                ("technical", "1", "1", "lab=Y"), ("technical", "2", "2", "lab=W")])
            self.assertEqual(float(rows[1]["value"]), number('{"id": "s", "sequence": "A"}', "T1biological"))

    def test_labels_tell_the_features_they_move_and_tracks_what_they_are_made_of(self):
        with Fake(Daemon()) as f:
            rows = self.check(mfd("fields", "proc_target", "--explain", server=f.url), 0).rows()
            self.assertEqual([(r["label"], r["index"], float(r["effect"])) for r in rows],
                             [("A", "3", 2.5), ("A", "4", -1), ("B", "3", 2.5), ("B", "4", -1)])
            rows = self.check(mfd("tracks", "T1", "--explain", "-n", "2", server=f.url), 0).rows()
            self.assertEqual([(r["kind"], r["group"], r["name"]) for r in rows], [
                ("column", "biological", "proc_target"), ("column", "technical", "lab"),
                ("nearest", "biological", "T0"), ("nearest", "biological", "T1"),
                ("nearest", "technical", "T7"), ("nearest", "technical", "T6")])
            self.assertEqual([rows[2]["cosine_biological"], rows[2]["cosine_technical"]], ["0.5", "0.25"])
            whole = json.loads(mfd("tracks", "T1", "--explain", "-f", "json", server=f.url).out)
            self.assertEqual((whole["decomposition"]["track"], whole["nearest"]["technical"][0]["track"]), ("T1", "T7"))
            for command in ("tracks", "fields"):
                self.check(mfd(command, "--explain", server=f.url), 2, "name the")

    def test_the_card_is_of_a_model_or_of_its_tracks(self):
        with Fake(Daemon()) as f:
            rows = self.check(mfd("card", server=f.url), 0).rows()
            self.assertIn({"member": "variance.mean.share", "value": "0.75"}, rows)
            self.assertIn({"member": "canonical_correlations.values", "value": "0.5, 0.1"}, rows)
            rows = mfd("card", "demo", "--by-track", server=f.url).rows()
            self.assertEqual([(r["track"], r["covariance"]) for r in rows], [(t, "0.5") for t in TRACKS])
            whole = json.loads(mfd("card", "-f", "json", server=f.url).out)
            self.assertEqual(len(whole["variance"]["tracks"]), 8)
            self.check(mfd("card", "other", server=f.url), 1, "other")


class Virtual(Case):
    def expected(self, metadata, part):
        return number("chr20:1-20", json.dumps(metadata, sort_keys=True) + part)

    def test_an_experiment_nobody_ran_stands_before_the_ones_most_like_it(self):
        with Fake(Daemon()) as f:
            rows = self.check(mfd("whatif", "chr20:1-2", "--set", "proc_target=A,Z", "--set", "lab=Y",
                                  "--set", "age=3", "--bias", "matched", server=f.url), 0).rows()
            first, second = sent(f, "/api/v1/predict")
            metadata = {"proc_target": ["A", "Z"], "lab": "Y", "age": 3.0}
            self.assertEqual(first["virtual_tracks"],
                             [{"id": "what if", "metadata": metadata, "bias": "matched"}])
            self.assertEqual(sent(f, "/api/v1/metadata/resolve"), [{"combinations": [metadata], "nearest": 3}])
            # T2, T4 and T6 are A (or Z) at Y, and all are of another age
            self.assertEqual(second["tracks"], {"ids": ["T2", "T4", "T6"]})
            self.assertEqual([(r["track"], r["distance"]) for r in rows[:4]],
                             [("what if", ""), ("T2", "1.25"), ("T4", "1.25"), ("T6", "1.25")])
            table = mfd("whatif", "chr20:1-2", "--set", "lab=Y", "-f", "table", server=f.url).out
            self.assertTrue(table.endswith("\ninterpolated: no track is all of it.\n"), table)
            whole = json.loads(mfd("whatif", "chr20:1-2", "--set", "lab=Y", "-f", "json", server=f.url).out)
            self.assertEqual((whole["resolution"]["verdict"], whole["tracks"]), ("interpolated", ["T2", "T3", "T4"]))
            self.assertEqual(float(rows[0]["technical"]), self.expected(metadata, "technical"))
            self.assertEqual(float(rows[3]["total"]), number("chr20:1-20", "T6total"))
            self.assertEqual(rows[4]["start"], "128")

    def test_what_is_not_set_is_like_a_track(self):
        with Fake(Daemon()) as f:
            rows = mfd("whatif", "chr20:1-2", "--set", "lab=W", "--like", "T1", "--bias", "-1.5", "-n", "9",
                       server=f.url).rows()
            track = sent(f, "/api/v1/predict")[0]["virtual_tracks"][0]
            self.assertEqual((track["like"], track["bias"]), ("T1", -1.5))
            self.assertEqual(sent(f, "/api/v1/metadata/resolve")[0]["like"], "T1")
            self.assertEqual((rows[1]["track"], rows[1]["distance"]), ("T7", "0.25")) # B as T1, and at W
            self.assertEqual({r["track"] for r in rows[2:5]}, {"T1", "T3", "T5"})

    def test_two_settings_and_their_difference(self):
        with Fake(Daemon()) as f:
            rows = self.check(mfd("compare", "chr20:1-2", "--set", "proc_target=A", "--a", "lab=X", "--b",
                                  "lab=", server=f.url), 0).rows()
            a, b = ({"proc_target": "A", "lab": lab} for lab in ("X", None))
            self.assertEqual([r["track"] for r in rows], ["a", "b", "a - b"] * 2)
            for part in ("total", "biological", "technical"):
                x, y = self.expected(a, part), self.expected(b, part)
                self.assertEqual([float(r[part]) for r in rows[:2]], [x, y])
                self.assertAlmostEqual(float(rows[2][part]), x - y, delta=1e-6)
            whole = json.loads(mfd("compare", "chr20:1-2", "--a", "lab=X", "--b", "lab=Y", "-f", "json",
                                   server=f.url).out)
            self.assertEqual([t["id"] for t in whole["virtual_tracks"]], ["a", "b"])

    def test_settings_that_say_nothing_are_usage_errors(self):
        with Fake(Daemon()) as f:
            for arguments in (["whatif", "chr20:1-2"], ["whatif", "chr20:1-2", "--set", "age=old"],
                              ["compare", "chr20:1-2", "--a", "lab=X"], ["whatif", "--set", "lab=X", "-"]):
                self.check(mfd(*arguments, server=f.url, stdin=b"chr20\n"), 2)
            self.assertEqual(sent(f, "/api/v1/predict"), [])
            result = mfd("whatif", "bad1", "--set", "lab=X", server=f.url)
            self.check(result, 4, "no: bad-interval")


class Listings(Case):
    def test_the_top_is_of_explanations(self):
        with Fake(Daemon()) as f:
            for command in ("tracks", "fields"):
                self.check(mfd(command, "-n", "3", server=f.url), 2, "--limit")


if __name__ == "__main__":
    unittest.main()
