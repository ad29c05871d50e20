"""Hold requests and answers against proto/openapi.yaml.

    contract = Contract("proto/openapi.yaml")
    contract.check_answer("POST", "/api/v1/predict", 200, {"Content-Type": "application/json"}, body)

Raises Broken, with the place, where an answer is not what the contract promises: an undocumented path,
method, status or media type, or JSON that its schema refuses. NDJSON is checked line by line."""
import json
import re
from urllib.parse import unquote, urlsplit

import jsonschema
import yaml

METHODS = ("get", "put", "post", "delete", "options", "head", "patch")


class Broken(AssertionError):
    pass


def template(path):
    """A regular expression for /models/{model}; a parameter is one segment."""
    return re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part)
                              for part in re.split(r"(\{[^}]*\})", path)) + r"\Z")


class Contract:
    def __init__(self, source):
        if isinstance(source, str):
            with open(source, encoding="utf-8") as f:
                source = yaml.safe_load(f)
        self.document = source
        self.paths = [(template(path), path, item) for path, item in source["paths"].items()]
        # fixed segments before parameters, as a router would
        self.paths.sort(key=lambda entry: entry[1].count("{"))
        self.resolver = jsonschema.RefResolver("", source)
        self.used = set()  # (method, path) pairs that a test has seen

    def resolve(self, value):
        while "$ref" in value:
            value = self.resolver.resolve(value["$ref"])[1]
        return value

    def validate(self, value, schema, where):
        validator = jsonschema.Draft202012Validator(schema, resolver=self.resolver)
        errors = sorted(validator.iter_errors(value), key=lambda e: list(map(str, e.absolute_path)))
        if errors:
            worst = jsonschema.exceptions.best_match(errors)
            place = "/".join(map(str, worst.absolute_path))
            raise Broken("%s: at /%s: %s" % (where, place, worst.message[:500]))

    def operation(self, method, target):
        path = unquote(urlsplit(target).path)
        for pattern, name, item in self.paths:
            if pattern.match(path):
                method = "get" if method.upper() == "HEAD" else method.lower()
                if method not in item:
                    raise Broken("%s %s is not in the contract" % (method.upper(), name))
                self.used.add((method, name))
                return name, item[method]
        raise Broken("%s is not in the contract" % path)

    def operations(self):
        return {(m, name) for _, name, item in self.paths for m in item if m in METHODS}

    def response(self, operation, status, where):
        responses = operation["responses"]
        for key in (str(status), "%dXX" % (status // 100), "default"):
            if key in responses:
                return self.resolve(responses[key])
        raise Broken("%s: status %d is not in the contract" % (where, status))

    def check_request(self, method, target, body):
        """A JSON request body that the contract allows."""
        name, operation = self.operation(method, target)
        content = self.resolve(operation["requestBody"])["content"]
        self.validate(body, content["application/json"]["schema"], "%s %s" % (method, name))

    def check_answer(self, method, target, status, headers, body):
        headers = {k.lower(): v for k, v in headers.items()}
        name, operation = self.operation(method, target)
        where = "%s %s: %d" % (method, name, status)
        response = self.response(operation, status, where)
        for header, item in response.get("headers", {}).items():
            if self.resolve(item).get("required") and header.lower() not in headers:
                raise Broken("%s: header %s is missing" % (where, header))
        content = response.get("content")
        if not content or method.upper() == "HEAD":
            if body and not content:
                raise Broken("%s: there should be no body" % where)
            return
        media = headers.get("content-type", "").split(";")[0].strip().lower()
        if media not in content:
            raise Broken("%s: %s is not one of %s" % (where, media or "no Content-Type", sorted(content)))
        if status == 206:  # a piece of one
            return
        self.check_body(media, body, content[media].get("schema", {}), where)

    def check_body(self, media, body, schema, where):
        if media.endswith("json") and media != "application/x-ndjson":
            self.validate(strict_json(body, where), schema, where)
        elif media == "application/x-ndjson":
            lines = body.decode("utf-8").split("\n")
            if lines.pop() != "":
                raise Broken("%s: the last line does not end" % where)
            for line in lines:
                strict_json(line, where)


def strict_json(text, where):
    """JSON without NaN and without a member given twice."""
    def refuse(constant):
        raise Broken("%s: %s is no JSON" % (where, constant))

    def pairs(items):
        members = dict(items)
        if len(members) != len(items):
            raise Broken("%s: a member is given twice" % where)
        return members

    try:
        return json.loads(text, parse_constant=refuse, object_pairs_hook=pairs)
    except ValueError as error:
        raise Broken("%s: %s" % (where, error)) from None
