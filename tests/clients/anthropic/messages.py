"""Anthropic's own client and Messages."""

import anthropic
from steps import HELLO, KEY, ORIGIN, PARIS, PLACE, WEATHER, parsed, raised, run

client = anthropic.Anthropic(api_key=KEY, base_url=ORIGIN, max_retries=0)
classic = client.with_options(default_headers={"anthropic-version": "2023-06-01"})
TOOLS = [{"name": "get_weather", "input_schema": WEATHER}]
SEAL = "c2ltdWxhdGVk"


def user(content):
    return {"role": "user", "content": content}


def ask(words, by=client, **more):
    return by.messages.create(model="m", max_tokens=1000, messages=[user(words)], **more)


def streamed(words, **more):
    with client.messages.stream(model="m", max_tokens=1000, messages=[user(words)], **more) as stream:
        return list(stream), stream.get_final_message()


def blocks(message):
    return [block.type for block in message.content]


def a_whole_answer():
    answer = ask("Say hello", system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}])
    assert (answer.type, answer.role, answer.model, answer.stop_reason) == ("message", "assistant", "m", "end_turn")
    assert answer._request_id and [block.text for block in answer.content] == [HELLO], answer
    usage = answer.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (8, 4, 7), usage


def every_event_of_a_stream():
    raw = list(ask("Say hello", stream=True))
    assert [event.type for event in raw] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert raw[0].message.content == [] and raw[0].message.usage.input_tokens == 8, raw[0]
    assert raw[-2].delta.stop_reason == "end_turn" and raw[-2].usage.output_tokens == 7, raw[-2]
    events, answer = streamed("Say hello")
    assert [event.text for event in events if event.type == "text"] == ["Grüße, ", "世界 😀"]
    assert answer.content[0].text == HELLO and answer.usage.output_tokens == 7, answer


def both_versions_and_both_ways_to_send_a_key():
    assert ask("Say hello", by=classic, extra_body={"temperature": 0.5}).content[0].text == HELLO
    error = raised(anthropic.BadRequestError, lambda: ask("Say hello", extra_body={"temperature": 0.5}))
    assert "temperature" in error.message, error
    header = anthropic.Anthropic(api_key="other", base_url=ORIGIN, max_retries=0, default_headers={
        "x-api-key": KEY, "Authorization": anthropic.Omit()})
    assert ask("Say hello", by=header).content[0].text == HELLO


def reasoning_comes_signed_and_goes_back():
    events, answer = streamed("Think first", thinking={"type": "adaptive", "display": "summarized"})
    assert [event.thinking for event in events if event.type == "thinking"] == ["Let me ", "see."]
    assert [event.signature for event in events if event.type == "signature"] == [SEAL]
    thought, text = answer.content
    assert (thought.type, thought.thinking, thought.signature) == ("thinking", "Let me see.", SEAL), thought
    assert text.text == "Done." and answer.usage.output_tokens_details.thinking_tokens == 5, answer
    again = [user("Think first"), {"role": "assistant", "content": answer.content}, user("Say hello")]
    assert client.messages.create(model="m", max_tokens=9, messages=again).content[0].text == HELLO
    _, hidden = streamed("Think first", thinking={"type": "adaptive", "display": "omitted"})
    assert (hidden.content[0].thinking, hidden.content[0].signature) == ("", SEAL), hidden
    _, secret = streamed("Think in secret")
    assert secret.content[0].type == "redacted_thinking" and secret.content[0].data == "c2VjcmV0", secret


def a_call_its_result_and_the_answer_after_it():
    events, answer = streamed("weather in Paris", tools=TOOLS)
    fragments = [event.partial_json for event in events if event.type == "input_json"]
    assert "".join(fragments) == '{"city":"Paris"}' and len(fragments) == 2, fragments
    assert blocks(answer) == ["thinking", "text", "tool_use"] and answer.stop_reason == "tool_use", answer
    call = answer.content[-1]
    assert (call.id, call.name, call.input) == ("call_paris", "get_weather", {"city": "Paris"}), call
    assert ask("weather in Paris", tools=TOOLS).content[-1].input == call.input
    result = {"type": "tool_result", "tool_use_id": call.id, "content": [{"type": "text", "text": "21 degrees"}]}
    history = [user("weather in Paris"), {"role": "assistant", "content": answer.content}, user([result])]
    with client.messages.stream(model="m", max_tokens=1000, messages=history, tools=TOOLS) as stream:
        assert stream.get_final_text() == "It is 21 degrees in Paris."


def calls_side_by_side():
    _, answer = streamed("weather in Paris and Rome", tools=TOOLS)
    calls = [block for block in answer.content if block.type == "tool_use"]
    assert [call.input["city"] for call in calls] == ["Paris", "Rome"], calls
    results = [
        {"type": "tool_result", "tool_use_id": call.id, "content": degrees}
        for call, degrees in zip(calls, ["21 degrees", "25 degrees"])
    ]
    history = [user("weather in Paris and Rome"), {"role": "assistant", "content": answer.content}, user(results)]
    after = client.messages.create(model="m", max_tokens=1000, messages=history, tools=TOOLS)
    assert after.content[0].text == "Paris has 21 degrees, Rome 25.", after


def a_call_without_arguments():
    tool = {"name": "get_time", "input_schema": {"type": "object"}}
    for answer in [ask("What time is it", tools=[tool]), streamed("What time is it", tools=[tool])[1]]:
        assert answer.content[0].input == {}, answer


def an_object_as_text_and_as_a_forced_call():
    shape = {"format": {"type": "json_schema", "schema": PLACE}}
    for answer in [ask("Describe Paris", output_config=shape), streamed("Describe Paris", output_config=shape)[1]]:
        assert parsed(answer.content[0].text) == PARIS, answer
    tools = [*TOOLS, {"name": "answer", "input_schema": PLACE}]
    _, forced = streamed("Describe Paris", tools=tools, tool_choice={"type": "tool", "name": "answer"})
    [call] = forced.content
    assert (call.name, call.input) == ("answer", PARIS), call


def other_ends():
    assert ask("Talk at length").stop_reason == "max_tokens"
    _, refused = streamed("Say something bad")
    assert refused.stop_reason == "refusal" and refused.stop_details.type == "refusal", refused


def refusals():
    stranger = anthropic.Anthropic(api_key="sk-wrong", base_url=ORIGIN, max_retries=0)
    error = raised(anthropic.AuthenticationError, lambda: ask("Say hello", by=stranger))
    assert error.body["error"]["type"] == "authentication_error", error
    raised(anthropic.NotFoundError, lambda: ask("Be nobody"))
    error = raised(anthropic.RateLimitError, lambda: ask("Be limited"))
    assert error.response.headers["retry-after"] == "7", error
    error = raised(anthropic.APIStatusError, lambda: ask("Be busy"))
    assert error.status_code == 529 and error.body["error"]["type"] == "overloaded_error", error
    assert "too long" in raised(anthropic.BadRequestError, lambda: ask("Be full")).message
    assert ask("Be limited once", by=client.with_options(max_retries=2)).content[0].text == "Here."


def an_error_in_mid_stream():
    said = []

    def read():
        for event in ask("Stumble", stream=True):
            said.append(event)

    error = raised(anthropic.APIStatusError, read)
    assert error.body["error"]["type"] == "overloaded_error" and said[-1].delta.text == "half ", (said, error)


def tokens():
    count = client.messages.count_tokens(model="m", messages=[user("Say hello")], tools=TOOLS, system="Be brief.")
    assert count.input_tokens == 14, count


def the_models():
    page = client.models.list(limit=1)
    assert page.has_more and (page.first_id, page.last_id) == ("m", "m"), page
    assert [model.id for model in page] == ["m", "plain"], "the client turns the pages"
    plain = client.models.retrieve("plain")
    assert (plain.max_input_tokens, plain.capabilities.thinking.supported) == (4096, False), plain
    raised(anthropic.NotFoundError, lambda: client.models.retrieve("nobody"))


run(
    a_whole_answer,
    every_event_of_a_stream,
    both_versions_and_both_ways_to_send_a_key,
    reasoning_comes_signed_and_goes_back,
    a_call_its_result_and_the_answer_after_it,
    calls_side_by_side,
    a_call_without_arguments,
    an_object_as_text_and_as_a_forced_call,
    other_ends,
    refusals,
    an_error_in_mid_stream,
    tokens,
    the_models,
)
