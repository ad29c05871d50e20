"""predict, features and score: inputs of every kind, long inputs in pieces, answers in every format."""

import gzip
import json
import os
import tempfile
import unittest

from daemon import TRACKS, Daemon, number
from fake import Answer, Fake, problem
from tool import Case, mfd, sent

VCF = ("##fileformat=VCFv4.2\r\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\r\n"
       "chr20\t100\trs1\tA\tC\t.\t.\t.\r\n"
       "chr20\t200\t.\tT\tC,G,*\t.\t.\tAF=0.1\r\n"
       "20\tx\t.\tA\tC\t.\t.\t.\r\n"
       "chr20\t300\t.\tA\tAT\r\n").encode()


class Inputs(Case):
    def test_intervals_are_sent_as_written_and_answered_bin_by_bin(self):
        with Fake(Daemon()) as f:
            rows = self.check(mfd("predict", "chr20:1-2", "chr20:3-4", server=f.url), 0).rows()
            self.assertEqual(sent(f, "/api/v1/predict"), [{"intervals": ["chr20:1-2", "chr20:3-4"]}])
            self.assertEqual(len(rows), 2 * 2 * len(TRACKS))
            row = rows[2 * len(TRACKS) + len(TRACKS) + 1]
            self.assertEqual((row["index"], row["chrom"], row["start"], row["end"], row["track"]),
                             ("1", "chr20", "128", "256", "T1"))
            self.assertEqual(float(row["total"]), number("chr20:3-41", "T1total"))
            self.assertEqual((row["status"], row["problem"]), ("ok", "3 bases padded"))

    def test_bed_and_fasta_come_from_files_and_standard_input(self):
        bed = b"track name=x\n#c\n\nchr20\t10\t20\tpeak\nchr20\t30\t40\n"
        fasta = b">one first\nACGT\nacgt\n\n>two\nNN\n"
        expected = {"bed": ("intervals", [{"chrom": "chr20", "start": 10, "end": 20, "id": "peak"},
                                          {"chrom": "chr20", "start": 30, "end": 40}]),
                    "fasta": ("sequences", [{"id": "one", "sequence": "ACGTacgt"},
                                            {"id": "two", "sequence": "NN"}])}
        for kind, text in (("bed", bed), ("fasta", fasta)):
            with Fake(Daemon()) as f, tempfile.NamedTemporaryFile() as file:
                file.write(gzip.compress(text))
                file.flush()
                self.check(mfd("predict", "--" + kind, file.name, server=f.url), 0)
                self.check(mfd("predict", file.name, server=f.url), 0)
                self.check(mfd("predict", server=f.url, stdin=b"\xef\xbb\xbf" + text), 0)
                self.check(mfd("predict", "--" + kind, "-", server=f.url, stdin=text), 0)
                self.check(mfd("predict", "-", server=f.url, stdin=text), 0)
                self.check(mfd("predict", server=f.url, stdin=text), 0)
                self.check(mfd("features", server=f.url, stdin=text), 0)
                member, items = expected[kind]
                for request in sent(f, "/api/v1/predict") + sent(f, "/api/v1/features"):
                    self.assertEqual(request[member], items)

    def test_a_folder_may_be_called_as_a_contig_is(self):
        with Fake(Daemon()) as f, tempfile.TemporaryDirectory() as folder:
            os.mkdir(folder + "/chr20")
            self.check(mfd("predict", "chr20", server=f.url, cwd=folder), 0)
            self.assertEqual(sent(f, "/api/v1/predict")[0]["intervals"], ["chr20"])

    def test_a_sequence_is_no_interval(self):
        with Fake(Daemon()) as f:
            self.check(mfd("predict", "ACGTn" * 20, server=f.url), 2, "--fasta")
            self.assertEqual(f.requests, [])

    def test_lines_of_text_are_inputs(self):
        with Fake(Daemon()) as f:
            self.check(mfd("predict", server=f.url, stdin=b"# two\nchr20:1-2 \n\nchr20\n"), 0)
            self.assertEqual(sent(f, "/api/v1/predict")[0]["intervals"], ["chr20:1-2", "chr20"])

    def test_a_vcf_gives_an_input_an_allele_whatever_its_line_ends(self):
        alleles = [{"chrom": "chr20", "pos": 100, "ref": "A", "alt": "C", "id": "rs1"},
                   *({"chrom": "chr20", "pos": 200, "ref": "T", "alt": a} for a in "CG*"),
                   "20-x-A-C", {"chrom": "chr20", "pos": 300, "ref": "A", "alt": "AT"}]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "a.vcf.gz")
            half = len(VCF) // 2
            with open(path, "wb") as file: # two gzip members, as bgzip writes many
                file.write(gzip.compress(VCF[:half]) + gzip.compress(VCF[half:]))
            ways = [(["--vcf", path], b""), ([path], b""), (["-"], VCF), ([], VCF),
                    ([], gzip.compress(VCF)), ([], VCF.replace(b"\r", b"")),
                    ([], VCF.split(b"\r\n", 2)[2]), ([], VCF.rstrip()), ([], b"\xef\xbb\xbf" + VCF)]
            for arguments, stdin in ways:
                with Fake(lambda r: problem(400, "x", "enough")) as f:
                    mfd("score", *arguments, server=f.url, stdin=stdin)
                    self.assertEqual(sent(f, "/api/v1/variants/score")[0]["variants"], alleles)

    def test_files_that_cannot_be_read_are_named(self):
        cut = gzip.compress(os.urandom(200000))[:100000]
        with Fake(Daemon()) as f, tempfile.NamedTemporaryFile(suffix=".gz") as file:
            file.write(cut)
            file.flush()
            self.check(mfd("score", "--vcf", file.name, server=f.url), 1, file.name)
            for arguments, words in ((["--vcf", "/nonexistent.vcf"], "/nonexistent.vcf"),
                                     (["--vcf", "/tmp"], "directory"), (["/no/such.vcf"], "such")):
                self.check(mfd("score", *arguments, server=f.url), 1, words)
            self.check(mfd("score", "--vcf", "-", server=f.url, stdin=b"chr20\t1\n"), 1, "line 1")
            self.check(mfd("predict", "--bed", "-", server=f.url, stdin=b"chr20\t1\tx\n"), 1, "line 1")
            self.check(mfd("predict", "--fasta", "-", server=f.url, stdin=b"ACGT\n"), 1, "'>'")
            self.check(mfd("predict", server=f.url), 1, "empty")
            for command, name in (("score", "gone.vcf"), ("score", "gone.VCF.GZ"), ("predict", "gone.bed"), ("features", "gone.fa")):
                self.check(mfd(command, name, server=f.url), 1, "'%s': No such file" % name)
            self.check(mfd("score", server=f.url, stdin=gzip.compress(b"BCF\x02\x02" + bytes(99))), 1, "bcftools view")
            self.check(mfd("score", server=f.url, stdin=VCF.decode().encode("utf-16")), 1, "iconv")
            self.assertEqual(sent(f, "/api/v1/predict"), [])

    def test_variants_of_a_vcf_bring_the_lengths_that_its_header_declares(self):
        header = (b"##contig=<ID=chr20,length=64444167,assembly=GRCh38>\n##contig=<length=7,ID=x>\n"
                  b"##contig=<ID=y>\n##contig=<ID=z,length=?>\n##INFO=<ID=n,length=3>\n")
        rows = b"".join(b"%s\t100\t.\tA\tC\n" % name for name in (b"chr20", b"x", b"y", b"z", b"n", b"20"))
        with Fake(Daemon()) as f:
            self.check(mfd("score", "--vcf", "-", server=f.url, stdin=header + rows), 0)
            self.assertEqual([v.get("chrom_length") for v in sent(f, "/api/v1/variants/score")[0]["variants"]],
                             [64444167, 7, None, None, None, None])

    def test_inputs_that_contradict_one_another_are_usage_errors(self):
        with Fake(Daemon()) as f:
            for arguments in (["predict", "chr1:1-2", "--bed", "x"], ["predict", "--fasta", "a",
                              "--bed", "b"], ["score", "chr1-1-A-C", "--vcf", "x"],
                              ["score", "--scores", "nonsense", "chr1-1-A-C"],
                              ["predict", "--format", "json", "--top", "3", "chr1:1-2"]):
                self.check(mfd(*arguments, server=f.url), 2)
            self.assertEqual(f.requests, [])

    def test_text_that_is_not_utf_8_is_an_input_like_any_other(self):
        with Fake(Daemon()) as f:
            self.check(mfd("predict", server=f.url, stdin=b"bad\xff\x1b\n"), 4)
            self.assertEqual(sent(f, "/api/v1/predict")[0]["intervals"], ["bad??"])


class Requests(Case):
    def test_options_become_members_of_the_request(self):
        with Fake(Daemon()) as f:
            self.check(mfd("--model", "demo@2", "predict", "-t", "T1,T2", "--tracks", "T3",
                           "--where", "proc_target=CTCF,MAX", "-w", "lab=x=y", "-w", "lab=z",
                           "--aggregate", "mean", "--ensemble", "published", "--components",
                           "total,biological", "--scale", "logit", "--genome", "hg19", "--strict",
                           "--pad", "chr20:1-2", server=f.url), 0)
            self.assertEqual(sent(f, "/api/v1/predict")[0], {
                "model": "demo@2", "genome": "hg19", "ensemble": "published", "strict": True,
                "pad": True, "components": ["total", "biological"], "scale": "logit",
                "tracks": {"ids": ["T1", "T2", "T3"], "aggregate": "mean",
                           "where": {"proc_target": ["CTCF", "MAX"], "lab": ["x=y", "z"]}},
                "intervals": ["chr20:1-2"]})

    def test_a_list_of_tracks_may_come_from_a_file(self):
        with Fake(Daemon()) as f, tempfile.NamedTemporaryFile("w") as ids:
            ids.write("T1\nT,2\r\n\n")
            ids.flush()
            self.check(mfd("predict", "-t", "@" + ids.name, "chr20:1-2", server=f.url), 0)
            self.assertEqual(sent(f, "/api/v1/predict")[0]["tracks"], {"ids": ["T1", "T,2"]})
            with open(ids.name, "w", encoding="utf-8-sig") as file:
                file.write("T1\n")
            self.check(mfd("predict", "-t", "@" + ids.name, "chr20:1-2", server=f.url), 0)
            self.assertEqual(sent(f, "/api/v1/predict")[1]["tracks"], {"ids": ["T1"]})

    def test_a_list_of_none_does_not_mean_all(self):
        with Fake(Daemon()) as f, tempfile.NamedTemporaryFile("w") as ids:
            self.check(mfd("predict", "-t", "@" + ids.name, "chr20:1-2", server=f.url), 2, ids.name)
            self.check(mfd("predict", "-t", "", "chr20:1-2", server=f.url), 2, "names nothing")
            self.assertEqual(f.requests, [])

    def test_filters_of_the_track_list_are_query_parameters(self):
        with Fake(Daemon()) as f:
            rows = mfd("tracks", "-w", "proc_target=A&b,c d", "--search", "x y", server=f.url).rows()
            query = [r["query"] for r in f.requests if r["path"].endswith("/tracks")]
            expected = [("proc_target", "A&b"), ("proc_target", "c d"), ("q", "x y")]
            self.assertEqual(query, [expected, expected + [("cursor", "5")]])
            self.assertEqual(rows[7], {"id": "T7", "proc_target": "B,Z", "age": "", "lab": "W"})


class Catalogue(Case):
    def test_models_are_listed_with_what_their_cards_say(self):
        with Fake(Daemon()) as f:
            rows = self.check(mfd("models", server=f.url), 0).rows()
            self.assertEqual([(r["name"], r["default"], r["tracks"], r["technical"]) for r in rows],
                             [("a", "", "8", "3"), ("demo", "yes", "8", "3")])
            card = self.check(mfd("models", "demo", server=f.url), 0).rows()
            self.assertIn({"member": "features.technical", "value": "3"}, card)

    def test_fields_tell_their_roles_and_their_labels(self):
        with Fake(Daemon()) as f:
            rows = self.check(mfd("fields", server=f.url), 0).rows()
            self.assertEqual([(r["name"], r["biological"]) for r in rows],
                             [("proc_target", "direct, interact"), ("age", ""), ("lab", "")])
            self.assertEqual(mfd("fields", "lab", server=f.url).rows(), [{"label": "L", "tracks": "8"}])
            self.assertIn({"member": "mean", "value": "1.5"}, mfd("fields", "age", server=f.url).rows())

    def test_tracks_are_counted_by_label(self):
        with Fake(Daemon()) as f:
            rows = self.check(mfd("tracks", "--count-by", "lab", server=f.url), 0).rows()
            self.assertEqual(rows, [{"lab": "L", "tracks": "8"}])


class Pieces(Case):
    def variants(self, n):
        return "".join("chr20-%d-A-C\n" % (i + 1) for i in range(n)).encode()

    def test_a_long_input_is_sent_in_pieces_that_the_server_takes(self):
        daemon = Daemon(items=100, passes=5600)
        with Fake(daemon) as f:
            rows = self.check(mfd("score", "--top", "1", server=f.url, stdin=self.variants(256)),
                              0).rows()
            self.assertEqual(daemon.sizes, [100, 100, 56])
            self.assertEqual([(r["index"], r["pos"]) for r in rows],
                             [(str(i), str(i + 1)) for i in range(256)])

    def test_pieces_shrink_with_the_passes_of_the_ensemble(self):
        daemon = Daemon(passes=280)
        with Fake(daemon) as f:
            self.check(mfd("score", "-e", "published", server=f.url, stdin=self.variants(70)), 0)
            self.assertEqual(daemon.sizes, [10] * 7)

    def test_a_piece_that_is_too_large_after_all_is_halved(self):
        daemon = Daemon(items=60, strict_limit=20)
        with Fake(daemon) as f:
            self.check(mfd("score", server=f.url, stdin=self.variants(70)), 0)
            self.assertEqual(sum(daemon.sizes), 70)
            self.assertLessEqual(max(daemon.sizes), 20)

    def test_one_input_above_the_limit_is_an_error_that_tells_it(self):
        with Fake(lambda r: problem(413, "over-limit", "passes: 9 is more than the limit of 4.")) as f:
            self.check(mfd("predict", "chr20", server=f.url), 1, "more than the limit of 4")
            self.assertEqual(len(f.requests), 1)

    def test_a_stream_that_breaks_goes_on_where_it_was(self):
        whole = Daemon()
        with Fake(whole) as f:
            expected = mfd("score", server=f.url, stdin=self.variants(50)).out
        broken = Daemon(cuts=[6000, 4000, 3000])
        with Fake(broken) as f:
            result = self.check(mfd("score", server=f.url, stdin=self.variants(50)), 0)
            self.assertEqual(result.out, expected)
            self.assertEqual(len(broken.sizes), 4)
            self.assertEqual(broken.sizes, sorted(broken.sizes, reverse=True))

    def test_a_stream_without_its_last_line_is_no_success(self):
        lines = '{"provenance":{},"tracks":["T"]}\n'
        with Fake(lambda r: Answer(lines, type="application/x-ndjson")) as f:
            self.check(mfd("score", "chr20-1-A-C", server=f.url), 3, "ended after 0 of 1")

    def test_a_stream_that_ends_in_a_problem_tells_it(self):
        lines = ('{"provenance":{},"tracks":["T"]}\n{"problem":{"type":"/problems/deadline-exceeded",'
                 '"status":504,"title":"t","detail":"too slow."}}\n')
        with Fake(lambda r: Answer(lines, type="application/x-ndjson")) as f:
            self.check(mfd("score", "chr20-1-A-C", server=f.url), 5, "too slow (HTTP 504)")

    def test_results_that_are_not_those_of_the_inputs_are_refused(self):
        for line in ('{"index":1,"id":null,"status":"ok"}', '{"index":0}', '{"index":0,"status":7}'):
            lines = '{"provenance":{},"tracks":["T"]}\n' + line + '\n{"summary":{}}\n'
            with Fake(lambda r: Answer(lines, type="application/x-ndjson")) as f:
                self.check(mfd("score", "chr20-1-A-C", server=f.url), 1, "do not follow")

    def test_a_model_replaced_between_pieces_is_noticed(self):
        with Fake(Daemon(items=50, digests=["a" * 64, "b" * 64])) as f:
            result = self.check(mfd("score", server=f.url, stdin=self.variants(90)), 1, "replaced")
            self.assertEqual(len(result.rows()), 50 * len(TRACKS))

    def test_a_dry_run_sums_the_cost_of_all_pieces(self):
        with Fake(Daemon(items=100)) as f:
            result = self.check(mfd("score", "--dry-run", "-f", "json", server=f.url,
                                    stdin=self.variants(250)), 0)
            cost = json.loads(result.out)["cost"]
            self.assertEqual((cost["items"], cost["passes"]), (250, 1000))


class Answers(Case):
    def test_scores_and_components_are_columns(self):
        with Fake(Daemon()) as f:
            result = mfd("score", "chr20-7-A-C", "--scores", "effect,swap", server=f.url)
            row = self.check(result, 0).rows()[3]
            self.assertEqual(list(row), ["index", "id", "chrom", "pos", "ref", "alt", "track",
                                         "effect_total", "effect_biological", "effect_technical",
                                         "swap_biological", "swap_technical", "status", "problem"])
            variant = json.dumps({"chrom": "chr20", "pos": 7, "ref": "A", "alt": "C"}, sort_keys=True)
            self.assertEqual(float(row["swap_technical"]), number(variant + "swap", "T3technical"))
            self.assertEqual((row["id"], row["track"]), ("chr20-7-A-C", "T3"))

    def test_probabilities_of_variants_are_asked_for_without_parts(self):
        with Fake(Daemon()) as f:
            self.check(mfd("score", "chr20-7-A-C", "--scale", "probability", server=f.url), 0)
            self.assertEqual(sent(f, "/api/v1/variants/score")[0]["components"], ["total"])

    def test_items_that_failed_have_a_row_and_an_exit_code(self):
        with Fake(Daemon()) as f:
            result = self.check(mfd("score", server=f.url, stdin=VCF.replace(b"20\tx", b"20\t9")), 4,
                                "5 ok, 1 skipped, 0 failed")
            rows = [r for r in result.rows() if r["status"] != "ok"]
            self.assertEqual(len(rows), 1)
            self.assertEqual((rows[0]["index"], rows[0]["chrom"], rows[0]["track"], rows[0]["status"],
                              rows[0]["problem"]),
                             ("3", "chr20-200-T-*", "", "skipped", "star-allele: no: star-allele"))
            flipped = [r["problem"] for r in result.rows() if r["ref"] == "T" and r["status"] == "ok"]
            self.assertEqual(set(flipped), {"flipped"})
            self.check(mfd("score", "junk", "chr20-1-A-C", server=f.url), 4, "1 ok, 0 skipped, 1 failed")

    def test_top_orders_tracks_by_size(self):
        with Fake(Daemon()) as f:
            every = mfd("score", "chr20-7-A-C", server=f.url).rows()
            top = mfd("score", "chr20-7-A-C", "-n", "3", server=f.url).rows()
            order = sorted(every, key=lambda r: -abs(float(r["effect_total"])))
            self.assertEqual(top, order[:3])
            every = mfd("predict", "chr20:1-2", server=f.url).rows()[:len(TRACKS)]
            top = mfd("predict", "chr20:1-2", "-n", "2", server=f.url).rows()[:2]
            self.assertEqual(top, sorted(every, key=lambda r: -float(r["total"]))[:2])

    def test_metadata_columns_stand_beside_the_tracks(self):
        with Fake(Daemon()) as f:
            result = mfd("predict", "chr20:1-2", "--columns", "lab,proc_target", server=f.url)
            row = self.check(result, 0).rows()[6]
            self.assertEqual((row["track"], row["lab"], row["proc_target"]), ("T6", "Y", "A,Z"))

    def test_features_have_a_row_each_by_subspace(self):
        with Fake(Daemon()) as f:
            rows = self.check(mfd("features", "--fasta", "-", stdin=b">s\nACGT\n", server=f.url),
                              0).rows()
            self.assertEqual([(r["id"], r["subspace"], r["feature"]) for r in rows],
                             [("s", k, str(i)) for k in ("biological", "technical") for i in range(3)])
            rows = mfd("features", "--fasta", "-", "--subspace", "technical", stdin=b">s\nA\n",
                       server=f.url).rows()
            self.assertEqual({r["subspace"] for r in rows}, {"technical"})
            self.assertEqual(sent(f, "/api/v1/features")[-1]["subspaces"], ["technical"])

    def test_json_is_one_document_and_ndjson_a_stream_over_all_pieces(self):
        lines = "".join("chr20-%d-A-C\n" % (i + 1) for i in range(130)).encode()
        with Fake(Daemon(items=64)) as f:
            whole = json.loads(mfd("score", "-f", "json", server=f.url, stdin=lines).out)
            self.assertEqual(list(whole), ["provenance", "tracks", "results", "summary"])
            self.assertEqual([r["index"] for r in whole["results"]], list(range(130)))
            self.assertEqual(whole["summary"], {"items": 130, "ok": 130, "skipped": 0, "error": 0})
            stream = [json.loads(l) for l in mfd("score", "-f", "ndjson", server=f.url,
                                                 stdin=lines).out.splitlines()]
            self.assertEqual(stream[0], {k: whole[k] for k in ("provenance", "tracks")})
            self.assertEqual(stream[1:-1], whole["results"])
            self.assertEqual(stream[-1], {"summary": whole["summary"]})

    def test_a_table_shows_the_five_largest_and_what_failed(self):
        with Fake(Daemon()) as f:
            lines = self.check(mfd("score", "-f", "table", "junk", "chr20-7-T-C", server=f.url),
                               4).out.splitlines()
            self.assertEqual(len(lines), 1 + 1 + 5)
            self.assertIn("error: no: malformed-variant", lines[1])
            self.assertTrue(all(l.endswith("flipped") for l in lines[2:]))
            self.assertEqual(len({len(l) for l in lines[2:]}), 1)


if __name__ == "__main__":
    unittest.main()
