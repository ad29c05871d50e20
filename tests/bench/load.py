"""The service under load, as lines of JSON: /usr/bin/python3 tests/bench/load.py [OPTION...] [MEASURE...]

connections  idle keep-alive connections stay open while wrk keeps others busy: errors, resident memory on the way
lists        latency of a page of a track list, first in calm, then while clients post large predictions
clients      windows a second of concurrent clients that send one sequence each, as a share of the engine's own
             best batch (mfd-model bench) before and after, in each form of answer
overhead     what a request of many windows takes beyond the run of the engine, as a share of that run

A measure that misses its bound is named at the end, and the exit code is then 1. The demo's model is served unless
--bundle names another. It needs wrk; programs are those of build/ unless MFDD and MFD_MODEL say otherwise.
"""
import argparse
import contextlib
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.environ.setdefault("ROOT", ROOT)
os.environ.setdefault("MFDD", ROOT + "/build/server/mfdd")
os.environ.setdefault("MFD_MODEL", ROOT + "/build/core/tool/mfd-model")
sys.path.insert(0, ROOT + "/tests/http")
import harness  # noqa: E402 # pylint: disable=wrong-import-position

PREDICT = "/api/v1/predict"
FORMS = {"npy": ("application/x-npy", {}), "json, 20 tracks": ("application/json", {"limit": 20}),
         "json": ("application/json", {})}
missed = []


def say(measure, bound=True, **figures):
    print(json.dumps({"measure": measure, **{k: round(v, 4) if isinstance(v, float) else v for k, v in figures.items()}}),
          flush=True)
    if not bound:
        missed.append("%s: %s" % (measure, figures))


def ahead(options, priority):
    return ["chrt", "-f", str(priority)] if options.realtime else []


class Bench:
    def __init__(self, options):
        self.options = options
        self.daemon = harness.Daemon("--set", "log.access=no", models={"m": options.bundle},
                                     settings={"compute.threads": options.threads, "limits.request_ms": 600000,
                                               **dict(s.split("=", 1) for s in options.set)})
        self.window = self.daemon.request("GET", "/api/v1/models/m").json()["window"]
        self.ids = [t["id"] for t in self.daemon.request("GET", "/api/v1/models/m/tracks?limit=20").json()["tracks"]]
        if options.realtime:
            self.prefer()
        self.chance, self.place = random.Random(1), tempfile.mkdtemp(prefix="mfd-bench-")

    def prefer(self):
        """Put the daemon before whatever else the machine does, and its threads that compute behind its others, as
        niceness has them otherwise."""
        for thread in os.listdir("/proc/%d/task" % self.daemon.process.pid):
            with open("/proc/%d/task/%s/comm" % (self.daemon.process.pid, thread), encoding="ascii") as f:
                computes = f.read() == "mfd-compute\n"
            os.sched_setscheduler(int(thread), os.SCHED_FIFO, os.sched_param(20 if computes else 21))

    def close(self):
        shutil.rmtree(self.place)
        self.daemon.stop()

    def body(self, n, limit=None):
        """A file with a request of n windows, for all tracks or the first few."""
        request = {"sequences": ["".join(self.chance.choices("ACGT", k=self.window)) for _ in range(n)], "ensemble": "none"}
        if limit:
            request["tracks"] = {"ids": self.ids[:limit]}
        with tempfile.NamedTemporaryFile("w", dir=self.place, delete=False) as f:
            json.dump(request, f)
        return f.name

    def wrk(self, target, connections, seconds, body=None, accept="application/json"):
        environment = {**os.environ, "ACCEPT": accept, **({"BODY": body} if body else {})}
        run = subprocess.run([*ahead(self.options, 21), "wrk", "-t1", "-c%d" % connections, "-d%ds" % seconds, "--timeout", "60s", "-s",
                              ROOT + "/tests/bench/wrk.lua", "http://127.0.0.1:%d%s" % (self.daemon.port, target)],
                             env=environment, stdout=subprocess.PIPE, text=True, check=True)
        return json.loads(run.stdout.splitlines()[-1])

    @contextlib.contextmanager
    def busy(self, clients, body):
        """Clients that post it again and again."""
        with open(body, encoding="ascii") as f:
            text = f.read()
        stop, answered = threading.Event(), []

        def post():
            client = self.daemon.connect(600)
            while not stop.is_set():
                answered.append(self.daemon.request("POST", PREDICT + "?format=npy", text, connection=client, check=False,
                                                    headers={"Content-Type": "application/json"}).status)
            client.close()
        threads = [threading.Thread(target=post) for _ in range(clients)]
        for thread in threads:
            thread.start()
        self.daemon.wait_until(lambda: self.daemon.metric("mfd_queue_tasks") >= clients / 2)
        yield answered
        stop.set()
        for thread in threads:
            thread.join()


def connections(bench):
    """1,000 idle ones, 200 busy ones."""
    options, idle = bench.options, []
    request = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"

    def alive():
        good = 0
        for s in idle:
            s.sendall(request)
        for s in idle:
            good += s.recv(4096).startswith(b"HTTP/1.1 200 ")
        return good
    for _ in range(options.idle):
        idle.append(socket.create_connection(("127.0.0.1", bench.daemon.port), 60))
    before = alive()
    bench.wrk("/api/v1/models/m/tracks?limit=20", options.active, 2)  # warm: every buffer has been touched
    resident, stop = [bench.daemon.resident()], threading.Event()

    def watch():
        while not stop.wait(0.5):
            resident.append(bench.daemon.resident())
    watcher = threading.Thread(target=watch)
    watcher.start()
    figures = bench.wrk("/api/v1/models/m/tracks?limit=20", options.active, options.seconds)
    stop.set()
    watcher.join()
    after = alive()
    for s in idle:
        s.close()
    half = resident[len(resident) // 2]
    grown = (max(resident) - half) / half  # in the second half
    say("connections", figures["errors"] == figures["refused"] == 0 and before == after == options.idle and grown < 0.02,
        idle=options.idle, active=options.active, idle_alive_before=before, idle_alive_after=after,
        resident_start_mib=resident[0] / 2 ** 20, resident_half_mib=half / 2 ** 20, resident_most_mib=max(resident) / 2 ** 20,
        grown_in_second_half=grown, requests_a_second=figures["requests"] / figures["seconds"], **figures)


def lists(bench):
    # wrk counts a stall as all the requests that it kept from being sent
    target, seconds = "/api/v1/models/m/tracks?limit=20", bench.options.seconds // 3 + 2
    calm = bench.wrk(target, 1, seconds)
    with bench.busy(4, bench.body(256)) as answered:
        busy = bench.wrk(target, 1, seconds)
    say("lists", busy["p99_ms"] < 20 and busy["errors"] == busy["refused"] == 0, calm_p50_ms=calm["p50_ms"],
        calm_p99_ms=calm["p99_ms"], p50_ms=busy["p50_ms"], p99_ms=busy["p99_ms"], max_ms=busy["max_ms"],
        requests=busy["requests"], large_answers=len(answered), large_refused=sum(s != 200 for s in answered))


def engine(bench):
    """Windows a second in the engine's best batch."""
    run = subprocess.run([*ahead(bench.options, 20), os.environ["MFD_MODEL"], "bench", "--bundle", bench.options.bundle, "--protocol", "track",
                          "--threads", str(bench.options.threads or os.cpu_count())], stdout=subprocess.PIPE, text=True, check=True)
    return max(1e3 / json.loads(line)["ms"] for line in run.stdout.splitlines())


def clients(bench):
    seconds, rates = bench.options.seconds // 6 + 2, []
    before = engine(bench)
    for form, (accept, more) in FORMS.items():
        body = bench.body(1, **more)
        bench.wrk(PREDICT, 64, 1, body, accept)
        runs, ran, took = [bench.daemon.metric(name) for name in (
            'mfd_runs_total{kind="sequences"}', 'mfd_run_items_total{kind="sequences"}', "mfd_run_duration_seconds_sum")]
        figures = bench.wrk(PREDICT, 64, seconds, body, accept)
        took = bench.daemon.metric("mfd_run_duration_seconds_sum") - took
        ran = bench.daemon.metric('mfd_run_items_total{kind="sequences"}') - ran
        runs = bench.daemon.metric('mfd_runs_total{kind="sequences"}') - runs
        after = engine(bench)
        rates.append((form, figures, (before + after) / 2, ran / runs, took / figures["seconds"]))
        before = after
    for form, figures, own, batch, share in rates:
        rate = figures["requests"] / figures["seconds"]
        say("clients", rate >= 0.9 * own and figures["errors"] == figures["refused"] == 0, form=form, clients=64,
            windows_a_second=rate, engine_windows_a_second=own, share=rate / own, windows_a_run=batch,
            time_in_runs=share, **figures)


def overhead(bench):
    for form, (accept, more) in FORMS.items():
        with open(bench.body(bench.options.windows, **more), encoding="ascii") as f:
            body = f.read()
        client, shares, walls = bench.daemon.connect(600), [], []
        for i in range(bench.options.repeats + 1):
            before, start = bench.daemon.metric("mfd_run_duration_seconds_sum"), time.monotonic()
            client.request("POST", PREDICT, body, {"Content-Type": "application/json", "Accept": accept})
            reply = client.getresponse()
            size = 0
            while part := reply.read(1 << 20):
                size += len(part)
            wall = time.monotonic() - start
            assert reply.status == 200
            run = bench.daemon.metric("mfd_run_duration_seconds_sum") - before
            if i > 0:  # the first warms up
                shares.append(wall / run - 1)
                walls.append(wall)
        client.close()
        share = statistics.median(shares)
        say("overhead", share < 0.03, form=form, windows=bench.options.windows, bytes=size, share=share,
            least_share=min(shares), wall_s=statistics.median(walls))


MEASURES = {"connections": connections, "lists": lists, "clients": clients, "overhead": overhead}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", default=ROOT + "/deploy/demo/demo.mfd")
    parser.add_argument("--seconds", type=int, default=60, help="of the longest measure; others take a part of it")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--idle", type=int, default=1000)
    parser.add_argument("--active", type=int, default=200)
    parser.add_argument("--windows", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--set", action="append", default=[], help="KEY=VALUE of the daemon's configuration")
    parser.add_argument("--realtime", action="store_true", help="before all else on a machine that others use (as root)")
    parser.add_argument("--no-bounds", action="store_true", help="say figures, whatever they are")
    parser.add_argument("measures", nargs="*", metavar="MEASURE", help=", ".join(MEASURES))
    options = parser.parse_args()
    if not shutil.which("wrk"):
        print("load.py: wrk is not there (deploy/install-deps --test)", file=sys.stderr)
        return 77
    for name in options.measures or MEASURES:
        bench = Bench(options)
        try:
            MEASURES[name](bench)
        finally:
            bench.close()
    for line in missed:
        print("missed its bound: " + line, file=sys.stderr)
    return 1 if missed and not options.no_bounds else 0


if __name__ == "__main__":
    sys.exit(main())
