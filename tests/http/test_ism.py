"""ism: held against scoring every substitution by itself, as a variant or as a sequence, in every format."""
import io
import json
import os
import tempfile
import unittest

import golden
import harness
import numpy

ISM, SCORE, PREDICT = "/api/v1/ism", "/api/v1/variants/score", "/api/v1/predict"
PARTS = ["total", "biological", "technical"]
LETTERS = "ACGT"
CONTIG, BASES = next(harness.records("region.fa"))


def matrix(result, group="effect", part="total"):
    """(bases, 4, tracks)"""
    return numpy.array([base[group][part] for base in result["bases"]], dtype=numpy.float32)


class Scans(harness.Case):
    models = {case: case for case in golden.CASES}
    settings = {"limits.passes": 1000000, "limits.ism_bases": 3000}

    def scan(self, body, **options):
        answer = self.post(ISM, {"model": "tiny", **body, **options})
        self.assertEqual(answer.status, 200, answer.body[:1000])
        return answer.json()

    def one_by_one(self, start, end, **options):
        """Effects of the same substitutions as variants, by part: (bases, 4, tracks)."""
        places = [(at, k) for at in range(start, end) for k in range(4) if BASES[at].upper() != LETTERS[k]]
        answer = self.post(SCORE, {"model": "tiny", **options, "variants": [
            "%s-%d-%s-%s" % (CONTIG, at + 1, BASES[at].upper(), LETTERS[k]) for at, k in places]}).json()
        out = {}
        for part in options.get("components", ["total"]):
            out[part] = numpy.zeros((end - start, 4, len(answer["tracks"])), numpy.float32)
            for (at, k), result in zip(places, answer["results"]):
                out[part][at - start, k] = result["effect"][part]
        return out

    def test_every_substitution_is_the_variant_it_is_to_the_bit(self):
        start, end = 30000, 30021
        for model in ("tiny", "order2", "padded"):
            for ensemble in ("none", "published"):
                options = {"model": model, "components": PARTS, "ensemble": ensemble}
                with self.subTest(**options):
                    result, = self.scan({"intervals": ["%s:%d-%d" % (CONTIG, start + 1, end)]}, **options)["results"]
                    self.assertEqual("".join(b["reference"] for b in result["bases"]), BASES[start:end].upper())
                    self.assertEqual([b["start"] for b in result["bases"]], list(range(start, end)))
                    for part, wanted in self.one_by_one(start, end, **options).items():
                        self.assertTrue((matrix(result, part=part) == wanted).all())
                        self.assertGreater(numpy.abs(wanted).max(), 0)

    def test_centred_is_without_the_mean_of_the_four(self):
        options = {"components": PARTS, "tracks": {"aggregate": "max"}}
        result, = self.scan({"intervals": [{"chrom": CONTIG, "start": 30000, "end": 30030}]}, **options)["results"]
        for part in PARTS:
            effect, centred = matrix(result, "effect", part), matrix(result, "centred", part)
            self.assertEqual(effect.shape, (30, 4, 1))
            wanted = effect.astype(float) - effect.astype(float).mean(axis=1, keepdims=True)
            self.assertLess(numpy.abs(centred - wanted).max(), 1e-7)
        only, = self.scan({"intervals": [{"chrom": CONTIG, "start": 30000, "end": 30030}]}, scores=["centred"],
                          **options)["results"]
        self.assertNotIn("effect", only["bases"][0])
        self.assertTrue((matrix(only, "centred", "technical") == matrix(result, "centred", "technical")).all())

    def test_bases_of_a_sequence_change_in_its_one_window(self):
        name, window = next(harness.records("tiny/windows.fa"))
        start = len(window) // 2 - 4
        for ensemble in ("none", "strands"):
            sequences = [window] + [window[:at] + k + window[at + 1:] for at in range(start, start + 9) for k in LETTERS]
            options = {"components": PARTS, "scale": "logit", "ensemble": ensemble}
            wanted = self.post(PREDICT, {"model": "tiny", "sequences": sequences, **options}).json()["results"]
            result, = self.scan({"sequences": [{"id": name, "sequence": window, "start": start, "end": start + 9}]},
                                **options)["results"]
            self.assertEqual((result["id"], result["chrom"], result["start"]), (name, None, start))
            for part in PARTS:
                values = numpy.array([r["values"][part] for r in wanted], numpy.float32)
                difference = (values[1:] - values[0]).reshape(9, 4, -1)
                self.assertLess(numpy.abs(matrix(result, part=part) - difference).max(), 2e-5)
        bin_, = self.scan({"sequences": [window]}, ensemble="none", tracks={"aggregate": "mean"})["results"]
        self.assertEqual(len(bin_["bases"]), bin_["end"] - bin_["start"])

    def test_one_window_around_the_middle_is_the_sequence_of_that_place(self):
        start, end = 30000, 30016
        for ensemble in ("none", "published"):
            interval = self.scan({"intervals": ["%s:%d-%d" % (CONTIG, start + 1, end)]}, window="one",
                                 ensemble=ensemble)
            window = interval["provenance"]["window"]
            left = (window - 1) // 2 if window % 2 else window // 2 - 1
            first = (start + end - 1) // 2 - left
            self.assertEqual(interval["provenance"]["scan"], "one")
            sequence = self.scan({"sequences": [{"sequence": BASES[first:first + window], "start": start - first,
                                                 "end": end - first}]}, ensemble=ensemble)
            self.assertTrue((matrix(interval["results"][0]) == matrix(sequence["results"][0])).all())
        too_wide, = self.scan({"intervals": ["%s:30001-%d" % (CONTIG, 30001 + window)]}, window="one")["results"]
        self.assertEqual(too_wide["problem"]["type"], "/problems/bad-interval")

    def test_table_and_array_say_what_json_says(self):
        request = {"model": "tiny", "components": ["total", "technical"], "tracks": {"ids": None},
                   "intervals": ["%s:30001-30005" % CONTIG, "no_such_contig:1-2", "%s:31001" % CONTIG]}
        request["tracks"]["ids"] = [t["id"] for t in self.get("/api/v1/models/tiny/tracks").json()["tracks"][:3]]
        whole = self.post(ISM, request).json()
        self.assertEqual(whole["summary"], {"items": 7, "ok": 6, "skipped": 0, "error": 1, "reasons": {"contig-unknown": 1}}
                         if "reasons" in whole["summary"] else {"items": 7, "ok": 6, "skipped": 0, "error": 1})
        array = numpy.load(io.BytesIO(self.post(ISM + "?format=npy", request).body))
        self.assertEqual(array.shape, (7, 4, 4, 3))
        labels = self.post(ISM + "?format=npy", dict(request, dry_run=True)).json()["array"]
        self.assertEqual((labels["shape"], labels["columns"]), ([7, 4, 4, 3], whole["tracks"]))
        self.assertEqual([(r["index"], r.get("start")) for r in labels["rows"]],
                         [(0, 30000 + i) for i in range(5)] + [(1, None), (2, 31000)])
        table = self.post(ISM + "?format=tsv", request).body.decode().splitlines()
        header, rows = table[0].split("\t"), [dict(zip(table[0].split("\t"), line.split("\t"))) for line in table[1:]]
        self.assertEqual(len(header), 14)
        lines = [json.loads(line) for line in self.post(ISM + "?format=ndjson", request).body.splitlines()]
        self.assertEqual(lines[-1]["summary"], whole["summary"])
        bases = [b for r in whole["results"] for b in r.get("bases", [None])]
        row = iter(rows)
        for i, (base, line) in enumerate(zip(bases, lines[1:-1])):
            if base is None:
                self.assertTrue(numpy.isnan(array[i]).all())
                self.assertEqual((line["index"], line["status"]), (1, "error"))
                self.assertEqual(next(row)["problem"], "contig-unknown")
                continue
            self.assertEqual({**line, **base}, line)
            for p, (group, part) in enumerate((g, c) for g in ("effect", "centred") for c in ("total", "technical")):
                self.assertTrue((array[i, p] == numpy.array(base[group][part], numpy.float32)).all())
                for k in range(4):
                    for t in range(3):
                        found = next(row)
                        self.assertEqual((found["score"], found["component"], found["alt"], found["track"]),
                                         (group, part, LETTERS[k], request["tracks"]["ids"][t]))
                        self.assertEqual(int(found["pos"]) - 1, base["start"])
                        self.assertEqual(numpy.float32(found["value"]), array[i, p, k, t])
        self.assertIsNone(next(row, None))

    def test_virtual_tracks_and_their_components(self):
        virtual = [{"id": "v", "metadata": {"proc_target": "CTCF"}, "like": self.get("/api/v1/models/tiny/tracks").json()["tracks"][0]["id"]}]
        options = {"virtual_tracks": virtual, "components": PARTS}
        scan = self.scan({"intervals": ["%s:30001-30004" % CONTIG]}, **options)
        self.assertEqual(scan["tracks"], ["v"])
        for part, wanted in self.one_by_one(30000, 30004, **options).items():
            self.assertTrue((matrix(scan["results"][0], part=part) == wanted).all())

    def inputs(self):
        """An interval, its bases in a window each and in one, and a sequence."""
        place = {"intervals": ["%s:30001-30004" % CONTIG]}
        window = next(harness.records("tiny/windows.fa"))[1]
        middle = len(window) // 2
        yield place
        yield {**place, "window": "one"}
        yield {"sequences": [{"sequence": window, "start": middle, "end": middle + 4}], "ensemble": "strands"}

    def settings_of(self, settings, like, body):
        """Effects in each setting by itself, as a virtual track: {part: (bases, 4, settings)}."""
        tracks = [{"id": "v%d" % i, "like": like, "metadata": values} for i, values in enumerate(settings)]
        result, = self.scan({**body, "virtual_tracks": tracks}, components=PARTS)["results"]
        return {part: matrix(result, part=part).astype(float) for part in PARTS}

    def test_an_average_over_columns_is_that_of_its_settings_one_by_one(self):
        tracks = self.get("/api/v1/models/tiny/tracks").json()["tracks"]
        labs = sorted({t["metadata"]["Library_lab"] for t in tracks})[:2]
        given = {"distribution": "given", "settings": [{"values": {"Library_lab": labs[0]}, "weight": 3},
                                                       {"values": {"Library_lab": labs[1]}}]}
        for body in self.inputs():
            for how in ({}, {"distribution": "uniform"}, given):
                options = {"over": ["Library_lab"], "components": PARTS, "tracks": {"ids": [t["id"] for t in tracks[:2]]}}
                scan = self.scan(body, **options, **how)
                told = scan["provenance"]["settings"]
                self.assertGreater(len(told), 1)
                weights = numpy.array([s["weight"] for s in told])
                self.assertAlmostEqual(weights.sum(), 1, places=6)
                result, = scan["results"]
                self.assertEqual(list(result["bases"][0])[-3:], ["effect", "sd", "centred"])
                for t, track in enumerate(tracks[:2]):
                    alone = self.settings_of([s["values"] for s in told], track["id"], body)
                    for part, levels in alone.items():
                        mean = levels @ weights
                        sd = numpy.sqrt(((levels - mean[..., None]) ** 2) @ weights)
                        self.assertGreater(numpy.abs(mean).max(), 1e-4)
                        for group, wanted in (("effect", mean), ("sd", sd),
                                              ("centred", mean - mean.mean(axis=1, keepdims=True))):
                            found = matrix(result, group, part)[:, :, t]
                            self.assertLess(numpy.abs(found - wanted).max(), 1e-5, (body, how, group, part))
                self.assertGreater(matrix(result, "sd", "technical").max(), 1e-5)
                self.assertLess(matrix(result, "sd", "biological").max(), 1e-6)

    def test_levels_are_the_effects_in_each_setting_by_itself(self):
        tracks = self.get("/api/v1/models/tiny/tracks").json()["tracks"][:2]
        options = {"over": ["Library_lab"], "levels": True, "components": PARTS, "tracks": {"ids": [t["id"] for t in tracks]}}
        for body in self.inputs():
            scan = self.scan(body, **options)
            settings, (result,) = [s["values"] for s in scan["provenance"]["settings"]], scan["results"]
            self.assertEqual(list(result["bases"][0])[-4:], ["effect", "sd", "levels", "centred"])
            for t, track in enumerate(tracks):
                for part, wanted in self.settings_of(settings, track["id"], body).items():
                    found = matrix(result, "levels", part)
                    self.assertEqual(found.shape, (4, 4, 2 * len(settings)))
                    found = found[:, :, t * len(settings):(t + 1) * len(settings)]
                    self.assertLess(numpy.abs(found - wanted).max(), 1e-5, (body, part))
                    self.assertGreater(numpy.abs(wanted).max(), 1e-4)
            less = self.scan(body, **{**options, "levels": False})["results"][0]
            for base, other in zip(result["bases"], less["bases"]):
                del base["levels"]
                self.assertEqual(base, other)
            refused = self.post(ISM, {"model": "tiny", **body, **options, "scores": ["centred"]})
            self.assertProblem(refused, 400, "conflicting-members", "effect") # there are none whose levels they could be

    def test_a_table_of_levels_has_a_cell_a_column_whatever_became_of_a_base(self):
        request = {"model": "tiny", "intervals": ["%s:1-2" % CONTIG, "nowhere:1-2", "%s:30001" % CONTIG], "ensemble": "none",
                   "over": ["Library_lab"], "levels": True, "tracks": {"ids": [self.get("/api/v1/models/tiny/tracks").json()["tracks"][0]["id"]]}}
        table = [l.split("\t") for l in self.post(ISM + "?format=tsv", request).body.decode().splitlines()]
        found = [dict(zip(table[0], r)) for r in table[1:]]
        self.assertEqual({len(r) for r in table}, {len(table[0])})
        self.assertEqual([r["problem"] != "" for r in found[:3]], [True, True, True])
        self.assertTrue(all(bool(r["problem"]) == (r["status"] != "ok") for r in found))
        self.assertIn("levels", {r["score"] for r in found})

    def test_levels_of_a_scan_are_those_of_its_variants_to_the_bit(self):
        start, end = 30000, 30006
        tracks = [t["id"] for t in self.get("/api/v1/models/tiny/tracks").json()["tracks"][:3]]
        options = {"over": ["Library_lab"], "distribution": "uniform", "levels": True, "components": PARTS,
                   "tracks": {"ids": tracks}}
        scan = self.scan({"intervals": ["%s:%d-%d" % (CONTIG, start + 1, end)]}, **options)
        places = [(at, k) for at in range(start, end) for k in range(4) if BASES[at].upper() != LETTERS[k]]
        scored = self.post(SCORE, {"model": "tiny", **options, "variants": [
            "%s-%d-%s-%s" % (CONTIG, at + 1, BASES[at].upper(), LETTERS[k]) for at, k in places]}).json()
        self.assertEqual(scan["provenance"]["settings"], scored["provenance"]["settings"])
        for (at, k), one in zip(places, scored["results"]):
            base = scan["results"][0]["bases"][at - start]
            for group in ("effect", "sd", "levels"):
                for part in PARTS:
                    self.assertEqual(base[group][part][k], one[group][part])

    def test_a_contrast_is_the_effects_in_a_less_those_in_b(self):
        tracks = self.get("/api/v1/models/tiny/tracks").json()["tracks"]
        like = tracks[0]["id"]
        a, b = ({"proc_target": x} for x in sorted({t["metadata"]["proc_target"] for t in tracks} - {None, ""})[:2])
        for body in self.inputs():
            scan = self.scan(body, a=a, b=b, like=like, components=PARTS)
            self.assertEqual(scan["tracks"], ["a-b"])
            self.assertNotIn("sd", scan["results"][0]["bases"][0])
            for part, alone in self.settings_of([a, b], like, body).items():
                wanted = alone[:, :, 0] - alone[:, :, 1]
                self.assertLess(numpy.abs(matrix(scan["results"][0], part=part)[:, :, 0] - wanted).max(), 1e-5)
                centred = wanted - wanted.mean(axis=1, keepdims=True)
                self.assertLess(numpy.abs(matrix(scan["results"][0], "centred", part)[:, :, 0] - centred).max(), 1e-5)
                if part != "technical":
                    self.assertGreater(numpy.abs(wanted).max(), 1e-4)
            held = self.scan(body, a=a, b=b, like=like, held="technical", components=PARTS)["results"][0]
            self.assertEqual(numpy.abs(matrix(held, part="technical")).max(), 0)
            self.assertGreater(numpy.abs(matrix(held)).max(), 1e-4)

    def test_averages_and_contrasts_are_the_same_in_every_format_and_as_a_job(self):
        tracks = [t["id"] for t in self.get("/api/v1/models/tiny/tracks").json()["tracks"][:2]]
        labels = sorted({t["metadata"]["proc_target"] for t in self.get("/api/v1/models/tiny/tracks").json()["tracks"]} - {None, ""})
        for options, names in (({"over": ["Library_lab"], "tracks": {"ids": tracks}}, tracks),
                               ({"over": ["Library_lab"], "tracks": {"ids": tracks}, "levels": True}, tracks),
                               ({"a": {"proc_target": labels[0]}, "b": {"proc_target": labels[1]}, "like": tracks[0]}, ["a-b"])):
            request = {"model": "tiny", "intervals": ["%s:30001-30150" % CONTIG], "ensemble": "none",
                       "components": ["total", "technical"], **options}
            whole = self.post(ISM, request)
            bases = whole.json()["results"][0]["bases"]
            groups = [g for g in ("effect", "sd", "levels", "centred") if g in bases[0]]
            parts = [(g, c) for g in groups for c in request["components"]]
            # what each number is, in the order of tables and arrays
            settings = [";".join("%s=%s" % pair for pair in s["values"].items()) for s in whole.json()["provenance"].get("settings", [])]
            columns = {g: [(n, s) for n in names for s in (settings if g == "levels" else [None])] for g in groups}
            numbers = [(g, c, k, *column) for g, c in parts for k in LETTERS for column in columns[g]]
            wanted = numpy.array([[x for g, c in parts for four in b[g][c] for x in four] for b in bases], numpy.float32)
            array = numpy.load(io.BytesIO(self.post(ISM + "?format=npy", request).body))
            even = "levels" not in groups
            self.assertEqual(array.shape, (150, len(parts), 4, len(names)) if even else (150, len(numbers)))
            self.assertTrue((array.reshape(wanted.shape) == wanted).all())
            labels = self.post(ISM + "?format=npy", dict(request, dry_run=True)).json()["array"]
            self.assertEqual((tuple(labels["shape"]), labels["parts"]), (array.shape, ["%s.%s" % p for p in parts]))
            self.assertEqual(labels["columns"], names if even else [
                {"part": "%s.%s" % (g, c), "letter": k, "column": column, **({"setting": s} if s else {})}
                for g, c, k, column, s in numbers])
            self.assertEqual(labels.get("letters"), list(LETTERS) if even else None)
            table = [line.split("\t") for line in self.post(ISM + "?format=tsv", request).body.decode().splitlines()]
            at = {name: i for i, name in enumerate(table[0])}
            self.assertTrue((numpy.array([r[at["value"]] for r in table[1:]], numpy.float32) == array.ravel()).all())
            self.assertEqual([(*(r[at[n]] for n in ("score", "component", "alt", "track")), r[at["setting"]] or None
                               if "setting" in at else None) for r in table[1:]], 150 * numbers)
            self.assertEqual((set(map(len, table)), "setting" in at), ({len(at)}, "levels" in groups))
            lines = [json.loads(line) for line in self.post(ISM + "?format=ndjson", request).body.splitlines()]
            self.assertEqual([{g: line[g] for g in groups} for line in lines[1:-1]], [{g: b[g] for g in groups} for b in bases])
            job = self.post("/api/v1/jobs", {"operation": "ism", "request": request})
            self.assertEqual(job.status, 202, job.body)
            path = job.headers["location"]
            self.daemon.wait_until(lambda: self.get(path).json()["state"] in ("done", "failed"), 0.02)
            self.assertEqual(self.get(path + "/result").body, whole.body)

    def test_windows_that_leave_the_contig_are_errors_of_their_bases(self):
        length = len(BASES)
        for where in ("%s:1-300" % CONTIG, "%s:%d-%d" % (CONTIG, length - 254, length)):
            result, = self.scan({"intervals": [where]}, tracks={"aggregate": "mean"})["results"]
            status = [b["status"] for b in result["bases"]]
            self.assertIn("error", status)
            self.assertEqual({b["problem"]["type"] for b in result["bases"] if b["status"] == "error"},
                             {"/problems/window-off-contig"})
        padded = self.scan({"intervals": ["%s:1-4" % CONTIG]}, pad=True, components=PARTS)["results"][0]["bases"]
        self.assertTrue(all(b["status"] == "ok" and b["padded"] > 0 for b in padded))
        for part, wanted in self.one_by_one(0, 4, pad=True, components=PARTS).items():
            self.assertTrue((matrix({"bases": padded}, part=part) == wanted).all())
        one = self.scan({"intervals": ["%s:1-4" % CONTIG]}, window="one")["results"][0]
        self.assertEqual({b["problem"]["type"] for b in one["bases"]}, {"/problems/window-off-contig"})

    def test_requests_that_make_no_sense_say_so(self):
        name, window = next(harness.records("tiny/windows.fa"))
        for body, status, slug in (
                ({"intervals": []}, 400, "invalid-value"),
                ({"intervals": ["x:1-2"], "sequences": [window]}, 400, "conflicting-members"),
                ({"variants": ["x-1-A-C"]}, 400, "unknown-member"),
                ({"intervals": ["%s:1" % CONTIG], "window": "two"}, 400, "invalid-value"),
                ({"intervals": ["%s:1" % CONTIG], "scores": ["sar"]}, 400, "invalid-value"),
                ({"intervals": ["%s:1" % CONTIG], "strict": True}, 422, "window-off-contig"),
                ({"intervals": ["%s:1" % CONTIG], "over": ["no_such"]}, 422, "unknown-column"),
                ({"intervals": ["%s:1" % CONTIG], "over": ["Library_lab"], "levels": 1}, 400, "wrong-type"),
                ({"intervals": ["%s:1" % CONTIG], "over": ["Library_lab"], "tracks": {"aggregate": "mean"}}, 400,
                 "conflicting-members"),
                ({"intervals": ["%s:1" % CONTIG], "a": {"proc_target": "x"}}, 400, "missing-member"),
                ({"intervals": ["%s:1" % CONTIG], "a": {"x": 1}, "b": {"x": 2}, "over": ["Library_lab"]}, 400,
                 "conflicting-members"),
                ({"intervals": ["%s:1" % CONTIG], "components": PARTS, "scale": "probability"}, 422,
                 "unsupported-component")):
            with self.subTest(body=str(body)[:80]):
                self.assertProblem(self.post(ISM, {"model": "tiny", **body}), status, slug)
        for item, slug in (("ACGT", "length-mismatch"), ({"sequence": window, "start": 5, "end": 5}, "bad-interval"),
                           ({"sequence": window, "start": 0, "end": len(window) + 1}, "bad-interval"),
                           (window[:-1] + "-", "bad-sequence")):
            result, = self.scan({"sequences": [item]}, ensemble="none")["results"]
            self.assertEqual(result["problem"]["type"], "/problems/" + slug)
        self.assertEqual(self.post(ISM + "?format=vcf", {"intervals": ["x:1"]}).status, 406)


class Limits(harness.Case):
    def test_256_bases_fit_a_request_and_more_is_for_a_job(self):
        body = {"intervals": ["%s:30001-30256" % CONTIG], "tracks": {"aggregate": "mean"}, "dry_run": True}
        cost = self.post(ISM, body).json()["cost"]
        self.assertEqual((cost["items"], cost["windows"]), (1, 3 * 256))
        self.assertLessEqual(cost["passes"], cost["limits"]["passes"])
        answer = self.post(ISM, {**body, "intervals": ["%s:30001-30200" % CONTIG, "%s:40001-40057" % CONTIG]})
        self.assertProblem(answer, 413, "over-limit", "256", "job")
        self.assertEqual(answer.json()["links"], {"jobs": "/api/v1/jobs"})
        self.assertEqual(answer.json()["limit"], {"name": "ism_bases", "maximum": 256, "actual": 257})


class Unknown(harness.Case):
    """A genome with N in it."""
    settings = {"limits.passes": 1000000}

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        fasta = os.path.join(cls.directory.name, "n.fa")
        bases = BASES[20000:26000]
        cls.text = bases[:2000] + "NNR" + bases[2003:3000] + 1500 * "N" + bases[4500:]
        with open(fasta, "w", encoding="ascii") as f:
            f.write(">n\n" + cls.text + "\n")
        with open(fasta + ".fai", "w", encoding="ascii") as f:
            f.write("n\t6000\t3\t6000\t6001\n")
        cls.genomes = {"n": fasta}
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.directory.cleanup()

    def test_a_base_that_is_not_known_is_skipped_and_the_others_are_not(self):
        answer = self.post(ISM, {"intervals": ["n:1999-2006"]}).json()
        bases = answer["results"][0]["bases"]
        self.assertEqual([b["status"] for b in bases], 2 * ["ok"] + 3 * ["skipped"] + 3 * ["ok"])
        self.assertEqual([b["reference"] for b in bases[2:5]], ["N", "N", "N"])
        self.assertEqual({b["problem"]["type"] for b in bases[2:5]}, {"/problems/unknown-base"})
        self.assertEqual((answer["summary"]["ok"], answer["summary"]["skipped"]), (5, 3))

    def test_a_window_that_is_mostly_unknown_is_skipped_as_for_a_variant(self):
        bases = self.post(ISM, {"intervals": ["n:2800-3000"], "tracks": {"aggregate": "mean"}}).json()["results"][0]["bases"]
        wanted = self.post(SCORE, {"tracks": {"aggregate": "mean"}, "variants": [
            "n-%d-%s-%s" % (at + 1, self.text[at], "A" if self.text[at] != "A" else "C") for at in range(2799, 3000)]})
        self.assertEqual(wanted.status, 200, wanted.body)
        status = [r["status"] for r in wanted.json()["results"]]
        self.assertEqual([b["status"] for b in bases], status)
        self.assertEqual(set(status), {"ok", "skipped"})


if __name__ == "__main__":
    unittest.main()
