"""A stand-in for mfdd that computes nothing but keeps the contract: one result an input, in order,
streamed as NDJSON, with limits. Values are functions of the input, so that a test can tell whose
they are."""

import json
import zlib

from fake import Answer, problem

TRACKS = ["T%d" % i for i in range(8)]
LABS = ["X", "X", "Y", "Y", "Y", "Y", "Y", "W"]
DIGEST = "d" * 64


def number(text, salt):
    return ((zlib.crc32((text + salt).encode()) % 20001) - 10000) / 64


def values(text, components, tracks=TRACKS):
    return {c: [number(text, t + c) for t in tracks] for c in components}


def key(item):
    return item if isinstance(item, str) else json.dumps(item, sort_keys=True)


def unscored(slug, status="error"):
    return {"status": status, "problem": {"type": "/problems/" + slug, "title": "t", "status": 422,
                                          "detail": "no: " + slug + "."}}


def predict(item, request):
    components = request.get("components", ["total"])
    if isinstance(item, str) and item.startswith("bad"):
        return unscored("bad-interval")
    if "intervals" not in request:
        return {"status": "ok", "values": values(item["sequence"], components)}
    tracks = [json.dumps(v["metadata"], sort_keys=True) for v in request.get("virtual_tracks", [])]
    tracks = tracks or request.get("tracks", {}).get("ids", TRACKS)
    bins = [{"start": 128 * b, "end": 128 * b + 128, "padded": 3 * b,
             "values": values(key(item) + str(b), components, tracks)} for b in range(2)]
    return {"status": "ok", "chrom": "chr20", "start": 5, "end": 250, "bins": bins}


def features(item, request):
    names = request.get("subspaces", ["biological", "technical"])
    return {"status": "ok", "values": values(key(item), names, TRACKS[:3])}


def score(item, request):
    if item == "junk":
        return unscored("malformed-variant")
    if not isinstance(item, str) and item["alt"] == "*":
        return unscored("star-allele", "skipped")
    if isinstance(item, str) and ":" in item: # SPDI with a deleted length
        chrom, at, _, alt = item.split(":")
        ref = "ACGT"[int(at) % 4]
        if alt == ref:
            return unscored("no-change", "skipped")
        if chrom == "chr9":
            return unscored("contig-unknown")
        item = "%s-%d-%s-%s" % (chrom, int(at) + 1, ref, alt)
    parts = item.split("-") if isinstance(item, str) else [item[k] for k in ("chrom", "pos", "ref", "alt")]
    variant = dict(zip(("chrom", "pos", "ref", "alt"), parts))
    variant["pos"] = int(variant["pos"])
    result = {"status": "ok", "variant": variant, "flipped": variant["ref"] == "T", "padded": 0}
    for s in request.get("scores", ["effect"]):
        result[s] = values(key(variant) + s, request["components"])
    if "features" in request:
        result["features"] = values(key(variant), request["features"], "012")
    return result


def scan(request, limit):
    """Of one interval; position 1,000,004 is skipped and 1,000,005 an error."""
    item = request["intervals"][0]
    n = item["end"] - item["start"]
    if n > limit:
        return problem(413, "over-limit", "ism_bases: %d is more than the limit of %d." % (n, limit))
    if item["chrom"] == "chr9":
        return {"provenance": {}, "tracks": ["mean"], "results": [{"index": 0, "id": None, **unscored("contig-unknown")}]}
    bases = []
    for start in range(item["start"], item["end"]):
        ref = "ACGT"[start % 4]
        def effect(alt, part):
            variant = {"chrom": item["chrom"], "pos": start + 1, "ref": ref, "alt": alt}
            return [0 if alt == ref else number(key(variant) + "effect", "T0" + part)]
        base = {"start": start, "reference": ref}
        if start + 1 in (1000004, 1000005):
            base.update(unscored("window-off-contig" if start % 2 == 0 else "unknown-base", "error" if start % 2 == 0 else "skipped"))
        else:
            base.update(status="ok", padded=0, effect={c: [effect(a, c) for a in "ACGT"] for c in request["components"]})
        bases.append(base)
    return {"provenance": {"model": "demo", "genome": "G", "digest": DIGEST}, "tracks": ["mean"], "summary": {},
            "results": [{"index": 0, "id": None, "status": "ok", "chrom": "chr20", "start": item["start"],
                         "end": item["end"], "bases": bases}]}


KINDS = {"/api/v1/predict": predict, "/api/v1/features": features, "/api/v1/variants/score": score}


FEATURES = [{"index": i, "subspace": "technical" if i < 3 else "biological", "role": "direct" if i != 4 else "interact",
             "column": [None, "lab", "proc_target"][0 if i == 4 else 1 if i < 3 else 2],
             "label": None if i == 4 else "XYWABZ"[i]} for i in range(6)]


def weights(feature, top):
    """A feature in detail; the one of several columns weighs on Z most."""
    factors = [{"column": "proc_target", "label": l, "effect": 1.5 - i, "method": "exact"}
               for i, l in enumerate("ZAB")]
    tracks = [{"track": t, "weight": number(t, str(feature["index"])), "held_out": False} for t in TRACKS]
    return {**feature, "background": 8, "tracks": tracks[:top], "factors": factors[:top]}


def resolve(request):
    """Nearest are the tracks with the most settings in common."""
    setting = {**metadata(int(request["like"][1:]) if "like" in request else 0, "like" in request),
               **request["combinations"][0]}
    def far(i):
        own = metadata(i)
        return sum(not set(own.get(c, "").split(",")) & set(v if isinstance(v, list) else [str(v)])
                   for c, v in setting.items())
    order = sorted(range(len(TRACKS)), key=lambda i: (far(i), i))[:request.get("nearest", 5)]
    near = [{"track": TRACKS[i], "distance": far(i) + 0.25, "biological": 0, "technical": 0, "held_out": False}
            for i in order]
    return {"provenance": {}, "results": [{"index": 0, "id": None, "status": "ok", "verdict": "interpolated",
                                           "reason": "no track is all of it", "nearest": near}],
            "summary": {}}


def metadata(i, known=True):
    return {"proc_target": "AB"[i % 2] + (",Z" if i > 5 else ""), "lab": LABS[i]} if known else {}


class Daemon:
    """As the `answers` of a Fake. `items` and `passes` are its limits; `cuts` are numbers of bytes at
    which the next streams break; `digests` those of the next requests."""

    def __init__(self, items=1000, passes=2000, strict_limit=None, cuts=(), digests=()):
        self.items, self.passes, self.strict_limit = items, passes, strict_limit
        self.cuts, self.digests = list(cuts), list(digests)
        self.sizes = []

    def __call__(self, request):
        path = request["path"]
        if path == "/service-info":
            return Answer({"limits": {"items": {"value": self.items},
                                      "passes": {"value": self.passes}, "ism_bases": {"value": 256}}})
        if path == "/api/v1/models":
            return Answer({"models": [{"name": "a"}, {"name": "demo", "default": True}]})
        if path in ("/api/v1/models/a", "/api/v1/models/demo"):
            return Answer({"name": path[-1], "tracks": len(TRACKS), "features": {"technical": 3}})
        if path == "/api/v1/models/demo/tracks":
            return self.tracks(dict(request["query"]))
        if path == "/api/v1/models/demo/fields":
            return Answer({"fields": [
                {"name": "proc_target", "n_labels": 9, "groups": {"biological": {
                    "direct": True, "interact": True, "width": 3}}},
                {"name": "age", "type": "float"},
                {"name": "lab", "n_labels": 2, "groups": {"technical": {"direct": True}}}]})
        if path == "/api/v1/models/demo/fields/lab":
            return Answer({"name": "lab", "labels": [{"label": "L", "count": 8}]})
        if path == "/api/v1/models/demo/fields/age":
            return Answer({"name": "age", "mean": 1.5})
        model = "/api/v1/models/demo/"
        top = int(dict(request["query"]).get("top", 5))
        if path == model + "features":
            at = int(dict(request["query"]).get("cursor", 0))
            wanted = [f for f in FEATURES if f["subspace"] in dict(request["query"]).get("subspace", f["subspace"])]
            return Answer({"features": wanted[at:at + 4], "next": str(at + 4) if at + 4 < len(wanted) else None})
        if path.startswith(model + "features/") and int(path.rsplit("/", 1)[1]) < len(FEATURES):
            return Answer(weights(FEATURES[int(path.rsplit("/", 1)[1])], top))
        if path == model + "fields/proc_target/features":
            return Answer({"column": "proc_target", "background": 8, "next": None, "factors": [
                {"label": l, "tracks": 2, "features": [{**FEATURES[3], "effect": 2.5, "method": "exact"},
                                                       {**FEATURES[4], "effect": -1, "method": "difference"}][:top]}
                for l in "AB"]})
        if path == model + "tracks/T1/decomposition":
            return Answer({"track": "T1", "held_out": False, "background": 8, **{
                g: {"distance": 1, "columns": [{"column": c, "share": 1, "norm": 1, "method": "shapley"}]}
                for g, c in (("biological", "proc_target"), ("technical", "lab"))}})
        if path == model + "tracks/T1/nearest":
            by = dict(request["query"])["by"]
            return Answer({"track": "T1", "by": by, "measure": "cosine", "nearest": [
                {"track": t, "held_out": False, "cosine": {"biological": 0.5, "technical": 0.25},
                 "distance": {"biological": 1, "technical": 1}} for t in (TRACKS if by[0] == "b" else TRACKS[::-1])][:top]})
        if path == model + "independence":
            parts = {"biological": 3, "technical": 1, "covariance": 0.5, "total": 5, "share": 0.75}
            return Answer({"source": "x", "windows": 9, "classifier": {"accuracy": None}, "canonical_correlations":
                           {"values": [0.5, 0.1]}, "variance": {"mean": parts, "tracks": [{**parts, "id": t} for t in TRACKS]}})
        if path == "/api/v1/ism":
            answer = scan(json.loads(request["body"]), min(256, self.strict_limit or 256))
            return answer if isinstance(answer, Answer) else Answer(answer)
        if path == "/api/v1/metadata/resolve":
            return Answer(resolve(json.loads(request["body"])))
        if path in KINDS:
            return self.compute(path, json.loads(request["body"]))
        return problem(404, "not-found", "no " + path)

    def tracks(self, query):
        if "facet" in query:
            return Answer({"facet": query["facet"], "counts": [{"label": "L", "count": len(TRACKS)}]})
        at = int(query.get("cursor", 0))
        page = [{"id": t, "index": i, "metadata": metadata(i)} for i, t in enumerate(TRACKS)][at:at + 5]
        return Answer({"tracks": page, "next": str(at + 5) if at + 5 < len(TRACKS) else None})

    def compute(self, path, request):
        member = next(m for m in ("variants", "intervals", "sequences") if m in request)
        items = request[member]
        limit = self.strict_limit or self.items
        if len(items) > limit:
            return problem(413, "over-limit", "items: %d is more than the limit of %d."
                           % (len(items), limit), limit={"name": "items", "maximum": limit})
        self.sizes.append(len(items))
        provenance = {"model": "demo", "digest": self.digests.pop(0) if self.digests else DIGEST}
        if request.get("dry_run"):
            return Answer({"provenance": provenance, "cost": {
                "items": len(items), "windows": 2 * len(items), "passes": 4 * len(items),
                "unscored": 0, "limits": {"items": self.items, "passes": self.passes}}})
        lines = [{"provenance": provenance, "tracks": TRACKS}]
        for i, item in enumerate(items):
            id = None if isinstance(item, str) else item.get("id")
            lines.append({"index": i, "id": id, **KINDS[path](item, request)})
        lines.append({"summary": {"items": len(items)}})
        body = "".join(json.dumps(l) + "\n" for l in lines)
        cut = self.cuts.pop(0) if self.cuts else None
        return Answer(body, type="application/x-ndjson", cut=cut, chunks=None if cut else 1000)
