"""Serves a model with llama.cpp's server: `serve.py FILE KEY`. Prints its address and serves until its input ends."""

import sys

import xllamacpp

parameters = xllamacpp.CommonParams()
parameters.model.path = sys.argv[1]
parameters.api_keys = [sys.argv[2]]
parameters.n_ctx = 512
parameters.n_parallel = 1
parameters.warmup = False
server = xllamacpp.Server(parameters)
print(server.listening_address, flush=True)
sys.stdin.read()
