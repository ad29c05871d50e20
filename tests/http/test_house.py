"""What every path has in common: methods, formats, codings, names, refusals."""
import gzip
import json
import re
import unittest

import harness

PREDICT = "/api/v1/predict"


def window():
    return next(bases for name, bases in harness.records("tiny/windows.fa"))


class House(harness.Case):
    settings = {"server.cors_origins": "https://lab.example", "server.hosts": "mfd.lab",
                "limits.url_bytes": 4096}

    def test_health_says_ok(self):
        for path in ("/livez", "/readyz"):
            answer = self.get(path)
            self.assertEqual((answer.status, answer.json()), (200, {"status": "ok"}))

    def test_the_root_names_where_to_begin(self):
        links = self.get("/").json()["links"]
        for path in links.values():
            self.assertEqual(self.get(path).status, 200, path)

    def test_the_contract_is_served_whole(self):
        answer = self.get("/openapi.json", {"Accept-Encoding": "gzip"})
        self.assertEqual(answer.headers["content-encoding"], "gzip")
        self.assertEqual(answer.json(), harness.CONTRACT.document)

    def test_service_info_tells_every_limit(self):
        info = self.get("/service-info").json()
        self.assertEqual(info["limits"]["url_bytes"]["value"], 4096)
        self.assertEqual(info["limits"]["items"]["value"], 1000)
        self.assertEqual(info["type"]["artifact"], "mfd")

    def test_an_unknown_path_is_404_with_a_way_out(self):
        for path in ("/nope", "/livez/", "//livez", "/api/v1/models/tiny/nope", "/api/v1/models//tracks", "/.."):
            self.assertProblem(self.get(path), 404, "not-found", "openapi.json")

    def test_another_method_is_405_with_allow(self):
        answer = self.request("DELETE", "/livez")
        self.assertProblem(answer, 405, "method-not-allowed", "GET")
        self.assertEqual(answer.headers["allow"], "GET, HEAD, OPTIONS")
        answer = self.get(PREDICT)
        self.assertEqual((answer.status, answer.headers["allow"]), (405, "POST, OPTIONS"))
        self.assertEqual(self.request("BREW", "/livez").status, 405)
        self.assertEqual(self.request("A" * 100, "/livez").status, 405)

    def test_head_is_get_without_its_body(self):
        get, head = self.get("/service-info"), self.request("HEAD", "/service-info")
        self.assertEqual((head.status, head.raw), (200, b""))
        self.assertEqual(head.headers["content-length"], get.headers["content-length"])

    def test_options_tells_the_methods(self):
        answer = self.request("OPTIONS", "/api/v1/models")
        self.assertEqual((answer.status, answer.raw), (204, b""))
        self.assertIn("GET", answer.headers["allow"])

    def test_the_request_id_comes_back(self):
        answer = self.get("/livez", {"X-Request-Id": "lab-1.2:3_x"})
        self.assertEqual(answer.headers["x-request-id"], "lab-1.2:3_x")
        self.assertEqual(self.daemon.wait_for("request")["level"], "info")

    def test_an_odd_request_id_is_replaced(self):
        for bad in ("a b", "x" * 65, "<script>", "\u00e9", ""):
            answer = self.get("/livez", {"X-Request-Id": bad.encode("utf-8")})
            self.assertRegex(answer.headers["x-request-id"], r"\A[0-9a-f]{32}\Z")

    def test_the_trace_goes_on_under_a_new_span(self):
        trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
        answer = self.get("/livez", {"traceparent": "00-%s-%s-01" % (trace, span)})
        version, same, mine, flags = answer.headers["traceparent"].split("-")
        self.assertEqual((version, same, flags), ("00", trace, "01"))
        self.assertNotEqual(mine, span)

    def test_a_broken_traceparent_starts_a_new_trace(self):
        zero = "0" * 32
        for bad in ("00-%s-00f067aa0ba902b7-01" % zero, "ff-%s-00f067aa0ba902b7-01" % ("a" * 32), "nonsense",
                    "00-%s-00f067aa0ba902b7-01-more" % ("a" * 32)):
            trace = self.get("/livez", {"traceparent": bad}).headers["traceparent"].split("-")[1]
            self.assertRegex(trace, r"\A[0-9a-f]{32}\Z")
            self.assertNotIn(trace, (zero, "a" * 32))

    def test_answers_carry_security_headers(self):
        for path in ("/livez", "/nope", "/api/v1/models"):
            headers = self.get(path).headers
            self.assertEqual(headers["x-content-type-options"], "nosniff")
            self.assertIn("default-src 'none'", headers["content-security-policy"])
            self.assertEqual(headers["cache-control"], "no-store")

    def test_406_lists_what_there_is(self):
        answer = self.get("/api/v1/models", {"Accept": "image/png, text/html"})
        self.assertProblem(answer, 406, "not-acceptable", "application/json")
        self.assertEqual(answer.json()["available"], ["application/json"])
        self.assertEqual(self.get("/api/v1/models?format=vcf").status, 406)
        answer = self.post(PREDICT, {"sequences": [window()]}, {"Accept": "application/pdf"})
        self.assertIn("application/x-ndjson", answer.json()["available"])

    def test_the_best_accepted_format_wins(self):
        body = {"sequences": [window()]}
        for accept, wanted in (("*/*", "application/json"), ("application/*", "application/json"),
                               ("application/json;q=0.1, text/tab-separated-values", "text/tab-separated-values"),
                               ("application/json;q=0, application/x-ndjson", "application/x-ndjson"),
                               ("*/*;q=0.1, application/x-npy;q=0.2", "application/x-npy"),
                               ('application/json;profile="a,b;q=0";q=0.5, text/html', "application/json"),
                               ("text/*", "text/tab-separated-values")):
            answer = self.post(PREDICT, body, {"Accept": accept})
            self.assertEqual(answer.headers["content-type"].split(";")[0], wanted, accept)
        answer = self.post(PREDICT + "?format=tsv", body, {"Accept": "application/json"})
        self.assertEqual(answer.headers["content-type"], "text/tab-separated-values; charset=utf-8")

    def test_415_names_what_is_read(self):
        answer = self.post(PREDICT, b"<x/>", {"Content-Type": "application/xml"})
        self.assertProblem(answer, 415, "unsupported-media-type", "application/json")
        self.assertEqual(answer.headers["accept"], "application/json")
        answer = self.post(PREDICT, b"{}", {"Content-Type": "application/json", "Content-Encoding": "br"})
        self.assertProblem(answer, 415, "unsupported-media-type", "br")
        self.assertIn("gzip", answer.headers["accept-encoding"])

    def test_curls_default_type_is_read_as_json(self):
        body = json.dumps({"sequences": [window()]}).encode()
        for kind in ("application/x-www-form-urlencoded", "application/json; charset=utf-8", "Application/JSON"):
            self.assertEqual(self.post(PREDICT, body, {"Content-Type": kind}).status, 200, kind)

    def test_a_body_is_needed_or_refused(self):
        reply = self.daemon.raw(b"POST /api/v1/predict HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        self.assertIn(b" 411 ", reply.split(b"\r\n")[0])
        self.assertProblem(self.request("GET", "/livez", b"{}"), 400, "bad-request", "no body")
        self.assertProblem(self.post(PREDICT, b""), 400, "malformed-json")

    def test_gzip_goes_both_ways(self):
        body = json.dumps({"sequences": [window()] * 3}).encode()
        plain = self.post(PREDICT, body)
        for coded in (gzip.compress(body), gzip.compress(body[:9]) + gzip.compress(body[9:])):
            answer = self.post(PREDICT, coded, {"Content-Encoding": "gzip", "Accept-Encoding": "gzip"})
            self.assertEqual(answer.headers["content-encoding"], "gzip")
            self.assertEqual(answer.body, plain.body)
        self.assertNotIn("content-encoding", self.post(PREDICT, body, {"Accept-Encoding": "gzip;q=0"}).headers)
        self.assertNotIn("content-encoding", self.get("/livez", {"Accept-Encoding": "gzip"}).headers)

    def test_broken_gzip_is_told(self):
        good = gzip.compress(json.dumps({"sequences": [window()]}).encode())
        for bad in (b"not gzip", good[:20], good[:-4], good + b"rest"):
            answer = self.post(PREDICT, bad, {"Content-Encoding": "gzip"})
            self.assertProblem(answer, 400, "bad-request", "gzip")

    def test_a_bad_escape_in_the_target_is_400(self):
        for target in ("/api/v1/models/%", "/api/v1/models/%zz", "/api/v1/models/%00", "/api/v1/models/%ff",
                       "/api/v1/models/%0d%0aX-Evil:1", "/livez?a=%g1", "/livez?a=%c0%af"):
            self.assertProblem(self.get(target), 400, "bad-request")

    def test_an_escaped_slash_stays_inside_its_segment(self):
        self.assertProblem(self.get("/api/v1/models/tiny%2Ftracks"), 404, "model-not-found", "tiny/tracks")
        self.assertProblem(self.get("/%6civez"), 404, "not-found")

    def test_a_long_target_is_414(self):
        answer = self.get("/livez?" + "a" * 5000)
        self.assertEqual((answer.status, answer.slug), (414, "over-limit"))
        self.assertEqual(answer.json()["limit"], {"name": "url_bytes", "maximum": 4096, "actual": 5007})

    def test_too_many_parameters_are_refused(self):
        for n in (65, 300, 1500):
            self.assertProblem(self.get("/livez?" + "a&" * n), 400, "bad-request", "parameters")

    def test_a_parameter_that_is_not_known_is_refused(self):
        self.assertProblem(self.get("/api/v1/genomes?colour=red"), 400, "invalid-parameter", "colour")

    def test_both_lengths_are_refused(self):
        reply = self.daemon.raw(b"POST /api/v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
                                b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
        self.assertIn(reply.split(b" ")[1], (b"400",))

    def test_a_length_given_twice_is_refused(self):
        reply = self.daemon.raw(b"POST /api/v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
                                b"Content-Length: 3\r\nConnection: close\r\n\r\n{}x")
        self.assertEqual(reply.split(b" ")[1], b"400", reply)

    def test_a_body_whose_end_is_in_doubt_is_answered_at_once_and_the_connection_closed(self):
        for line in (b"Transfer-Encoding: gzip", b"Content-Length: 2\r\nTransfer-Encoding: chunked"):
            reply = self.daemon.raw(b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\n" + line + b"\r\n\r\n")
            self.assertIn(b"/problems/bad-request", reply)
            self.assertIn(b"\r\nConnection: close\r\n", reply)

    def test_http_1_1_wants_one_host(self):
        for line, word in ((b"", b"HTTP/1.1 wants this header"), (b"Host: localhost\r\nHost: other\r\n", b"given twice")):
            reply = self.daemon.raw(b"GET /livez HTTP/1.1\r\nConnection: close\r\n" + line + b"\r\n")
            self.assertIn(b"/problems/bad-request", reply)
            self.assertIn(word, reply)

    def test_garbage_is_not_answered_with_a_page_of_ours(self):
        for data in (b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x00" * 100,
                     b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 100000 + b"\r\n\r\n"):
            reply = self.daemon.raw(data, shut=True)
            self.assertFalse(reply.startswith(b"HTTP/1.1 200"), data[:40])
        self.assertEqual(self.get("/livez").status, 200)

    def test_pipelined_requests_are_answered_in_order(self):
        one = b"GET /%s HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
        reply = self.daemon.raw(one % (b"livez", b"") + one % (b"nope", b"") + one % (b"livez", b"Connection: close\r\n"))
        self.assertEqual(re.findall(rb"HTTP/1.1 (\d+)", reply), [b"200", b"404", b"200"])

    def test_http_1_0_gets_its_answer(self):
        reply = self.daemon.raw(b"GET /livez HTTP/1.0\r\n\r\n")
        self.assertIn(b"200 OK", reply)
        self.assertTrue(reply.endswith(b'{"status":"ok"}\n'))

    def test_a_foreign_host_name_is_421(self):
        self.assertEqual(self.get("/livez", {"Host": "evil.example"}).status, 421)
        for good in ("localhost:1", "127.0.0.1", "[::1]:80", "mfd.lab", "MFD.LAB:8080"):
            self.assertEqual(self.get("/livez", {"Host": good}).status, 200, good)

    def test_a_foreign_page_may_not_compute(self):
        body = {"sequences": [window()]}
        answer = self.post(PREDICT, body, {"Origin": "https://evil.example"})
        self.assertProblem(answer, 403, "forbidden", "cors_origins")
        self.assertNotIn("access-control-allow-origin", answer.headers)
        self.assertEqual(self.post(PREDICT, body, {"Origin": "http://127.0.0.1:%d" % self.daemon.port}).status, 200)

    def test_an_allowed_page_may(self):
        origin = {"Origin": "https://lab.example"}
        answer = self.post(PREDICT, {"sequences": [window()]}, origin)
        self.assertEqual(answer.headers["access-control-allow-origin"], "https://lab.example")
        answer = self.request("OPTIONS", PREDICT, headers={**origin, "Access-Control-Request-Method": "POST"})
        self.assertEqual(answer.status, 204)
        self.assertIn("POST", answer.headers["access-control-allow-methods"])
        self.assertIn("Authorization", answer.headers["access-control-allow-headers"])
        self.assertIn("Origin", self.get("/livez").headers["vary"])

    def test_metrics_are_prometheus_text(self):
        answer = self.get("/metrics")
        self.assertTrue(answer.headers["content-type"].startswith("text/plain; version=0.0.4"))
        names = set()
        for line in answer.body.decode().splitlines():
            if line.startswith("# TYPE "):
                name = line.split()[2]
                self.assertNotIn(name, names, "a family is given twice")
                names.add(name)
            elif not line.startswith("#"):
                self.assertRegex(line, r'\A[a-z_]+(\{([a-z]+="[^"]*",?)+\})? [-+0-9.einfNa]+\Z')
        for name in ("mfd_http_requests_total", "process_resident_memory_bytes", "mfd_queue_passes", "mfd_model_state"):
            self.assertIn(name, names)

    def test_requests_are_counted(self):
        series = 'mfd_http_requests_total{method="GET",route="/livez",status="200"}'

        def count(name):
            self.get("/livez", {"X-Request-Id": name})
            self.daemon.logged(name)  # and so it has been counted
            return self.daemon.metric(series)
        before = count("counted-0")
        self.assertEqual([count("counted-%d" % i) - before for i in range(1, 4)], [1, 2, 3])

    def test_the_access_log_is_one_line_of_json_a_request(self):
        self.get("/api/v1/models/none%22%0b?x=secret", {"X-Request-Id": "find-me"})
        self.get("/nope", {"X-Request-Id": "find-me-too"})
        entries = [self.daemon.logged("find-me"), self.daemon.logged("find-me-too")]
        self.assertEqual([(e["status"], e["path"]) for e in entries],
                         [(400, "/api/v1/models/none%22%0b"), (404, "/nope")])
        self.assertNotIn("secret", json.dumps(entries))


if __name__ == "__main__":
    unittest.main()
