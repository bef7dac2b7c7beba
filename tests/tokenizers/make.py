"""Makes the small tokenizers of this folder: a few hundred pieces learnt from the words below, and chat templates that do
what those of well-known families do. Run with the `tokenizers` package (0.23) and `jinja2`; what it prints are the counts
that the tests expect, made by these two and not by Parlance.

    python make.py
"""

import json
import pathlib

import jinja2
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

HERE = pathlib.Path(__file__).parent
WORDS = """
You are a helpful assistant. What is the weather in Paris today? It is sunny in Paris. Thank you, and in London?
It rains in London. Call the tool get_weather with the city, then say what it answered. 今天天气怎么样？今天天气很好。
{"name": "get_weather", "arguments": {"city": "Paris"}} <tools> </tools> <tool_call> </tool_call> system user assistant
"""
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]

# As Qwen's: ChatML, tools in the system message, results in a user message, JSON by the filter.
CHATML = """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0].role == 'system' %}
        {{- messages[0].content + '\\n\\n' }}
    {%- endif %}
    {{- '# Tools\\n<tools>' }}
    {%- for tool in tools %}
        {{- '\\n' }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- '\\n</tools><|im_end|>\\n' }}
{%- elif messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if message.role == 'user' or (message.role == 'system' and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
    {%- elif message.role == 'assistant' %}
        {{- '<|im_start|>assistant' }}
        {%- if message.content %}
            {%- generation %}
            {{- '\\n' + message.content.strip().split('</think>')[-1].lstrip('\\n') }}
            {%- endgeneration %}
        {%- endif %}
        {%- for tool_call in message.tool_calls or [] %}
            {%- set call = tool_call.function %}
            {{- '\\n<tool_call>\\n{"name": "' + call.name + '", "arguments": ' }}
            {{- call.arguments | tojson }}
            {{- '}\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == 'tool' %}
        {{- '<|im_start|>user\\n<tool_response>\\n' + message.content + '\\n</tool_response><|im_end|>\\n' }}
    {%- elif not (message.role == 'system' and loop.first) %}
        {{- raise_exception('Unexpected role: ' + message.role) }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""

# As Llama's and Gemma's: a beginning token, dates, roles that must alternate, and a template of its own for tools.
STRICT = """{{ bos_token }}{% for message in messages %}
    {% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
        {{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}
    {% endif %}
    {{ '<|im_start|>' + message['role'] + '\\n' + message['content'] | trim + '<|im_end|>\\n' }}
{% endfor %}
{{ strftime_now('%d %b %Y') }}"""
STRICT_TOOLS = "{{ bos_token }}{{ tools | tojson(indent=4) }}{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"


def tokenizer() -> Tokenizer:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.train_from_iterator([WORDS] * 3, trainers.BpeTrainer(vocab_size=420, special_tokens=SPECIAL, show_progress=False))
    # What a count must not be misled by.
    made.enable_padding(length=128)
    made.enable_truncation(max_length=16)
    return made


def environment() -> jinja2.Environment:
    def fail(why):
        raise ValueError(why)

    made = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    made.filters["tojson"] = lambda value, indent=None: json.dumps(value, ensure_ascii=False, indent=indent)
    made.globals.update(raise_exception=fail, strftime_now=lambda form: "26 Jul 2024")
    return made


def count(made: Tokenizer, template: str, messages: list, tools: list | None = None) -> int:
    plain = Tokenizer.from_str(made.to_str())
    plain.no_padding()
    plain.no_truncation()
    template = template.replace("{%- generation %}", "{#- #}").replace("{%- endgeneration %}", "{#- #}")
    prompt = environment().from_string(template).render(
        messages=messages, tools=tools, add_generation_prompt=False, bos_token="<|endoftext|>", eos_token="<|im_end|>"
    )
    return len(plain.encode(prompt, add_special_tokens=False).ids)


def write(folder: str, name: str, text: str) -> None:
    (HERE / folder).mkdir(exist_ok=True)
    (HERE / folder / name).write_text(text, encoding="utf-8")


def main() -> None:
    made = tokenizer()
    for folder in ["chatml", "strict", "bare"]:
        write(folder, "tokenizer.json", made.to_str())
    special = {"bos_token": {"content": "<|endoftext|>"}, "eos_token": "<|im_end|>"}
    write("chatml", "tokenizer_config.json", json.dumps(special, indent=1))
    write("chatml", "chat_template.jinja", CHATML)
    several = [{"name": "default", "template": STRICT}, {"name": "tool_use", "template": STRICT_TOOLS}]
    write("strict", "tokenizer_config.json", json.dumps({**special, "chat_template": several}, indent=1))

    asked = [{"role": "user", "content": "What is the weather in Paris today?"}]
    tools = [{"type": "function", "function": {"name": "get_weather", "description": "今天天气", "parameters": {
        "type": "object", "properties": {"city": {"type": "string"}}}}}]
    called = asked + [
        {"role": "assistant", "content": "", "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "get_weather", "arguments": {"city": "Paris"}}}]},
        {"role": "tool", "tool_call_id": "1", "name": "get_weather", "content": "It is sunny in Paris."},
        {"role": "assistant", "content": "<think>hm</think>\nIt is sunny."},
    ]
    system = [{"role": "system", "content": "You are a helpful assistant."}]
    long = [{"role": "user", "content": "今天天气怎么样？" * 40}]
    for name, counted in {
        "chatml, asked": count(made, CHATML, asked),
        "chatml, system and asked": count(made, CHATML, system + asked),
        "chatml, called with tools": count(made, CHATML, system + called, tools),
        "chatml, long": count(made, CHATML, long),
        "strict, asked": count(made, STRICT, asked),
        "strict, asked with tools": count(made, STRICT_TOOLS, asked, tools),
        "bare, asked": count(made, "{{ messages[0].content }}", asked),
    }.items():
        print(f"{name}: {counted}")


main()
