"""predict, features and variants/score against the published code's outputs, in every format."""
import gzip
import io
import json
import os
import unittest

import golden
import harness
import numpy

PREDICT, FEATURES, SCORE = "/api/v1/predict", "/api/v1/features", "/api/v1/variants/score"
ALL = {"models": {case: case for case in golden.CASES}, "genomes": {"region": "region.fa"}}
ROOMY = {"limits.passes": 1000000}


def array(answer, group, name):
    return [result[group][name] for result in answer["results"]]


class Golden(harness.Case):
    models, genomes, settings = ALL["models"], ALL["genomes"], ROOMY

    def windows(self, case):
        return [{"id": name, "sequence": bases} for name, bases in harness.records(case + "/windows.fa")]

    def test_predictions_of_sequences_are_the_published_ones(self):
        for case in golden.CASES:
            with self.subTest(case=case):
                answer = self.post(PREDICT, {"model": case, "sequences": self.windows(case), "ensemble": "none"})
                self.assertEqual(answer.status, 200, answer.body[:500])
                values = array(answer.json(), "values", "total")
                self.assertLessEqual(golden.worst(values, golden.expected(case, "windows.predictions"),
                                                  "predictions"), 1)

    def test_logits_and_their_parts_are_the_published_ones(self):
        for case in golden.CASES:
            parts = ["total"] + [p for p in ("biological", "technical") if golden.has(case, "windows.logits_" + p)]
            with self.subTest(case=case):
                answer = self.post(PREDICT, {"model": case, "sequences": self.windows(case), "ensemble": "none",
                                             "scale": "logit", "components": parts})
                for part in parts:
                    name = "windows.logits" + ("" if part == "total" else "_" + part)
                    self.assertLessEqual(golden.worst(array(answer.json(), "values", part),
                                                      golden.expected(case, name), "logits"), 1)

    def test_features_of_sequences_are_the_published_ones(self):
        for case in golden.CASES:
            with self.subTest(case=case):
                answer = self.post(FEATURES, {"model": case, "sequences": self.windows(case),
                                              "ensemble": "none"}).json()
                for name in answer["results"][0]["values"]:
                    file = "windows.features" + ("" if name == "all" else "_" + name)
                    self.assertLessEqual(golden.worst(array(answer, "values", name), golden.expected(case, file),
                                                      "features"), 1)

    def test_effects_of_variants_are_the_published_ones(self):
        listed = golden.variants()
        for case in golden.CASES:
            split = golden.has(case, "variants.logits_biological")
            request = {"model": case, "variants": listed, "scores": ["effect", "reference"],
                       "features": ["biological", "technical"]}
            if split:
                request.update(components=["total", "biological", "technical"],
                               scores=["effect", "reference", "swap"])
            with self.subTest(case=case):
                answer = self.post(SCORE, request)
                self.assertEqual(answer.status, 200, answer.body[:500])
                answer = answer.json()
                self.assertEqual(answer["summary"]["ok"], len(listed))
                pairs = [("effect", "total", "logits"), ("reference", "total", "logits.ref")]
                if split:
                    pairs += [("effect", "biological", "logits_biological"),
                              ("effect", "technical", "logits_technical"),
                              ("swap", "biological", "logits_biological_ver2"),
                              ("swap", "technical", "logits_technical_ver2"),
                              ("features", "biological", "features_biological"),
                              ("features", "technical", "features_technical")]
                for group, name, file in pairs:
                    self.assertLessEqual(
                        golden.worst(array(answer, group, name), golden.expected(case, "variants." + file),
                                     "features" if group == "features" else "logits"), 1, (group, name))
                flipped = [int(r["flipped"]) for r in answer["results"]]
                with open(os.path.join(harness.DATA, case, "expected/variants.tsv"), encoding="ascii") as f:
                    self.assertEqual(flipped, [int(line.split("\t")[1]) for line in f.readlines()[1:]])

    def test_effects_on_probabilities_are_the_published_ones(self):
        answer = self.post(SCORE, {"variants": golden.variants(), "scale": "probability"}).json()
        self.assertLessEqual(golden.worst(array(answer, "effect", "total"),
                                          golden.expected("tiny", "variants.predictions"), "predictions"), 1)

    def test_a_vcf_gives_the_same_numbers_as_a_list(self):
        with open(os.path.join(harness.DATA, "variants.vcf"), "rb") as f:
            text = f.read()
        listed = self.post(SCORE, {"variants": golden.variants(), "ensemble": "strands"}).json()
        for body, media in ((text, "text/vcf"), (text, "text/plain"), (gzip.compress(text), "application/gzip")):
            answer = self.post(SCORE + "?ensemble=strands", body, {"Content-Type": media})
            self.assertEqual(answer.json()["results"], listed["results"])

    def test_an_interval_is_its_windows(self):
        _, region = next(harness.records("region.fa"))
        answer = self.post(PREDICT, {"intervals": [{"chrom": "region1", "start": 5000, "end": 5300}]}).json()
        bins = answer["results"][0]["bins"]
        self.assertEqual([(b["start"], b["end"]) for b in bins], [(s, s + 128) for s in (4992, 5120, 5248)])
        windows = [region[b["start"] - 1024:b["start"] + 1152] for b in bins]
        again = self.post(PREDICT, {"sequences": windows}).json()
        for one, other in zip(bins, again["results"]):
            self.assertLessEqual(golden.worst(one["values"]["total"], numpy.array(other["values"]["total"]),
                                              "predictions"), 1)

    def test_virtual_tracks_are_the_published_ones(self):
        with open(os.path.join(harness.DATA, "tiny/virtual.json"), encoding="utf-8") as f:
            tracks = [{"id": "v%d" % i, "metadata": m, "bias": "none"} for i, m in enumerate(json.load(f))]
        request = {"sequences": self.windows("tiny"), "ensemble": "none", "scale": "logit",
                   "components": ["biological", "technical", "total"], "virtual_tracks": tracks}
        answer = self.post(PREDICT, request)
        self.assertEqual(answer.status, 200, answer.body[:500])
        answer = answer.json()
        self.assertEqual(answer["tracks"], [t["id"] for t in tracks])
        total = 0
        for name in ("biological", "technical"):
            wanted = golden.expected("tiny", "windows.features_" + name) @ \
                golden.expected("tiny", "virtual.weights_" + name).T
            self.assertLessEqual(golden.worst(array(answer, "values", name), wanted, "logits"), 1)
            total = total + wanted
        self.assertLessEqual(golden.worst(array(answer, "values", "total"), total, "logits"), 2)


class Formats(harness.Case):
    settings = ROOMY
    request_body = {"intervals": ["region1:2001-2400", "nowhere:1-5", "region1:9000"], "scale": "logit",
                    "components": ["total", "technical"]}

    def ask(self, name, path=PREDICT, body=None, **headers):
        return self.post(path + "?format=" + name, body or self.request_body, headers)

    def rows(self):
        """(result, bin) of the JSON answer."""
        answer = self.post(PREDICT, self.request_body).json()
        return answer, [(r, b) for r in answer["results"] for b in r.get("bins", [])]

    def test_lines_are_the_parts_of_the_answer(self):
        answer, _ = self.rows()
        lines = self.ask("ndjson").lines()
        self.assertEqual(lines[0], {"provenance": answer["provenance"], "tracks": answer["tracks"]})
        self.assertEqual(lines[1:-1], answer["results"])
        self.assertEqual(lines[-1], {"summary": answer["summary"]})

    def test_many_lines_are_streamed_in_order(self):
        body = {"intervals": ["region1:%d-%d" % (i, i) for i in range(3000, 3000 + 90 * 7, 7)],
                "ensemble": "none", "tracks": {"aggregate": "mean"}}
        lines = self.ask("ndjson", body=body).lines()
        self.assertEqual([line["index"] for line in lines[1:-1]], list(range(90)))
        whole = self.post(PREDICT, body).json()
        self.assertEqual(lines[1:-1], whole["results"])

    def test_a_table_has_a_line_a_value(self):
        answer, rows = self.rows()
        lines = [line.split("\t") for line in self.ask("tsv").body.decode().split("\n")[:-1]]
        head = lines.pop(0)
        table = [dict(zip(head, line)) for line in lines]
        self.assertEqual(len(table), len(rows) * 2 * len(answer["tracks"]) + 1)
        values = iter(line for line in table if line["status"] == "ok")
        for _, place in rows:
            for part in ("total", "technical"):
                for track, number in zip(answer["tracks"], place["values"][part]):
                    line = next(values)
                    self.assertEqual((int(line["start"]), line["component"], line["track"]),
                                     (place["start"], part, track))
                    self.assertEqual(numpy.float32(line["value"]), numpy.float32(number))
        self.assertEqual([line["problem"] for line in table if line["status"] == "error"], ["contig-unknown"])

    def test_an_npy_file_has_a_row_a_bin(self):
        answer, rows = self.rows()
        data = numpy.load(io.BytesIO(self.ask("npy").body))
        self.assertEqual(data.shape, (len(rows) + 1, 2, len(answer["tracks"])))
        self.assertEqual(data.dtype, numpy.float32)
        self.assertTrue(numpy.isnan(data[4]).all()) # the contig that is not there
        data = numpy.delete(data, 4, 0)
        for row, (_, place) in zip(data, rows):
            for i, part in enumerate(("total", "technical")):
                self.assertEqual(row[i].tolist(), numpy.float32(place["values"][part]).tolist())

    def test_a_dry_run_tells_what_the_rows_and_columns_of_an_array_are(self):
        answer, rows = self.rows()
        array = self.ask("npy", body=dict(self.request_body, dry_run=True)).json()["array"]
        data = numpy.load(io.BytesIO(self.ask("npy").body))
        self.assertEqual(tuple(array["shape"]), data.shape)
        self.assertEqual((array["parts"], array["columns"]), (["values.total", "values.technical"], answer["tracks"]))
        self.assertEqual(len(array["rows"]), len(data))
        bad = array["rows"].pop(4)
        self.assertNotIn("chrom", bad)
        self.assertEqual([(r["index"], r["chrom"], r["start"], r["end"]) for r in array["rows"]],
                         [(r["index"], "region1", b["start"], b["end"]) for r, b in rows])
        self.assertNotIn("array", self.ask("json", body=dict(self.request_body, dry_run=True)).json())

    def test_bedgraph_is_for_genome_browsers(self):
        _, rows = self.rows()
        text = self.ask("bedgraph").body.decode()
        sections = text.split("track type=bedGraph name=")[1:]
        self.assertEqual(len(sections), 2 * 12)
        lines = [line.split("\t") for line in sections[0].splitlines()[1:]]
        self.assertEqual([(c, int(s), int(e)) for c, s, e, _ in lines],
                         [("region1", b["start"], b["end"]) for _, b in rows])
        self.assertEqual([numpy.float32(v) for *_, v in lines],
                         [numpy.float32(b["values"]["total"][0]) for _, b in rows])
        answer = self.ask("bedgraph", body={"sequences": ["A" * 2176]})
        self.assertProblem(answer, 406, "not-acceptable")

    def test_features_of_both_subspaces_stand_side_by_side_in_npy(self):
        body = {"intervals": ["region1:2001"], "subspaces": ["technical", "biological"]}
        values = self.post(FEATURES, body).json()["results"][0]["bins"][0]["values"]
        data = numpy.load(io.BytesIO(self.ask("npy", FEATURES, body).body))
        self.assertEqual(data[0].tolist(), numpy.float32(values["biological"] + values["technical"]).tolist())
        array = self.ask("npy", FEATURES, dict(body, dry_run=True)).json()["array"]
        self.assertEqual(tuple(array["shape"]), data.shape)
        self.assertEqual(array["columns"], [
            {"part": "values." + name, "column": str(j)} for name in ("biological", "technical") for j in self.numbers(name)])

    def numbers(self, subspace):
        """Numbers of the features of a subspace."""
        card = self.get("/api/v1/models/tiny/features?limit=1000&subspace=" + subspace).json()
        return [f["index"] for f in card["features"]]

    def test_the_accept_header_chooses_as_well(self):
        answer = self.post(PREDICT, self.request_body, {"Accept": "text/tab-separated-values"})
        self.assertTrue(answer.headers["content-type"].startswith("text/tab-separated-values"))
        self.assertProblem(self.post(PREDICT, self.request_body, {"Accept": "image/png"}), 406, "not-acceptable")


if __name__ == "__main__":
    unittest.main()
