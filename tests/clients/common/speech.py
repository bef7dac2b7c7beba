"""A second of speech, and what comes back, for the scripts that talk."""

import base64
import os
import struct

# A server that refuses every key.
REFUSING = os.environ["PARLANCE_REFUSING"]


def spoken(rate):
    """One second in pieces of 100 ms, as bytes."""
    samples = [(at % 97) * 50 - 2400 for at in range(rate)]
    step = rate // 10
    return [struct.pack(f"<{step}h", *samples[at : at + step]) for at in range(0, rate, step)]


def base64_of(piece):
    return base64.b64encode(piece).decode()


def seconds(pieces):
    """How long sound of 24 kHz lasts that came in these pieces."""
    return sum(len(piece) for piece in pieces) / 2 / 24000
