"""Is a combination of metadata supported: counts against the table, and questions that nobody should ask."""
import itertools
import json
import unittest

import golden
import harness
import numpy

RESOLVE = "/api/v1/metadata/resolve"


class Resolve(harness.Case):
    models = {"order2": "order2"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tracks = cls.daemon.request("GET", "/api/v1/models/order2/tracks?limit=1000").json()["tracks"]
        fields = cls.daemon.request("GET", "/api/v1/models/order2/fields").json()["fields"]
        cls.labelled = [f["name"] for f in fields if "n_labels" in f and f["type"] == "category"]
        cls.weights = numpy.hstack([golden.expected("order2", "weights_" + g).astype(float)
                                    for g in ("biological", "technical")])

    def ask(self, combinations, check=True, **more):
        return self.post(RESOLVE, dict({"combinations": combinations, "like": self.tracks[0]["id"]}, **more), check=check)

    def has(self, track, column, label):
        cell = track["metadata"][column]
        return label in (["nan"] if cell in (None, "") else cell.split(","))

    def test_labels_and_pairs_are_counted_as_the_table_has_them(self):
        other = self.tracks[5]["metadata"]
        asked = {c: other[c] for c in ("proc_target", "Biosample_organ_slims", "Library_lab")}
        result, = self.ask([asked]).json()["results"]
        counted = 0
        for entry in result["labels"]:
            if entry["column"] in self.labelled:
                self.assertEqual(entry["tracks"], sum(self.has(t, entry["column"], entry["label"]) for t in self.tracks))
                counted += 1
        self.assertGreater(counted, 6)
        for pair in result["pairs"]:
            (a, b), (x, y) = pair["columns"], pair["labels"]
            self.assertNotEqual(a, b)
            if a in self.labelled and b in self.labelled:
                self.assertEqual(pair["tracks"], sum(self.has(t, a, x) and self.has(t, b, y) for t in self.tracks), pair)
        labels = [(e["column"], e["label"]) for e in result["labels"]]
        self.assertEqual([list(zip(p["columns"], p["labels"])) for p in result["pairs"]],
                         [[a, b] for a, b in itertools.combinations(labels, 2) if a[0] != b[0]])
        self.assertNotIn("pairs", self.ask([asked], pairs=False).json()["results"][0])

    def test_the_nearest_tracks_of_a_track_are_the_nearest(self):
        track = self.tracks[9]
        result, = self.post(RESOLVE, {"like": track["id"], "combinations": [
            {"proc_target": track["metadata"]["proc_target"]}], "nearest": 6}).json()["results"]
        self.assertEqual(result["verdict"], "measured")
        far = numpy.linalg.norm(self.weights - self.weights[9], axis=1)
        numpy.testing.assert_allclose([n["distance"] for n in result["nearest"]], numpy.sort(far)[:6], atol=1e-4)

    def test_pairs_have_an_end(self):
        fields = {c: self.get("/api/v1/models/order2/fields/" + c).json()["labels"] for c in self.labelled}
        everything = {c: [x["label"] for x in labels] for c, labels in fields.items()}
        results = self.ask([everything] * 200, check=False).json()["results"] # too long for a check in Python
        self.assertEqual(results[0]["status"], "ok")
        self.assertEqual(results[-1]["problem"]["type"], "/problems/over-limit")
        self.assertIn('"pairs": false', results[-1]["problem"]["detail"])
        self.assertLessEqual(sum(len(r.get("pairs", [])) for r in results), 100000)
        self.assertEqual(self.ask([everything] * 20, pairs=False).json()["summary"]["ok"], 20)

    def test_odd_questions_are_answered_one_by_one(self):
        odd = ["", " ", "\u202e", "\U0001f9ec", "e\u0301", "x" * 1024, "'; DROP TABLE labels; --", "%s%n", "../..", "nan,nan",
               ",", ",,,", "CTCF,", "{\"a\":1}", "-0", "1e999", "NaN", "true"]
        combinations = [{"proc_target": label} for label in odd] + [{label or "empty": "CTCF"} for label in odd]
        combinations += [{"proc_target": v} for v in ([[]], [["CTCF"]], [None], [{}], {}, [], ["CTCF"] * 4000, 1e308,
                                                      -2 ** 53, True, [1, 2, 3], [["CTCF"] * 3] * 3)]
        combinations += [{"frip": v} for v in (1e308, -1e308, "1e308", "0x10", "inf", "nan", None, [], "", " 1", "1" * 500)]
        combinations += [None, 1, "x", [], True, {}]
        answer = self.ask(combinations).json()
        self.assertEqual(len(answer["results"]), len(combinations))
        for combination, result in zip(combinations, answer["results"]):
            if result["status"] != "ok": # what is wrong, and where
                self.assertTrue(result["problem"]["detail"], combination)
                self.assertTrue(result["problem"]["pointer"].startswith("/combinations/%d" % result["index"]))
        ok = [c for c, r in zip(combinations, answer["results"]) if r["status"] == "ok"]
        self.assertIn({"proc_target": ["CTCF"] * 4000}, ok)
        self.assertNotIn({"proc_target": "x" * 1024}, ok)
        self.assertEqual(self.get("/livez").status, 200)

    def test_bodies_that_are_no_question_are_refused(self):
        deep = "[" * 200 + "]" * 200
        for body, status, slug in (
                ('{"combinations":%s}' % deep, 413, "over-limit"),
                ('{"combinations":[{"proc_target":%s}]}' % deep, 413, "over-limit"),
                ('{"combinations":[{"a":1,"a":2}]}', 400, "duplicate-member"),
                ('{"combinations":[{"proc_target":"\\u0000"}]}', 400, None),
                ('{"combinations":[{"proc_target":"\\ud800"}]}', 400, None),
                (b'{"combinations":[{"proc_target":"\xff"}]}', 400, "malformed-json"),
                (b'\xef\xbb\xbf{"combinations":[{}]}', None, None),
                (json.dumps({"combinations": [{"frip": 1}] * 1001}), 413, "over-limit"),
                ('{"combinations":[{}],"pairs":1}', 400, "wrong-type"),
                ('{"combinations":[{}],"nearest":-1}', 400, "invalid-value"), ("[]", 400, "wrong-type"),
                ("{}", 400, "missing-member"), ("", 400, None)):
            answer = self.post(RESOLVE, body, {"Content-Type": "application/json"})
            if status:
                self.assertEqual(answer.status, status, (body[:60], answer.body))
            if slug:
                self.assertEqual(answer.slug, slug, body[:60])
        self.assertEqual(self.get("/livez").status, 200)


if __name__ == "__main__":
    unittest.main()
