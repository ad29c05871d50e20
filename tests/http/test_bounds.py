"""Every limit of proto/limits.h: told, configurable, and held, at its edge. What a test beside this one holds already
(connections, queues, deadlines, jobs on disk) is not repeated."""
import gzip
import json
import os
import re
import socket
import unittest

import harness

PREDICT, SCORE, MARGINAL, JOBS = "/api/v1/predict", "/api/v1/variants/score", "/api/v1/predict/marginal", "/api/v1/jobs"
JSON, VCF = {"Content-Type": "application/json"}, {"Content-Type": "text/vcf"}
ONE = next(bases for _, bases in harness.records("tiny/windows.fa"))
HEAD = "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


def table():
    """(name, default, unit) of proto/limits.h."""
    with open(os.path.join(harness.ROOT, "proto/limits.h"), encoding="ascii") as f:
        rows = re.findall(r"^\s+X\((\w+), ([\w* ]+), \"(\w+)\",", f.read(), re.M)
    return [(name, eval(value, {"MFD_MIB": 1 << 20}), unit) for name, value, unit in rows]  # a product of numbers


class Told(harness.Case):
    # each is another number than its default
    settings = {"limits." + name: value - 1 for name, value, _ in table()}

    def test_every_limit_is_configurable_and_told(self):
        told = self.get("/service-info").json()["limits"]
        self.assertEqual({name: (x["value"], x["unit"]) for name, x in told.items()},
                         {name: (value - 1, unit) for name, value, unit in table()})
        self.assertTrue(all(x["description"] for x in told.values()))

    def test_defaults_are_those_that_are_promised(self):
        defaults = {name: value for name, value, _ in table()}
        self.assertEqual([defaults[n] for n in ("json_bytes", "vcf_bytes", "items", "passes", "request_ms")],
                         [16 << 20, 64 << 20, 1000, 2000, 30000])


class Held(harness.Case):
    settings = {"limits.json_bytes": 60000, "limits.vcf_bytes": 3000, "limits.json_values": 500, "limits.json_depth": 5,
                "limits.interval_bins": 8, "limits.sequence_bases": 3000, "limits.track_ids": 4, "limits.columns": 3,
                "limits.labels": 3, "limits.string_bytes": 40, "limits.page": 7, "limits.header_bytes": 4096,
                "limits.job_json_values": 900, "limits.job_ism_bases": 300, "limits.jobs": 3, "limits.client_jobs": 100,
                "limits.ism_bases": 10, "limits.virtual_tracks": 2, "jobs.at_once": 0}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tracks = cls.daemon.request("GET", "/api/v1/models/tiny/tracks?limit=7").json()["tracks"]
        cls.tracks = [t["id"] for t in tracks]
        cls.label = tracks[0]["metadata"]["proc_target"]

    def assertOver(self, answer, name, maximum, actual=None, pointer=None):
        self.assertProblem(answer, 413, "over-limit", name)
        problem = answer.json()
        limit = {"name": name, "maximum": maximum, **({} if actual is None else {"actual": actual})}
        self.assertEqual(problem["limit"], limit)
        self.assertEqual(problem.get("pointer"), pointer)

    def fits(self, path, body, headers=None):
        answer = self.post(path, body, headers)
        self.assertLess(answer.status, 300, answer.body[:500])
        return answer

    def test_bytes_of_a_vcf_are_counted_unpacked(self):
        text = (HEAD + "region1\t4846\t.\tT\tTG\t.\t.\t.\n").encode()
        text += b"#" * (2999 - len(text)) + b"\n"
        self.fits(SCORE + "?dry_run=true", text, VCF)
        answer = self.post(SCORE, text + b"\n", VCF)
        self.assertOver(answer, "vcf_bytes", 3000, 3001)
        self.assertIn("as a job", answer.json()["detail"])
        packed = gzip.compress(text + b"\n")
        self.assertLess(len(packed), 3000)
        self.assertOver(self.post(SCORE, packed, {"Content-Type": "application/gzip"}), "vcf_bytes", 3000)

    def test_values_and_levels_of_a_body_are_counted(self):
        # the object and the array are values, too
        self.assertEqual(self.post(PREDICT, {"sequences": [1] * 498}).json()["summary"]["error"], 498)
        self.assertOver(self.post(PREDICT, {"sequences": [1] * 499}), "json_values", 500, pointer="")
        deep = '{"sequences":%s1%s}'
        self.assertEqual(self.post(PREDICT, deep % ("[" * 4, "]" * 4), JSON).status, 200)
        self.assertOver(self.post(PREDICT, deep % ("[" * 5, "]" * 5), JSON), "json_depth", 5, pointer="/sequences/0/0/0/0")

    def test_a_job_may_hold_more_values(self):
        request = {"intervals": ["region1:3001"] * 600, "ensemble": "none"}
        self.assertOver(self.post(PREDICT, request), "json_values", 500, pointer="")
        dry = {"operation": "predict", "request": dict(request, dry_run=True)}
        self.fits(JOBS, dry)
        dry["request"]["intervals"] = ["region1:3001"] * 900
        self.assertOver(self.post(JOBS, dry), "json_values", 900, pointer="")

    def test_an_item_has_a_size(self):
        for path, item, name, maximum, actual, pointer in (
                (PREDICT, {"intervals": ["region1:3001", "region1:3969-5100"]}, "interval_bins", 8, 9, "/intervals/1"),
                (PREDICT, {"sequences": [ONE, "A" * 3001]}, "sequence_bases", 3000, 3001, "/sequences/1"),
                (PREDICT, {"sequences": [{"id": "x" * 41, "sequence": ONE}]}, "string_bytes", 40, 41, "/sequences/0/id"),
                (SCORE, {"variants": [{"chrom": "c" * 41, "pos": 1, "ref": "A", "alt": "C"}]}, "string_bytes", 40, 41,
                 "/variants/0/chrom")):
            result = self.post(path, item).json()["results"][-1]
            problem = result["problem"]
            self.assertEqual((problem["type"], problem["limit"], problem["pointer"]),
                             ("/problems/over-limit", {"name": name, "maximum": maximum, "actual": actual}, pointer))
            if name == "interval_bins":
                self.assertIn("at most 1024 bases", problem["detail"])
        self.assertEqual(self.post(PREDICT, {"intervals": ["region1:3969-4992"]}).json()["summary"]["ok"], 1)
        self.assertEqual(self.post(PREDICT, {"sequences": [{"id": "x" * 40, "sequence": ONE}]}).json()["summary"]["ok"], 1)

    def test_a_selection_has_a_size(self):
        place = {"intervals": ["region1:3001"], "ensemble": "none"}
        virtual = {"id": "v", "like": self.tracks[0], "metadata": {"frip": 0.5}}
        labels = {"proc_target": [self.label] * 4}
        for path, more, name, maximum, pointer in (
                (PREDICT, {"tracks": {"ids": self.tracks[:5]}}, "track_ids", 4, "/tracks/ids"),
                (PREDICT, {"tracks": {"where": labels}}, "labels", 3, "/tracks/where/proc_target"),
                (PREDICT, {"tracks": {"where": {c: ["x"] for c in "abcd"}}}, "columns", 3, "/tracks/where"),
                (PREDICT, {"virtual_tracks": [dict(virtual, id=str(i)) for i in range(3)]}, "virtual_tracks", 2,
                 "/virtual_tracks"),
                (PREDICT, {"virtual_tracks": [dict(virtual, metadata=labels)]}, "labels", 3,
                 "/virtual_tracks/0/metadata/proc_target"),
                (MARGINAL, {"over": ["frip"] * 4}, "columns", 3, "/over")):
            answer = self.post(path, {**place, **more})
            self.assertOver(answer, name, maximum, maximum + 1, pointer)
        self.fits(PREDICT, {**place, "tracks": {"ids": self.tracks[:4], "where": {"proc_target": [self.label] * 3}}})
        self.fits(PREDICT, {**place, "virtual_tracks": [dict(virtual, id=str(i)) for i in range(2)]})

    def test_a_page_has_a_size(self):
        self.assertEqual(len(self.get("/api/v1/models/tiny/tracks?limit=7").json()["tracks"]), 7)
        for path in ("/api/v1/models", "/api/v1/models/tiny/tracks", "/api/v1/models/tiny/features", JOBS):
            self.assertProblem(self.get(path + "?limit=8"), 400, "invalid-parameter", "7")
        self.assertEqual(len(self.get("/api/v1/models/tiny/tracks").json()["tracks"]), 7)

    def test_headers_have_a_size(self):
        line = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX: %s\r\n\r\n"
        here = len("Host: localhost\r\nConnection: close\r\nX: \r\n")
        self.assertIn(b" 200 OK", self.daemon.raw(line % (b"y" * (4096 - here))))
        reply = self.daemon.raw(line % (b"y" * (4097 - here)))
        top, _, body = reply.partition(b"\r\n\r\n")
        problem = json.loads(body)
        self.assertIn(b" 431 ", top.split(b"\r\n")[0])
        self.assertEqual((problem["type"], problem["limit"]), ("/problems/header-fields-too-large",
                                                               {"name": "header_bytes", "maximum": 4096, "actual": 4097}))
        with socket.create_connection(("127.0.0.1", self.daemon.port), harness.PATIENCE) as s:  # far more
            s.sendall(line % (b"y" * 300000))
            self.assertIn(b'"limit":{"name":"header_bytes","maximum":4096}', b"".join(iter(lambda: s.recv(65536), b"")))

    def test_a_scan_of_a_job_has_a_size(self):
        def scan(n):
            return {"operation": "ism", "request": {"intervals": ["region1:3001-%d" % (3000 + n)], "dry_run": True}}
        self.fits(JOBS, scan(300))
        answer = self.post(JOBS, scan(301))
        self.assertProblem(answer, 413, "over-limit")
        self.assertEqual(answer.json()["limit"]["maximum"], 300)

    def test_all_jobs_together_have_a_number(self):
        job = {"operation": "predict", "request": {"intervals": ["region1:3001"]}}
        for _ in range(3):
            self.fits(JOBS, job)
        answer = self.post(JOBS, job)
        self.assertProblem(answer, 429, "too-many-jobs", "(limit jobs)")


if __name__ == "__main__":
    unittest.main()
