"""DashScope's own client: the text endpoint and the multimodal one."""

import dashscope
from dashscope import Generation, MultiModalConversation
from steps import HELLO, KEY, ORIGIN, PARIS, PLACE, WEATHER, parsed, run

dashscope.api_key = KEY
dashscope.base_http_api_url = f"{ORIGIN}/api/v1"
TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": WEATHER}}]


def user(words):
    return {"role": "user", "content": words}


def ask(words, **more):
    return Generation.call(model="m", messages=[user(words)], result_format="message", **more)


def streamed(words, **more):
    return list(ask(words, stream=True, incremental_output=True, **more))


def messages(frames):
    return [frame.output.choices[0].message for frame in frames]


def joined(frames, field):
    return "".join(message.get(field) or "" for message in messages(frames))


def joined_calls(frames):
    """Calls put together from their fragments, which belong together by their numbers."""
    calls = {}
    for message in messages(frames):
        for fragment in message.get("tool_calls") or []:
            call = calls.setdefault(fragment["index"], {"id": "", "name": "", "arguments": ""})
            call["id"] = call["id"] or fragment["id"]
            call["name"] = call["name"] or fragment["function"].get("name", "")
            call["arguments"] += fragment["function"]["arguments"]
    return list(calls.values())


def a_whole_answer():
    answer = ask("Say hello")
    assert (answer.status_code, answer.code, answer.request_id) == (200, "", "simulated"), answer
    [choice] = answer.output.choices
    assert (choice.message.role, choice.message.content, choice.finish_reason) == ("assistant", HELLO, "stop"), choice
    usage = answer.usage
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (12, 7, 19), usage
    assert Generation.call(model="m", messages=[user("Say hello")], result_format="text").output.text == HELLO


def a_stream_of_what_is_new_and_one_of_all_so_far():
    frames = streamed("Say hello")
    assert joined(frames, "content") == HELLO and len(frames) == 3, frames
    assert [frame.output.choices[0].finish_reason for frame in frames] == ["null", "null", "stop"], frames
    assert [frame.usage.total_tokens for frame in frames] == [13, 14, 19], frames
    growing = [message.content for message in messages(ask("Say hello", stream=True, incremental_output=False))]
    assert growing == ["Grüße, ", HELLO, HELLO], growing


def reasoning_beside_the_words():
    frames = streamed("Think first", enable_thinking=True)
    assert joined(frames, "reasoning_content") == "Let me see." and joined(frames, "content") == "Done.", frames
    assert frames[-1].usage["output_tokens_details"]["reasoning_tokens"] == 5, frames[-1].usage
    assert ask("Think first").output.choices[0].message.reasoning_content == "Let me see."


def a_call_its_result_and_the_answer_after_it():
    frames = streamed("weather in Paris", tools=TOOLS)
    [call] = joined_calls(frames)
    assert call == {"id": "call_paris", "name": "get_weather", "arguments": '{"city":"Paris"}'}, call
    assert frames[-1].output.choices[0].finish_reason == "tool_calls", frames[-1]
    message = ask("weather in Paris", tools=TOOLS).output.choices[0].message
    history = [
        user("weather in Paris"),
        {"role": "assistant", "content": message.content, "tool_calls": message.tool_calls},
        {"role": "tool", "tool_call_id": call["id"], "name": call["name"], "content": "21 degrees"},
    ]
    after = Generation.call(model="m", messages=history, tools=TOOLS, result_format="message")
    assert after.output.choices[0].message.content == "It is 21 degrees in Paris.", after


def calls_side_by_side():
    calls = joined_calls(streamed("weather in Paris and Rome", tools=TOOLS))
    assert [parsed(call["arguments"])["city"] for call in calls] == ["Paris", "Rome"], calls
    message = ask("weather in Paris and Rome", tools=TOOLS).output.choices[0].message
    results = [
        {"role": "tool", "tool_call_id": call["id"], "name": call["name"], "content": degrees}
        for call, degrees in zip(calls, ["21 degrees", "25 degrees"])
    ]
    history = [{"role": "assistant", "content": "", "tool_calls": message.tool_calls}, *results]
    after = Generation.call(model="m", messages=[user("weather"), *history], result_format="message")
    assert after.output.choices[0].message.content == "Paris has 21 degrees, Rome 25.", after


def an_object_as_text_and_as_a_forced_call():
    asked = {"type": "json_schema", "json_schema": {"name": "place", "schema": PLACE, "strict": True}}
    frames = streamed("Describe Paris", response_format=asked)
    assert parsed(joined(frames, "content")) == PARIS and len(frames) > 3, frames
    tools = [*TOOLS, {"type": "function", "function": {"name": "answer", "parameters": PLACE}}]
    choice = {"type": "function", "function": {"name": "answer"}}
    [call] = joined_calls(streamed("Describe Paris", tools=tools, tool_choice=choice))
    assert call["name"] == "answer" and parsed(call["arguments"]) == PARIS, call


def the_multimodal_endpoint():
    asked = [user([{"image": "https://example.org/a.png"}, {"text": "Say hello"}])]
    whole = MultiModalConversation.call(model="m", messages=asked)
    assert whole.output.choices[0].message.content == [{"text": HELLO}], whole
    frames = list(MultiModalConversation.call(model="m", messages=asked, stream=True, incremental_output=True))
    words = [part["text"] for message in messages(frames) for part in message.content]
    assert "".join(words) == HELLO and len(words) == 2, frames


def other_ends():
    assert ask("Talk at length").output.choices[0].finish_reason == "length"


def refusals():
    refused = Generation.call(model="m", messages=[user("Say hello")], api_key="wrong")
    assert (refused.status_code, refused.code) == (401, "InvalidApiKey"), refused
    for words, status, code in [
        ("Be nobody", 404, "ModelNotFound"),
        ("Be limited", 429, "Throttling.RateQuota"),
        ("Be busy", 503, "ModelUnavailable"),
        ("Be full", 400, "InvalidParameter"),
    ]:
        answer = ask(words)
        assert (answer.status_code, answer.code) == (status, code) and answer.message, answer
        [answer] = streamed(words)
        assert (answer.status_code, answer.code) == (status, code) and answer.message, answer


def an_error_in_mid_stream():
    half, error = streamed("Stumble")
    assert half.output.choices[0].message.content == "half ", half
    assert error.code == "ModelUnavailable" and error.status_code != 200, error


run(
    a_whole_answer,
    a_stream_of_what_is_new_and_one_of_all_so_far,
    reasoning_beside_the_words,
    a_call_its_result_and_the_answer_after_it,
    calls_side_by_side,
    an_object_as_text_and_as_a_forced_call,
    the_multimodal_endpoint,
    other_ends,
    refusals,
    an_error_in_mid_stream,
)
