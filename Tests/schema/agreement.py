"""Holds the schema and `hookswitch check` together.

A file that `check` takes, the schema takes. What `check` refuses, the schema refuses too, but for what it can't see
(CHECK_ALONE). And both know the same keys at every place. The files: every_key.json with each value changed, left out or
joined by an unknown key, and the patterns of event-ruler's answers.
"""
import copy
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from jsonschema import Draft202012Validator

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "deploy/routes.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)
BINARY = str(pathlib.Path(sys.argv[1]).resolve())
DIRECTORY = pathlib.Path(tempfile.mkdtemp(prefix="hookswitch-schema-"))

# What only `check` sees: what stands together, what lies outside the file, what a number or a text means.
CHECK_ALONE = [
    r"there is no (source|target|route) ", r"there is already a route", r"has the path .* already",
    r"the environment has no variable", r"can't be read", r"writes to this file already", r"are the same address",
    r"should take the event", r"takes the event and should not", r"is no address to listen on", r"stands here twice",
    r"needs `admin_token`", r"must be from \d+ to \d+ bytes", r"must be a whole number from \d+ to \d+$", r"is no duration that fits here", r"is no way to sync",
    r"is no address or block", r"the lower bound must be less", r"no double \(IEEE", r"is no IP address",
    r"the bits of an IPv", r"is no block of addresses", r"is no number of bits", r"an operator's name, which can't",
    r"no Standard Webhooks secret", r"placeholders are refused in `shell`", r"the program itself can't be",
    r"an envelope needs a `json` body", r"is no file mode", r"the URL has no host", r"is no header's name",
    r"a separator is one character", r"the body is not signed", r"needs a header that is a list", r"proves no time",
    r"is not the URL of a source", r"a signature is not written as text", r"is nothing of the request",
    r"placeholder", r"the path names no file", r"is no status that could be moved", r"this secret is",
    r"there is no user", r"goes with a `rate`", r"is written by one at a time", r"the daemon's own", r"is no size of",
    r"nothing can fail here", r"only `meta` has a token", r"an answer has at most", r"a \d+ has no body", r"is no PEM file", r"this pins no key",
    r"a proxy's URL", r"is no name of AWS", r"without spaces and control", r"the key `.*` is missing, and so is",
    r"writes the header `authorization`", r"a socket is not reached", r"HTTP/2 is spoken over TLS", r"is no TLS with this",
    r"only an http target", r"a form is made of", r"a batch has", r"forms make no batch", r"an event in a form",
    r"is no address and no block", r"is no URL", r"is no socket", r"is no duration",
    r"this is no name and password", r"is not JSON", r"written by the relay itself", r"a second time",
]
ALONE = re.compile("|".join(CHECK_ALONE))
# What may stand in the place of any value.
STRANGERS = [None, True, 1, -1, 1.5, "", "zz top", [], {}, [1], [""], {"zz": 1}, {"description": "x"}]
# Places whose keys are the user's own, or where they hang on a value.
FREE = re.compile(r"(^|\.)(event|body|headers|env|match)(\.|\[|$)|^(sources|targets)$|^sources.voucherify.verify$")


def file_of(text):
    """A file with a text."""
    file = DIRECTORY / f"text-{abs(hash(text))}"
    file.write_text(text)
    return file


def places(value, path=()):
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, path + (key,))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, path + (index,))


def shown(path):
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")


def changed(document, path, change):
    document = copy.deepcopy(document)
    parent = document
    for key in path[:-1]:
        parent = parent[key]
    change(parent, path[-1])
    return document


def put(value):
    return lambda parent, key: parent.__setitem__(key, value)


def delete(parent, key):
    del parent[key]


def cases():
    every = json.loads((ROOT / "Tests/schema/every_key.json").read_text())
    yield "every key", every
    for name in ["routes.json", *sorted(str(file.relative_to(ROOT)) for file in (ROOT / "deploy").glob("*.json"))]:
        if not name.endswith("schema.json"):
            yield name, json.loads((ROOT / name).read_text())
    turn = 0
    for path, value in places(every):
        if not path:
            continue
        yield f"without {shown(path)}", changed(every, path, delete)
        if isinstance(value, dict):
            yield f"a strange key in {shown(path)}", changed(every, path, put({**value, "zz_top": 1}))
        if isinstance(value, list):
            yield f"more in {shown(path)}", changed(every, path, put(value + [1]))
        # Of the strangers another four at each place.
        turn = (turn + 4) % len(STRANGERS)
        for stranger in (STRANGERS + STRANGERS)[turn : turn + 4]:
            if stranger != value or type(stranger) is not type(value):
                yield f"{json.dumps(stranger)} at {shown(path)}", changed(every, path, put(stranger))
        if isinstance(value, str) and not isinstance(path[-1], int):
            yield f"a variable at {shown(path)}", changed(every, path, put(f"${{file:{file_of(value)}}}"))
    seen = set()
    for line in (ROOT / "Tests/EventPatternTests/Fixtures/patterns.jsonl").read_text().splitlines():
        case = json.loads(line)
        # All that are refused, and some of the others.
        if case["expect"] == "invalid" or len(seen) < 150:
            seen.add(case["id"])
            yield f"pattern {case['id']}", changed(every, ("routes", 0, "match"), put(case["pattern"]))


def known_keys(findings, where):
    """The keys that `check` names at a place, from its hint at a strange one."""
    for finding in findings:
        match = re.match(r"keys here are (.*)", finding["hint"])
        if match and finding["path"] == (f"{where}.zz_top" if where else "zz_top"):
            return set(match[1].split(", "))
    return None


def schema_keys(path):
    """The keys that the schema names at a place."""
    node = SCHEMA
    def resolve(node):
        while "$ref" in node:
            node = SCHEMA["$defs"][node["$ref"].rsplit("/", 1)[1]]
        return node
    for key in path:
        node = resolve(node)
        if isinstance(key, int):
            node = next(option["items"] for option in [node, *node.get("anyOf", [])] if "items" in option)
        else:
            node = node.get("properties", {}).get(key) or node["additionalProperties"]
            for option in node.get("anyOf", []):
                if "object" in resolve(option).get("type", ""):
                    node = option
    return set(resolve(node).get("properties", {})) - {"description"}


def judge(numbered):
    number, (name, document) = numbered
    file = DIRECTORY / f"{number}.json"
    file.write_text(json.dumps(document))
    run = subprocess.run([BINARY, "check", "--json", "--config", str(file)], capture_output=True, text=True)
    file.unlink()
    if run.returncode not in (0, 78):
        return name, f"`check` ended with {run.returncode}: {run.stderr}", False
    findings = [json.loads(line) for line in run.stdout.splitlines()]
    errors = [finding["message"] for finding in findings if finding["severity"] == "error"]
    faults = [f"{error.json_path}: {error.message[:200]}" for error in VALIDATOR.iter_errors(document)]
    if not errors and faults:
        return name, f"the schema refuses what `check` takes: {faults}", False
    missed = [message for message in errors if not ALONE.search(message)]
    if missed and not faults:
        return name, f"the schema takes what `check` refuses: {missed}", True
    return name, None, bool(errors)


def key_faults(document):
    """Where the two know different keys."""
    for path, value in [((), document), *places(document)]:
        where = shown(path)
        if not isinstance(value, dict) or FREE.search(where):
            continue
        if path:
            strange = changed(document, path, put({**value, "zz_top": 1}))
        else:
            strange = {**document, "zz_top": 1}
        file = DIRECTORY / "keys.json"
        file.write_text(json.dumps(strange))
        run = subprocess.run([BINARY, "check", "--json", "--config", str(file)], capture_output=True, text=True)
        known = known_keys([json.loads(line) for line in run.stdout.splitlines()], where)
        if known is not None and known != schema_keys(path):
            yield f"at {where or 'the root'}: only check knows {known - schema_keys(path)}, only the schema {schema_keys(path) - known}"


def main():
    Draft202012Validator.check_schema(SCHEMA)
    every = json.loads((ROOT / "Tests/schema/every_key.json").read_text())
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(judge, enumerate(cases())))
    wrong = [f"{name}: {fault}" for name, fault, _ in results if fault]
    if results[0][2]:
        wrong.append("every_key.json has errors")
    wrong += list(key_faults(every))
    refused = sum(1 for _, _, is_refused in results if is_refused)
    print(f"schema and check: {len(results) - refused} right files, {refused} wrong ones, {len(wrong)} disagreements")
    for line in wrong[:40]:
        print(f"  {line}")
    shutil.rmtree(DIRECTORY)
    return 1 if wrong else 0


sys.exit(main())
