"""What the scripts share: where the simulator is, and steps that are run and told one by one."""

import json
import os
import sys
import traceback

ORIGIN = os.environ["PARLANCE_SIMULATOR"]
KEY = "sk-right"

WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
PLACE = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "degrees": {"type": "integer"},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["city", "degrees", "tags"],
    "additionalProperties": False,
}
PARIS = {"city": "Paris", "degrees": 21, "tags": ["ville", "été"]}
HELLO = "Grüße, 世界 😀"


def parsed(text):
    return json.loads(text)


def raised(kind, act):
    """The error of this kind that `act` raises."""
    try:
        act()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was expected, and nothing was raised")


def run(*steps):
    """Runs every step and tells how it went; the program fails if one of them did."""
    failed = 0
    for step in steps:
        try:
            step()
            print(f"ok      {step.__name__}")
        except Exception:
            failed += 1
            print(f"FAILED  {step.__name__}\n{traceback.format_exc()}")
    sys.exit(1 if failed else 0)
