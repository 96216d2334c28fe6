"""Reads YAML documents with PyYAML, a YAML 1.1 reader.

Standard input holds one JSON string a line, each a document; each gives one line of JSON on standard output,
{"value": ...} or {"error": "..."}. Keys that are not text, dates and other values that JSON does not have are an
error, because JSON would hide them.
"""

import json
import sys

import yaml


def only_json(value):
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"key read as {key!r}")
            only_json(item)
    elif isinstance(value, list):
        for item in value:
            only_json(item)
    elif value is not None and not isinstance(value, (bool, int, float, str)):
        raise TypeError(f"read as {value!r}")


for line in sys.stdin.buffer:
    try:
        read = yaml.safe_load(json.loads(line).encode("utf-8"))
        only_json(read)
        answer = json.dumps({"value": read}, allow_nan=False)
    except Exception as error:  # whatever goes wrong is the answer
        answer = json.dumps({"error": f"{type(error).__name__}: {error}"})
    print(answer, flush=True)
