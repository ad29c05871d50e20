"""Debian's Prometheus scrapes a daemon that works, and its linter has nothing to say about what it reads."""
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from urllib.parse import quote

import harness

CONFIGURATION = """
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: mfd
    static_configs: [{targets: ["127.0.0.1:%d"]}]
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class Prometheus(harness.Case):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="mfd-prometheus-")
        self.port = free_port()
        with open(self.directory + "/prometheus.yml", "w", encoding="ascii") as f:
            f.write(CONFIGURATION % self.daemon.port)
        with open(self.directory + "/log", "wb") as log:
            self.server = subprocess.Popen(
                ["prometheus", "--config.file=" + self.directory + "/prometheus.yml", "--storage.tsdb.path=" +
                 self.directory + "/data", "--web.listen-address=127.0.0.1:%d" % self.port], stdout=log, stderr=log)

    def tearDown(self):
        self.server.terminate()
        self.server.wait()
        shutil.rmtree(self.directory)

    def ask(self, query):
        """{labels as a sorted tuple: value} of an instant query; {} as long as the server does not answer."""
        try:
            client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            client.request("GET", "/api/v1/query?query=" + quote(query))
            answer = json.loads(client.getresponse().read())
            client.close()
        except (OSError, ValueError, http.client.HTTPException):
            return {}
        return {tuple(sorted(r["metric"].items())): float(r["value"][1]) for r in answer["data"]["result"]}

    def wait_for(self, query, holds):
        end = time.monotonic() + harness.PATIENCE
        while not holds(list(self.ask(query).values())):
            self.assertLess(time.monotonic(), end, "%s: %s" % (query, self.ask(query)))
            time.sleep(0.2)

    def test_a_server_scrapes_what_happens(self):
        self.wait_for('up{job="mfd"}', lambda values: values == [1])
        series = 'mfd_http_requests_total{route="/api/v1/predict",status="200"}'
        window = next(bases for _, bases in harness.records("tiny/windows.fa"))
        for _ in range(5):
            self.assertEqual(self.post("/api/v1/predict", {"sequences": [window]}).status, 200)
        self.wait_for(series, lambda values: values == [5])
        self.wait_for("process_resident_memory_bytes", lambda values: len(values) == 1 and values[0] > 10e6)
        # a quantile over the buckets of a histogram: bounds and their sums make sense to the server
        buckets = "histogram_quantile(0.9, sum by (le) (mfd_http_request_duration_seconds_bucket))"
        self.wait_for(buckets, lambda values: len(values) == 1 and 0 < values[0] < harness.PATIENCE)

    def test_the_linter_has_nothing_to_say(self):
        text = self.get("/metrics").body
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, b""))


if __name__ == "__main__":
    if not shutil.which("prometheus") or not shutil.which("promtool"):
        print("prometheus is not installed (deploy/install-deps --peers)", file=sys.stderr)
        raise SystemExit(77)
    os.environ.pop("http_proxy", None)
    unittest.main()
