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
        tracks = [{"id": "v%d" % i, "like": like, "metadata": s, "bias": "mean"} for i, s in enumerate(settings)]
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

    def test_levels_are_told_with_their_settings(self):
        ids = [t["id"] for t in self.tracks[:2]]
        request = dict(PLACE, tracks={"ids": ids}, over=["Library_lab"], levels=True)
        answer = self.post(PREDICT + "/marginal", request).json()
        settings = ["Library_lab=%s" % s["values"]["Library_lab"] for s in answer["provenance"]["settings"]]
        told = [("values", t, "") for t in ids] + [("sd", t, "") for t in ids]
        told += [("levels", t, s) for t in ids for s in settings]
        values = [x for r in zip(*(rows(answer, g) for g in ("values", "sd", "levels"))) for v in r for x in v]
        table = [l.split("\t") for l in self.post(PREDICT + "/marginal?format=tsv", request).body.decode().splitlines()]
        self.assertEqual({len(r) for r in table}, {len(table[0])})
        found = [r for r in (dict(zip(table[0], r)) for r in table[1:]) if r["status"] == "ok"]
        self.assertEqual([(r["score"], r["track"], r["setting"]) for r in found], len(values) // len(told) * told)
        numpy.testing.assert_array_equal([numpy.float32(r["value"]) for r in found], numpy.float32(values))
        array = self.post(PREDICT + "/marginal?format=npy", dict(request, dry_run=True)).json()["array"]
        self.assertEqual([(c["part"], c["column"], c.get("setting", "")) for c in array["columns"]],
                         [(g + ".total", t, s) for g, t, s in told])
        graph = self.post(PREDICT + "/marginal?format=bedgraph", request).body.decode()
        self.assertEqual([l for l in graph.splitlines() if l.startswith("track")], [
            'track type=bedGraph name="%s total"' % (t + (" " + s if s else "")) for _, t, s in told])
        # an input that cannot be read has as many cells; without levels there is no such column
        bad = self.post(PREDICT + "/marginal?format=tsv", dict(request, intervals=["nowhere:1-2"])).body.decode().splitlines()
        self.assertEqual([len(l.split("\t")) for l in bad], 2 * [len(table[0])])
        self.assertEqual(dict(zip(table[0], bad[1].split("\t")))["setting"], "")
        less = self.post(PREDICT + "/marginal?format=tsv", dict(request, levels=False)).body.decode().splitlines()
        self.assertNotIn("setting", less[0].split("\t"))
        self.assertEqual({len(l.split("\t")) for l in less}, {len(table[0]) - 1})

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

    def test_what_is_averaged_over_need_not_be_said(self):
        fields = [f["name"] for f in self.get("/api/v1/models/tiny/fields").json()["fields"]]
        whole = {name: self.tracks[2]["metadata"][name] for name in fields}
        over = ["Library_lab", "frip"]
        rest = {name: value for name, value in whole.items() if name not in over}
        def ask(metadata, **more):
            return self.post(PREDICT + "/marginal", dict(PLACE, over=over, components=["total", "biological", "technical"],
                                                         virtual_tracks=[{"id": "v", "metadata": metadata, **more}]))
        said, left = ask(whole), ask(rest)
        self.assertEqual((said.status, left.status), (200, 200), left.body)
        self.assertEqual(said.json(), left.json())
        self.assertProblem(ask({n: v for n, v in rest.items() if n != "proc_target"}), 422, "missing-column", "proc_target")
        self.assertProblem(ask(rest, bias="matched"), 422, "missing-column", "frip")

    def test_given_settings_weigh_as_they_are_said_to(self):
        labs = sorted({t["metadata"]["Library_lab"] for t in self.tracks})[:3]
        like, weights = self.tracks[2]["id"], (1, 0.5, 2.5)
        target = next(t["metadata"]["proc_target"] for t in self.tracks if t["metadata"]["proc_target"])
        settings = [{"values": {"Library_lab": lab, "frip": 0.1 * i}, "weight": w}
                    for i, (lab, w) in enumerate(zip(labs, weights))]
        one = {"id": "v", "like": like, "metadata": {"proc_target": target}, "bias": -1.25}
        for scale in ("logit", "probability"):
            answer = self.post(PREDICT + "/marginal", dict(
                PLACE, virtual_tracks=[one], over=["Library_lab", "frip"], distribution="given", settings=settings,
                levels=True, scale=scale)).json()
            told = answer["provenance"]["settings"]
            numpy.testing.assert_allclose([s["weight"] for s in told], numpy.array(weights) / sum(weights), rtol=1e-6)
            self.assertEqual([s["values"]["Library_lab"] for s in told], labs)
            numpy.testing.assert_allclose([s["values"]["frip"] for s in told], [0, 0.1, 0.2], atol=1e-6)
            # each setting by itself, as a virtual track of its own
            alone = [self.post(PREDICT, dict(PLACE, scale=scale, virtual_tracks=[
                dict(one, metadata=dict(one["metadata"], **s["values"]))])).json() for s in settings]
            levels = numpy.array([rows(a) for a in alone])[:, :, 0].T
            numpy.testing.assert_allclose(rows(answer, "levels"), levels, atol=2e-5)
            mean = (levels * weights).sum(1) / sum(weights)
            sd = numpy.sqrt((((levels - mean[:, None]) ** 2) * weights).sum(1) / sum(weights))
            numpy.testing.assert_allclose(numpy.array(rows(answer))[:, 0], mean, atol=2e-5)
            numpy.testing.assert_allclose(numpy.array(rows(answer, "sd"))[:, 0], sd, atol=1e-4)

    def test_a_bias_is_told_and_is_in_the_total_alone(self):
        like, parts = self.tracks[0], ["total", "biological", "technical"]
        biology = [c["name"] for c in self.get("/api/v1/models/tiny/fields").json()["fields"] if "biological" in c["groups"]]
        same = [i for i, t in enumerate(self.tracks) if all(t["metadata"][c] == like["metadata"][c] for c in biology)]
        # the biases of the tracks, out of their predictions
        own = self.post(PREDICT, dict(PLACE, components=parts)).json()
        biases = (numpy.array(rows(own)) - rows(own, part="biological") - rows(own, part="technical"))[0]
        wanted = {"none": 0, "mean": biases.mean(), "matched": biases[same].mean(), -2.5: -2.5}
        lab = next(t["metadata"]["Library_lab"] for t in self.tracks
                   if t["metadata"]["Library_lab"] != like["metadata"]["Library_lab"])
        tracks = [{"id": str(b), "like": like["id"], "metadata": {"Library_lab": lab}, "bias": b} for b in wanted]
        tracks.append({k: v for k, v in dict(tracks[0], id="unsaid").items() if k != "bias"})
        answer = self.post(PREDICT, dict(PLACE, virtual_tracks=tracks, components=parts)).json()
        told = answer["provenance"]["virtual_tracks"]
        self.assertEqual([(t["id"], t["bias"]) for t in told],
                         [(str(b), b) for b in wanted] + [("unsaid", "none")])
        values = list(wanted.values()) + [0]
        numpy.testing.assert_allclose([t["value"] for t in told], values, atol=1e-5)
        total, biological, technical = (numpy.array(rows(answer, part=p)) for p in parts)
        numpy.testing.assert_allclose(total - biological - technical, [values] * len(total), atol=1e-5)
        # logits are the default where a probability cannot be
        self.assertEqual(self.post(PREDICT, dict(PLACE, virtual_tracks=tracks)).json()["provenance"]["scale"], "logit")
        self.assertEqual(self.post(PREDICT, dict(PLACE, virtual_tracks=tracks[1:4])).json()["provenance"]["scale"],
                         "probability")
        contrast = self.post(PREDICT + "/contrast", dict(PLACE, a={"Library_lab": lab}, b={"frip": 1}, like=like["id"]))
        told = contrast.json()["provenance"]["virtual_tracks"]
        self.assertEqual([(t["id"], t["bias"]) for t in told], [("a", "mean"), ("b", "mean")])

    def test_what_a_bias_cannot_give_is_refused(self):
        like = self.tracks[0]
        v = {"id": "v", "like": like["id"], "metadata": {"frip": 0.5}}
        for body, slug, pointer in (({"scale": "probability"}, "conflicting-members", "/scale"),
                                    ({"virtual_tracks": [dict(v, bias="some")]}, "invalid-value",
                                     "/virtual_tracks/0/bias")):
            answer = self.post(PREDICT, dict(PLACE, **dict({"virtual_tracks": [v]}, **body)))
            self.assertEqual((answer.status, answer.slug, answer.json()["pointer"]), (400, slug, pointer))
        answer = self.post("/api/v1/variants/score", {"variants": ["region1-3000-A-C"], "scores": ["sar"],
                                                      "virtual_tracks": [v]})
        self.assertEqual((answer.status, answer.slug, answer.json()["pointer"]), (400, "conflicting-members", "/scores"))
        pairs = {(t["metadata"]["proc_target"], t["metadata"]["Biosample_term_name"]) for t in self.tracks}
        target, term = next((a, b) for a in sorted({p[0] for p in pairs}) for b in sorted({p[1] for p in pairs})
                            if a and b and "," not in a and (a, b) not in pairs)
        answer = self.post(PREDICT, dict(PLACE, virtual_tracks=[dict(v, bias="matched", metadata={
            "proc_target": target, "Biosample_term_name": term})]))
        self.assertProblem(answer, 422, "no-track-matches", "mean or a number")

    def test_thousands_of_virtual_tracks_are_the_same_as_one_at_a_time(self):
        like, lab = self.tracks[0]["id"], self.tracks[1]["metadata"]["Library_lab"]
        tracks = [{"id": "v%d" % i, "like": like, "metadata": {"frip": i / 10000, "Library_lab": lab}} for i in range(10000)]
        place = {"intervals": ["region1:3001"]}
        many = rows(self.post(PREDICT, dict(place, virtual_tracks=tracks)).json())[0]
        for i in (0, 4321, 9999):
            self.assertEqual(rows(self.post(PREDICT, dict(place, virtual_tracks=[tracks[i]])).json()), [[many[i]]])
        answer = self.post(PREDICT, dict(place, virtual_tracks=tracks + [dict(tracks[0], id="more")]))
        self.assertEqual((answer.status, answer.slug, answer.json()["limit"]["name"]), (413, "over-limit", "virtual_tracks"))

    def test_an_effect_differs_between_tissues_as_its_predictions_do(self):
        """A difference in differences: variant by setting, everything technical held equal."""
        like = self.tracks[0]
        terms = sorted({t["metadata"]["Biosample_term_name"] for t in self.tracks})[:2]
        tracks = [{"id": t, "like": like["id"], "metadata": {"Biosample_term_name": t}} for t in terms]
        name, bases = next(harness.records("region.fa"))
        at = 3072 + 64 # 0-based, in the middle of a bin
        alt = "ACGT"[("ACGT".index(bases[at]) + 1) % 4]
        score = self.post("/api/v1/variants/score", {
            "variants": [{"chrom": name, "pos": at + 1, "ref": bases[at], "alt": alt}], "virtual_tracks": tracks,
            "components": ["total", "biological", "technical"], "scores": ["effect", "reference", "alternative"],
            "ensemble": "strands"}).json()["results"][0]
        effect = {p: numpy.array(v) for p, v in score["effect"].items()}
        difference = effect["total"][0] - effect["total"][1]
        self.assertNotEqual(difference, 0)
        self.assertEqual(effect["technical"][0], effect["technical"][1])
        self.assertAlmostEqual(difference, effect["biological"][0] - effect["biological"][1], 5)
        # the window of the published code around a variant, predicted with either allele
        window = self.get("/api/v1/models/tiny").json()["window"]
        left = (window - 1) // 2 if window % 2 else window // 2 - 1
        changed = bases[:at] + alt + bases[at + 1:]
        contrast = self.post(PREDICT + "/contrast", {
            "sequences": [b[at - left:at - left + window] for b in (changed, bases)], "scale": "logit", "like": like["id"],
            "a": tracks[0]["metadata"], "b": tracks[1]["metadata"], "held": "technical"}).json()["results"]
        alternative, reference = (r["values"]["total"][0] for r in contrast)
        self.assertAlmostEqual(difference, alternative - reference, 4)

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
        lab = self.tracks[0]["metadata"]["Library_lab"]
        given = {"over": ["Library_lab"], "distribution": "given", "settings": [{"values": {"Library_lab": lab}}]}
        for path, body, status, slug, pointer in (
                ("/marginal", {}, 400, "missing-member", ""),
                ("/marginal", {"over": []}, 400, "invalid-value", "/over"),
                ("/marginal", {"over": ["Library_lag"]}, 422, "unknown-column", "/over/0"),
                ("/marginal", {"over": ["Library_lab"] * 2}, 400, "invalid-value", "/over"),
                ("/marginal", {"over": ["frip"], "distribution": "uniform"}, 400, "invalid-value", "/over"),
                ("/marginal", {"over": ["Library_lab"], "distribution": "x"}, 400, "invalid-value", "/distribution"),
                ("/marginal", {"over": ["Library_lab"], "distribution": "given"}, 400, "missing-member", ""),
                ("/marginal", dict(given, distribution="training"), 400, "conflicting-members", "/settings"),
                ("/marginal", dict(given, settings=[]), 400, "invalid-value", "/settings"),
                ("/marginal", dict(given, settings={}), 400, "wrong-type", "/settings"),
                ("/marginal", dict(given, settings=[{}]), 400, "missing-member", "/settings/0"),
                ("/marginal", dict(given, settings=[{"values": {"frip": 1}}]), 422, "missing-column",
                 "/settings/0/values"),
                ("/marginal", dict(given, settings=[{"values": {"Library_lab": None, "frip": 1}}]), 400, "invalid-value",
                 "/settings/0/values"),
                ("/marginal", dict(given, settings=[{"values": {"Library_lab": "none such"}}]), 422, "unknown-label",
                 "/settings/0/values/Library_lab"),
                ("/marginal", dict(given, settings=[{"values": {"Library_lab": {}}}]), 400, "wrong-type",
                 "/settings/0/values/Library_lab"),
                ("/marginal", dict(given, settings=[{"values": {"Library_lab": lab}, "weight": -1}]), 400,
                 "invalid-value", "/settings/0/weight"),
                ("/marginal", dict(given, settings=[{"values": {"Library_lab": lab}, "weight": 0}]), 400,
                 "invalid-value", "/settings"),
                ("/marginal", dict(given, settings=[{"values": {"Library_lab": lab}, "wait": 1}]), 400,
                 "unknown-member", "/settings/0/wait"),
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
