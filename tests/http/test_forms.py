"""Requests and answers as the page has them: fields that all requests share, forms of their inputs, what every answer
holds, and that the contract, the routes and the formats are one."""
import io
import itertools
import json
import os
import re
import tempfile
import unittest

import golden
import harness
import numpy

PREDICT, FEATURES, SCORE = "/api/v1/predict", "/api/v1/features", "/api/v1/variants/score"
MARGINAL, CONTRAST, ISM = "/api/v1/predict/marginal", "/api/v1/predict/contrast", "/api/v1/ism"
PARTS = ["total", "biological", "technical"]


class Fields(harness.Case):
    models = {"tiny": "tiny", "plain@1": "baseline"}
    settings = {"batch.target_ms": 10000}  # a request is one run, however slow a sanitizer makes it

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tracks = cls.daemon.request("GET", "/api/v1/models/tiny/tracks").json()["tracks"]
        cls.ids = [t["id"] for t in cls.tracks]
        cls.operations = cls.requests()

    @classmethod
    def requests(cls):
        """One of each operation: path, body, how many results."""
        place = {"intervals": ["region1:3001", "nowhere:1", "region1:9001-9300"]}
        terms = sorted({t["metadata"]["Biosample_term_name"] for t in cls.tracks})[:2]
        a, b = ({"Biosample_term_name": t} for t in terms)
        variants = {"variants": ["region1-4846-T-TG", "x", "region1-4846-T-<DEL>"]}
        return [(PREDICT, place, 3), (FEATURES, place, 3),
                (MARGINAL, {**place, "over": ["Library_lab"], "tracks": {"ids": cls.ids[:2]}}, 3),
                (CONTRAST, {**place, "a": a, "b": b, "like": cls.ids[0]}, 3), (SCORE, variants, 3),
                (ISM, {"intervals": ["region1:3001-3004", "nowhere:1"], "tracks": {"ids": cls.ids[:2]}}, 2)]

    def ask(self, path=PREDICT, **body):
        answer = self.post(path, {**({} if "sequences" in body or path == SCORE else {"intervals": ["region1:3001"]}), **body})
        self.assertEqual(answer.status, 200, answer.body[:500])
        return answer.json()

    def test_a_model_of_a_request_goes_by_name_and_version(self):
        for asked, name, version in ((None, "tiny", None), ("tiny", "tiny", None), ("plain", "plain", "1"),
                                     ("plain@1", "plain", "1")):
            told = self.ask(**({"model": asked} if asked else {}))["provenance"]
            self.assertEqual((told["model"], told["version"]), (name, version or told["digest"][:12]))
        for asked in ("plain@2", "Plain", "tiny@1"):
            answer = self.post(PREDICT, {"intervals": ["region1:3001"], "model": asked})
            self.assertProblem(answer, 404, "model-not-found", asked)
            self.assertEqual(answer.json()["pointer"], "/model")

    def test_no_aggregate_is_one_value_a_track(self):
        self.assertEqual(self.ask(tracks={"aggregate": "none"}), self.ask())
        self.assertEqual(self.ask(tracks={"ids": self.ids})["results"], self.ask()["results"])

    def test_tracks_go_by_labels_of_all_columns_and_by_name_at_once(self):
        targets = sorted({t["metadata"]["proc_target"] for t in self.tracks})[:3]
        assays = sorted({t["metadata"]["proc_Assay_lvl1"] for t in self.tracks})
        for assay in assays:
            wanted = [t["id"] for t in self.tracks if t["metadata"]["proc_target"] in targets and
                      t["metadata"]["proc_Assay_lvl1"] == assay]
            where = {"proc_target": targets, "proc_Assay_lvl1": [assay]}
            if wanted:
                self.assertEqual(self.ask(tracks={"where": where})["tracks"], wanted)
                both = self.ask(tracks={"where": where, "ids": self.ids[::-1]})
                self.assertEqual(both["tracks"], wanted[::-1])
            else:
                self.assertProblem(self.post(PREDICT, {"intervals": ["region1:3001"], "tracks": {"where": where}}), 422,
                                   "no-track-matches")

    def test_tracks_are_trained_or_virtual(self):
        virtual = [{"id": "v", "like": self.ids[0], "metadata": {"frip": 0.5}}]
        answer = self.post(PREDICT, {"intervals": ["region1:3001"], "tracks": {"ids": self.ids}, "virtual_tracks": virtual})
        self.assertProblem(answer, 400, "conflicting-members", "tracks")

    def test_components_are_those_asked_for(self):
        whole = self.ask(components=PARTS, scale="logit")["results"][0]["bins"][0]["values"]
        for n in (1, 2, 3):
            for some in itertools.permutations(PARTS, n):
                values = self.ask(components=list(some), scale="logit")["results"][0]["bins"][0]["values"]
                self.assertEqual(values, {part: whole[part] for part in some})
                effect = self.ask(SCORE, variants=["region1-4846-T-TG"], components=list(some))["results"][0]["effect"]
                self.assertEqual(set(effect), set(some))

    def test_a_probability_is_that_of_the_logit(self):
        probability = self.ask(scale="probability", ensemble="none")["results"][0]["bins"][0]["values"]["total"]
        logit = self.ask(scale="logit", ensemble="none")["results"][0]["bins"][0]["values"]["total"]
        numpy.testing.assert_allclose(probability, 1 / (1 + numpy.exp(-numpy.array(logit))), atol=1e-6)

    def test_ensembles_have_names_and_each_operation_its_own(self):
        numbers = {"none": (False, 1), "strands": (True, 1), "published": (True, 7)}
        for path, body, _ in self.operations:
            usual = "published" if path in (SCORE, ISM) else "strands"
            whole = {}
            for name, (strands, shifts) in numbers.items():
                whole[name] = self.ask(path, **body, ensemble=name)
                self.assertEqual(whole[name]["provenance"]["ensemble"], {"strands": strands, "shifts": shifts})
                self.assertEqual(self.ask(path, **body, ensemble={"strands": strands, "shifts": shifts}), whole[name])
            self.assertEqual(self.ask(path, **body), whole[usual], path)
            self.assertNotEqual(whole["none"]["results"], whole["published"]["results"])
        for wrong in ("all", {"strands": True}, {"shifts": 2}, {"strands": True, "shifts": 0}, {"strands": True, "shifts": 8}, 3):
            self.assertEqual(self.post(PREDICT, {"intervals": ["region1:3001"], "ensemble": wrong}).status, 400, wrong)

    def test_a_dry_run_of_every_operation_costs_what_it_says_and_nothing(self):
        for path, body, results in self.operations:
            def passes():
                return self.daemon.metric("mfd_run_passes_sum")
            before = passes()
            answer = self.ask(path, **body, dry_run=True)
            self.assertEqual(passes(), before)
            cost = answer["cost"]
            self.assertEqual(cost["items"], results)
            whole = self.ask(path, **body)
            if path != ISM:  # whose cost is less what its windows share
                self.assertEqual(cost["passes"], passes() - before, path)
            self.assertNotIn("results", answer)
            self.assertEqual({**answer["provenance"], "settings": 0}, {**whole["provenance"], "settings": 0})
            self.assertProblem(self.post(path, {**body, "dry_run": True, "model": "none"}), 404, "model-not-found")

    def test_what_is_counted_of_runs_is_what_was_computed(self):
        """Not what was asked and not scored; every window of a scan, its references too."""
        scored = ["region1-4846-T-TG", "region1-4846-T-C"]
        for kind, path, body, items, windows in (
                ("variants", SCORE, {"variants": scored}, 2, 4),
                ("variants", SCORE, {"variants": ["x", scored[0], "region1-4846-T-<DEL>", "region1-1-T-TT"]}, 1, 2),
                ("bins", PREDICT, {"intervals": ["region1:1", "region1:3001"]}, 1, 1),
                ("ism", ISM, {"intervals": ["region1:3001-3004"], "window": "one"}, 4, 13),
                ("variants", ISM, {"intervals": ["region1:3001-3004"]}, 12, 24)):
            def counted():
                names = ('mfd_run_items_total{kind="%s"}' % kind, 'mfd_run_passes_total{kind="%s"}' % kind,
                         "mfd_run_passes_sum")
                return numpy.array([self.daemon.metric(name) for name in names])
            for ensemble, factor in (("none", 1), ("strands", 2), ("published", 14)):
                self.ask(path, **body, ensemble="none")  # so that the series is there
                before = counted()
                self.ask(path, **body, ensemble=ensemble)
                self.assertEqual(list(counted() - before), [items, factor * windows, factor * windows], (path, body))

    def test_every_answer_tells_where_it_comes_from_and_how_it_went(self):
        digest = self.get("/api/v1/models/tiny").json()["digest"]
        for path, body, results in self.operations:
            answer = self.ask(path, **body)
            self.assertLessEqual({"provenance", "results", "summary"}, set(answer))
            told = answer["provenance"]
            self.assertEqual([told[k] for k in ("model", "version", "digest", "genome")], ["tiny", digest[:12], digest, "region"])
            self.assertEqual([r["index"] for r in answer["results"]], list(range(results)))
            self.assertTrue(all(set(r) >= {"index", "id", "status"} for r in answer["results"]))
            counts = [r["status"] for r in answer["results"]]
            if path != ISM:  # which counts bases
                self.assertEqual([answer["summary"][k] for k in ("items", "ok", "skipped", "error")],
                                 [results] + [counts.count(k) for k in ("ok", "skipped", "error")])
            strict = self.post(path, {**body, "strict": True})
            bad = next(r for r in answer["results"] if r["status"] != "ok")
            self.assertEqual((strict.status, strict.json()["type"]), (422, bad["problem"]["type"]), path)

    def test_an_interval_is_an_object_or_a_text(self):
        whole = self.ask(intervals=[{"chrom": "region1", "start": 3000, "end": 3300}])["results"][0]
        for text in ("region1:3001-3300", "region1:3,001-3,300"):
            self.assertEqual(self.ask(intervals=[text])["results"][0], whole)
        one = self.ask(intervals=["region1:3001"])["results"][0]
        self.assertEqual((one["start"], one["end"], len(one["bins"])), (3000, 3001, 1))

    def test_formats_of_every_operation_say_the_same(self):
        for path, body, _ in self.operations[:4]:
            whole = self.ask(path, **body)
            lines = self.post(path + "?format=ndjson", body).lines()
            self.assertEqual(lines[1:-1], whole["results"])
            self.assertEqual((lines[0]["provenance"], lines[-1]["summary"]), (whole["provenance"], whole["summary"]))
            groups = [(g, p) for g in ("values", "sd") for p in PARTS + ["all"]]
            bins = [b for r in whole["results"] for b in r.get("bins", [None])]
            array = numpy.load(io.BytesIO(self.post(path + "?format=npy", body).body))
            table = [line.split("\t") for line in self.post(path + "?format=tsv", body).body.decode().splitlines()]
            value = table[0].index("value")
            told = [numpy.float32(line[value]) for line in table[1:] if line[table[0].index("status")] == "ok"]
            flat = []
            for row, b in zip(array, bins):
                numbers = [x for g, p in groups for x in ((b or {}).get(g) or {}).get(p, [])]
                if b is None:
                    self.assertTrue(numpy.isnan(row).all())
                    continue
                flat += numbers
                self.assertEqual(row.ravel().tolist(), numpy.float32(numbers).tolist(), path)
            self.assertEqual(told, numpy.float32(flat).tolist(), path)

    def test_effects_are_the_same_in_every_format(self):
        body = {"variants": golden.variants()[:4] + ["gibberish"], "components": PARTS, "scores": ["effect", "swap", "share"]}
        whole = self.ask(SCORE, **body)
        lines = self.post(SCORE + "?format=ndjson", body).lines()
        self.assertEqual(lines[1:-1], whole["results"])
        table = [line.split("\t") for line in self.post(SCORE + "?format=tsv", body).body.decode().splitlines()]
        rows = [dict(zip(table[0], line)) for line in table[1:]]
        told = {(int(r["index"]), r["score"], r["component"], r["track"]): r["value"] for r in rows if r["status"] == "ok"}
        for r in whole["results"][:4]:
            for part in PARTS:
                for track, value in zip(whole["tracks"], r["effect"][part]):
                    self.assertEqual(numpy.float32(told[r["index"], "effect", part, track]), numpy.float32(value))
        self.assertEqual([(r["index"], r["problem"]) for r in rows if r["status"] != "ok"], [("4", "malformed-variant")])


class Notations(harness.Case):
    models, genomes, arguments = {}, {}, ("--demo",)

    def test_a_variant_is_an_object_or_one_of_three_texts(self):
        forms = [{"chrom": "20", "pos": 42984261, "ref": "C", "alt": "T"}, "chr20-42984261-C-T", "20:42984260:C:T",
                 "NC_000020.10:g.42984261C>T"]
        answer = self.post(SCORE, {"variants": forms, "tracks": {"aggregate": "mean"}, "ensemble": "none"}).json()
        self.assertEqual(answer["summary"]["ok"], 4)
        self.assertEqual(len({json.dumps({**r, "index": 0}) for r in answer["results"]}), 1)
        normal = self.post("/api/v1/variants/normalize", {"variants": forms}).json()["results"]
        for r in normal:
            self.assertEqual((r["text"], r["spdi"], r["hgvs"], r["flipped"]),
                             ("20-42984261-C-T", "NC_000020.10:42984260:C:T", "NC_000020.10:g.42984261C>T", False))

    def test_the_reference_is_checked(self):
        given = ["20-42984261-T-C", "20-42984261-A-G", "20-42984261-N-G"]
        results = self.post("/api/v1/variants/normalize", {"variants": given}).json()["results"]
        self.assertTrue(results[0]["flipped"])
        self.assertEqual(results[1]["problem"]["type"], "/problems/ref-mismatch")
        self.assertEqual(results[2]["status"], "error")


class Unknown(harness.Case):
    """A genome of which a stretch is not known."""
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.directory.cleanup)
        _, bases = next(harness.records("region.fa"))
        cls.text = bases[20000:21299] + "N" + bases[21300:23000] + 1500 * "N" + bases[24500:26000]
        path = os.path.join(cls.directory.name, "n.fa")
        with open(path, "w", encoding="ascii") as f:
            f.write(">n\n" + cls.text + "\n")
        with open(path + ".fai", "w", encoding="ascii") as f:
            f.write("n\t6000\t3\t6000\t6001\n")
        cls.genomes = {"n": path}
        super().setUpClass()

    def statuses(self, variants, **more):
        results = self.post(SCORE, {"variants": variants, **more}).json()["results"]
        for result in results:
            self.assertEqual(result["status"], "skipped" if "problem" in result else "ok", result)
        return [r["problem"]["type"].rsplit("/", 1)[1] if "problem" in r else "ok" for r in results]

    def variant(self, pos, n=1, alt=None):
        here = self.text[pos - 1:pos - 1 + n].upper()
        return {"chrom": "n", "pos": pos, "ref": here, "alt": alt or ("A" if here != "A" else "C")}

    def test_a_variant_among_unknown_bases_is_skipped(self):
        self.assertEqual(self.statuses([self.variant(1599), self.variant(3500, alt="NA")]), ["ok", "n-window"])

    def test_a_variant_of_an_unknown_base_is_skipped_as_a_scan_skips_it(self):
        """And is normalised all the same: `bcftools norm` lets an N of the reference pass, too."""
        known, before = self.variant(1301), self.text[1298].upper()
        unknown = [self.variant(1300), self.variant(1300, alt="T"), self.variant(1299, 2, before), {**known, "alt": "N"},
                   self.variant(1299, alt=before + "N")]
        scored = [known, self.variant(1300, 2, "N"), self.variant(1300, alt="NA"), self.variant(1299, 3, before)]
        self.assertEqual(self.statuses(unknown), ["unknown-base"] * len(unknown))
        self.assertEqual(self.statuses(scored), ["ok"] * len(scored))
        base, = self.post(ISM, {"intervals": ["n:1300"]}).json()["results"][0]["bases"]
        self.assertEqual((base["status"], base["problem"]["type"]), ("skipped", "/problems/unknown-base"))
        results = self.post("/api/v1/variants/normalize", {"variants": unknown[:1]}).json()["results"]
        self.assertEqual((results[0]["status"], results[0]["variant"]["ref"]), ("ok", "N"))
        text = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nn\t1300\t.\tN\tA\t.\t.\t.\n"
        answer = self.post(SCORE + "?format=vcf", text, {"Content-Type": "text/vcf"})
        self.assertIn("unknown-base", answer.body.decode().splitlines()[-1])


class Contract(harness.Case):
    """The contract, the routes and the page are one."""
    PARAMETERS = {"model": "tiny", "track": "x", "field": "frip", "feature": "0", "variant": "region1-4846-T-TG", "job": "0" * 16,
                  "key": "0" * 12, "id": "0" * 32, "version": "1", "slug": "not-found"}

    def path(self, template):
        return re.sub(r"\{(\w+)\}", lambda m: self.PARAMETERS[m[1]], template)

    def test_every_path_of_the_contract_takes_the_methods_it_says(self):
        for path, item in harness.CONTRACT.document["paths"].items():
            methods = {m.upper() for m in item if m in ("get", "put", "post", "delete")}
            allow = set(self.request("OPTIONS", self.path(path)).headers["allow"].split(", "))
            self.assertEqual(allow - {"HEAD", "OPTIONS"}, methods, path)
            self.assertEqual("HEAD" in allow, "GET" in methods, path)

    def test_every_route_is_in_the_contract(self):
        routes, known = set(), {(m, name) for m, name in harness.CONTRACT.operations()}
        for folder, _, files in os.walk(os.path.join(harness.ROOT, "server")):
            for name in files:
                if name.endswith(".c"):
                    with open(os.path.join(folder, name), encoding="utf-8") as f:
                        routes |= set(re.findall(r'\{ "(GET|PUT|POST|DELETE)",\s+"(/[^"]*)"', f.read()))
        self.assertGreater(len(routes), 40)
        self.assertLessEqual({(m.lower(), path) for m, path in routes}, known)

    def test_formats_are_those_of_the_contract(self):
        for path, item in harness.CONTRACT.document["paths"].items():
            for method in ("get", "post"):
                content = item.get(method, {}).get("responses", {}).get("200", {}).get("content", {})
                if not content or path.endswith("/result") or path == "/api/v1/jobs":
                    continue
                body = None if method == "get" else {}
                answer = self.request(method.upper(), self.path(path), body, {"Accept": "image/png"})
                self.assertProblem(answer, 406, "not-acceptable", *content)
                self.assertEqual(set(answer.json()["available"]), set(content), path)

    def test_every_type_of_problem_is_told(self):
        with open(os.path.join(harness.ROOT, "proto/problem.c"), encoding="utf-8") as f:
            types = re.findall(r'^    \{ "([a-z-]+)", (\d{3}), "([^"]+)" \}', f.read(), re.M)
        self.assertGreater(len(types), 60)
        for slug, status, title in types:
            self.assertEqual(self.get("/problems/" + slug).json(),
                             {"type": "/problems/" + slug, "title": title, "status": int(status)})
        self.assertProblem(self.get("/problems/nope"), 404, "not-found")

    def test_lists_end(self):
        for path, name in (("models", "models"), ("models/tiny/tracks", "tracks"), ("models/tiny/fields", "fields"),
                           ("models/tiny/features", "features"), ("genomes", "genomes"), ("jobs", "jobs"), ("keys", "keys"),
                           ("models/tiny/fields/frip/features", "factors")):
            answer = self.get("/api/v1/" + path).json()
            self.assertIsInstance(answer[name], list)
            self.assertIsNone(answer["next"])

    def test_every_coordinate_says_where_it_counts_from(self):
        found = []

        def walk(node, place, said):
            if isinstance(node, list):
                for i, entry in enumerate(node):
                    walk(entry, "%s/%d" % (place, i), said)
            if not isinstance(node, dict):
                return
            said += node["description"] if isinstance(node.get("description"), str) else ""
            for key, value in node.items():
                if place.endswith("/properties") and key in ("start", "end", "pos"):
                    text = said + value.get("description", "")
                    found.append("%s/%s" % (place, key))
                    self.assertIn("1-based" if key == "pos" else "0-based", text, found[-1])
                walk(value, place + "/" + key, said)
        walk(harness.CONTRACT.document["components"]["schemas"], "", "")
        self.assertGreater(len(found), 15)


if __name__ == "__main__":
    unittest.main()
