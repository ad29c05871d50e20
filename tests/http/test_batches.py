"""One result an input, whatever is wrong with it; strictness, cost and limits; selections of tracks."""
import json
import unittest
from urllib.parse import quote

import golden
import harness

PREDICT, FEATURES, SCORE = "/api/v1/predict", "/api/v1/features", "/api/v1/variants/score"
WINDOW = "ACGT" * 544


def slugs(answer):
    return [r["status"] if r["status"] == "ok" else (r["status"], r["problem"]["type"].rsplit("/", 1)[1],
                                                     r["problem"].get("pointer"))
            for r in answer.json()["results"]]


class Batches(harness.Case):
    models = {"tiny": "tiny", "plain": "baseline"}

    def test_a_bad_sequence_takes_nothing_down(self):
        answer = self.post(PREDICT, {"sequences": [
            WINDOW, "ACGT", {"id": "digit", "sequence": WINDOW[:-1] + "7"}, 5, {"sequence": WINDOW, "start": 1},
            {"id": "good", "sequence": WINDOW.lower()}]})
        self.assertEqual(slugs(answer), [
            "ok", ("error", "length-mismatch", "/sequences/1"), ("error", "bad-sequence", "/sequences/2"),
            ("error", "wrong-type", "/sequences/3"), ("error", "unknown-member", "/sequences/4/start"), "ok"])
        results = answer.json()["results"]
        self.assertEqual([r["index"] for r in results], list(range(6)))
        self.assertEqual([r["id"] for r in results], [None, None, "digit", None, None, "good"])
        self.assertEqual(results[0]["values"], results[5]["values"])
        self.assertEqual(answer.json()["summary"], {"items": 6, "ok": 2, "skipped": 0, "error": 4, "reasons": {
            "unknown-member": 1, "wrong-type": 1, "bad-sequence": 1, "length-mismatch": 1}})

    def test_a_bad_interval_takes_nothing_down(self):
        answer = self.post(PREDICT, {"intervals": [
            "region1:3001-3100", "chrZ:1-100", "region1:100-1", {"chrom": "region1", "start": 5, "end": 5},
            "region1:59999-70000", {"chrom": "region1", "start": 10, "end": 100}, {"chrom": "region1", "start": 4}]})
        self.assertEqual(slugs(answer), [
            "ok", ("error", "contig-unknown", "/intervals/1"), ("error", "bad-interval", "/intervals/2"),
            ("error", "bad-interval", "/intervals/3"), ("error", "window-off-contig", "/intervals/4"),
            ("error", "window-off-contig", "/intervals/5"), ("error", "missing-member", "/intervals/6")])

    def test_an_spdi_that_counts_from_one_is_told_so(self):
        name, bases = next(harness.records("region.fa"))
        bases = bases.upper()
        at = next(i for i in range(30000, 30100) if bases[i] != bases[i + 1])  # 0-based
        alt = bases[at + 1]  # so that one base on, where it was meant from 0, the alleles would be swapped
        answer = self.post(SCORE, {"ensemble": "none", "variants": [
            "%s:%d:%s:%s" % (name, n, bases[at], alt) for n in (at, at + 1)]})
        self.assertEqual(slugs(answer), ["ok", ("error", "ref-mismatch", "/variants/1")])
        self.assertIn("write %s:%d:%s:%s" % (name, at, bases[at], alt), answer.json()["results"][1]["problem"]["detail"])

    def test_what_is_wrong_with_a_variant_is_said_of_it_alone(self):
        answer = self.post(SCORE, {"ensemble": "none", "tracks": {"aggregate": "mean"}, "variants": [
            "region1-4846-T-TG", "region1:4845:T:TG", "region1:g.4846_4847insG", "chr7-1-A-C", "region1-4846-A-C",
            {"chrom": "region1", "pos": 4846, "ref": "T", "alt": "<DEL>"},
            {"chrom": "region1", "pos": 4846, "ref": "T", "alt": "*"},
            {"chrom": "region1", "pos": 4846, "ref": "T", "alt": "."},
            {"chrom": "region1", "pos": 4846, "ref": "T", "alt": "TQ"},
            {"chrom": "region1", "pos": 4846, "ref": "T", "alt": "T" * 33},
            {"chrom": "region1", "pos": 4846, "ref": "T", "alt": "T"}, "region1-1-T-A", "gibberish", None]})
        self.assertEqual(slugs(answer), [
            "ok", "ok", "ok", ("error", "contig-unknown", "/variants/3"), ("error", "ref-mismatch", "/variants/4"),
            ("skipped", "symbolic-allele", "/variants/5"), ("skipped", "star-allele", "/variants/6"),
            ("skipped", "missing-alt", "/variants/7"), ("error", "bad-allele", "/variants/8"),
            ("skipped", "allele-too-long", "/variants/9"), ("skipped", "no-change", "/variants/10"),
            ("error", "window-off-contig", "/variants/11"), ("error", "malformed-variant", "/variants/12"),
            ("error", "wrong-type", "/variants/13")])
        results = answer.json()["results"]
        self.assertEqual(results[0]["effect"], results[1]["effect"]) # one variant in three notations
        self.assertEqual(results[0]["effect"], results[2]["effect"])
        summary = answer.json()["summary"]
        self.assertEqual((summary["ok"], summary["skipped"], summary["error"]), (3, 5, 6))
        self.assertEqual(summary["reasons"], {entry[1]: 1 for entry in slugs(answer) if entry != "ok"})

    def test_breakends_have_no_sequence_to_score(self):
        lines = ["##fileformat=VCFv4.2", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"] + [
            "region1\t4846\t.\tT\t%s\t.\t.\t." % alt for alt in ("T[2:321681[", "]13:123456]T", ".A", "TG")]
        answer = self.post(SCORE, "\n".join(lines) + "\n", {"Content-Type": "text/vcf"}).json()
        self.assertEqual([r["status"] for r in answer["results"]], ["skipped"] * 3 + ["ok"])
        self.assertEqual(answer["summary"]["reasons"], {"symbolic-allele": 3})

    def test_a_batch_of_nothing_but_errors_is_answered(self):
        answer = self.post(SCORE, {"variants": ["x", "y"]})
        self.assertEqual((answer.status, answer.json()["summary"]["error"]), (200, 2))

    def test_company_changes_nothing(self):
        """A result is the same to the last digit alone, in a crowd, and between errors."""
        alone = self.post(SCORE, {"variants": ["region1-4846-T-TG"]}).json()["results"][0]
        crowd = self.post(SCORE, {"variants": golden.variants() + ["x", "region1-4846-T-TG"]}).json()["results"]
        self.assertEqual(crowd[-1]["effect"], alone["effect"])
        one = self.post(PREDICT, {"intervals": ["region1:9001"]}).json()["results"][0]["bins"]
        many = self.post(PREDICT, {"intervals": ["region1:5001-12000", "region1:9001"]}).json()["results"]
        self.assertEqual(many[1]["bins"], one)
        self.assertEqual([b for b in many[0]["bins"] if b["start"] == one[0]["start"]], one)

    def test_strict_turns_a_bad_input_into_422(self):
        for path, body, slug, pointer in (
                (PREDICT, {"sequences": [WINDOW, "ACGT"]}, "length-mismatch", "/sequences/1"),
                (FEATURES, {"intervals": ["region1:3001", 7]}, "wrong-type", "/intervals/1"),
                (SCORE, {"variants": ["region1-4846-T-TG", "region1-4846-A-C"]}, "ref-mismatch", "/variants/1")):
            answer = self.post(path, dict(body, strict=True))
            self.assertProblem(answer, 422, slug)
            self.assertEqual(answer.json()["pointer"], pointer)
            self.assertEqual(self.post(path, dict(body, strict=False)).status, 200)

    def test_padding_is_done_when_asked_and_told(self):
        body = {"intervals": ["region1:1-200", "region1:59990-60000", "region1:30000"], "pad": True}
        answer = self.post(PREDICT, body)
        self.assertEqual([[b["padded"] for b in r["bins"]] for r in answer.json()["results"]],
                         [[1024, 896], [1056], [0]])
        variants = self.post(SCORE, {"variants": ["region1-5-A-C"], "pad": True})
        self.assertEqual(variants.json()["results"][0]["padded"], 1087)

    def test_a_dry_run_tells_the_cost_and_computes_nothing(self):
        for path, body, cost in (
                (PREDICT, {"intervals": ["region1:3001-3300", "nowhere"]}, (2, 1, 3, 6)),
                (PREDICT, {"sequences": [WINDOW] * 3, "ensemble": "none"}, (3, 0, 3, 3)),
                (FEATURES, {"intervals": ["region1:3001"], "ensemble": {"strands": False, "shifts": 3}}, (1, 0, 1, 3)),
                (SCORE, {"variants": ["region1-4846-T-TG", "x"]}, (2, 1, 2, 28))):
            answer = self.post(path, dict(body, dry_run=True))
            got = answer.json()["cost"]
            self.assertEqual((got["items"], got["unscored"], got["windows"], got["passes"]), cost)
            self.assertEqual(got["limits"], {"items": 1000, "passes": 2000})

    def test_what_is_over_a_limit_is_413_with_the_limit_and_where_to_go(self):
        for path, body, name, actual in (
                (SCORE, {"variants": ["x"] * 1001}, "items", 1001),
                (SCORE, {"variants": golden.variants()[:1] * 72}, "passes", 2016),
                (PREDICT, {"intervals": ["region1:2001-58000"] * 3}, "passes", None)):
            answer = self.post(path, body)
            self.assertProblem(answer, 413, "over-limit", "job")
            problem = answer.json()
            self.assertEqual(problem["limit"]["name"], name)
            self.assertEqual(problem["links"]["jobs"], "/api/v1/jobs")
            if actual:
                self.assertEqual(problem["limit"]["actual"], actual)
        cost = self.post(SCORE, {"variants": golden.variants()[:1] * 72, "dry_run": True}).json()["cost"]
        self.assertEqual(cost["passes"], 2016) # a dry run may ask

    def test_tracks_are_chosen_and_put_in_order(self):
        whole = self.post(PREDICT, {"sequences": [WINDOW]}).json()
        values = dict(zip(whole["tracks"], whole["results"][0]["values"]["total"]))
        some = [whole["tracks"][i] for i in (7, 2, 5)]
        answer = self.post(PREDICT, {"sequences": [WINDOW], "tracks": {"ids": some}}).json()
        self.assertEqual(answer["tracks"], some)
        self.assertEqual(answer["results"][0]["values"]["total"], [values[t] for t in some])
        mean = self.post(PREDICT, {"sequences": [WINDOW], "tracks": {"ids": some, "aggregate": "mean"}}).json()
        self.assertEqual(mean["tracks"], ["mean"])
        self.assertAlmostEqual(mean["results"][0]["values"]["total"][0], sum(values[t] for t in some) / 3, 6)
        top = self.post(PREDICT, {"sequences": [WINDOW], "tracks": {"aggregate": "max"}}).json()
        self.assertEqual(top["results"][0]["values"]["total"], [max(values.values())])

    def test_where_finds_the_tracks_that_the_catalogue_finds(self):
        tracks = self.get("/api/v1/models/tiny/tracks").json()["tracks"]
        target = tracks[0]["metadata"]["proc_target"]
        wanted = [t["id"] for t in tracks if t["metadata"]["proc_target"] == target]
        answer = self.post(PREDICT, {"sequences": [WINDOW], "tracks": {"where": {"proc_target": [target]}}})
        self.assertEqual(answer.json()["tracks"], wanted)

    def test_what_the_model_does_not_know_is_422_with_a_hint(self):
        first = self.get("/api/v1/models/tiny/tracks?limit=1").json()["tracks"][0]
        target = first["metadata"]["proc_target"]
        for selection, slug, pointer, hint in (
                ({"ids": [first["id"][:-1]]}, "unknown-track", "/tracks/ids/0", first["id"]),
                ({"where": {"proc_targets": [target]}}, "unknown-column", "/tracks/where/proc_targets", "proc_target"),
                ({"where": {"proc_target": [target + "x"]}}, "unknown-label", "/tracks/where/proc_target/0", target)):
            answer = self.post(PREDICT, {"sequences": [WINDOW], "tracks": selection})
            self.assertProblem(answer, 422, slug)
            self.assertEqual(answer.json()["pointer"], pointer)
            self.assertIn(hint, answer.json()["closest"])

    def test_what_is_like_nothing_is_told_what_there_is_where_that_is_little(self):
        field = self.get("/api/v1/models/tiny/fields/proc_Assay_lvl1").json()
        answer = self.post(PREDICT, {"sequences": [WINDOW], "tracks": {"where": {"proc_Assay_lvl1": ["9" * 30]}}})
        self.assertProblem(answer, 422, "unknown-label", *[l["label"] for l in field["labels"]])
        answer = self.post(PREDICT, {"sequences": [WINDOW], "tracks": {"where": {"9" * 60: ["x"]}}})
        self.assertProblem(answer, 422, "unknown-column")
        self.assertNotIn("it has", answer.json()["detail"], "too many to list")

    def test_virtual_tracks_are_checked_against_the_vocabulary(self):
        like = self.get("/api/v1/models/tiny/tracks?limit=1").json()["tracks"][0]["id"]
        base = {"sequences": [WINDOW], "scale": "logit"}
        answer = self.post(PREDICT, dict(base, virtual_tracks=[
            {"id": "same", "like": like, "metadata": {"proc_age_bin": 5}}]))
        self.assertEqual((answer.status, answer.json().get("tracks")), (200, ["same"]), answer.body)
        for metadata, slug, pointer in (
                ({"proc_age_bin": "x"}, None, "/virtual_tracks/0/metadata/proc_age_bin"),
                ({"mars": "x"}, "unknown-column", "/virtual_tracks/0/metadata/mars"),
                ({"proc_target": "no such protein"}, "unknown-label", "/virtual_tracks/0/metadata/proc_target")):
            answer = self.post(PREDICT, dict(base, virtual_tracks=[{"id": "v", "like": like, "metadata": metadata}]))
            self.assertIn(answer.status, (400, 422))
            if slug:
                self.assertEqual(answer.slug, slug)
            self.assertEqual(answer.json()["pointer"], pointer)
        answer = self.post(PREDICT, dict(base, virtual_tracks=[{"id": "v", "metadata": {"proc_target": "CTCF"}}]))
        self.assertIn(answer.slug, ("missing-column", "unknown-label"))

    def test_a_baseline_has_totals_only(self):
        for path, body, pointer in (
                (PREDICT, {"sequences": [WINDOW], "components": ["biological"]}, "/components"),
                (FEATURES, {"sequences": [WINDOW], "subspaces": ["technical"]}, "/subspaces"),
                (SCORE, {"variants": ["region1-4846-T-TG"], "scores": ["swap"]}, "/scores")):
            answer = self.post(path, dict(body, model="plain"))
            self.assertProblem(answer, 422, "unsupported-component")
            self.assertEqual(answer.json()["pointer"], pointer)
        answer = self.post(PREDICT, {"model": "plain", "sequences": [WINDOW],
                                     "virtual_tracks": [{"id": "v", "metadata": {"x": 1}}]})
        self.assertProblem(answer, 422, "unsupported")

    def test_models_and_genomes_go_by_name(self):
        self.assertProblem(self.post(PREDICT, {"sequences": [WINDOW], "model": "nope"}), 404, "model-not-found")
        answer = self.post(PREDICT, {"intervals": ["region1:3001"], "genome": "nope"})
        self.assertProblem(answer, 404, "genome-not-found")
        self.assertEqual(answer.json()["pointer"], "/genome")
        provenance = self.post(PREDICT, {"intervals": ["region1:3001"], "model": "plain"}).json()["provenance"]
        self.assertEqual((provenance["model"], provenance["genome"]), ("plain", "region"))
        card = self.get("/api/v1/models/plain").json()
        self.assertEqual((provenance["digest"], provenance["version"]), (card["digest"], card["version"]))

    def test_the_request_itself_is_held_to_the_contract(self):
        for body, slug, pointer in (
                (b"", "malformed-json", ""), (b"{", "malformed-json", ""), (b'{"sequence":["A"]}', "unknown-member", "/sequence"),
                (b'{"model":"a","model":"b"}', "duplicate-member", "/model"), (b"[]", "wrong-type", ""),
                (b"{}", "missing-member", ""), (b'{"sequences":[]}', "invalid-value", "/sequences"),
                (b'{"sequences":["A"],"intervals":["x"]}', "conflicting-members", "/intervals"),
                (b'{"sequences":["A"],"scale":"log"}', "invalid-value", "/scale"),
                (b'{"sequences":["A"],"components":["biological"],"scale":"probability"}', "unsupported-component", "/scale"),
                (b"[" * 40, "over-limit", "/0" * 16)):
            answer = self.post(PREDICT, body, {"Content-Type": "application/json"})
            self.assertEqual((answer.slug, answer.json()["pointer"]), (slug, pointer))


class Variant(harness.Case):
    """GET /api/v1/variants/{variant}/score"""
    URL = "/api/v1/variants/region1-4846-T-TG/score"

    def test_it_is_the_batch_of_one(self):
        answer = self.get(self.URL + "?components=total,technical&scores=effect,alternative&ensemble=strands")
        listed = self.post(SCORE, {"variants": ["region1-4846-T-TG"], "components": ["total", "technical"],
                                   "scores": ["effect", "alternative"], "ensemble": "strands"})
        self.assertEqual(answer.json()["results"], listed.json()["results"])

    def test_it_is_not_computed_twice_for_who_has_it(self):
        tag = self.get(self.URL).headers["etag"]
        again = self.get(self.URL, {"If-None-Match": tag})
        self.assertEqual((again.status, again.raw), (304, b""))
        for other in ("?ensemble=none", "?scale=probability", "?scores=swap", "?format=tsv", "?aggregate=mean",
                      "?components=technical", "?features=technical"):
            answer = self.get(self.URL + other, {"If-None-Match": tag})
            self.assertEqual(answer.status, 200, other)
            self.assertNotEqual(answer.headers["etag"], tag)
        same = self.get("/api/v1/variants/REGION1-4846-t-tg/score", {"If-None-Match": tag})
        self.assertEqual(same.status, 304) # the same variant, spelled otherwise

    def options(self):
        """Members of a request, and what a query string has in their place."""
        tracks = self.get("/api/v1/models/tiny/tracks").json()["tracks"]
        like, labs = tracks[0]["id"], sorted({t["metadata"]["Library_lab"] for t in tracks})[:2]
        targets = sorted({t["metadata"]["proc_target"] for t in tracks} - {None, ""})
        contrast = {"a": {"proc_target": targets[0]}, "b": {"proc_target": targets[1]}, "like": like}
        over = {"over": ["Library_lab"], "levels": True, "tracks": {"ids": [like]}}
        settings = [{"values": {"Library_lab": labs[0]}, "weight": 3}, {"values": {"Library_lab": labs[1]}}]
        yield from ({"tracks": {"where": {"proc_target": targets[:2]}}}, over, {**over, "levels": False},
                    {**over, "distribution": "uniform"}, {**over, "distribution": "given", "settings": settings},
                    {"over": ["Library_lab", "proc_target"], "tracks": {"ids": [like]}},
                    contrast, {**contrast, "held": "technical"},
                    {"virtual_tracks": [{"id": "v", "like": like, "metadata": {"proc_target": targets[1]}, "bias": 1.5}]})

    @staticmethod
    def query(members):
        for name, value in members.items():
            if name == "tracks":
                yield from ("track=" + quote(t) for t in value.get("ids", []))
                value = value.get("where")
                name = "where"
            if name == "over":
                yield "over=" + quote(",".join(value))
            elif isinstance(value, bool):
                yield "%s=%s" % (name, "true" if value else "false")
            elif value is not None:
                yield "%s=%s" % (name, quote(value if isinstance(value, str) else json.dumps(value)))

    def test_what_a_list_may_ask_a_url_and_a_vcf_may(self):
        tags = [self.get(self.URL + "?ensemble=none&components=total,technical").headers["etag"]]
        vcf = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nregion1\t4846\t.\tT\tTG\t.\t.\t.\n"
        for members in self.options():
            with self.subTest(members=members):
                listed = self.post(SCORE, {"variants": ["region1-4846-T-TG"], "ensemble": "none",
                                           "components": ["total", "technical"], **members})
                self.assertEqual(listed.status, 200, listed.body)
                query = "?ensemble=none&components=total,technical&" + "&".join(self.query(members))
                answer = self.get(self.URL + query)
                self.assertEqual(answer.json(), listed.json())
                tags.append(answer.headers["etag"])
                answer = self.post(SCORE + query, vcf.encode(), {"Content-Type": "text/vcf"})
                self.assertEqual(answer.json(), listed.json())
        self.assertEqual(len(set(tags)), len(tags))

    def test_a_table_of_levels_has_a_cell_a_column_whatever_it_tells(self):
        request = {"variants": ["region1-4846-T-TG", "nowhere-1-A-C"], "ensemble": "none", "over": ["Library_lab"], "levels": True,
                   "scores": ["effect", "top", "l2"], "top": 2}
        table = [l.split("\t") for l in self.post(SCORE + "?format=tsv", request).body.decode().splitlines()]
        found = [dict(zip(table[0], r)) for r in table[1:]]
        self.assertEqual({len(r) for r in table}, {len(table[0])})
        self.assertEqual({r["score"] for r in found}, {"effect", "sd", "levels", "top", "l2", ""})
        self.assertTrue(all(bool(r["setting"]) == (r["score"] == "levels") for r in found))

    def test_what_goes_with_nothing_is_refused_where_it_stands(self):
        tracks = self.get("/api/v1/models/tiny/tracks").json()["tracks"]
        like, lab = tracks[0]["id"], tracks[0]["metadata"]["Library_lab"]
        over = {"over": ["Library_lab"], "tracks": {"ids": [like]}}
        vcf = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nregion1\t4846\t.\tT\tTG\t.\t.\t.\n"
        interval = {"model": "tiny", "intervals": ["region1:4846"], "ensemble": "none"}
        for members, pointer, remedy in (
                ({"levels": True}, "/levels", "over"), ({"distribution": "training"}, "/distribution", "over"),
                ({"distribution": "uniform"}, "/distribution", "over"),
                ({"settings": [{"values": {"Library_lab": lab}}]}, "/settings", "over"),
                ({"levels": True, **over, "scores": ["reference", "l2"]}, "/levels", "effect"),
                ({"like": like}, "/like", '"a" and "b"'), ({"held": "nothing"}, "/held", '"a" and "b"'),
                ({"held": "technical", **over}, "/held", '"a" and "b"')):
            with self.subTest(members=members):
                answer = self.post(SCORE, {"variants": ["region1-4846-T-TG"], "ensemble": "none", **members})
                self.assertProblem(answer, 400, "conflicting-members", remedy)
                self.assertEqual(answer.json()["pointer"], pointer)
                scan = {"scores": ["centred"]} if "scores" in members else {}
                answer = self.post("/api/v1/ism", {**interval, **members, **scan})
                self.assertProblem(answer, 400, "conflicting-members", remedy)
                self.assertEqual(answer.json()["pointer"], pointer)
                query = "?ensemble=none&" + "&".join(self.query({k: v for k, v in members.items() if k != "scores"}))
                query += "&scores=" + ",".join(members["scores"]) if "scores" in members else ""
                for answer in (self.get(self.URL + query),
                               self.post(SCORE + query, vcf.encode(), {"Content-Type": "text/vcf"}),
                               self.post(SCORE + query + "&format=vcf", vcf.encode(), {"Content-Type": "text/vcf"})):
                    self.assertProblem(answer, 400, "conflicting-members", remedy)
                    self.assertIn(pointer[1:], answer.json()["detail"])
        # what says nothing may stand there
        self.assertEqual(self.post(SCORE, {"variants": ["region1-4846-T-TG"], "levels": False}).status, 200)

    def test_what_a_url_says_wrong_is_told_in_words(self):
        for query, status, slug, word in (
                ("a={", 400, "malformed-json", "a: line 1"), ("a={%22x%22:1}", 400, "missing-member", "both settings"),
                ("a=7&b={}", 400, "wrong-type", "/a"), ("over=", 400, "invalid-value", "/over/0"),
                ("over=nope", 422, "unknown-column", "nope"), ("levels=1", 400, "wrong-type", "/levels"),
                ("over=Library_lab&over=proc_target", 400, "invalid-parameter", "twice"),
                ("distribution=flat", 400, "invalid-value", "/distribution"), ("held=all", 400, "invalid-value", "/held"),
                ("where={%22proc_target%22:[%22CTC%22]}", 422, "unknown-label", "CTC"),
                ("virtual_tracks=[{}]", 400, "missing-member", "/virtual_tracks/0"),
                ("virtual_tracks=[{%22id%22:%22v%22,%22metadata%22:{%22x%22:1}}]&track=x", 400, "conflicting-members", "tracks"),
                ("a={%22x%22:1}&b={%22x%22:1}&aggregate=mean", 400, "conflicting-members", "no tracks"),
                ("settings=" + "[" * 20, 413, "over-limit", "json_depth"),
                ("scale=probability&components=technical", 422, "unsupported-component", "logit")):
            with self.subTest(query=query):
                answer = self.get(self.URL + "?" + query)
                self.assertProblem(answer, status, slug, word)
                self.assertNotIn("pointer", answer.json())

    def test_tracks_go_by_name(self):
        ids = [t["id"] for t in self.get("/api/v1/models/tiny/tracks").json()["tracks"]]
        answer = self.get(self.URL + "?track=%s&track=%s" % (ids[3], ids[1]))
        self.assertEqual(answer.json()["tracks"], [ids[3], ids[1]])
        answer = self.get(self.URL + "?track=nope")
        self.assertProblem(answer, 422, "unknown-track", "nope")
        self.assertNotIn("pointer", answer.json()) # there is no body

    def test_what_is_not_a_variant_here_is_a_problem(self):
        for text, status, slug in (("region1-4846-A-C", 422, "ref-mismatch"), ("nope", 422, "malformed-variant"),
                                   ("chr9-5-A-C", 422, "contig-unknown"), ("region1-5-A-C", 422, "window-off-contig")):
            self.assertProblem(self.get("/api/v1/variants/%s/score" % text), status, slug)
        self.assertProblem(self.get(self.URL + "?colour=red"), 400, "invalid-parameter", "colour")
        self.assertProblem(self.get(self.URL + "?scores=delta"), 400, "invalid-parameter", "swap")


class Notations(harness.Case):
    """POST /api/v1/variants/normalize"""
    PATH = "/api/v1/variants/normalize"

    def test_one_variant_has_one_normal_form(self):
        answer = self.post(self.PATH, {"variants": [
            "region1-4846-T-TG", "region1:4846::G", "region1:g.4847dup",
            {"chrom": "region1", "pos": 4846, "ref": "TG", "alt": "TGG", "id": "long"}]})
        forms = [{k: v for k, v in r.items() if k not in ("index", "id", "changed")} for r in answer.json()["results"]]
        self.assertEqual(forms[0]["variant"], {"chrom": "region1", "pos": 4846, "ref": "T", "alt": "TG"})
        self.assertEqual(forms[1:], forms[:1] * 3)
        self.assertEqual([r["changed"] for r in answer.json()["results"]][3], True)

    def test_what_is_wrong_is_said_a_variant_at_a_time(self):
        answer = self.post(self.PATH, {"variants": ["region1-4846-A-C", "x", "region1-4846-T-TG"]})
        self.assertEqual(slugs(answer), [("error", "ref-mismatch", "/variants/0"),
                                         ("error", "malformed-variant", "/variants/1"), "ok"])
        lines = self.post(self.PATH + "?format=ndjson", {"variants": ["x", "region1-4846-T-TG"]}).lines()
        self.assertEqual([line.get("status") for line in lines], [None, "error", "ok", None])
        self.assertProblem(self.post(self.PATH, {"variants": ["x"], "strict": True}), 422, "malformed-variant")
        self.assertProblem(self.post(self.PATH, {"variants": ["x"], "model": "tiny"}), 400, "unknown-member")


if __name__ == "__main__":
    unittest.main()
