"""OpenAI's own client and Chat Completions."""

import openai
import pydantic
from steps import HELLO, KEY, ORIGIN, PARIS, PLACE, WEATHER, parsed, raised, run

client = openai.OpenAI(api_key=KEY, base_url=f"{ORIGIN}/v1", max_retries=0)
TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": WEATHER, "strict": True}}]


def user(words):
    return {"role": "user", "content": words}


def ask(words, **more):
    return client.chat.completions.create(model="m", messages=[user(words)], **more)


def a_whole_answer():
    answer = ask("Say hello")
    assert answer.object == "chat.completion" and answer.model == "m" and answer._request_id, answer
    [choice] = answer.choices
    assert (choice.message.role, choice.message.content, choice.finish_reason) == ("assistant", HELLO, "stop"), choice
    usage = answer.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (12, 7, 19), usage
    assert usage.prompt_tokens_details.cached_tokens == 4, usage


def a_stream_in_pieces():
    chunks = list(ask("Say hello", stream=True, stream_options={"include_usage": True}))
    assert all(chunk.object == "chat.completion.chunk" and chunk.id == chunks[0].id for chunk in chunks), chunks
    assert chunks[0].choices[0].delta.role == "assistant", chunks[0]
    words = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(words) == HELLO and len([word for word in words if word]) == 2, words
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].choices == [] and chunks[-1].usage.total_tokens == 19, chunks[-1]
    assert all(chunk.usage is None for chunk in ask("Say hello", stream=True)), "nobody asked for a count"


def reasoning_beside_the_words():
    chunks = list(ask("Think first", stream=True))
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(delta.model_dump().get("reasoning_content") or "" for delta in deltas) == "Let me see."
    assert "".join(delta.content or "" for delta in deltas) == "Done."
    whole = ask("Think first")
    assert whole.choices[0].message.model_dump()["reasoning_content"] == "Let me see."
    assert whole.usage.completion_tokens_details.reasoning_tokens == 5, whole.usage


def a_call_its_result_and_the_answer_after_it():
    with client.chat.completions.stream(model="m", messages=[user("weather in Paris")], tools=TOOLS) as stream:
        kinds = [event.type for event in stream]
        answer = stream.get_final_completion()
    assert "tool_calls.function.arguments.delta" in kinds and "tool_calls.function.arguments.done" in kinds, kinds
    [choice] = answer.choices
    [call] = choice.message.tool_calls
    assert (call.id, call.type, call.function.name) == ("call_paris", "function", "get_weather"), call
    assert parsed(call.function.arguments) == {"city": "Paris"} and choice.finish_reason == "tool_calls", choice
    history = [
        user("weather in Paris"),
        {"role": "assistant", "content": choice.message.content, "tool_calls": [call.model_dump(exclude={"function": {"parsed_arguments"}})]},
        {"role": "tool", "tool_call_id": call.id, "content": "21 degrees"},
    ]
    after = client.chat.completions.create(model="m", messages=history, tools=TOOLS)
    assert after.choices[0].message.content == "It is 21 degrees in Paris.", after


def calls_side_by_side():
    for answer in [ask("weather in Paris and Rome", tools=TOOLS), streamed("weather in Paris and Rome")]:
        calls = answer.choices[0].message.tool_calls
        assert [call.id for call in calls] == ["call_paris", "call_rome"], calls
        assert [parsed(call.function.arguments)["city"] for call in calls] == ["Paris", "Rome"], calls
    message = answer.choices[0].message
    results = [
        {"role": "tool", "tool_call_id": "call_paris", "content": "21 degrees"},
        {"role": "tool", "tool_call_id": "call_rome", "content": "25 degrees"},
    ]
    calls = [call.model_dump(exclude={"function": {"parsed_arguments"}}) for call in message.tool_calls]
    history = [user("weather in Paris and Rome"), {"role": "assistant", "tool_calls": calls}, *results]
    after = client.chat.completions.create(model="m", messages=history, tools=TOOLS)
    assert after.choices[0].message.content == "Paris has 21 degrees, Rome 25.", after


def streamed(words):
    with client.chat.completions.stream(model="m", messages=[user(words)], tools=TOOLS) as stream:
        return stream.get_final_completion()


def an_object_as_text_and_as_a_forced_call():
    class Place(pydantic.BaseModel):
        city: str
        degrees: int
        tags: list[str]

    read = client.chat.completions.parse(model="m", messages=[user("Describe Paris")], response_format=Place)
    assert read.choices[0].message.parsed == Place(**PARIS), read
    with client.chat.completions.stream(model="m", messages=[user("Describe Paris")], response_format=Place) as stream:
        partial = [event.parsed for event in stream if event.type == "content.delta"]
        assert stream.get_final_completion().choices[0].message.parsed == Place(**PARIS)
    assert len(partial) > 3, "an object comes in pieces"
    tool = {"type": "function", "function": {"name": "answer", "parameters": PLACE}}
    forced = ask("Describe Paris", tools=[*TOOLS, tool], tool_choice={"type": "function", "function": {"name": "answer"}})
    [call] = forced.choices[0].message.tool_calls
    assert call.function.name == "answer" and parsed(call.function.arguments) == PARIS, call


def other_ends():
    assert ask("Talk at length").choices[0].finish_reason == "length"
    refused = ask("Say something bad").choices[0].message
    assert refused.refusal == "I will not." and refused.content is None, refused
    raised(openai.LengthFinishReasonError, lambda: client.chat.completions.parse(
        model="m", messages=[user("Talk at length")], response_format={"type": "json_object"}))


def refusals():
    stranger = openai.OpenAI(api_key="sk-wrong", base_url=f"{ORIGIN}/v1", max_retries=0)
    error = raised(openai.AuthenticationError, lambda: stranger.models.list())
    assert error.status_code == 401 and error.code == "invalid_api_key", error
    error = raised(openai.NotFoundError, lambda: ask("Be nobody"))
    assert error.code == "model_not_found", error
    error = raised(openai.RateLimitError, lambda: ask("Be limited"))
    assert error.code == "rate_limit_exceeded" and error.response.headers["retry-after"] == "7", error
    error = raised(openai.BadRequestError, lambda: ask("Be full"))
    assert error.code == "context_length_exceeded", error
    error = raised(openai.InternalServerError, lambda: ask("Be busy"))
    assert error.status_code == 503, error
    patient = client.with_options(max_retries=2)
    again = patient.chat.completions.create(model="m", messages=[user("Be limited once")])
    assert again.choices[0].message.content == "Here.", again


def an_error_in_mid_stream():
    said = []

    def read():
        for chunk in ask("Stumble", stream=True):
            said.append(chunk.choices[0].delta.content or "")

    error = raised(openai.APIError, read)
    assert "".join(said) == "half " and error.body["code"] == "server_is_overloaded", (said, error)


def the_models():
    assert [model.id for model in client.models.list()] == ["m", "plain"]
    assert client.models.retrieve("plain").owned_by == "simulator"
    raised(openai.NotFoundError, lambda: client.models.retrieve("nobody"))


def azure():
    azure = openai.AzureOpenAI(api_key=KEY, azure_endpoint=ORIGIN, api_version="2026-01-01", max_retries=0)
    answer = azure.chat.completions.create(model="m", messages=[user("Say hello")])
    assert answer.choices[0].message.content == HELLO, answer


run(
    a_whole_answer,
    a_stream_in_pieces,
    reasoning_beside_the_words,
    a_call_its_result_and_the_answer_after_it,
    calls_side_by_side,
    an_object_as_text_and_as_a_forced_call,
    other_ends,
    refusals,
    an_error_in_mid_stream,
    the_models,
    azure,
)
