"""Ollama's own client and /api/chat."""

import ollama
from steps import HELLO, KEY, ORIGIN, PARIS, PLACE, WEATHER, parsed, raised, run

client = ollama.Client(host=ORIGIN, headers={"authorization": f"Bearer {KEY}"})
TOOLS = [{"type": "function", "function": {"name": "get_weather", "description": "The weather.", "parameters": WEATHER}}]


def user(words):
    return {"role": "user", "content": words}


def ask(words, **more):
    return client.chat(model="m", messages=[user(words)], **more)


def streamed(words, **more):
    return list(ask(words, stream=True, **more))


def calls(parts):
    return [call.function for part in parts for call in part.message.tool_calls or []]


def a_whole_answer():
    answer = ask("Say hello", options={"temperature": 0.5})
    assert (answer.model, answer.message.role, answer.message.content) == ("m", "assistant", HELLO), answer
    assert answer.done and answer.done_reason == "stop" and answer.total_duration > 0, answer
    assert (answer.prompt_eval_count, answer.eval_count) == (12, 7), answer


def a_stream_in_pieces():
    parts = streamed("Say hello")
    assert [part.message.content for part in parts] == ["Grüße, ", "世界 😀", ""], parts
    assert [part.done for part in parts] == [False, False, True] and parts[-1].eval_count == 7, parts


def reasoning_beside_the_words():
    parts = streamed("Think first", think=True)
    assert "".join(part.message.thinking or "" for part in parts) == "Let me see.", parts
    assert "".join(part.message.content for part in parts) == "Done.", parts
    assert ask("Think first", think=True).message.thinking == "Let me see."


def a_call_its_result_and_the_answer_after_it():
    parts = streamed("weather in Paris", tools=TOOLS)
    [call] = calls(parts)
    assert (call.name, call.arguments) == ("get_weather", {"city": "Paris"}), call
    assert parts[-1].done_reason == "stop", "calls are no reason of their own here"
    message = ask("weather in Paris", tools=TOOLS).message
    assert message.thinking == "I should look." and message.content == "Looking. ", message
    history = [user("weather in Paris"), message, {"role": "tool", "tool_name": "get_weather", "content": "21 degrees"}]
    assert client.chat(model="m", messages=history, tools=TOOLS).message.content == "It is 21 degrees in Paris."


def calls_side_by_side():
    found = calls(streamed("weather in Paris and Rome", tools=TOOLS))
    assert [call.arguments["city"] for call in found] == ["Paris", "Rome"], found
    message = ask("weather in Paris and Rome", tools=TOOLS).message
    results = [
        {"role": "tool", "tool_name": "get_weather", "content": degrees} for degrees in ["21 degrees", "25 degrees"]
    ]
    after = client.chat(model="m", messages=[user("weather"), message, *results])
    assert after.message.content == "Paris has 21 degrees, Rome 25.", after


def a_call_without_arguments():
    [call] = calls(streamed("What time is it", tools=TOOLS))
    assert call.arguments == {}, call


def an_object_in_a_format():
    for format in [PLACE, "json"]:
        parts = streamed("Describe Paris", format=format, tools=TOOLS)
        assert parsed("".join(part.message.content for part in parts)) == PARIS and len(parts) > 3, parts
        assert parsed(ask("Describe Paris", format=format).message.content) == PARIS
    tool = {"type": "function", "function": {"name": "answer", "parameters": PLACE}}
    [call] = calls(streamed("Describe Paris", tools=[tool]))
    assert (call.name, call.arguments) == ("answer", PARIS), call


def other_ends():
    assert ask("Talk at length").done_reason == "length"


def refusals():
    stranger = ollama.Client(host=ORIGIN)
    error = raised(ollama.ResponseError, lambda: stranger.list())
    assert error.status_code == 401 and error.error == "unauthorized", error
    error = raised(ollama.ResponseError, lambda: ask("Be nobody"))
    assert error.status_code == 404 and "not found" in error.error, error
    assert raised(ollama.ResponseError, lambda: streamed("Be limited")).status_code == 429
    error = raised(ollama.ResponseError, lambda: ask("Be busy"))
    assert error.status_code == 503 and "server busy" in error.error, error


def an_error_in_mid_stream():
    said = []

    def read():
        for part in ask("Stumble", stream=True):
            said.append(part.message.content)

    error = raised(ollama.ResponseError, read)
    assert said == ["half "] and "server busy" in error.error, (said, error)


def the_models():
    assert [model.model for model in client.list().models] == ["m", "plain"]
    shown = client.show("plain")
    assert shown.capabilities == ["completion"], shown
    assert shown.modelinfo["simulated.context_length"] == 4096, shown
    assert "thinking" in client.show("m").capabilities
    raised(ollama.ResponseError, lambda: client.show("nobody"))


run(
    a_whole_answer,
    a_stream_in_pieces,
    reasoning_beside_the_words,
    a_call_its_result_and_the_answer_after_it,
    calls_side_by_side,
    a_call_without_arguments,
    an_object_in_a_format,
    other_ends,
    refusals,
    an_error_in_mid_stream,
    the_models,
)
