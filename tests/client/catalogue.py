"""What a stand-in for mfdd knows about its one model: tracks, columns, features, and how they hang together."""

import json
import zlib

from fake import Answer, problem

TRACKS = ["T%d" % i for i in range(8)]
LABS = ["X", "X", "Y", "Y", "Y", "Y", "Y", "W"]
MODEL = "/api/v1/models/demo/"
FEATURES = [{"index": i, "subspace": "technical" if i < 3 else "biological",
             "role": "interact" if i == 4 else "direct",
             "column": None if i == 4 else "lab" if i < 3 else "proc_target",
             "label": None if i == 4 else "XYWABZ"[i]} for i in range(6)]


def number(text, salt):
    return ((zlib.crc32((text + salt).encode()) % 20001) - 10000) / 64


def page(items, query, name, n):
    at = int(query.get("cursor", 0))
    return {name: items[at:at + n], "next": str(at + n) if at + n < len(items) else None}


def metadata(i):
    return {"proc_target": "AB"[i % 2] + (",Z" if i > 5 else ""), "lab": LABS[i]}


def list_tracks(query):
    if "facet" in query:
        return {"facet": query["facet"], "counts": [{"label": "L", "count": len(TRACKS)}]}
    items = [{"id": t, "index": i, "metadata": metadata(i)} for i, t in enumerate(TRACKS)]
    return page(items, query, "tracks", 5)


def list_fields(query):
    return {"fields": [
        {"name": "proc_target", "n_labels": 9,
         "groups": {"biological": {"direct": True, "interact": True, "width": 3}}},
        {"name": "age", "type": "float"},
        {"name": "lab", "n_labels": 2, "groups": {"technical": {"direct": True}}}]}


def list_features(query):
    wanted = [f for f in FEATURES if query.get("subspace", f["subspace"]) == f["subspace"]]
    return page(wanted, query, "features", 4)


def feature(index):
    """In detail; the one of several columns weighs on Z most."""
    def detail(query):
        top = int(query.get("top", 5))
        factors = [{"column": "proc_target", "label": l, "effect": 1.5 - i, "method": "exact"}
                   for i, l in enumerate("ZAB")]
        tracks = [{"track": t, "weight": number(t, str(index)), "held_out": False} for t in TRACKS]
        return {**FEATURES[index], "background": 8, "tracks": tracks[:top], "factors": factors[:top]}
    return detail


def field_features(query):
    moved = [{**FEATURES[3], "effect": 2.5, "method": "exact"},
             {**FEATURES[4], "effect": -1, "method": "difference"}]
    return {"column": "proc_target", "background": 8, "next": None, "factors": [
        {"label": l, "tracks": 2, "features": moved[:int(query.get("top", 5))]} for l in "AB"]}


def decomposition(query):
    groups = {g: {"distance": 1, "columns": [{"column": c, "share": 1, "norm": 1, "method": "shapley"}]}
              for g, c in (("biological", "proc_target"), ("technical", "lab"))}
    return {"track": "T1", "held_out": False, "background": 8, **groups}


def nearest(query):
    order = TRACKS if query["by"] == "biological" else TRACKS[::-1]
    near = [{"track": t, "held_out": False, "cosine": {"biological": 0.5, "technical": 0.25},
             "distance": {"biological": 1, "technical": 1}} for t in order]
    return {"track": "T1", "by": query["by"], "measure": "cosine", "nearest": near[:int(query["top"])]}


def independence(query):
    parts = {"biological": 3, "technical": 1, "covariance": 0.5, "total": 5, "share": 0.75}
    return {"source": "x", "windows": 9, "classifier": {"accuracy": None},
            "canonical_correlations": {"values": [0.5, 0.1]},
            "variance": {"mean": parts, "tracks": [{**parts, "id": t} for t in TRACKS]}}


def resolve(request):
    """Nearest are the tracks with the most settings in common."""
    setting = {**(metadata(int(request["like"][1:])) if "like" in request else {}), **request["combinations"][0]}

    def far(i):
        own = metadata(i)
        return sum(not set(own.get(c, "").split(",")) & set(v if isinstance(v, list) else [str(v)])
                   for c, v in setting.items())
    order = sorted(range(len(TRACKS)), key=lambda i: (far(i), i))[:request.get("nearest", 5)]
    near = [{"track": TRACKS[i], "distance": far(i) + 0.25, "biological": 0, "technical": 0,
             "held_out": False} for i in order]
    return {"provenance": {}, "summary": {}, "results": [
        {"index": 0, "id": None, "status": "ok", "verdict": "interpolated", "reason": "no track is all of it",
         "nearest": near}]}


DOCUMENTS = {
    "tracks": list_tracks, "fields": list_fields, "features": list_features, "independence": independence,
    "fields/lab": lambda query: {"name": "lab", "labels": [{"label": "L", "count": 8}]},
    "fields/age": lambda query: {"name": "age", "mean": 1.5}, "fields/proc_target/features": field_features,
    "tracks/T1/decomposition": decomposition, "tracks/T1/nearest": nearest,
    **{"features/%d" % i: feature(i) for i in range(len(FEATURES))},
}


def answer(request):
    path = request["path"]
    if path == "/api/v1/metadata/resolve":
        return Answer(resolve(json.loads(request["body"])))
    if path.startswith(MODEL) and path[len(MODEL):] in DOCUMENTS:
        return Answer(DOCUMENTS[path[len(MODEL):]](dict(request["query"])))
    return problem(404, "not-found", "no " + path)
