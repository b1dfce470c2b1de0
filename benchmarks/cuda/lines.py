"""What parts of the script say: a line of JSON for each result, read by run.py as they come."""

import json


def write_line(kind, **facts):
    print(json.dumps({"kind": kind, **facts}), flush=True)
