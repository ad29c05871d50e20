"""What features, factors and tracks are made of, against NumPy on the published code's output weights."""
import unittest

import golden
import harness
import numpy

MODEL = "/api/v1/models/order2"
HOSTILE = ("%00", "%ff", "%f0%9f%92%a9", "x" * 3000, "'; DROP TABLE tracks; --", "..%2f", "%25s%25n", "-1", "1e3",
           "99999999999999999999", " 1", "%E2%80%AE")


class Features(harness.Case):
    models = {"order2": "order2", "plain": "baseline"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.weights = {g: golden.expected("order2", "weights_" + g).astype(float) for g in ("biological", "technical")}
        tracks = cls.daemon.request("GET", MODEL + "/tracks?limit=1000").json()["tracks"]
        cls.ids = [t["id"] for t in tracks]
        cls.cells = [t["metadata"] for t in tracks]
        n = len(cls.ids)
        size = min(n, 64)
        cls.background = [i * n // size for i in range(size)]

    def weight(self, feature):
        """Column of the weights, of a feature as it is told."""
        technical = self.weights["technical"].shape[1]
        j = feature["index"]
        return self.weights["technical"][:, j] if j < technical else self.weights["biological"][:, j - technical]

    def every(self, target, name):
        found, cursor = [], ""
        while cursor is not None:
            page = self.get(target + ("&cursor=" + cursor if cursor else "")).json()
            found += page[name]
            cursor = page["next"]
        return found

    def test_every_feature_is_told_technical_ones_first(self):
        features = self.every(MODEL + "/features?limit=7", "features")
        sizes = {g: w.shape[1] for g, w in self.weights.items()}
        self.assertEqual([f["index"] for f in features], list(range(sum(sizes.values()))))
        self.assertEqual([f["subspace"] for f in features],
                         ["technical"] * sizes["technical"] + ["biological"] * sizes["biological"])
        self.assertEqual({f["column"] for f in features if f["role"] == "direct"}, {"proc_target", "proc_Assay_lvl1"})
        for subspace in sizes:
            self.assertEqual(self.every(MODEL + "/features?limit=5&subspace=" + subspace, "features"),
                             [f for f in features if f["subspace"] == subspace])

    def test_a_direct_feature_weighs_on_the_tracks_of_its_label(self):
        features = self.every(MODEL + "/features?column=proc_target", "features")
        labels = [f["label"] for f in features]
        self.assertEqual(labels, sorted(labels))
        for f in features:
            has = numpy.array([f["label"] in c["proc_target"].split(",") for c in self.cells])
            self.assertTrue((abs(self.weight(f)[~has]) < 1e-6).all() and (abs(self.weight(f)[has]) > 1e-6).all(), f)

    def test_tracks_of_a_feature_are_those_with_the_largest_weights(self):
        for j in range(0, sum(w.shape[1] for w in self.weights.values()), 5):
            f = self.get(MODEL + "/features/%d?top=6" % j).json()
            w = self.weight(f)
            self.assertEqual([self.ids.index(t["track"]) for t in f["tracks"]],
                             list(numpy.argsort(-abs(w.astype(numpy.float32)), kind="stable")[:6]), j)
            numpy.testing.assert_allclose([t["weight"] for t in f["tracks"]],
                                          w[[self.ids.index(t["track"]) for t in f["tracks"]]], atol=1e-5)

    def test_an_exact_effect_is_the_weight_of_the_label_less_the_mean(self):
        checked = 0
        for factor in self.every(MODEL + "/fields/proc_target/features?top=1000", "factors"):
            self.assertEqual(factor["tracks"], sum(factor["label"] in c["proc_target"].split(",") for c in self.cells))
            alone = [i for i, c in enumerate(self.cells) if c["proc_target"] == factor["label"]]
            for f in factor["features"]:
                self.assertEqual((f["method"], f["column"]), ("exact", "proc_target"))
                if alone:
                    want = self.weight(f)[alone[0]] - self.weight(f).mean()
                    self.assertAlmostEqual(f["effect"], want, 5)
                    checked += 1
        self.assertGreater(checked, 10)

    def test_a_factor_and_a_feature_tell_the_same_effect(self):
        last = sum(w.shape[1] for w in self.weights.values()) - 1
        factors = self.get(MODEL + "/features/%d?top=1000" % last).json()["factors"]
        self.assertGreater(len(factors), 20)
        sizes = [abs(f["effect"]) for f in factors]
        self.assertEqual(sizes, sorted(sizes, reverse=True))
        self.assertEqual({f["method"] for f in factors}, {"difference"}) # the interaction's
        for f in factors[:4]:
            target = MODEL + "/fields/%s/features?top=1000" % f["column"]
            if f["label"] is not None:
                target += "&label=" + f["label"].replace(" ", "+").replace("&", "%26").replace(",", "%2C")
            one, = self.get(target).json()["factors"]
            same = [x for x in one["features"] if x["index"] == last]
            self.assertEqual([(x["effect"], x["method"]) for x in same], [(f["effect"], f["method"])])

    def test_a_number_is_one_factor(self):
        answer = self.get(MODEL + "/fields/frip/features?top=3").json()
        self.assertEqual([(f["label"], f["tracks"], len(f["features"])) for f in answer["factors"]], [(None, None, 3)])

    def test_shares_of_columns_add_up_to_the_way_from_the_background(self):
        for track in range(0, len(self.ids), 7):
            d = self.get(MODEL + "/tracks/%s/decomposition" % self.ids[track]).json()
            self.assertEqual(d["background"], len(self.background))
            for group, w in self.weights.items():
                way = w[track] - w[self.background].mean(0)
                self.assertAlmostEqual(d[group]["distance"], numpy.linalg.norm(way), 5)
                self.assertAlmostEqual(sum(c["share"] for c in d[group]["columns"]), 1, 5)
            target = next(c for c in d["biological"]["columns"] if c["column"] == "proc_target")
            # direct, and in nothing else: its contribution is the way in its own features
            j = [f["index"] - self.weights["technical"].shape[1]
                 for f in self.every(MODEL + "/features?column=proc_target", "features")]
            way = (self.weights["biological"][track] - self.weights["biological"][self.background].mean(0))
            self.assertAlmostEqual(target["norm"], numpy.linalg.norm(way[j]), 5)
            self.assertAlmostEqual(target["share"], (way[j] ** 2).sum() / (way ** 2).sum(), 5)

    def test_the_nearest_tracks_are_the_nearest(self):
        for by, w in self.weights.items():
            unit = w / numpy.linalg.norm(w, axis=1)[:, None]
            for track in (0, 11):
                for measure, score in (("cosine", unit @ unit[track]),
                                       ("distance", -numpy.linalg.norm(w - w[track], axis=1))):
                    answer = self.get(MODEL + "/tracks/%s/nearest?by=%s&measure=%s&top=4"
                                      % (self.ids[track], by, measure)).json()
                    score[track] = -numpy.inf
                    got = [self.ids.index(n["track"]) for n in answer["nearest"]]
                    self.assertEqual(len(set(got)), 4)
                    numpy.testing.assert_allclose(score[got], numpy.sort(score)[::-1][:4], atol=1e-5)
                    numpy.testing.assert_allclose([n[measure][by] for n in answer["nearest"]], abs(score[got]),
                                                  atol=1e-3 if measure == "distance" else 1e-5)

    def test_an_answer_that_has_not_changed_is_not_sent_twice(self):
        tags = set()
        targets = [MODEL + t for t in ("/features", "/features?limit=3", "/features?subspace=technical", "/features/3",
                                       "/features/3?top=4", "/fields/proc_target/features",
                                       "/fields/proc_Assay_lvl1/features", "/tracks/%s/decomposition" % self.ids[0],
                                       "/tracks/%s/nearest" % self.ids[0],
                                       "/tracks/%s/nearest?by=technical" % self.ids[0])]
        for target in targets:
            tag = self.get(target).headers["etag"]
            tags.add(tag)
            answer = self.get(target, {"If-None-Match": tag})
            self.assertEqual((answer.status, answer.raw), (304, b""), target)
        self.assertEqual(len(tags), len(targets))
        self.assertEqual(self.get(MODEL + "/features/3?top=10").headers["etag"],
                         self.get(MODEL + "/features/3").headers["etag"]) # the default, said
        self.assertProblem(self.get(MODEL + "/features/9999", {"If-None-Match": "*"}), 404, "not-found")

    def test_what_is_not_there_is_told(self):
        track = self.ids[0]
        for target, status, slug, word in (
                ("/features/9999", 404, "not-found", "features 0 to"), ("/features/x", 404, "not-found", "'x'"),
                ("/features?subspace=both", 400, "invalid-parameter", "technical"),
                ("/features?column=proc_targe", 422, "unknown-column", "proc_targe"),
                ("/features?color=red", 400, "invalid-parameter", "color"),
                ("/features?cursor=a9223372036854775807", 400, "invalid-parameter", "cursor"),
                ("/features/0?top=0", 400, "invalid-parameter", "top"),
                ("/features/0?top=1001", 400, "invalid-parameter", "1000"),
                ("/fields/nope/features", 404, "not-found", "nope"),
                ("/fields/proc_target/features?label=CTFC", 422, "unknown-label", "CTCF"),
                ("/fields/frip/features?label=1", 400, "invalid-parameter", "numbers"),
                ("/tracks/nope/decomposition", 404, "track-not-found", "nope"),
                ("/tracks/nope/nearest", 404, "track-not-found", "nope"),
                ("/tracks/%s/nearest?by=all" % track, 400, "invalid-parameter", "biological"),
                ("/tracks/%s/nearest?measure=x" % track, 400, "invalid-parameter", "cosine")):
            self.assertProblem(self.get(MODEL + target), status, slug, word)
        for target in ("/features", "/features/0", "/fields/proc_target/features", "/tracks/x/nearest"):
            self.assertProblem(self.get("/api/v1/models/plain" + target), 422, "unsupported", "baseline")
            self.assertProblem(self.get("/api/v1/models/none" + target), 404, "model-not-found")

    def test_the_last_cursor_there_can_be_finds_nothing(self):
        last = "a%d" % (2 ** 63 - 2)
        for target, name in (("/features", "features"), ("/fields/proc_target/features", "factors"), ("/tracks", "tracks")):
            answer = self.get(MODEL + target + "?cursor=" + last).json()
            self.assertEqual((answer[name], answer["next"]), ([], None))
        self.assertEqual(self.get("/api/v1/models?cursor=" + last).json()["models"], [])

    def test_odd_names_are_refused_like_others(self):
        for odd in HOSTILE:
            odd = odd.replace(" ", "%20").replace(";", "%3B").replace("'", "%27")
            for target in ("/features/" + odd, "/fields/%s/features" % odd, "/tracks/%s/nearest" % odd,
                           "/tracks/%s/decomposition" % odd, "/features?column=" + odd,
                           "/fields/proc_target/features?label=" + odd, "/features/1?top=" + odd,
                           "/features?subspace=" + odd, "/features?cursor=" + odd):
                self.assertIn(self.get(MODEL + target).status, (400, 404, 422), target)


if __name__ == "__main__":
    unittest.main()
