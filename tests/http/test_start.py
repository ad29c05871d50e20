"""Configuration, start, reload, and what systemd hands over."""
import json
import os
import re
import select
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import tempfile
import time
import unittest

import harness


def mfdd(*arguments, env=None):
    run = subprocess.run([harness.MFDD, *arguments], capture_output=True, text=True, check=False,
                         timeout=harness.PATIENCE, env={**os.environ, **(env or {})})
    return run.returncode, run.stdout, run.stderr


class Place(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.place, True)

    def write(self, text, name="mfdd.conf"):
        path = os.path.join(self.place, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path


class CommandLine(Place):
    def test_help_and_version(self):
        self.assertIn("--demo", mfdd("--help")[1])
        for arguments in (["keys", "--help"], ["keys", "add", "--help"], ["-h", "nonsense"]):
            self.assertEqual(mfdd(*arguments), mfdd("--help"))
        self.assertRegex(mfdd("--version")[1], r"\Amfdd \d+\.\d+\.\d+\n\Z")

    def test_what_it_does_not_know_it_says(self):
        for arguments, words in ((["--nope"], "--nope"), (["serve"], "serve"), (["--port"], "--port"),
                                 (["keys"], "add"), (["keys", "add"], "--name"), (["keys", "revoke"], "revoke"),
                                 (["--model", "x"], "NAME=FILE"), (["keys", "add", "--name", "a", "--rate", "x"], "rate"),
                                 (["keys", "add", "--name", "a", "--days", "0.5"], "whole number")):
            code, _, text = mfdd(*arguments)
            self.assertEqual(code, 2, arguments)
            self.assertTrue(text.startswith("mfdd: "), text)
            self.assertIn(words, text)

    def test_the_printed_configuration_reads_back_as_itself(self):
        arguments = ["--port", "8123", "--set", "limits.items=7", "--model", "a=/x/a.mfd", "--genome", "g=/x/g.fa"]
        code, text, _ = mfdd(*arguments, "--print-config")
        self.assertEqual(code, 0)
        self.assertIn("port = 8123\n", text)
        self.assertIn("a = /x/a.mfd\n", text)
        self.assertEqual(mfdd("--config", self.write(text), "--print-config")[:2], (0, text))
        for line in text.splitlines():
            self.assertRegex(line, r"\A(#.*|\[[a-z]+\]|[A-Za-z0-9_]+ =( .+)?|)\Z")

    def test_a_wrong_configuration_names_file_and_line(self):
        for text, line, words in (("[server]\nport = 99999\n", 2, "65535"), ("[sever]\n", 1, "sever"),
                                  ("[server]\n\n# c\npotr = 1\n", 4, "potr"), ("port = 1\n", 1, "before"),
                                  ("[server]\nport = 1\nport = 2\n", 3, "twice"), ("[server\n", 1, "]"),
                                  ("[server]\nrequire_keys = maybe\n", 2, "yes"), ("[models]\na =\n", 2, "path"),
                                  ("[models]\na = /x\na = /y\n", 3, "twice"), ("[server]\nport\n", 2, "key = value"),
                                  ("[limits]\nitems = -1\n", 2, "items"), ("[server]\nport = 0x10\n", 2, "whole number")):
            path = self.write(text)
            code, _, error = mfdd("--config", path, "--check-config")
            self.assertEqual(code, 1, text)
            self.assertIn("%s, line %d" % (path, line), error)
            self.assertIn(words, error)
        with open(path, "wb") as f:
            f.write(b"[server]\nlisten = \xff\n")
        self.assertIn("UTF-8", mfdd("--config", path, "--check-config")[2])
        self.assertIn("/nonexistent", mfdd("--config", "/nonexistent", "--check-config")[2])

    def test_a_mistyped_name_is_told_what_it_may_have_meant(self):
        for text, hint in (("[sever]\n", "[server]?"), ("[server]\nprot = 1\n", "'port'?"), ("[limits]\nitem = 1\n", "'items'?"),
                           ("[server]\nxyzzy = 1\n", "--print-config"), ("[xyzzy]\n", "--print-config"),
                           ("[models]\na = \"/x y\"\n", "leave them out")):
            self.assertIn(hint, mfdd("--config", self.write(text), "--check-config")[2])
        self.assertEqual(mfdd("--config", self.write("\ufeff[server]\nport = 1\n"), "--check-config")[0], 0)

    def test_files_of_a_checked_configuration_are_there(self):
        for text in ("[models]\na = gone\n", "[genomes]\ng = gone\n", "[server]\ntls_certificate = gone\ntls_key = mfdd.conf\n"):
            code, _, error = mfdd("--config", self.write(text), "--check-config")
            self.assertEqual(code, 1)
            self.assertIn("%s/gone': No such file" % self.place, error)

    def test_contradictions_are_told(self):
        for setting, words in (("defaults.genome=hg19", "[genomes]"), ("server.cors_origins=localhost:3000", "http://localhost:3000"),
                               ("server.cors_origins=http://a.example, https://b.example/", "'https://b.example/'"),
                               ("server.cors_origins=*,https://a.example", "alone"), ("server.hosts=a, https://b", "'https://b'"),
                               ("server.hosts=a:80", "port"), ("server.tls_key=/x", "tls_certificate"), ("log.level=loud", "loud"), ("server.listen=", "listen")):
            code, _, error = mfdd("--set", setting, "--check-config")
            self.assertEqual(code, 1)
            self.assertIn(words, error)
        for setting in ("server.cors_origins=*", "server.cors_origins=https://a.example, http://b.example:80,null",
                        "server.hosts=a.example, b"):
            self.assertEqual(mfdd("--set", setting, "--check-config")[0], 0)

    def test_paths_of_a_file_count_from_its_directory(self):
        text = mfdd("--config", self.write("[models]\na = sub/a.mfd\n"), "--print-config")[1]
        self.assertIn("a = %s/sub/a.mfd\n" % self.place, text)


class Starting(Place):
    def fails(self, words, *arguments, **more):
        daemon = harness.Daemon(*arguments, wait=None, **more)
        daemon.wait_for("mfdd: .*%s.*" % words)
        daemon.stop(sign=None, code=1)

    def test_a_genome_that_is_not_the_assembly_it_is_named_after_is_told(self):
        demo = os.path.join(harness.DEMO, "genome.fa.gz")
        daemon = harness.Daemon(models={"tiny": "tiny"}, genomes={"hg19": demo, "GRCh37": demo, "demo": demo, "HG38": demo})
        told = [e["message"] for e in daemon.log if e["level"] == "warning"]
        self.assertEqual(len(told), 1, told)
        self.assertRegex(told[0], "genome HG38: .* of GRCh37")
        daemon.stop()

    def test_a_taken_port_is_told(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen()
            self.fails("in use.*--port", port=s.getsockname()[1])

    def test_a_state_directory_serves_one_daemon(self):
        daemon = harness.Daemon(models={"tiny": "tiny"})
        self.fails("in use by another mfdd", state=daemon.state)
        daemon.stop()

    def test_a_state_directory_of_its_own_making_is_closed_to_others(self):
        for path, made, mode in ((self.place + "/new/state", None, 0o700), (self.place + "/old", 0o750, 0o750)):
            if made:
                os.mkdir(path, made)
            harness.Daemon(models={"tiny": "tiny"}, state=path).stop()
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), mode)

    def test_a_state_directory_that_cannot_be_is_told(self):
        path = self.write("a file", "state")
        self.fails("state", state=path)
        self.fails("state", state="/proc/nope")

    def test_a_damaged_store_is_told(self):
        self.write("this is no database, and it is long enough to be read as one" * 20, "mfd.db")
        self.fails("mfd.db.*not a database", state=self.place)

    def test_a_store_of_the_future_is_left_alone(self):
        harness.Daemon(models={"tiny": "tiny"}, state=self.place).stop()
        with sqlite3.connect(self.place + "/mfd.db") as db:
            db.execute("PRAGMA user_version = 99")
        db.close()
        self.fails("newer version", state=self.place)

    def test_a_genome_that_is_not_there_is_told(self):
        self.fails("genome g.*nonexistent", genomes={"g": "/nonexistent.fa"})

    def test_not_ready_before_the_models_are(self):
        daemon = harness.Daemon(wait="ready")
        answer = daemon.request("GET", "/readyz")
        self.assertEqual((answer.status, answer.slug), (503, "model-not-ready"))
        self.assertEqual(daemon.request("GET", "/livez").status, 200)
        answer = daemon.request("POST", "/api/v1/predict", {"sequences": ["A"]})
        self.assertEqual((answer.status, answer.slug), (404, "model-not-found"))
        daemon.stop()

    def test_a_broken_model_does_not_keep_the_others_from_serving(self):
        path = self.write("not a bundle", "bad.mfd")
        daemon = harness.Daemon(models={"bad": path, "tiny": "tiny"})
        self.assertEqual(daemon.request("GET", "/readyz").status, 200 if daemon.wait_for("model bad: .*bad.mfd.*") else 0)
        self.assertEqual(daemon.request("GET", "/api/v1/models/tiny").json()["state"], "ready")
        daemon.stop()

    def test_a_model_that_cannot_be_loaded_is_told_with_the_reason(self):
        path = self.write("not a bundle", "bad.mfd")
        daemon = harness.Daemon(models={"bad": path, "tiny": "tiny"})
        self.assertEqual(daemon.wait_for("ready")["failed"], 1)
        tiny, bad = daemon.request("GET", "/api/v1/models").json()["models"]
        self.assertEqual((tiny["name"], tiny["state"], tiny["default"]), ("tiny", "ready", False))
        self.assertEqual([bad[k] for k in ("name", "version", "digest", "state", "default")],
                         ["bad", None, None, "failed", True])
        self.assertIn("bad.mfd", bad["error"])
        self.assertEqual(daemon.request("GET", "/api/v1/models/bad").json(), bad)
        self.assertEqual(daemon.request("GET", "/readyz").json(), {"status": "ok", "failed": ["bad"]})
        self.assertEqual(daemon.request("GET", "/v2/health/ready").status, 200)
        metrics = daemon.request("GET", "/metrics").body.decode()
        self.assertIn('mfd_model_state{model="bad",version="",state="failed"} 1\n', metrics)
        window = "ACGT" * 1000
        for name in ("bad", None):  # nobody else answers for it
            answer = daemon.request("POST", "/api/v1/predict", {"sequences": [window], **({"model": name} if name else {})})
            self.assertEqual((answer.status, answer.slug), (503, "model-not-ready"))
            self.assertIn("bad.mfd", answer.json()["detail"])
        for target in ("/api/v1/models/bad/tracks", "/api/v1/models/bad/fields/x", "/v2/models/bad/ready"):
            answer = daemon.request("GET", target)
            self.assertEqual((answer.status, answer.slug), (503, "model-not-ready"), target)
        self.assertEqual(daemon.request("POST", "/api/v1/predict", {"model": "tiny", "sequences": [window]}).status, 200)
        answer = daemon.request("PUT", "/api/v1/models/bad", {"path": harness.bundle("order2")}, {"If-None-Match": "*"})
        self.assertEqual(answer.status, 201, answer.body)
        self.assertEqual(daemon.request("GET", "/readyz").json(), {"status": "ok"})
        self.assertEqual([m["state"] for m in daemon.request("GET", "/api/v1/models").json()["models"]], ["ready"] * 2)
        self.assertEqual(daemon.request("POST", "/api/v1/predict", {"sequences": [window]}).status, 200)
        daemon.stop()

    def test_with_strict_readiness_every_model_must_load(self):
        path = self.write("not a bundle", "bad.mfd")
        daemon = harness.Daemon(models={"tiny": "tiny", "bad": path}, settings={"server.strict_readiness": "yes"})
        for target in ("/readyz", "/v2/health/ready"):
            answer = daemon.request("GET", target)
            self.assertEqual((answer.status, answer.slug), (503, "model-not-ready"))
            self.assertIn(": bad.", answer.json()["detail"])
            self.assertNotIn(self.place, answer.json()["detail"], "whoever asks needs no key")
        self.assertEqual(daemon.metric("mfd_ready"), 0)
        self.assertEqual(daemon.request("POST", "/api/v1/predict", {"sequences": ["ACGT" * 1000]}).status, 200)
        daemon.stop()

    def test_checking_a_configuration_opens_what_it_names(self):
        bad, model = self.write("not a bundle", "bad.mfd"), "--model=tiny=" + harness.bundle("tiny")
        genome = "--genome=region=" + os.path.join(harness.DATA, "region.fa")
        self.assertEqual(mfdd("--check-config", model, genome)[0], 0)
        for more, words in (("--model=bad=" + bad, "model bad: .*bad.mfd"), ("--genome=g=/nonexistent", "genome g: .*nonexistent")):
            code, _, said = mfdd("--check-config", model, genome, more)
            self.assertEqual(code, 1)
            self.assertRegex(said, words)

    def test_the_demo_needs_nothing_else(self):
        daemon = harness.Daemon("--demo", state=self.place)
        self.assertEqual(daemon.request("GET", "/readyz").status, 200)
        answer = daemon.request("POST", "/api/v1/predict", {"intervals": ["chr20:42984160-42984444"],
                                                            "tracks": {"ids": ["DREAM_HepG2_CTCF"]}})
        self.assertEqual(len(answer.json()["results"][0]["bins"]), 3)
        daemon.stop()

    def test_ctrl_c_ends_it_too(self):
        harness.Daemon(models={"tiny": "tiny"}).stop(sign=signal.SIGINT)

    def test_ending_while_models_load(self):
        daemon = harness.Daemon(models={"tiny": "tiny", "wide": "wide", "order2": "order2"}, wait="listening")
        daemon.stop()


class Reload(Place):
    def test_sighup_takes_up_what_is_new(self):
        path = self.write("[models]\ntiny = %s\n[limits]\nitems = 5\n" % harness.bundle("tiny"))
        daemon = harness.Daemon("--config", path)
        self.assertEqual(daemon.request("GET", "/service-info").json()["limits"]["items"]["value"], 5)
        self.write("[models]\nwide = %s\n[limits]\nitems = 6\n" % harness.bundle("wide"))
        skip = len(daemon.log)
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("ready", skip)
        self.assertEqual(daemon.request("GET", "/service-info").json()["limits"]["items"]["value"], 6)
        models = daemon.request("GET", "/api/v1/models").json()["models"]
        self.assertEqual([m["name"] for m in models], ["wide"])
        daemon.stop()

    def test_a_model_that_was_mended_is_taken_up_and_one_that_is_named_no_more_forgotten(self):
        bad = self.write("not a bundle", "bad.mfd")
        text = "[models]\nbad = %s\nworse = /nonexistent.mfd\ntiny = %s\n" % (bad, harness.bundle("tiny"))
        daemon = harness.Daemon("--config", self.write(text))
        self.assertEqual(sorted(daemon.request("GET", "/readyz").json()["failed"]), ["bad", "worse"])
        shutil.copy(harness.bundle("order2"), bad)
        self.write(text.replace("worse = /nonexistent.mfd\n", ""))
        skip = len(daemon.log)
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("ready", skip)
        self.assertEqual(daemon.request("GET", "/readyz").json(), {"status": "ok"})
        models = daemon.request("GET", "/api/v1/models").json()["models"]
        self.assertEqual([(m["name"], m["state"]) for m in models], [("tiny", "ready"), ("bad", "ready")])
        daemon.stop()

    def test_what_waits_for_a_restart_is_told(self):
        genomes = "[genomes]\nregion = %s\n" % os.path.join(harness.DATA, "region.fa")
        path = self.write(genomes)
        daemon = harness.Daemon("--config", path, models={"tiny": "tiny"})
        for text in (genomes + "[server]\nport = 1\n", genomes + "[defaults]\ngenome = region\n",
                     "[genomes]\nregion = /elsewhere.fa\n"):
            self.write(text)
            skip = len(daemon.log)
            daemon.process.send_signal(signal.SIGHUP)
            daemon.wait_for("ready", skip)
            told = [e["message"] for e in daemon.log[skip:] if e["level"] == "warning"]
            self.assertEqual(len(told), "port" not in text, "the port stands on the command line")
            self.assertTrue(all("with a restart only" in line for line in told))
        daemon.stop()

    def test_a_default_that_is_no_model_is_told(self):
        daemon = harness.Daemon(models={"tiny": "tiny"}, settings={"defaults.model": "nix"})
        daemon.wait_for("defaults.model: There is no model 'nix'; there is tiny@.*")
        daemon.stop()

    def test_a_wrong_file_changes_nothing(self):
        path = self.write("[limits]\nitems = 5\n")
        daemon = harness.Daemon("--config", path, models={"tiny": "tiny"})
        self.write("[limits]\nitems = 6\nnope = 1\n")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("the configuration stays as it was: .*line 3.*")
        self.assertEqual(daemon.request("GET", "/service-info").json()["limits"]["items"]["value"], 5)
        daemon.stop()


class Systemd(Place):
    def test_it_says_when_it_is_ready_alive_and_stopping(self):
        path = os.path.join(self.place, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.bind(path)
            s.settimeout(harness.PATIENCE)
            daemon = harness.Daemon(models={"tiny": "tiny"}, env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"})
            said = b""
            while b"READY=1" not in said:
                said = s.recv(1000)
                self.assertTrue(said.startswith((b"READY=1", b"WATCHDOG=1")), said)
            self.assertEqual([s.recv(1000) for _ in range(2)], [b"WATCHDOG=1"] * 2)
            daemon.stop()
            rest = b""
            s.settimeout(0.5)
            try:
                while True:
                    rest += s.recv(1000)
            except socket.timeout:
                pass
            self.assertIn(b"STOPPING=1", rest)

    def windows(self, daemon):
        """Of each model, computed since the start; None before the daemon is ready."""
        text = daemon.request("GET", "/metrics").body.decode()
        if "\nmfd_ready 1\n" not in text:
            return None
        return [float(n) for n in re.findall(r"^mfd_engine_windows_total\{.*\} (.*)$", text, re.MULTILINE)]

    def test_ready_is_said_when_every_model_is_loaded_and_has_computed(self):
        """The registry waits for its database, which is locked here: all the while the daemon is not ready."""
        models, path = {"chr20": "chr20", "wide": "wide", "tiny": "tiny"}, os.path.join(self.place, "notify")
        state = os.path.join(self.place, "state")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.bind(path)
            s.settimeout(harness.PATIENCE)
            for _ in range(10):  # until the lock comes before the last model
                daemon = harness.Daemon(models=models, state=state, env={"NOTIFY_SOCKET": path}, wait="listening")
                locked = self.unready_while_locked(daemon, state, s)
                self.assertTrue(s.recv(1000).startswith(b"READY=1"))
                self.assertEqual(self.windows(daemon), [1] * len(models))
                self.assertEqual(daemon.request("GET", "/readyz").status, 200)
                daemon.stop()
                self.assertTrue(s.recv(1000).startswith(b"STOPPING=1"))
                if locked:
                    return
        self.fail("never in time with the lock")

    def test_what_could_not_be_loaded_stands_in_the_status(self):
        path = os.path.join(self.place, "notify")
        bad = self.write("not a bundle", "bad.mfd")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.bind(path)
            s.settimeout(harness.PATIENCE)
            daemon = harness.Daemon(models={"tiny": "tiny", "bad": bad}, env={"NOTIFY_SOCKET": path})
            self.assertEqual(s.recv(1000), b"READY=1\nSTATUS=Serving 1 model; could not be loaded: bad")
            daemon.stop()

    def unready_while_locked(self, daemon, state, s):
        """False where the daemon was ready before it could be locked out."""
        database = sqlite3.connect(state + "/mfd.db", timeout=harness.PATIENCE, isolation_level=None)
        database.execute("BEGIN IMMEDIATE")
        try:
            for i in range(50):
                answer = daemon.request("GET", "/readyz")
                if i == 0 and answer.status == 200:
                    return False
                self.assertEqual((answer.status, answer.slug), (503, "model-not-ready"))
                self.assertIsNone(self.windows(daemon))
                self.assertEqual(select.select([s], [], [], 0)[0], [], "it has said something")
                time.sleep(0.01)
        finally:
            database.execute("ROLLBACK")
            database.close()
        return True

    def test_a_database_that_stays_locked_is_waited_for(self):
        """Longer than a single write waits for it: no model is given up."""
        models, state = {"chr20": "chr20", "wide": "wide", "tiny": "tiny"}, os.path.join(self.place, "state")
        for _ in range(10):  # until the lock comes before the last model
            daemon = harness.Daemon(models=models, state=state, wait="listening")
            database = sqlite3.connect(state + "/mfd.db", timeout=harness.PATIENCE, isolation_level=None)
            database.execute("BEGIN IMMEDIATE")
            locked = daemon.request("GET", "/readyz").status == 503
            if locked:
                daemon.wait_for("model .*: cannot write to the store: database is locked by another program")
                answer = daemon.request("GET", "/readyz")
                self.assertEqual((answer.status, answer.slug), (503, "model-not-ready"))
            database.execute("ROLLBACK")
            database.close()
            daemon.wait_for("ready")
            self.assertEqual(daemon.request("GET", "/readyz").json(), {"status": "ok"})
            self.assertEqual([m["state"] for m in daemon.request("GET", "/api/v1/models").json()["models"]], ["ready"] * 3)
            daemon.stop()
            if locked:
                return
        self.fail("never in time with the lock")

    def test_no_model_is_ready_cold_at_any_moment(self):
        models = {"chr20": "chr20", "tiny": "tiny"}
        daemon = harness.Daemon(models=models, wait="listening")
        while (found := self.windows(daemon)) is None:
            pass
        self.assertEqual(found, [1] * len(models))
        daemon.stop()
        daemon = harness.Daemon(models=models, settings={"compute.warm_up": "no"})
        self.assertEqual(self.windows(daemon), [0] * len(models))
        daemon.stop()

    def test_it_serves_on_a_socket_that_was_handed_over(self):
        with socket.create_server(("127.0.0.1", 0)) as s:
            command = 'exec 3<&%d; LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" "$@" 3<&3' % s.fileno()
            state = os.path.join(self.place, "state")
            process = subprocess.Popen(["/bin/sh", "-c", command, harness.MFDD, "--state-dir", state, "--model",
                                        "tiny=" + harness.bundle("tiny")], pass_fds=(s.fileno(),), stderr=subprocess.DEVNULL)
            try:
                end = time.monotonic() + harness.PATIENCE
                reply = b""
                while b"200 OK" not in reply and time.monotonic() < end:
                    with socket.create_connection(s.getsockname(), 5) as c:
                        c.sendall(b"GET /readyz HTTP/1.0\r\n\r\n")
                        reply = c.recv(4000)
                self.assertIn(b"200 OK", reply)
            finally:
                process.terminate()
                self.assertEqual(process.wait(harness.PATIENCE), 0)


class Tls(Place):
    def test_https_where_certificates_are_given(self):
        daemon = harness.Daemon(models={"tiny": "tiny"}, tls=True)
        client = daemon.connect()
        for _ in range(2):
            answer = daemon.request("GET", "/api/v1/models", connection=client)
            self.assertEqual(answer.status, 200)
        self.assertIn("max-age", answer.headers["strict-transport-security"])
        client.close()
        daemon.context = None
        for data in (b"GET /livez HTTP/1.0\r\n\r\n", b"POST /api/v1/predict HTTP/1.1\r\nContent-Length: 99999\r\n\r\n" + b"x" * 99999):
            top, _, body = daemon.raw(data).partition(b"\r\n\r\n")
            self.assertTrue(top.startswith(b"HTTP/1.1 400 "), top)
            self.assertIn("speaks TLS", json.loads(body)["detail"])
            self.assertEqual(daemon.logged(json.loads(body)["request_id"])["status"], 400)
        daemon.stop()

    def test_a_certificate_that_is_none_is_told(self):
        cert = self.write("not a certificate", "cert.pem")
        daemon = harness.Daemon(wait=None, settings={"server.tls_certificate": cert, "server.tls_key": cert})
        daemon.wait_for("mfdd: .*PEM.*")
        daemon.stop(sign=None, code=1)

    def test_a_key_of_another_certificate_is_told(self):
        cert = harness.certificate()[0]
        key = os.path.join(self.place, "other.pem")
        subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-out", key],
                       check=True, capture_output=True)
        for settings, words in ((("server.tls_certificate=" + cert, "server.tls_key=" + key), "do not match"),
                                (("server.tls_certificate=" + cert, "server.tls_key=/nonexistent"), "No such file")):
            arguments = [a for s in settings for a in ("--set", s)]
            code, _, told = mfdd(*arguments, "--check-config")
            self.assertEqual(code, 1)
            self.assertIn(words, told)
            code, _, error = mfdd(*arguments, "--state-dir", self.place, "--port", "0")
            self.assertEqual((code, error), (1, told))


if __name__ == "__main__":
    unittest.main()
