"""Writes a model of a few kilobytes that speaks random words: `model.py FILE`.

Its architecture is Llama's with one layer, its vocabulary the bytes and a handful of words, its weights come from a seed.
The rows of the output that belong to bytes are empty, so that what it says is always text.
"""

import sys

import gguf
import numpy

WORDS = "the a of and to in it is was that for on with as at by from they we say her she or an will my one all".split()
WORDS += ["世", "界", "é", "😀", "Zürich", ".", ",", "!"]
TEMPLATE = (
    "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)
WIDTH, HEADS, FORWARD, CONTEXT = 32, 2, 64, 512

control, byte, normal, unknown = (
    gguf.TokenType.CONTROL,
    gguf.TokenType.BYTE,
    gguf.TokenType.NORMAL,
    gguf.TokenType.UNKNOWN,
)
tokens = [("<unk>", unknown), ("<s>", control), ("</s>", control)]
tokens += [(f"<0x{value:02X}>", byte) for value in range(256)]
tokens += [("▁", normal)] + [(f"▁{word}", normal) for word in WORDS]
size, first_word = len(tokens), len(tokens) - len(WORDS)

random = numpy.random.default_rng(7)


def weights(*shape):
    return random.normal(0, 0.3, shape).astype(numpy.float32)


output = weights(size, WIDTH)
output[:first_word] = 0

writer = gguf.GGUFWriter(sys.argv[1], "llama")
writer.add_name("tiny random")
writer.add_context_length(CONTEXT)
writer.add_embedding_length(WIDTH)
writer.add_block_count(1)
writer.add_feed_forward_length(FORWARD)
writer.add_head_count(HEADS)
writer.add_head_count_kv(HEADS)
writer.add_layer_norm_rms_eps(1e-5)
writer.add_rope_dimension_count(WIDTH // HEADS)
writer.add_vocab_size(size)
writer.add_tokenizer_model("llama")
writer.add_token_list([token for token, _ in tokens])
writer.add_token_scores([-float(at) for at in range(size)])
writer.add_token_types([kind for _, kind in tokens])
writer.add_unk_token_id(0)
writer.add_bos_token_id(1)
writer.add_eos_token_id(2)
writer.add_chat_template(TEMPLATE)

ones = numpy.ones(WIDTH, dtype=numpy.float32)
writer.add_tensor("token_embd.weight", weights(size, WIDTH))
writer.add_tensor("blk.0.attn_norm.weight", ones)
for part in ["attn_q", "attn_k", "attn_v", "attn_output"]:
    writer.add_tensor(f"blk.0.{part}.weight", weights(WIDTH, WIDTH))
writer.add_tensor("blk.0.ffn_norm.weight", ones)
writer.add_tensor("blk.0.ffn_gate.weight", weights(FORWARD, WIDTH))
writer.add_tensor("blk.0.ffn_up.weight", weights(FORWARD, WIDTH))
writer.add_tensor("blk.0.ffn_down.weight", weights(WIDTH, FORWARD))
writer.add_tensor("output_norm.weight", ones)
writer.add_tensor("output.weight", output)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
