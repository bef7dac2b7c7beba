"""Makes vectors.i16 from texts.json with sentence-transformers: `make.py MODEL_FOLDER`, the folder of the published model.

Two signed bytes a dimension, little-endian, 32767 being 1. Made with sentence-transformers 6.2.0 on the CPU.
"""

import json
import pathlib
import sys

import numpy
from sentence_transformers import SentenceTransformer

here = pathlib.Path(__file__).parent
texts = json.loads((here / "texts.json").read_text(encoding="utf-8"))
model = SentenceTransformer(sys.argv[1], device="cpu")
vectors = numpy.stack([model.encode(text, normalize_embeddings=True) for text in texts])
numpy.rint(vectors * 32767).astype("<i2").tofile(here / "vectors.i16")
