"""variants/score answered in VCF: held against its JSON, and read by bcftools and tabix."""
import gzip
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from urllib.parse import unquote

import golden
import harness

SCORE = "/api/v1/variants/score"
CONTIG, BASES = next(harness.records("region.fa"))
VCF = {"Content-Type": "text/vcf"}


def records(text):
    return [line.split("\t") for line in text.splitlines() if not line.startswith("#")]


def info(record):
    return dict(entry.partition("=")[::2] for entry in record[7].split(";"))


class Annotated(harness.Case):
    settings = {"limits.passes": 1000000}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        def at(pos):
            return BASES[pos - 1].upper()
        other = {"A": "C", "C": "G", "G": "T", "T": "A"}
        rows = [(30001, at(30001), other[at(30001)]), (30002, at(30002), "%s,*,%s" % (other[at(30002)], at(30002) + "GA")),
                (30002, at(30002), other[at(30002)]), (29000, at(29000), "<DEL>"), (30500, other[at(30500)], at(30500)),
                (31000, at(31000), "."), (5, at(5), other[at(5)]), (32000, at(32000) , "A" * 40)]
        cls.lines = ["%s\t%d\trs%d;x\t%s\t%s\t3.5\tPASS\tDP=%d;MFD_L2=old\tGT\t0/1" % (CONTIG, pos, i, ref, alt, i)
                     for i, (pos, ref, alt) in enumerate(rows)]
        cls.lines.insert(3, "%s\tx\t.\tA\tC\t.\t.\t." % CONTIG)
        cls.text = "\n".join(["##fileformat=VCFv4.2", "##INFO=<ID=DP,Number=1,Type=Integer,Description=\"Depth\">",
                              "##INFO=<ID=MFD_L2,Number=1,Type=String,Description=\"another\">",
                              "##FORMAT=<ID=GT,Number=1,Type=String,Description=\"g\">",
                              "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts1"] + cls.lines) + "\n"

    def ask(self, query="", body=None, headers=None):
        answer = self.post(SCORE + "?format=vcf&components=total,biological,technical&top=2" + query,
                           (body or self.text).encode(), headers or VCF)
        self.assertEqual(answer.status, 200, answer.body[:500])
        self.assertTrue(answer.headers["content-type"].startswith("text/vcf"))
        return answer.body.decode()

    def test_records_are_kept_in_order_with_every_allele_told(self):
        text = self.ask()
        kept = [line.split("\t") for line in self.lines if line.split("\t")[1] != "x"]
        out = records(text)
        self.assertEqual([r[:7] + r[8:] for r in out], [r[:7] + r[8:] for r in kept])
        told = self.post(SCORE + "?components=total,biological,technical", self.text.encode(), VCF).json()
        results = iter(r for r in told["results"] if r["status"] == "ok" or "malformed" not in r["problem"]["type"])
        for record in out:
            fields = info(record)
            self.assertEqual(fields["DP"], "%d" % int(record[2][2:].split(";")[0]))
            self.assertNotIn("old", record[7])
            for a in range(len(record[4].split(","))):
                r = next(results)
                value = {name: text.split(",")[a] for name, text in fields.items() if name.startswith("MFD_")}
                if r["status"] != "ok":
                    self.assertEqual(value["MFD_STATUS"], r["problem"]["type"].split("/")[-1])
                    self.assertIn(value.get("MFD_EFFECT", "."), ".")
                    continue
                self.assertEqual(value["MFD_STATUS"], "flipped" if r["flipped"] else "ok")
                total = r["effect"]["total"]
                best = sorted(range(len(total)), key=lambda t: -abs(total[t]))[:2]
                self.assertEqual(value["MFD_TRACK"], told["tracks"][best[0]])
                for name, part in (("MFD_EFFECT", "total"), ("MFD_BIO", "biological"), ("MFD_TECH", "technical")):
                    self.assertEqual(float(value[name]), r["effect"][part][best[0]])
                top = [entry.split(":") for entry in value["MFD_TOP"].split("|")]
                self.assertEqual([unquote(e[0]) for e in top], [told["tracks"][t] for t in best])
                self.assertAlmostEqual(float(value["MFD_L2"]), sum(x * x for x in total) ** 0.5, places=6)
                bio, tech = (sum(map(abs, r["effect"][p])) for p in ("biological", "technical"))
                self.assertAlmostEqual(float(value["MFD_SHARE"]), bio / (bio + tech), places=6)
        self.assertIsNone(next(results, None))
        self.assertIn("flipped", text)
        head = [line for line in text.splitlines() if line.startswith("##")]
        self.assertEqual(sum("ID=MFD_L2," in line for line in head), 1)
        self.assertTrue(any(line.startswith("##mfd_left_out=5 malformed-variant") for line in head), head)
        summary = next(line for line in head if line.startswith("##mfd_summary="))
        self.assertIn("alleles %d, scored %d" % (told["summary"]["items"], told["summary"]["ok"]), summary)
        for slug, count in told["summary"]["reasons"].items():
            self.assertIn("%s %d" % (slug, count), summary)

    def test_gzip_in_and_out_crlf_and_a_missing_header_change_nothing(self):
        text = self.ask()
        packed = self.post(SCORE + "?format=vcf&components=total,biological,technical&top=2",
                           gzip.compress(self.text.encode()), {"Content-Type": "application/gzip", "Accept-Encoding": "gzip"})
        self.assertEqual(packed.headers.get("content-encoding"), "gzip")
        self.assertEqual(packed.body.decode(), text)
        self.assertEqual(self.ask(body=self.text.replace("\n", "\r\n")), text)
        short = self.ask(body="\n".join(self.text.splitlines()[4:]) + "\n")
        self.assertEqual(records(short), records(text))

    def test_parts_of_a_long_one_join_without_a_seam(self):
        """More records than a part, the alleles of none torn apart."""
        lines = ["%s\t%d\t.\t%s\t%s" % (CONTIG, 20000 + i, BASES[19999 + i].upper(), ",".join(
            b for b in "ACGT" if b != BASES[19999 + i].upper())) for i in range(300)]
        body = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "\n".join(lines) + "\n"
        text = self.ask("&ensemble=none", body)
        out = records(text)
        self.assertEqual([r[:5] for r in out], [line.split("\t") for line in lines])
        self.assertEqual({info(r)["MFD_STATUS"] for r in out}, {"ok,ok,ok"})
        self.assertEqual(text.count("#CHROM"), 1)
        job = self.post("/api/v1/jobs?format=vcf&components=total,biological,technical&top=2&ensemble=none", body.encode(), VCF)
        self.assertEqual(job.status, 202, job.body)
        path = job.headers["location"]
        self.daemon.wait_until(lambda: self.get(path).json()["state"] in ("done", "failed"), 0.02)
        self.assertEqual(self.get(path + "/result").body.decode(), text)

    def test_a_list_becomes_a_small_vcf(self):
        variants = golden.variants()[:5] + ["gibberish", "%s-30001-%s-<DEL>" % (CONTIG, BASES[30000].upper())]
        answer = self.post(SCORE, {"variants": variants}, {"Accept": "text/vcf"})
        self.assertEqual(answer.status, 200, answer.body)
        out = records(answer.body.decode())
        self.assertEqual([(r[0], int(r[1]), r[2], r[3], r[4]) for r in out[:5]],
                         [(v["chrom"], v["pos"], v["id"], v["ref"], v["alt"]) for v in variants[:5]])
        self.assertEqual(info(out[-1])["MFD_STATUS"], "symbolic-allele")
        self.assertIn("##mfd_left_out=5 malformed-variant", answer.body.decode())
        self.assertNotIn("MFD_BIO", answer.body.decode())
        v = variants[0]
        one = self.get("/api/v1/variants/%s-%d-%s-%s/score?format=vcf" % (v["chrom"], v["pos"], v["ref"], v["alt"]))
        self.assertEqual(info(records(one.body.decode())[0]), info(out[0]))

    def test_a_header_that_would_be_too_long_is_refused(self):
        like = self.get("/api/v1/models/tiny/tracks").json()["tracks"][0]["id"]
        virtual = [{"id": "%04d" % i + "|" * 1020, "like": like, "metadata": {"proc_target": "CTCF"}} for i in range(400)]
        request = {"variants": golden.variants()[:1], "virtual_tracks": virtual, "over": ["Library_lab"], "ensemble": "none",
                   "components": ["total", "biological", "technical"], "levels": True}
        answer = self.post(SCORE + "?format=vcf", request)
        self.assertProblem(answer, 422, "unsupported", "header of a VCF", "16 MiB", "JSON")
        self.assertEqual(answer.json()["pointer"], "/levels")
        for fewer in ({"levels": False}, {"virtual_tracks": virtual[:20]}):
            self.assertEqual(self.post(SCORE + "?format=vcf", {**request, **fewer}).status, 200)

    @unittest.skipUnless(shutil.which("bcftools") and shutil.which("tabix"), "bcftools and tabix are not installed")
    def test_bcftools_and_tabix_read_it(self):
        sorted_lines = sorted((line for line in self.lines if line.split("\t")[1] != "x"), key=lambda line: int(line.split("\t")[1]))
        text = self.ask(body="\n".join(self.text.splitlines()[:5] + sorted_lines) + "\n")
        with tempfile.TemporaryDirectory() as d:
            path = os.path.join(d, "out.vcf")
            with open(path, "w", encoding="ascii") as f:
                f.write(text)
            def run(*command):
                ended = subprocess.run(command, capture_output=True, text=True, check=True)
                self.assertEqual([line for line in ended.stderr.splitlines() if "[W::" in line or "[E::" in line], [])
                return ended.stdout
            run("bcftools", "view", "-Oz", "-o", path + ".gz", path)
            run("tabix", "-p", "vcf", path + ".gz")
            self.assertEqual(len(run("tabix", path + ".gz", "%s:30001-30002" % CONTIG).splitlines()), 3)
            queried = run("bcftools", "query", "-f", "%POS\t%INFO/MFD_STATUS\t%INFO/MFD_EFFECT\n", path).splitlines()
            self.assertEqual([q.split("\t")[:2] for q in queried], [[r[1], info(r)["MFD_STATUS"]] for r in records(text)])


COMPONENTS = {"total": "", "biological": "_BIO", "technical": "_TECH", "all": ""}
FIELDS = {"effect": "MFD_EFFECTS", "sd": "MFD_SD", "reference": "MFD_REF", "alternative": "MFD_ALT",
          "difference": "MFD_DIFF", "swap": "MFD_SWAP", "sar": "MFD_SAR", "quantile": "MFD_QUANTILE",
          "max_abs": "MFD_MAX_ABS", "l2": "MFD_L2", "agreement": "MFD_AGREEMENT", "features": "MFD_FEATURES"}
SHARES = {"tracks": "MFD_SHARE_TRACKS", "biological": "MFD_SHARE", "mostly_technical": "MFD_MOSTLY_TECHNICAL"}
SCORES = ["effect", "reference", "alternative", "difference", "swap", "sar", "quantile", "max_abs", "l2", "share", "agreement"]


class Assemblies(harness.Case):
    """REF agrees by chance with one variant in four of another assembly: lengths of contigs tell it for certain."""

    def test_variants_of_another_assembly_are_not_scored(self):
        ref = BASES[30000].upper()
        variant = {"chrom": CONTIG, "pos": 30001, "ref": ref, "alt": "A" if ref != "A" else "C"}
        row = "\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n%s\t30001\t.\t%s\t%s\t.\t.\t.\n" % (
            CONTIG, ref, variant["alt"])
        for length, status in ((len(BASES), "ok"), (len(BASES) + 1, "error")):
            header = "##contig=<ID=%s,length=%d>" % (CONTIG, length)
            given = [self.post(SCORE, (header + row).encode(), VCF),
                     self.post(SCORE, {"variants": [{**variant, "chrom_length": length}]}),
                     self.post("/api/v1/variants/normalize", {"variants": [{**variant, "chrom_length": length}]})]
            for answer in given:
                result = answer.json()["results"][0]
                self.assertEqual(result["status"], status)
                if status == "error":
                    self.assertEqual(result["problem"]["type"], "/problems/contig-unknown")
                    self.assertIn("%d bases" % length, result["problem"]["detail"])
                    self.assertIn("lift the coordinates over", result["problem"]["detail"])
        self.assertProblem(self.post(SCORE, {"variants": [{**variant, "chrom_length": 0}], "strict": True}), 422,
                           "invalid-value")


class Scores(harness.Case):
    """Every score as an INFO field, of the demo: it has a background and laboratories."""
    models, genomes, arguments = {}, {}, ("--demo",)
    variants = ["chr20-42984261-C-T", "chr20-42984264-G-A", "chr20-42984264-T-A", "chr20-42984270-<DEL>-A"]

    def both(self, **options):
        """The JSON answer of a request, and what the VCF of the same request says: header lines and records."""
        request = {"variants": self.variants, "ensemble": "none", **options}
        told = self.post(SCORE, request)
        self.assertEqual(told.status, 200, told.body[:500])
        vcf = self.post(SCORE + "?format=vcf", request)
        self.assertEqual(vcf.status, 200, vcf.body[:500])
        self.vcf = vcf.body.decode()
        head = [line for line in self.vcf.splitlines() if line.startswith("##INFO=<ID=MFD_")]
        # by ID: Type and Description
        declared = {}
        for line in head:
            name, number, kind, text = re.fullmatch('##INFO=<ID=([^,]+),Number=([^,]+),Type=([^,]+),Description="(.*)">', line).groups()
            self.assertNotIn(name, declared)
            self.assertEqual(number, "A")
            declared[name] = (kind, text)
        return json.loads(told.body, parse_float=str, parse_int=str), declared, records(self.vcf)

    @staticmethod
    def fields_of(result, tracks=1):
        """INFO as the JSON answer would have it, to the digits: ID, text, how many numbers, and of what."""
        def text(values):
            return "|".join("." if v is None else v for v in values), len(values)
        for group in [*FIELDS, "share"]:
            for name, values in result.get(group, {}).items():
                alone = group in ("max_abs", "l2", "agreement") or group == "share" and name != "tracks"
                yield (SHARES[name] if group == "share" else FIELDS[group] + COMPONENTS[name], *text(values),
                       None if alone else group)
        for name, values in result.get("levels", {}).items():
            for s in range(len(values) // tracks):
                yield ("MFD_LEVEL_%d%s" % (s + 1, COMPONENTS[name]), *text(values[s::len(values) // tracks]), s)

    def technical(self, told):
        """Features of the technical subspace, which are numbered before the biological ones."""
        return self.get("/api/v1/models/" + told["provenance"]["model"]).json()["features"]["technical"]

    def hold(self, **options):
        told, declared, out = self.both(**options)
        seen, scored = set(), [r for r in told["results"] if r["status"] == "ok"]
        self.assertTrue(scored)
        for result in scored:
            record = next(r for r in out if (r[1], r[3], r[4]) == tuple(result["variant"][k] for k in ("pos", "ref", "alt")))
            fields = info(record)
            for name, text, width, what in self.fields_of(result, len(told["tracks"])):
                seen.add(name)
                self.assertEqual(fields[name], text, name)
                self.assertEqual(declared[name][0], "Float" if width == 1 else "String")
                names = [unquote(n) for n in declared[name][1].partition("Format: ")[2].split("|")]
                if what == "features":
                    first = 0 if name.endswith("TECH") else self.technical(told)
                    self.assertEqual(names, [str(first + i) for i in range(width)])
                elif what is not None:
                    self.assertEqual(names, told["tracks"])
                if isinstance(what, int):
                    setting = told["provenance"]["settings"][what]
                    values = ";".join("%s=%s" % pair for pair in setting["values"].items())
                    self.assertIn("setting %d of the average: %s, whose weight is %s" % (what + 1, values, setting["weight"]),
                                  declared[name][1].replace('\\"', '"'))
        for record in out:
            if info(record)["MFD_STATUS"] not in ("ok", "flipped"):
                self.assertTrue(seen.isdisjoint(info(record)))
        return seen

    def test_every_score_has_the_digits_that_json_has(self):
        parts = ["total", "biological", "technical"]
        seen = self.hold(scores=SCORES, components=parts)
        self.assertEqual(seen, {FIELDS[g] + c for g in ("effect", "reference", "alternative", "max_abs", "l2", "agreement")
                                for c in COMPONENTS.values()} |
                         {"MFD_DIFF", "MFD_SWAP_BIO", "MFD_SWAP_TECH", "MFD_SAR", "MFD_QUANTILE"} | set(SHARES.values()))
        track = self.both()[0]["tracks"][0]
        self.hold(scores=SCORES, components=parts, tracks={"ids": [track]})
        self.hold(scores=["effect", "reference", "share", "l2"], components=parts, tracks={"aggregate": "mean"})
        self.hold(scores=["effect", "reference", "sar"], scale="probability")
        self.assertIn("MFD_SD_TECH", self.hold(scores=["effect", "l2"], components=parts,
                                               tracks={"ids": [track]}, over=["Library_lab"]))
        self.assertIn("MFD_REF", self.hold(scores=["effect", "reference"], a={"Biosample_term_name": "HepG2"},
                                           b={"Biosample_term_name": "K562"}, like=track))

    def test_features_are_fields_in_the_order_of_the_model(self):
        self.assertEqual(self.hold(features=["biological", "technical"], scores=["sar"]),
                         {"MFD_SAR", "MFD_FEATURES_BIO", "MFD_FEATURES_TECH"})
        self.assertEqual(self.hold(features=["technical"], scores=["sar"]), {"MFD_SAR", "MFD_FEATURES_TECH"})
        one = "/api/v1/variants/%s/score?features=technical&ensemble=none&format=" % self.variants[0]
        told = json.loads(self.get(one + "json").body, parse_float=str)["results"][0]["features"]["technical"]
        self.assertEqual(info(records(self.get(one + "vcf").body.decode())[0])["MFD_FEATURES_TECH"], "|".join(told))

    def test_levels_of_an_average_are_a_field_each(self):
        tracks, parts = self.both()[0]["tracks"], ["total", "biological", "technical"]
        for chosen, columns in ((tracks[:1], ["Library_lab"]), (tracks[:3], ["Library_lab", "Processing_pipeline"])):
            seen = self.hold(over=columns, levels=True, tracks={"ids": chosen}, components=parts, scores=["effect", "l2"])
            n = sum(name.startswith("MFD_LEVEL_") for name in seen)
            self.assertGreater(n, 9)
            self.assertEqual({name for name in seen if name.startswith("MFD_LEVEL_")},
                             {"MFD_LEVEL_%d%s" % (s + 1, c) for s in range(n // 3) for c in ("", "_BIO", "_TECH")})
            query = "&over=%s&levels=true&components=%s&scores=effect,l2&%s" % (
                ",".join(columns), ",".join(parts), "&".join("track=" + t for t in chosen))
            body = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + \
                "chr20\t42984261\t.\tC\tT\t.\t.\t.\n"
            listed = next(r for r in records(self.vcf) if r[1:5:2] == ["42984261", "C"])
            answer = self.post(SCORE + "?format=vcf&ensemble=none" + query, body.encode(), VCF)
            self.assertEqual(info(records(answer.body.decode())[0]), info(listed))
        self.assertNotIn("MFD_LEVEL", "".join(self.hold(over=["Library_lab"], tracks={"ids": tracks[:1]}, scores=["l2"])))

    def test_a_place_that_only_another_assembly_has_is_told_of_which_this_is(self):
        for path, request in ((SCORE, {"variants": ["chr20-64000000-C-T"]}),
                              ("/api/v1/predict", {"intervals": ["chr20:64000000-64000001"]})):
            problem = self.post(path, request).json()["results"][0]["problem"]
            self.assertEqual(problem["type"], "/problems/window-off-contig")
            self.assertIn("63025520 bases in GRCh37", problem["detail"])

    def test_effects_of_every_track_are_told_beside_other_scores_only(self):
        self.assertNotIn("MFD_EFFECTS", self.both()[1])
        self.assertNotIn("MFD_EFFECTS", self.both(scores=["sar"])[1])
        self.assertIn("MFD_EFFECTS", self.both(scores=["effect", "sar"])[1])
        path = "/api/v1/variants/%s/score?format=vcf&scores=" % self.variants[0]
        tags = [self.get(path + scores).headers["etag"] for scores in ("sar", "effect,sar")]
        self.assertNotEqual(*tags)

    @unittest.skipUnless(shutil.which("bcftools"), "bcftools is not installed")
    def test_bcftools_queries_filters_and_splits_it(self):
        def run(*command):
            ended = subprocess.run(["bcftools", *command], input=self.vcf, capture_output=True, text=True)
            self.assertEqual(ended.returncode, 0, ended.stderr)
            self.assertEqual([line for line in ended.stderr.splitlines() if "[W::" in line or "[E::" in line], [])
            return ended.stdout.splitlines()
        told, _, _ = self.both(scores=SCORES, components=["total", "biological", "technical"])
        good = [r for r in told["results"] if r["status"] == "ok"]
        names = [name for name, _, _, _ in self.fields_of(good[0])]
        queried = run("query", "-i", 'MFD_STATUS="ok"', "-f", "\t".join("%INFO/" + n for n in names) + "\n", "-")
        self.assertEqual(len(queried), len(good))
        for line, result in zip(queried, good):
            for name, value, (_, text, width, _) in zip(names, line.split("\t"), self.fields_of(result)):
                if width > 1:
                    self.assertEqual(value, text, name)
                elif text == ".":
                    self.assertEqual(value, ".")
                else:
                    self.assertAlmostEqual(float(value), float(text), delta=1e-5 * abs(float(text)), msg=name)
        told, _, _ = self.both(scores=["sar"], tracks={"ids": told["tracks"][:1]})
        good = [r for r in told["results"] if r["status"] == "ok"]
        least = min(good, key=lambda r: float(r["sar"]["total"][0]))
        bound = sum(float(r["sar"]["total"][0]) for r in good) / len(good)
        kept = run("view", "-H", "-i", "MFD_SAR<%r" % bound, "-")
        self.assertIn(least["variant"]["pos"], [line.split("\t")[1] for line in kept])
        self.assertEqual(len(kept), sum(float(r["sar"]["total"][0]) < bound for r in good))
        told, _, _ = self.both(over=["Library_lab"], levels=True, tracks={"ids": told["tracks"][:1]})
        level = {r["variant"]["pos"] + r["variant"]["alt"]: float(r["levels"]["total"][1]) for r in told["results"] if r["status"] == "ok"}
        bound = sum(level.values()) / len(level)
        kept = run("view", "-H", "-i", "MFD_LEVEL_2<%r" % bound, "-")
        self.assertEqual({line.split("\t")[1] + line.split("\t")[4] for line in kept}, {k for k, x in level.items() if x < bound})
        self.both(features=["technical"])
        self.assertIn("|", run("query", "-f", "%INFO/MFD_FEATURES_TECH\n", "-")[0])
        body = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nchr20\t42984261\t.\tC\tT,A\t.\t.\t.\n"
        query = "&ensemble=none&scores=sar,reference"
        self.vcf = self.post(SCORE + "?format=vcf" + query, body.encode(), VCF).body.decode()
        told = self.post(SCORE + "?format=json" + query, body.encode(), VCF)
        told = json.loads(told.body, parse_float=str, parse_int=str)["results"]
        split = run("norm", "-m-", "-")
        self.assertEqual([(r[4], info(r)["MFD_SAR"], info(r)["MFD_REF"]) for r in records("\n".join(split))],
                         [(alt, *("|".join(r[g]["total"]) for g in ("sar", "reference"))) for alt, r in zip("TA", told)])


class Baseline(harness.Case):
    models = {"baseline": "baseline"}

    def test_features_of_a_model_without_subspaces_are_one_field(self):
        request = {"variants": golden.variants()[:3], "features": ["biological", "technical"], "ensemble": "none"}
        told = json.loads(self.post(SCORE, request).body, parse_float=str)["results"]
        text = self.post(SCORE + "?format=vcf", request).body.decode()
        n = len(told[0]["features"]["all"])
        self.assertIn("Format: %s\">" % "|".join(map(str, range(n))), text)
        self.assertEqual([info(r)["MFD_FEATURES"] for r in records(text)], ["|".join(r["features"]["all"]) for r in told])


if __name__ == "__main__":
    unittest.main()
