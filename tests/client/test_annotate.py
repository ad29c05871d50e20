"""A VCF that mfd annotates is the one that mfdd answers with: the same fields, declarations and digits, whatever the
scores."""

import gzip
import json
import os
import re
import shutil
import subprocess
import unittest

from live import Live, harness

SCORE = "/api/v1/variants/score"
TRACKS = ["DREAM_HepG2_CTCF", "DREAM_HepG2_MAX", "ENCFF982DUT"]
SCORES = ("effect", "reference", "alternative", "difference", "swap", "sar", "quantile", "max_abs", "l2", "share",
          "agreement")
VCF = ("##fileformat=VCFv4.2\n##contig=<ID=chr20>\n"
       '##INFO=<ID=DP,Number=1,Type=Integer,Description="x">\n'
       '##INFO=<ID=MFD_SAR,Number=1,Type=String,Description="of another run">\n'
       "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
       "chr20\t42984261\ta\tC\tT,A\t7\tPASS\tDP=1;MFD_SAR=9\nchr20\t42984264\tb\tT\tG\t.\t.\t.\n"
       "chr20\t42984264\tc\tA\tC\t.\t.\t.\nchr20\t42984264\te\tG\t<DEL>,*,GATTACA\t.\t.\t.\n"
       "chr20\t42984300\tf\t%s\t.\t.\t.\tDP=3\n" % "N")


def records(text):
    return [line for line in text.splitlines() if not line.startswith("#")]


def declarations(text):
    return [line for line in text.splitlines() if re.match("##INFO=<ID=MFD_|##mfd=", line)]


class Annotated(Live):
    def servers(self, query):
        answer = self.daemon.request("POST", SCORE + "?format=vcf&ensemble=none&" + query, VCF.encode(),
                                     {"Content-Type": "text/vcf"})
        self.assertEqual(answer.status, 200, answer.body[:500])
        return answer.body.decode()

    def ours(self, *options):
        return self.ask("score", "-", "-f", "vcf", "-e", "none", *options, stdin=VCF.encode(), code=4).out

    def hold(self, options, query):
        ours, theirs = self.ours(*options), self.servers(query)
        self.assertEqual(declarations(ours), declarations(theirs))
        self.assertEqual(records(ours), records(theirs))
        return {name for line in declarations(ours) for name in re.findall("<ID=(MFD_[A-Z0-9_]+),Number=A", line)}

    def test_summaries_are_the_servers_to_the_digit(self):
        parts = "components=total,biological,technical"
        self.assertEqual(self.hold((), parts), {"MFD_STATUS", "MFD_TRACK", "MFD_EFFECT", "MFD_BIO", "MFD_TECH", "MFD_L2",
                                                "MFD_SHARE"})
        self.assertIn("MFD_TOP", self.hold(("--top", "5"), parts + "&top=5"))
        self.hold(("-c", "total"), "components=total")
        self.hold(("-c", "technical"), "components=technical")
        self.hold(("--scale", "probability"), "scale=probability")
        self.hold(("--aggregate", "mean"), parts + "&aggregate=mean")
        self.hold(("-t", TRACKS[0]), parts + "&track=" + TRACKS[0])

    def test_every_score_is_the_servers_to_the_digit(self):
        parts, seen = "components=total,biological,technical", set()
        for score in SCORES:
            with self.subTest(score=score):
                seen |= self.hold(("--scores", score), parts + "&scores=" + score)
        for fields in ("EFFECTS", "EFFECTS_BIO"):
            self.assertNotIn("MFD_" + fields, seen)
        tracks = ("-t", ",".join(TRACKS))
        together = self.hold(("--scores", ",".join(SCORES), "--top", "2", *tracks),
                             parts + "&top=2&scores=%s&%s" % (",".join(SCORES), "&".join("track=" + t for t in TRACKS)))
        self.assertTrue({"MFD_EFFECTS_TECH", "MFD_REF", "MFD_ALT_BIO", "MFD_DIFF", "MFD_SWAP_BIO", "MFD_SAR",
                         "MFD_QUANTILE", "MFD_MAX_ABS", "MFD_L2_TECH", "MFD_SHARE_TRACKS", "MFD_MOSTLY_TECHNICAL",
                         "MFD_AGREEMENT", "MFD_TOP"} <= together, together)
        self.assertNotIn("MFD_SHARE_TRACKS", self.hold(("--scores", "share,sar", "--aggregate", "max"),
                                                       parts + "&aggregate=max&scores=share,sar"))
        self.hold(("--scores", "reference,alternative", "--scale", "probability", "-t", TRACKS[0]),
                  "scale=probability&scores=reference,alternative&track=" + TRACKS[0])

    def test_features_are_the_servers_to_the_digit(self):
        parts = "components=total,biological,technical"
        self.assertTrue({"MFD_FEATURES_BIO", "MFD_FEATURES_TECH", "MFD_SAR"} <= self.hold(
            ("--features", "biological,technical", "--scores", "sar"), parts + "&scores=sar&features=biological,technical"))
        self.assertNotIn("MFD_FEATURES_BIO", self.hold(("--features", "technical"), parts + "&features=technical"))
        whole = json.loads(self.ask("score", "chr20-42984261-C-T", "-f", "json", "--features", "biological").out)
        told = self.daemon.request("POST", SCORE, {"variants": ["chr20-42984261-C-T"], "features": ["biological"],
                                                   "components": ["total", "biological", "technical"]}).json()
        self.assertEqual(whole["results"], told["results"])
        self.assertIn("--features", self.ask("score", "chr20-42984261-C-T", "--features", "technical", code=2).err)
        self.assertIn("biological", self.ask("score", "-", "-f", "vcf", "--features", "some", stdin=VCF.encode(), code=1).err)

    def test_features_of_a_model_without_subspaces_are_one_field(self):
        plain = harness.Daemon(models={"plain": "baseline"}, genomes={"region": "region.fa"})
        try:
            text = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nregion1\t4846\t.\tT\tTG\t.\t.\t.\n"
            query = "?format=vcf&ensemble=none&features=biological,technical"
            told = plain.request("POST", SCORE + query, text.encode(), {"Content-Type": "text/vcf"}).body.decode()
            ours = self.ask("score", "-", "-f", "vcf", "-e", "none", "-c", "total", "--features", "biological,technical",
                            "-S", "http://127.0.0.1:%d" % plain.port, stdin=text.encode()).out
        finally:
            plain.stop()
        self.assertEqual((declarations(ours), records(ours)), (declarations(told), records(told)))
        self.assertIn("MFD_FEATURES=", ours)

    def test_numbers_are_those_of_the_json_answer(self):
        ours = self.ours("--scores", "sar,reference", "-t", ",".join(TRACKS))
        told = self.daemon.request("POST", SCORE, {"variants": ["chr20-42984261-C-T", "chr20-42984261-C-A"], "ensemble":
                                   "none", "scores": ["sar", "reference"], "tracks": {"ids": TRACKS},
                                   "components": ["total", "technical"]})
        told = json.loads(told.body, parse_float=str)["results"]
        fields = dict(entry.partition("=")[::2] for entry in records(ours)[0].split("\t")[7].split(";"))
        self.assertEqual(fields["MFD_SAR"], ",".join("|".join(r["sar"]["total"]) for r in told))
        self.assertEqual(fields["MFD_REF_TECH"], ",".join("|".join(r["reference"]["technical"]) for r in told))
        self.assertEqual(fields["DP"], "1")

    def test_a_file_of_scores_is_the_same_as_a_job(self):
        to = os.path.join(self.folder.name, "scores.vcf.gz")
        options = ("--scores", "sar,l2", "-t", TRACKS[0])
        self.ask("score", "-", "-o", to, "-e", "none", "--job", *options, stdin=VCF.encode(), code=4)
        with gzip.open(to, "rt") as file:
            self.assertEqual(file.read(), self.ours(*options))

    @unittest.skipUnless(shutil.which("bcftools"), "bcftools is not installed")
    def test_bcftools_filters_by_a_score(self):
        text = self.ours("--scores", "sar", "-t", TRACKS[0])
        p = subprocess.run(["bcftools", "query", "-i", "MFD_SAR<0", "-f", "%ID %INFO/MFD_SAR\n", "-"], input=text,
                           capture_output=True, text=True)
        self.assertEqual((p.returncode, p.stderr), (0, ""))
        below = [line.split("\t")[2] for line in records(text) if re.search("MFD_SAR=(.*,)?-", line)]
        self.assertEqual([line.split()[0] for line in p.stdout.splitlines()], below)
        self.assertTrue(below)

    def test_scores_of_all_tracks_have_no_place_in_rows_of_one(self):
        for format in ("tsv", "table"):
            self.assertIn("l2", self.ask("score", "chr20-42984261-C-T", "-f", format, "--scores", "sar,l2", code=2).err)
        whole = json.loads(self.ask("score", "chr20-42984261-C-T", "-f", "json", "--scores", "l2,difference").out)
        told = self.daemon.request("POST", SCORE, {"variants": ["chr20-42984261-C-T"], "scores": ["l2", "difference"],
                                                   "components": ["total", "biological", "technical"]}).json()
        self.assertEqual(whole["results"], told["results"])
        rows = self.ask("score", "chr20-42984261-C-T", "--scores", "difference", "-t", TRACKS[0]).rows()
        self.assertAlmostEqual(float(rows[0]["difference"]), told["results"][0]["difference"]["total"][
            told["tracks"].index(TRACKS[0])], delta=1e-8)
        self.assertIn("'sd'", self.ask("score", "chr20-1-A-C", "--scores", "sar,sd", code=2).err)


if __name__ == "__main__":
    unittest.main()
