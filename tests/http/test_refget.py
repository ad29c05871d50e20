"""What the compliance suite of GA4GH asks of a refget server, and the examples of the specification, with the
digests that these publish. No server of ours has circular sequences, so those checks are of the refusals."""
import hashlib
import os
import shutil
import tempfile
import unittest

import harness

JSON = "application/vnd.ga4gh.refget.v2.0.0+json"
PLAIN = "text/vnd.ga4gh.refget.v2.0.0+plain"
# the specification's section on checksums, and its section on Range headers
BASIC = {"md5": "f1f8f4bf413b16ad135722aa4591043e", "ga4gh": "ga4gh:SQ.aKF498dAxcJAqme6QYQ7EZ07-fiw8Kw2",
         "trunc512": "68a178f7c740c5c240aa67ba41843b119d3bf9f8b0f0ac36", "length": 4}
EXAMPLE = "CAACAGAGACTGCTGCTGACAGTGGGCGGGGGAGTAGTTTGCTTGGCCCGTGGTTGAGGA"
EXAMPLE_MD5 = hashlib.md5(EXAMPLE.encode()).hexdigest()
N = len(EXAMPLE)


class Compliance(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.mkdtemp()
        path = os.path.join(cls.place, "known.fa")
        with open(path, "w", encoding="ascii") as f:
            f.write(">basic\nacGT\n>example\n%s\n" % EXAMPLE)
        with open(path + ".fai", "w", encoding="ascii") as f:
            f.write("basic\t4\t7\t4\t5\nexample\t%d\t21\t%d\t%d\n" % (N, N, N + 1))
        cls.daemon = harness.Daemon(models={"tiny": "tiny"}, genomes={"known": path},
                                    settings={"limits.refget_bases": N - 1})

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()
        shutil.rmtree(cls.place)

    def ask(self, path, **headers):
        return self.daemon.request("GET", "/sequence/" + path, headers=headers)

    def test_published_digests_find_their_sequence_in_upper_case(self):
        for name in ("md5", "ga4gh", "trunc512"):
            for digest in {BASIC[name], BASIC[name].upper() if name != "ga4gh" else BASIC[name]}:
                answer = self.ask(digest)
                self.assertEqual((answer.status, answer.body), (200, b"ACGT"), digest)
                found = self.ask(digest + "/metadata").json()["metadata"]
                self.assertEqual({key: found[key] for key in BASIC}, BASIC)
                self.assertTrue(all(set(alias) == {"alias", "naming_authority"} for alias in found["aliases"]))

    def test_types_are_those_of_the_specification_unless_another_is_asked_for(self):
        for path, own, other in ((BASIC["md5"], PLAIN, "text/plain"), (BASIC["md5"] + "/metadata", JSON, "application/json"),
                                 ("service-info", JSON, "application/json")):
            for accept, wanted in ((None, own), ("*/*", own), (own, own), (other, other), (own + ", */*;q=0.1", own)):
                answer = self.ask(path, **({"Accept": accept} if accept else {}))
                self.assertEqual((answer.status, answer.headers["content-type"].split(";")[0]), (200, wanted), (path, accept))
            answer = self.ask(path, Accept="embl/some_json")
            self.assertEqual((answer.status, answer.slug), (406, "not-acceptable"))

    def test_what_is_not_known_is_404(self):
        for path in ("Garbagechecksum", "Garbagechecksum/metadata", "0" * 48, "ga4gh:SQ." + "A" * 32):
            self.assertEqual(self.ask(path).status, 404, path)

    def test_service_info_has_the_members(self):
        info = self.ask("service-info").json()
        self.assertEqual(info["type"], {"group": "org.ga4gh", "artifact": "refget", "version": "2.0.0"})
        self.assertEqual((info["refget"]["circular_supported"], info["refget"]["subsequence_limit"]), (False, N - 1))
        self.assertEqual(set(info["organization"]), {"name", "url"})

    def test_start_and_end(self):
        for query, start, end in (
                ("start=10&end=10", 10, 10), ("start=10&end=20", 10, 20), ("start=10&end=11", 10, 11), ("end=5", 0, 5),
                ("start=%d" % (N - 10), N - 10, N), ("start=%d&end=%d" % (N - 1, N), N - 1, N), ("&end=%d" % (N - 1), 0, N - 1),
                ("start=1&end=%d" % N, 1, N), ("start=%d" % (N - 1), N - 1, N), ("end=0", 0, 0), ("start=0&end=0", 0, 0)):
            answer = self.ask(EXAMPLE_MD5 + "?" + query)
            self.assertEqual((answer.status, answer.body.decode()), (200, EXAMPLE[start:end]), query)
            self.assertEqual((answer.headers["content-length"], answer.headers["accept-ranges"]), (str(end - start), "none"))

    def test_what_start_and_end_may_not_be(self):
        for query, status in (("start=abc&end=20", 400), ("start=-10&end=-29", 400), ("start=abc", 400),
                              ("start=4294967296", 400), ("start=%d" % (N + 1), 400), ("start=6&end=%d" % (N + 1), 416),
                              ("start=%d&end=%d" % (N, N - 2), 416), ("start=%d&end=%d" % (N, N), 416),
                              ("start=%d&end=5" % N, 416), ("start=40&end=5", 501)):
            self.assertEqual(self.ask(EXAMPLE_MD5 + "?" + query).status, status, query)

    def test_ranges_and_those_that_end_behind_the_sequence(self):
        for header, start, end in (("5-14", 5, 15), ("10-%d" % (N - 1), 10, N), ("10-999999", 10, N), ("0-0", 0, 1),
                                   ("%d-%d" % (N - 1, N - 1), N - 1, N), ("50-", 50, N), ("-7", N - 7, N)):
            answer = self.ask(EXAMPLE_MD5, Range="bytes=" + header)
            self.assertEqual((answer.status, answer.body.decode()), (206, EXAMPLE[start:end]), header)
            self.assertEqual(answer.headers["content-range"], "bytes %d-%d/%d" % (start, end - 1, N))

    def test_what_a_range_may_not_be(self):
        for header, status in (
                ("units=20-30", 400), ("bytes=ab-19", 400), ("bytes=-10--19", 400), ("bytes=10--19", 400),
                ("bytes=-10-", 400), ("bytes==10-19", 400), ("bytes=0-1,3-4", 400), ("bytes=52-19", 416),
                ("bytes=59-50", 416), ("bytes=%d-%d" % (N, N + 1), 416), ("bytes=9999-99999", 416), ("bytes=-0", 416)):
            self.assertEqual(self.ask(EXAMPLE_MD5, Range=header).status, status, header)
        self.assertEqual(self.ask(EXAMPLE_MD5 + "?start=10&end=20", Range="bytes=10-19").status, 400)

    def test_parts_longer_than_the_limit_are_416_and_all_of_it_is_413(self):
        self.assertEqual(self.ask("%s?start=0&end=%d" % (EXAMPLE_MD5, N)).status, 416)
        answer = self.ask(EXAMPLE_MD5)
        self.assertEqual((answer.status, answer.json()["limit"]["name"]), (413, "refget_bases"))


if __name__ == "__main__":
    unittest.main()
