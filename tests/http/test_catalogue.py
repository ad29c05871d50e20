"""Models, tracks, fields and genomes, as the registry knows them."""
import base64
import hashlib
import statistics
import unittest

import harness

TRACKS = "/api/v1/models/tiny/tracks"


class Catalogue(harness.Case):
    models = {"tiny": "tiny", "wide@7": "wide", "plain": "baseline"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(harness.DATA + "/tiny/metadata.tsv", encoding="utf-8") as f:
            rows = [line.rstrip("\n").split("\t") for line in f]
        head = [name.replace(".", "_") for name in rows[0]]
        table = {row[head.index("File_accession")]: dict(zip(head, row)) for row in rows[1:]}
        with open(harness.DATA + "/tiny/track_ids.txt", encoding="utf-8") as f:
            cls.ids = f.read().split()
        cls.rows = [table[i] for i in cls.ids]

    def every(self, target):
        found, cursor = [], ""
        while cursor is not None:
            page = self.get(target + ("&cursor=" + cursor if cursor else "")).json()
            found += page["tracks"]
            cursor = page["next"]
        return found

    def test_all_models_are_listed_in_pages(self):
        first = self.get("/api/v1/models?limit=2").json()
        second = self.get("/api/v1/models?limit=2&cursor=" + first["next"]).json()
        self.assertIsNone(second["next"])
        models = first["models"] + second["models"]
        self.assertEqual([m["name"] for m in models], ["tiny", "wide", "plain"])
        self.assertEqual([m["default"] for m in models], [True, False, False])
        self.assertTrue(all(m["state"] == "ready" for m in models))

    def test_a_card_tells_sizes_and_subspaces(self):
        card = self.get("/api/v1/models/tiny").json()
        self.assertEqual(card["tracks"], len(self.ids))
        self.assertEqual(card["features"]["biological"] + card["features"]["technical"], card["features"]["all"])
        self.assertEqual(card["version"], card["digest"][:12])
        self.assertEqual(self.get("/api/v1/models/plain").json()["class"], "baseline")

    def test_a_model_goes_by_name_and_version(self):
        self.assertEqual(self.get("/api/v1/models/wide").json()["version"], "7")
        self.assertEqual(self.get("/api/v1/models/wide@7").status, 200)
        self.assertProblem(self.get("/api/v1/models/wide@8"), 404, "model-not-found", "wide@7")
        self.assertProblem(self.get("/api/v1/models/nope/tracks"), 404, "model-not-found")

    def test_a_card_is_not_sent_twice(self):
        tag = self.get("/api/v1/models/tiny").headers["etag"]
        for header in (tag, "W/" + tag, '"other", ' + tag, "*"):
            answer = self.get("/api/v1/models/tiny", {"If-None-Match": header})
            self.assertEqual((answer.status, answer.raw, answer.headers["etag"]), (304, b"", tag))
        self.assertEqual(self.get("/api/v1/models/tiny", {"If-None-Match": '"other"'}).status, 200)
        packed = self.get("/api/v1/models/tiny", {"Accept-Encoding": "gzip"})
        if "content-encoding" in packed.headers:
            self.assertNotEqual(packed.headers["etag"], tag)
            self.assertEqual(self.get("/api/v1/models/tiny", {"If-None-Match": packed.headers["etag"]}).status, 304)

    def test_tracks_come_in_the_models_order(self):
        tracks = self.every(TRACKS + "?limit=7")
        self.assertEqual([t["id"] for t in tracks], self.ids)
        self.assertEqual([t["index"] for t in tracks], list(range(len(self.ids))))
        for track, row in zip(tracks, self.rows):
            self.assertEqual(track["metadata"]["File_accession"], row["File_accession"])

    def test_a_filter_finds_what_the_table_says(self):
        target = self.rows[0]["proc_target"].split(",")[0]
        wanted = [r["File_accession"] for r in self.rows if target in r["proc_target"].split(",")]
        found = self.every(TRACKS + "?limit=3&proc_target=" + target.replace(" ", "+"))
        self.assertEqual([t["id"] for t in found], wanted)

    def test_labels_of_a_column_are_alternatives_and_columns_must_agree(self):
        targets = sorted({r["proc_target"] for r in self.rows if "," not in r["proc_target"] and r["proc_target"]})[:2]
        labs = sorted({r["Library_lab"] for r in self.rows if r["Library_lab"]})
        lab = labs[0]
        wanted = [r["File_accession"] for r in self.rows if r["proc_target"] in targets]
        query = "?" + "&".join("proc_target=" + t.replace(" ", "%20") for t in targets)
        self.assertEqual([t["id"] for t in self.every(TRACKS + query)], wanted)
        wanted = [r["File_accession"] for r in self.rows if r["proc_target"] in targets and r["Library_lab"] == lab]
        found = self.every(TRACKS + query + "&Library_lab=" + lab.replace(" ", "+").replace(",", "%2C"))
        self.assertEqual([t["id"] for t in found], wanted)

    def test_a_column_or_label_that_is_not_there_is_told(self):
        self.assertProblem(self.get(TRACKS + "?proc_targe=CTCF"), 422, "unknown-column", "proc_targe",
                           "did you mean 'proc_target'?")
        self.assertProblem(self.get(TRACKS + "?proc_target=XYZZYXYZZY"), 422, "unknown-label", "XYZZYXYZZY", "column")
        near = self.rows[0]["proc_target"].split(",")[0]
        self.assertProblem(self.get(TRACKS + "?proc_target=" + near.lower().replace(" ", "+") + "x"), 422, "unknown-label", near)

    def test_words_are_searched_in_every_column(self):
        row = self.rows[3]
        found = self.every(TRACKS + "?limit=50&q=" + row["File_accession"].lower())
        self.assertIn(row["File_accession"], [t["id"] for t in found])
        for odd in ("%22", "*", "AND", "NEAR(", "a%22b", "-", "col:x", "'", "%5E"):
            self.assertEqual(self.get(TRACKS + "?q=" + odd).status, 200, odd)
        self.assertEqual(self.get(TRACKS + "?q=zzzzzz").json(), {"tracks": [], "next": None})

    def test_labels_are_counted(self):
        counts = {}
        for row in self.rows:
            counts[row["Library_lab"]] = counts.get(row["Library_lab"], 0) + 1
        answer = self.get(TRACKS + "?facet=Library_lab&limit=1000").json()
        got = {c["label"]: c["count"] for c in answer["counts"]}
        for label, n in counts.items():
            if label:
                self.assertEqual(got[label], n, label)

    def test_labels_are_counted_among_the_tracks_found(self):
        target = next(r["proc_target"] for r in self.rows if "," not in r["proc_target"])
        word = next(r["Biosample_organ_slims"] for r in self.rows if r["proc_target"] == target).split(",")[0].split()[0]
        for query, keep in (("&proc_target=" + target, lambda r: target in r["proc_target"].split(",")),
                            ("&q=" + word, None), ("&q=%s&proc_target=%s" % (word, target), None), ("&q=zzzzzz", None)):
            # a page of the same query says which tracks they are, and the tests above that it is right
            found = [t["id"] for t in self.every(TRACKS + "?limit=1000" + query.replace(" ", "+"))]
            if keep:
                self.assertEqual(found, [r["File_accession"] for r in self.rows if keep(r)])
            counts = {}
            for row in self.rows:
                if row["File_accession"] in found and row["Library_lab"]:
                    counts[row["Library_lab"]] = counts.get(row["Library_lab"], 0) + 1
            answer = self.get(TRACKS + "?facet=Library_lab&limit=1000" + query.replace(" ", "+")).json()
            self.assertEqual({c["label"]: c["count"] for c in answer["counts"] if c["label"] != "nan"}, counts, query)
            numbers = [c["count"] for c in answer["counts"]]
            self.assertEqual(numbers, sorted(numbers, reverse=True))
        self.assertProblem(self.get(TRACKS + "?facet=Library_lap"), 422, "unknown-column", "did you mean 'Library_lab'?")

    def test_a_page_has_a_size_and_a_cursor_of_ours(self):
        for bad in ("limit=0", "limit=1001", "limit=x", "limit=", "cursor=x", "cursor=a-1", "cursor=a1;drop", "cursor="):
            self.assertProblem(self.get(TRACKS + "?" + bad), 400, "invalid-parameter")
        self.assertEqual(self.get(TRACKS + "?cursor=a999999").json()["tracks"], [])

    def test_one_track_is_found_by_its_name(self):
        track = self.get(TRACKS + "/" + self.ids[5]).json()
        self.assertEqual((track["id"], track["index"]), (self.ids[5], 5))
        self.assertProblem(self.get(TRACKS + "/nope"), 404, "track-not-found", "nope")

    def test_fields_tell_group_role_and_type(self):
        fields = self.get("/api/v1/models/tiny/fields").json()["fields"]
        self.assertTrue(fields)
        for field in fields:
            self.assertIn(field["type"], ("category", "float", "int", "date.year"))
            self.assertTrue(field["groups"])
            one = self.get("/api/v1/models/tiny/fields/" + field["name"]).json()
            if "labels" in one:
                self.assertEqual(one["n_labels"], len(one["labels"]))
            else:
                self.assertGreater(one["sd"], 0)
        self.assertProblem(self.get("/api/v1/models/tiny/fields/nope"), 404, "not-found")
        self.assertEqual(self.get("/api/v1/models/plain/fields").json()["fields"], [])

    def test_counts_of_a_field_are_those_of_the_table(self):
        field = self.get("/api/v1/models/tiny/fields/proc_target").json()
        for label in field["labels"]:
            if label["label"] != "nan":
                n = sum(label["label"] in r["proc_target"].split(",") for r in self.rows)
                self.assertEqual(label["count"], n, label)

    def test_numbers_of_a_field_are_those_of_the_table(self):
        for name in ("frip", "proc_age_bin"):
            field = self.get("/api/v1/models/tiny/fields/" + name).json()
            values = [-1 if r[name] == "unknown" else float(r[name]) for r in self.rows]
            for told, wanted in (("mean", statistics.mean(values)), ("sd", statistics.pstdev(values)), ("min", min(values)),
                                 ("max", max(values))):
                self.assertAlmostEqual(field[told], wanted, 6, (name, told))

    def test_genomes_tell_their_contigs(self):
        def genome():
            return self.get("/api/v1/genomes").json()["genomes"][0]
        self.daemon.wait_until(lambda: genome()["contigs"][0]["md5"])  # asked for once, and computed
        with open(harness.DATA + "/region.fa.fai", encoding="ascii") as f:
            name, length = f.readline().split("\t")[:2]
        bases = next(harness.records("region.fa"))[1].upper().encode()
        ga4gh = "SQ." + base64.urlsafe_b64encode(hashlib.sha512(bases).digest()[:24]).decode()
        self.assertEqual(genome(), {"name": "region", "contigs": [
            {"name": name, "length": int(length), "md5": hashlib.md5(bases).hexdigest(), "ga4gh": ga4gh}]})
        self.assertEqual(self.get("/sequence/" + ga4gh).body, bases)


if __name__ == "__main__":
    unittest.main()
