"""Averages over metadata columns, and contrasts of two settings: each against plain virtual tracks."""
import math
import unittest

import harness
import numpy

PREDICT = "/api/v1/predict"
PLACE = {"intervals": ["region1:3001", "region1:9001-9300", "nowhere:1"]}


def rows(answer, group="values", part="total"):
    return [b[group][part] for r in answer["results"] for b in r.get("bins", [])]


class Settings(harness.Case):
    models = {"tiny": "tiny", "plain": "baseline"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tracks = cls.daemon.request("GET", "/api/v1/models/tiny/tracks").json()["tracks"]

    def virtual(self, settings, like, **more):
        tracks = [{"id": "v%d" % i, "like": like, "metadata": s} for i, s in enumerate(settings)]
        return self.post(PREDICT, dict(PLACE, virtual_tracks=tracks, **more)).json()

    def test_an_average_is_that_of_its_settings(self):
        ids = [t["id"] for t in self.tracks[:2]]
        for scale in ("logit", "probability"):
            answer = self.post(PREDICT + "/marginal", dict(
                PLACE, tracks={"ids": ids}, over=["Library_lab"], levels=True, scale=scale)).json()
            settings = answer["provenance"]["settings"]
            weights = numpy.array([s["weight"] for s in settings])
            self.assertAlmostEqual(weights.sum(), 1, 6)
            self.assertEqual(sum(s["tracks"] for s in settings), len(self.tracks))
            levels = numpy.array(rows(answer, "levels")).reshape(-1, len(ids), len(settings))
            mean = (levels * weights).sum(-1)
            sd = numpy.sqrt((((levels - mean[..., None]) ** 2) * weights).sum(-1))
            numpy.testing.assert_allclose(rows(answer), mean, atol=1e-5)
            numpy.testing.assert_allclose(rows(answer, "sd"), sd, atol=1e-4)

    def test_a_setting_is_the_track_with_its_values(self):
        track, parts = self.tracks[1]["id"], ["total", "biological", "technical"]
        answer = self.post(PREDICT + "/marginal", dict(
            PLACE, tracks={"ids": [track]}, over=["Library_lab"], levels=True, components=parts)).json()
        settings = answer["provenance"]["settings"]
        plain = self.virtual([s["values"] for s in settings], track, components=parts)
        for part in parts[1:]:
            numpy.testing.assert_allclose(rows(answer, "levels", part), rows(plain, part=part), atol=1e-4)
        own = self.post(PREDICT, dict(PLACE, tracks={"ids": [track]}, components=parts)).json()
        bias = [numpy.array(rows(a, g)) - rows(a, g, "biological") - rows(a, g, "technical")
                for a, g in ((answer, "values"), (own, "values"))]
        numpy.testing.assert_allclose(bias[0], bias[1], atol=1e-5) # the track's own

    def test_the_spread_of_a_technical_column_is_technical(self):
        answer = self.post(PREDICT + "/marginal", dict(
            PLACE, tracks={"ids": [self.tracks[0]["id"]]}, over=["Library_lab"],
            components=["total", "biological", "technical"])).json()
        self.assertTrue(all(x[0] < 1e-6 for x in rows(answer, "sd", "biological")))
        self.assertTrue(all(x[0] > 1e-3 for x in rows(answer, "sd", "technical")))

    def test_uniform_settings_weigh_alike(self):
        answer = self.post(PREDICT + "/marginal", dict(
            PLACE, over=["Library_lab"], distribution="uniform", tracks={"ids": [self.tracks[0]["id"]]})).json()
        settings = answer["provenance"]["settings"]
        self.assertTrue(all(math.isclose(s["weight"], 1 / len(settings), rel_tol=1e-6) for s in settings))

    def test_virtual_tracks_are_averaged_too(self):
        like = self.tracks[0]
        answer = self.post(PREDICT + "/marginal?format=npy", dict(
            PLACE, over=["Library_lab"],
            virtual_tracks=[{"id": "v", "like": like["id"], "metadata": {"proc_age_bin": 5}}]))
        self.assertEqual(answer.status, 200, answer.body[:300])

    def test_a_contrast_is_a_difference(self):
        like = self.tracks[0]["id"]
        targets = sorted({t["metadata"]["proc_target"] for t in self.tracks})[:2]
        a, b = ({"proc_target": t} for t in targets)
        for scale in ("logit", "probability"):
            both = numpy.array(rows(self.virtual([a, b], like, scale=scale)))
            answer = self.post(PREDICT + "/contrast", dict(PLACE, a=a, b=b, like=like, scale=scale)).json()
            numpy.testing.assert_allclose(numpy.array(rows(answer))[:, 0], both[:, 0] - both[:, 1], atol=2e-5)
            self.assertEqual(answer["tracks"], ["a-b"])

    def test_what_is_held_does_not_differ(self):
        labs = sorted({t["metadata"]["Library_lab"] for t in self.tracks})[:2]
        targets = sorted({t["metadata"]["proc_target"] for t in self.tracks})[:2]
        a, b = ({"proc_target": t, "Library_lab": l} for t, l in zip(targets, labs))
        for held, other in (("technical", "biological"), ("biological", "technical")):
            answer = self.post(PREDICT + "/contrast", dict(PLACE, a=a, b=b, held=held, like=self.tracks[0]["id"],
                                                           components=["biological", "technical"])).json()
            self.assertTrue(all(x == [0] for x in rows(answer, part=held)))
            self.assertTrue(any(x != [0] for x in rows(answer, part=other)))

    def test_a_combination_is_resolved_against_the_trained_tracks(self):
        track, path = self.tracks[0], "/api/v1/metadata/resolve"
        other = next(t["metadata"]["proc_target"] for t in self.tracks
                     if t["metadata"]["proc_target"] != track["metadata"]["proc_target"])
        answer = self.post(path, {"like": track["id"], "nearest": 3, "combinations": [
            {"proc_target": track["metadata"]["proc_target"]}, {"proc_age_bin": 1000}, {"proc_target": other},
            {"mars": 1}, 5, {"proc_target": "none such"}]}).json()
        self.assertEqual([r.get("verdict", r["status"]) for r in answer["results"]],
                         ["measured", "unseen", answer["results"][2]["verdict"], "error", "error", "error"])
        first = answer["results"][0]
        self.assertEqual((first["nearest"][0]["track"], len(first["nearest"])), (track["id"], 3))
        self.assertAlmostEqual(first["nearest"][0]["distance"], 0, 5)
        self.assertGreaterEqual(first["exact"], 1)
        self.assertEqual([r["problem"]["pointer"] for r in answer["results"][3:]],
                         ["/combinations/3/mars", "/combinations/4", "/combinations/5/proc_target"])
        self.assertEqual(answer["summary"], {"items": 6, "ok": 3, "skipped": 0, "error": 3})
        for body, slug in (({}, "missing-member"), ({"combinations": []}, "invalid-value"),
                           ({"combinations": [{"x": 1}], "nearest": 101}, "invalid-value"),
                           ({"combinations": [{"x": 1}], "model": "plain"}, "unsupported")):
            self.assertEqual(self.post(path, body).slug, slug)

    def test_what_cannot_be_averaged_or_contrasted_is_a_problem(self):
        one = {"ids": [self.tracks[0]["id"]]}
        like = self.tracks[0]["id"]
        for path, body, status, slug, pointer in (
                ("/marginal", {}, 400, "missing-member", ""),
                ("/marginal", {"over": []}, 400, "invalid-value", "/over"),
                ("/marginal", {"over": ["Library_lag"]}, 422, "unknown-column", "/over/0"),
                ("/marginal", {"over": ["Library_lab"] * 2}, 400, "invalid-value", "/over"),
                ("/marginal", {"over": ["frip"], "distribution": "uniform"}, 400, "invalid-value", "/over"),
                ("/marginal", {"over": ["Library_lab"], "distribution": "x"}, 400, "invalid-value", "/distribution"),
                ("/marginal", {"over": ["Library_lab"], "tracks": dict(one, aggregate="mean")}, 400,
                 "conflicting-members", "/tracks/aggregate"),
                ("/marginal", {"over": ["Library_lab"], "model": "plain"}, 422, "unsupported", "/over"),
                ("/contrast", {"a": {"proc_target": "x"}}, 400, "missing-member", ""),
                ("/contrast", {"a": {}, "b": {"x": 1}}, 400, "invalid-value", "/a"),
                ("/contrast", {"a": {"mars": 1}, "b": {"mars": 1}, "like": like}, 422, "unknown-column", "/a/mars"),
                ("/contrast", {"a": {"proc_target": "none such"}, "b": {"mars": 1}, "like": like}, 422, "unknown-label",
                 "/a/proc_target"),
                ("/contrast", {"a": {"x": 1}, "b": {"x": 1}, "like": "nope"}, 422, "unknown-track", "/like"),
                ("/contrast", {"a": {"x": 1}, "b": {"x": 1}, "model": "plain"}, 422, "unsupported", "/a"),
                ("/contrast", {"a": {"x": 1}, "b": {"x": 1}, "held": "both"}, 400, "invalid-value", "/held")):
            if path == "/marginal" and "model" not in body:
                body.setdefault("tracks", one)
            body = dict(PLACE, **body)
            answer = self.post(PREDICT + path, body)
            self.assertEqual((answer.status, answer.slug, answer.json()["pointer"]), (status, slug, pointer), answer.body)


if __name__ == "__main__":
    unittest.main()
