"""The sound that the simulator speaks for words: the same as in `simulator/src/speech.rs`."""

import struct

SAMPLES_PER_CHARACTER = 120


def sound(words):
    """Samples of 24 kHz as bytes, low byte first."""
    samples = [
        (at - 60) * (ord(character) % 199 + 1) for character in words for at in range(SAMPLES_PER_CHARACTER)
    ]
    return struct.pack(f"<{len(samples)}h", *samples)
