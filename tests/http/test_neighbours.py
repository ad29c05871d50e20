"""Protocols of others: the Open Inference Protocol with its binary tensors, and refget."""
import base64
import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import struct
import tempfile
import unittest

import golden
import harness
import numpy

PREDICT = "/api/v1/predict"


def pack(sequences):
    """A BYTES tensor: each element behind its length."""
    return b"".join(struct.pack("<I", len(s)) + s.encode() for s in sequences)


class Infer(harness.Case):
    models = {"tiny": "tiny", "plain@1": "baseline"}
    URL = "/v2/models/tiny/infer"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sequences = [bases for _, bases in harness.records("tiny/windows.fa")]

    def tensor(self, sequences, **more):
        return dict({"name": "sequence", "datatype": "BYTES", "shape": [len(sequences)]}, **more)

    def infer(self, sequences=None, outputs=None, url=None, **more):
        sequences = self.sequences if sequences is None else sequences
        body = dict({"inputs": [self.tensor(sequences, data=sequences)], "parameters": {"ensemble": "none"}}, **more)
        if outputs:
            body["outputs"] = [{"name": name} for name in outputs]
        return self.post(url or self.URL, body)

    def test_outputs_are_the_published_ones(self):
        names = ["logits", "features_technical", "predictions", "logits_biological"]
        answer = self.infer(outputs=names, id="q-1").json()
        self.assertEqual((answer["model_name"], answer["id"]), ("tiny", "q-1"))
        self.assertEqual([o["name"] for o in answer["outputs"]], names)
        for output in answer["outputs"]:
            data = numpy.array(output["data"]).reshape(output["shape"])
            wanted = golden.expected("tiny", "windows." + output["name"])
            self.assertLessEqual(golden.worst(data, wanted, output["name"].split("_")[0]), 1)

    def test_predictions_are_what_is_meant_where_nothing_is_said(self):
        answer = self.infer().json()
        self.assertEqual([o["name"] for o in answer["outputs"]], ["predictions"])
        self.assertEqual(answer["outputs"][0]["shape"], [len(self.sequences), 12])

    def test_binary_tensors_go_both_ways(self):
        raw = pack(self.sequences)
        head = json.dumps({
            "inputs": [self.tensor(self.sequences, parameters={"binary_data_size": len(raw)})],
            "outputs": [{"name": "predictions", "parameters": {"binary_data": True}}, {"name": "features"},
                        {"name": "logits", "parameters": {"binary_data": True}}],
            "parameters": {"ensemble": "none"}}).encode()
        answer = self.request("POST", self.URL, head + raw, {
            "Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(head))})
        self.assertEqual(answer.status, 200, answer.body[:300])
        self.assertEqual(answer.headers["content-type"], "application/octet-stream")
        n = int(answer.headers["inference-header-content-length"])
        outputs, tensors = json.loads(answer.body[:n])["outputs"], answer.body[n:]
        plain = {o["name"]: o["data"] for o in self.infer(outputs=["predictions", "logits", "features"]).json()["outputs"]}
        for output in outputs:
            if output["name"] == "features":
                self.assertEqual(output["data"], plain["features"])
                continue
            size = output["parameters"]["binary_data_size"]
            data, tensors = numpy.frombuffer(tensors[:size], dtype="<f4"), tensors[size:]
            self.assertEqual(data.tolist(), numpy.float32(plain[output["name"]]).tolist())
        self.assertEqual(tensors, b"")

    def test_all_outputs_are_binary_where_the_request_says_so(self):
        answer = self.infer(parameters={"ensemble": "none", "binary_data_output": True})
        self.assertIn("inference-header-content-length", answer.headers)

    def test_a_column_of_sequences_is_as_good_as_a_row(self):
        body = {"inputs": [{"name": "sequence", "datatype": "BYTES", "shape": [2, 1],
                            "data": [[s] for s in self.sequences[:2]]}]}
        flat = {"inputs": [self.tensor(self.sequences[:2], data=self.sequences[:2])]}
        self.assertEqual(self.post(self.URL, body).json()["outputs"], self.post(self.URL, flat).json()["outputs"])

    def test_it_computes_what_predict_computes(self):
        answer = self.post(self.URL, {"inputs": [self.tensor(self.sequences[:1], data=self.sequences[:1])]}).json()
        predicted = self.post(PREDICT, {"sequences": self.sequences[:1]}).json()
        self.assertEqual(answer["outputs"][0]["data"], predicted["results"][0]["values"]["total"])

    def test_metadata_tell_names_and_shapes(self):
        self.assertIn("binary_tensor_data", self.get("/v2").json()["extensions"])
        self.assertTrue(self.get("/v2/health/live").json()["live"])
        self.assertTrue(self.get("/v2/health/ready").json()["ready"])
        card = self.get("/v2/models/tiny").json()
        self.assertEqual({o["name"]: o["shape"] for o in card["outputs"]}["predictions"], [-1, 12])
        self.assertEqual([o["name"] for o in self.get("/v2/models/plain/versions/1").json()["outputs"]],
                         ["predictions", "logits", "features"])
        self.assertTrue(self.get("/v2/models/plain/versions/1/ready").json()["ready"])
        self.assertProblem(self.get("/v2/models/plain/versions/2"), 404, "model-not-found")
        self.assertProblem(self.get("/v2/models/nope/ready"), 404, "model-not-found")

    def test_what_cannot_be_inferred_is_an_error_as_the_protocol_has_it(self):
        good = self.tensor(["A" * 2176], data=["A" * 2176])
        for body, slug in (
                ({}, "missing-member"), ({"inputs": []}, "invalid-value"), ({"inputs": [good, good]}, "invalid-value"),
                ({"inputs": [dict(good, name="x")]}, "invalid-value"),
                ({"inputs": [dict(good, datatype="FP32")]}, "invalid-value"),
                ({"inputs": [dict(good, shape=[2])]}, "invalid-value"),
                ({"inputs": [dict(good, shape=[1, 2])]}, "invalid-value"),
                ({"inputs": [dict(good, shape=[])]}, "invalid-value"),
                ({"inputs": [dict(good, shape=[10 ** 9])]}, "over-limit"),
                ({"inputs": [dict(good, data=["ACGT"])]}, "length-mismatch"),
                ({"inputs": [dict(good, data=["A" * 2175 + "-"])]}, "bad-sequence"),
                ({"inputs": [dict(good, data=[5])]}, "wrong-type"),
                ({"inputs": [dict(good, parameters={"binary_data_size": 5})]}, "conflicting-members"),
                ({"inputs": [self.tensor(["A"], parameters={"binary_data_size": 5})]}, "invalid-value"),
                ({"inputs": [good], "outputs": [{"name": "nope"}]}, "invalid-value"),
                ({"inputs": [good], "outputs": [{"name": "logits"}] * 2}, "invalid-value"),
                ({"inputs": [good], "parameters": {"ensemble": "all"}}, "invalid-value"),
                ({"inputs": [good], "extra": 1}, "unknown-member")):
            answer = self.post(self.URL, body)
            self.assertEqual((answer.status, answer.slug), (413 if slug == "over-limit" else 400, slug), body)
            self.assertEqual(answer.json()["error"], answer.json()["detail"])
        answer = self.infer(["A" * 2176], ["logits_technical"], "/v2/models/plain/infer")
        self.assertProblem(answer, 400, "unsupported-component")

    def test_broken_binary_bodies_are_refused(self):
        sequence = "A" * 2176
        raw = pack([sequence])
        for size, length, tensors in ((len(raw), 0, raw[:-1]), (len(raw), 0, raw + b"x"), (3, 0, b"abc"),
                                      (2 ** 40, 0, raw), (len(raw), 0, b"\xff\xff\xff\xff" + raw[4:]),
                                      (len(raw), 10 ** 6, raw), (0, 0, b"")):
            head = json.dumps({"inputs": [self.tensor([sequence], parameters={"binary_data_size": size})]}).encode()
            answer = self.request("POST", self.URL, head + tensors, {
                "Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(length or len(head))})
            self.assertEqual(answer.status, 400, answer.body)


class Refget(harness.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        _, bases = next(harness.records("region.fa"))
        cls.bases = bases.upper()
        digest = hashlib.sha512(cls.bases.encode()).digest()[:24]
        cls.md5 = hashlib.md5(cls.bases.encode()).hexdigest()
        cls.ids = [cls.md5, cls.md5.upper(), digest.hex(), "ga4gh:SQ." + base64.urlsafe_b64encode(digest).decode(),
                   "SQ." + base64.urlsafe_b64encode(digest).decode()]

    def sequence(self, query="", **headers):
        return self.get("/sequence/" + self.md5 + query, headers)

    def test_every_digest_finds_the_sequence(self):
        for i in self.ids:
            answer = self.get("/sequence/" + i)
            self.assertEqual((answer.status, answer.body.decode()), (200, self.bases))
            self.assertTrue(answer.headers["content-type"].startswith("text/vnd.ga4gh.refget.v2.0.0+plain"))

    def test_parts_go_by_start_and_end(self):
        for query, start, end in (("?start=5&end=15", 5, 15), ("?start=59990", 59990, None), ("?end=5", 0, 5),
                                  ("?start=0&end=0", 0, 0), ("?start=10&end=10", 10, 10), ("?start=0&end=60000", 0, None)):
            answer = self.sequence(query)
            self.assertEqual((answer.status, answer.body.decode()), (200, self.bases[start:end]), query)
            self.assertEqual(answer.headers["accept-ranges"], "none")

    def test_parts_go_by_range(self):
        for header, start, end in (("bytes=5-14", 5, 15), ("bytes=0-0", 0, 1), ("bytes=59990-", 59990, 60000),
                                   ("bytes=-10", 59990, 60000)):
            answer = self.sequence(Range=header)
            self.assertEqual((answer.status, answer.body.decode()), (206, self.bases[start:end]), header)
            self.assertEqual(answer.headers["content-range"], "bytes %d-%d/60000" % (start, end - 1))

    def test_what_the_specification_refuses_is_refused(self):
        for query, headers, status in (
                ("?start=1&end=5", {"Range": "bytes=0-1"}, 400), ("?start=a", {}, 400), ("?start=-1", {}, 400),
                ("?end=5.5", {}, 400), ("?start=4294967296", {}, 400), ("?start=60001", {}, 400),
                ("?start=5&end=4", {}, 501), ("?start=5&end=60001", {}, 416), ("", {"Range": "bytes=5-4"}, 416),
                ("", {"Range": "bytes=60000-60001"}, 416), ("", {"Range": "units=1-2"}, 400),
                ("", {"Range": "bytes=0-1,3-4"}, 400), ("", {"Range": "bytes=-"}, 400), ("", {"Range": "bytes="}, 400)):
            answer = self.get("/sequence/" + self.md5 + query, headers)
            self.assertEqual(answer.status, status, (query, headers, answer.body[:200]))
        for name in ("0" * 32, "nope", "ga4gh:SQ.nope"):
            self.assertEqual(self.get("/sequence/" + name).status, 404)
        self.assertEqual(self.sequence(Accept="image/png").status, 406)

    def test_metadata_name_all_digests(self):
        for i in self.ids:
            metadata = self.get("/sequence/" + i + "/metadata").json()["metadata"]
            self.assertEqual((metadata["md5"], metadata["trunc512"], metadata["ga4gh"], metadata["length"]),
                             (self.md5, self.ids[2], self.ids[3], 60000))
            self.assertEqual(metadata["aliases"][0]["alias"], "region1")
        self.assertEqual(self.get("/sequence/" + "0" * 32 + "/metadata").status, 404)

    def test_service_info_says_what_is_there(self):
        info = self.get("/sequence/service-info").json()
        self.assertFalse(info["refget"]["circular_supported"])
        self.assertEqual(sorted(info["refget"]["algorithms"]), ["ga4gh", "md5", "trunc512"])

    def test_digests_outlive_the_daemon_but_not_the_file(self):
        with tempfile.TemporaryDirectory() as directory:
            for name in ("region.fa", "region.fa.fai"):
                shutil.copy(os.path.join(harness.DATA, name), directory)
            genomes = {"copy": os.path.join(directory, "region.fa")}
            first = harness.Daemon(models={"tiny": "tiny"}, genomes=genomes, state=directory)
            self.assertEqual(first.request("GET", "/sequence/" + self.md5).status, 200)
            first.stop()
            other = "0123456789abcdef" * 2  # what is kept is believed: a digest that no sequence has
            with contextlib.closing(sqlite3.connect(directory + "/mfd.db")) as db, db:
                self.assertEqual(db.execute("UPDATE digests SET md5 = ? WHERE contig = 0", (other,)).rowcount, 1)
            second = harness.Daemon(models={"tiny": "tiny"}, genomes=genomes, state=directory)
            self.assertEqual(second.request("GET", "/sequence/" + other).status, 200)
            second.stop()
            os.utime(genomes["copy"], ns=(10 ** 18, 10 ** 18))
            os.utime(genomes["copy"] + ".fai", ns=(10 ** 18, 10 ** 18))
            third = harness.Daemon(models={"tiny": "tiny"}, genomes=genomes, state=directory)
            self.assertEqual(third.request("GET", "/sequence/" + other).status, 404)
            self.assertEqual(third.request("GET", "/sequence/" + self.md5).status, 200)
            third.stop()

    def test_a_sequence_is_not_sent_twice(self):
        tag = self.sequence().headers["etag"]
        self.assertEqual(self.sequence(**{"If-None-Match": tag}).status, 304)
        self.assertEqual(self.sequence("?start=5", **{"If-None-Match": tag}).status, 200)


if __name__ == "__main__":
    unittest.main()
