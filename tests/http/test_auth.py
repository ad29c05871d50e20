"""API keys: who may do what, how often, and for how long."""
import shlex
import shutil
import subprocess
import time
import unittest

import harness


def keys(state, *arguments):
    run = subprocess.run([harness.MFDD, "keys", "--state-dir", state, *arguments], capture_output=True,
                         text=True, check=False)
    return run.returncode, run.stdout.strip(), run.stderr


class Auth(harness.Case):
    settings = {"server.require_keys": "yes", "limits.json_bytes": 10000}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keys = {}
        for scope in ("read", "predict", "admin"):
            code, cls.keys[scope], _ = keys(cls.daemon.state, "add", "--name", scope, "--scopes", scope)
            assert code == 0
        end = time.monotonic() + harness.PATIENCE
        while cls.daemon.request("GET", "/api/v1/models", headers=cls.bearer("admin")).status != 200:
            assert time.monotonic() < end, "the daemon did not take the new keys"
            time.sleep(0.1)

    @classmethod
    def bearer(cls, name):
        return {"Authorization": "Bearer " + cls.keys.get(name, name)}

    def test_health_needs_no_key(self):
        for path in ("/livez", "/readyz", "/service-info", "/openapi.json", "/problems/not-found", "/"):
            self.assertEqual(self.get(path).status, 200, path)

    def test_the_rest_does(self):
        for path in ("/metrics", "/api/v1/models", "/api/v1/genomes", "/api/v1/keys"):
            answer = self.get(path)
            self.assertProblem(answer, 401, "unauthorised", "Authorization: Bearer")
            self.assertEqual(answer.headers["www-authenticate"], 'Bearer realm="mfd"')

    def test_a_key_may_come_in_either_header(self):
        self.assertEqual(self.get("/api/v1/models", self.bearer("read")).status, 200)
        self.assertEqual(self.get("/api/v1/models", {"X-API-Key": self.keys["read"]}).status, 200)
        self.assertEqual(self.get("/api/v1/models", {"Authorization": "bearer  " + self.keys["read"]}).status, 200)

    def test_a_key_that_is_nearly_right_is_wrong(self):
        good = self.keys["admin"]
        for bad in (good[:-1], good + "0", good[:-1] + ("0" if good[-1] != "0" else "1"), good.upper(), "mfd_", "x" * 5000,
                    good[:4] + "0" * 12 + good[16:], good.replace("_", "-"), "' OR 1=1 --"):
            self.assertProblem(self.get("/api/v1/models", self.bearer(bad)), 401, "unauthorised", "mistyped")
        self.assertEqual(self.get("/api/v1/models", {"Authorization": "Basic " + good}).status, 401)

    def test_scopes_hold(self):
        body = {"sequences": ["ACGT"]}
        for name, read, predict, admin in (("read", 200, 403, 403), ("predict", 200, 200, 403), ("admin", 200, 200, 200)):
            self.assertEqual(self.get("/api/v1/models", self.bearer(name)).status, read)
            status = self.post("/api/v1/predict", body, self.bearer(name)).status
            self.assertEqual(status if status == 403 else 200, predict)
            self.assertEqual(self.get("/api/v1/keys", self.bearer(name)).status, admin)
        self.assertProblem(self.request("DELETE", "/api/v1/models/tiny", headers=self.bearer("predict")), 403,
                           "forbidden", "admin")

    def test_a_body_of_the_unauthorised_is_not_kept(self):
        answer = self.post("/api/v1/predict", b"x" * 9000000, {"Content-Type": "application/json"})
        self.assertEqual(answer.status, 401)

    def test_a_key_is_made_used_and_revoked_over_http(self):
        made = self.post("/api/v1/keys", {"name": "note\u00e9", "scopes": "read"}, self.bearer("admin"))
        self.assertEqual(made.status, 201)
        key = made.json()
        self.assertEqual(self.get("/api/v1/models", self.bearer(key["key"])).status, 200)
        listed = self.get("/api/v1/keys", self.bearer("admin")).json()["keys"]
        self.assertIn(key["id"], [k["id"] for k in listed])
        self.assertNotIn(key["key"].split("_")[2], str(listed))
        self.assertEqual(self.request("DELETE", "/api/v1/keys/" + key["id"], headers=self.bearer("admin")).status, 204)
        self.assertEqual(self.get("/api/v1/models", self.bearer(key["key"])).status, 401)
        self.assertProblem(self.request("DELETE", "/api/v1/keys/" + key["id"], headers=self.bearer("admin")), 404, "not-found")

    def test_what_a_key_may_not_be(self):
        for body in ({}, {"name": "a"}, {"name": "", "scopes": "read"}, {"name": "a", "scopes": "root"},
                     {"name": "a" * 64, "scopes": "read"}, {"name": "a", "scopes": "read", "rate": -1},
                     {"name": "a", "scopes": "read", "days": 1.5}, {"name": "a", "scopes": "read", "more": 1}, []):
            self.assertProblem(self.post("/api/v1/keys", body, self.bearer("admin")), 400, "invalid-value")
        self.assertProblem(self.post("/api/v1/keys", b'{"name": ', self.bearer("admin")), 400, "malformed-json")

    def test_the_command_line_takes_a_key_back(self):
        state = self.daemon.state
        code, text, _ = keys(state, "add", "--name", "gone", "--days", "1")
        self.assertEqual(code, 0)
        number = text.split("_")[1]
        code, table, _ = keys(state, "list")
        self.assertIn(number + "\tgone\tread,predict\t0\t", table)
        self.assertNotIn(text.split("_")[2], table)
        self.assertEqual(keys(state, "revoke", number)[0], 0)
        self.assertEqual(keys(state, "revoke", number)[0], 1)
        self.assertIn(number + "\tgone\tread,predict\t0\t", keys(state, "list")[1])
        self.assertIn("revoked", [line.split("\t")[-1] for line in keys(state, "list")[1].splitlines() if number in line])

    def test_a_rate_is_kept(self):
        made = self.post("/api/v1/keys", {"name": "slow", "scopes": "read", "rate": 2}, self.bearer("admin")).json()
        statuses = [self.get("/api/v1/genomes", self.bearer(made["key"])) for _ in range(8)]
        codes = [a.status for a in statuses]
        self.assertEqual(codes[:4], [200] * 4)
        self.assertIn(429, codes)
        refused = next(a for a in statuses if a.status == 429)
        self.assertEqual((refused.slug, refused.headers["retry-after"]), ("rate-limited", "1"))
        time.sleep(1.1)
        self.assertEqual(self.get("/api/v1/genomes", self.bearer(made["key"])).status, 200)

    def test_a_key_never_stands_in_the_log(self):
        secret = self.keys["admin"].split("_")[2]
        self.get("/api/v1/models", self.bearer("admin"))
        self.assertNotIn(secret, str(self.daemon.log))
        self.assertIn("key:" + self.keys["admin"].split("_")[1], str(self.daemon.log))


class Open(unittest.TestCase):
    def test_beyond_loopback_a_key_must_be_there(self):
        daemon = harness.Daemon("--listen", "0.0.0.0", wait=None)
        line = daemon.wait_for(r"mfdd: will not listen on 0\.0\.0\.0.*mfdd keys add.*")["message"]
        daemon.own_state = False
        daemon.stop(sign=None, code=1)
        command = shlex.split(line.partition("`mfdd ")[2].partition("`")[0])
        try:
            ended = subprocess.run([harness.MFDD, *command], capture_output=True, text=True, check=False)
            self.assertEqual(ended.returncode, 0, ended.stderr)
            self.assertRegex(ended.stdout, r"\Amfd_\w+\n\Z")
        finally:
            shutil.rmtree(daemon.state, True)

    def test_with_a_key_it_listens_and_asks_for_it(self):
        daemon = harness.Daemon(models={"tiny": "tiny"})
        code, text, _ = keys(daemon.state, "add", "--name", "a")
        self.assertEqual(code, 0)
        second = None
        try:
            daemon.own_state = False
            daemon.stop()
            second = harness.Daemon("--listen", "0.0.0.0", models={"tiny": "tiny"}, state=daemon.state)
            self.assertEqual(second.request("GET", "/api/v1/models").status, 401)
            self.assertEqual(second.request("GET", "/api/v1/models", headers={"X-API-Key": text, "Host": "any.example"}).status, 200)
        finally:
            if second:
                second.own_state = True
                second.stop()

    def test_an_administrator_may_open_it_knowingly(self):
        daemon = harness.Daemon("--listen", "0.0.0.0", "--set", "server.allow_anonymous=yes", models={"tiny": "tiny"})
        self.assertEqual(daemon.request("GET", "/api/v1/models").status, 200)
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
