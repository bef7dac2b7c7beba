"""OpenAI's own client and Responses."""

import openai
import pydantic
from steps import HELLO, KEY, ORIGIN, PARIS, PLACE, WEATHER, parsed, raised, run

client = openai.OpenAI(api_key=KEY, base_url=f"{ORIGIN}/v1", max_retries=0)
TOOLS = [{"type": "function", "name": "get_weather", "parameters": WEATHER, "strict": True}]
SEAL = "c2ltdWxhdGVk"


def ask(words, **more):
    return client.responses.create(model="m", input=words, store=False, **more)


def streamed(words, **more):
    with client.responses.stream(model="m", input=words, store=False, **more) as stream:
        return list(stream), stream.get_final_response()


def a_whole_answer():
    answer = ask("Say hello", instructions="Be brief.", max_output_tokens=100)
    assert (answer.object, answer.status, answer.model, answer.output_text) == ("response", "completed", "m", HELLO)
    assert (answer.instructions, answer.max_output_tokens) == ("Be brief.", 100), answer
    usage = answer.usage
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (12, 7, 19), usage
    assert usage.input_tokens_details.cached_tokens == 4, usage


def every_event_of_a_stream():
    raw = list(ask("Say hello", stream=True))
    assert [event.type for event in raw] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in raw] == list(range(len(raw)))
    item = raw[2].item.id
    assert all(event.item_id == item and event.output_index == 0 for event in raw[3:8]), raw
    assert raw[0].response.status == "in_progress" and raw[6].text == HELLO, raw
    events, answer = streamed("Say hello")
    assert answer.output_text == HELLO and events[-1].response.usage.total_tokens == 19, answer


def reasoning_comes_sealed_and_goes_back():
    events, answer = streamed("Think first", reasoning={"effort": "low", "summary": "auto"}, include=["reasoning.encrypted_content"])
    kinds = [event.type for event in events]
    begins = kinds.index("response.reasoning_summary_part.added")
    assert begins < kinds.index("response.reasoning_summary_text.delta") < kinds.index("response.output_text.delta"), kinds
    added = next(event.item for event in events if event.type == "response.output_item.added")
    thought, message = answer.output
    assert (thought.type, thought.summary[0].text, thought.encrypted_content) == ("reasoning", "Let me see.", SEAL), thought
    assert added.encrypted_content != SEAL, "only a whole item has its seal"
    assert message.content[0].text == "Done." and answer.usage.output_tokens_details.reasoning_tokens == 5, answer
    again = ask([*[item.to_dict() for item in answer.output], {"role": "user", "content": "Say hello"}])
    assert again.output_text == HELLO, again
    secret = ask("Think in secret").output[0]
    assert secret.summary == [] and secret.encrypted_content == "c2VjcmV0", secret


def a_call_its_result_and_the_answer_after_it():
    events, answer = streamed("weather in Paris", tools=TOOLS)
    arguments = [event.delta for event in events if event.type == "response.function_call_arguments.delta"]
    assert len(arguments) == 2 and parsed("".join(arguments)) == {"city": "Paris"}, arguments
    thought, message, call = answer.output
    assert (thought.type, message.type, call.type) == ("reasoning", "message", "function_call"), answer.output
    assert (call.call_id, call.name, call.status) == ("call_paris", "get_weather", "completed"), call
    assert parsed(call.arguments) == {"city": "Paris"}, call
    history = [
        {"role": "user", "content": "weather in Paris"},
        *[item.to_dict(exclude_unset=True) for item in ask("weather in Paris", tools=TOOLS).output],
        {"type": "function_call_output", "call_id": call.call_id, "output": "21 degrees"},
    ]
    assert ask(history, tools=TOOLS).output_text == "It is 21 degrees in Paris."


def calls_side_by_side():
    _, answer = streamed("weather in Paris and Rome", tools=TOOLS)
    calls = [item for item in answer.output if item.type == "function_call"]
    assert [parsed(call.arguments)["city"] for call in calls] == ["Paris", "Rome"], calls
    results = [
        {"type": "function_call_output", "call_id": call.call_id, "output": degrees}
        for call, degrees in zip(calls, ["21 degrees", "25 degrees"])
    ]
    history = [item.to_dict(exclude_unset=True) for item in ask("weather in Paris and Rome", tools=TOOLS).output]
    assert ask([*history, *results]).output_text == "Paris has 21 degrees, Rome 25."


def an_object_as_text_and_as_a_forced_call():
    class Place(pydantic.BaseModel):
        city: str
        degrees: int
        tags: list[str]

    read = client.responses.parse(model="m", input="Describe Paris", text_format=Place)
    assert read.output_parsed == Place(**PARIS), read
    _, answer = streamed("Describe Paris", text_format=Place)
    assert answer.output_parsed == Place(**PARIS), answer
    tool = {"type": "function", "name": "answer", "parameters": PLACE, "strict": True}
    forced = ask("Describe Paris", tools=[*TOOLS, tool], tool_choice={"type": "function", "name": "answer"})
    [call] = forced.output
    assert call.name == "answer" and parsed(call.arguments) == PARIS, call


def other_ends():
    last = list(ask("Talk at length", stream=True))[-1]
    assert last.type == "response.incomplete" and last.response.status == "incomplete", last
    assert last.response.incomplete_details.reason == "max_output_tokens", last
    events, answer = streamed("Say something bad")
    assert "response.refusal.done" in [event.type for event in events]
    assert answer.output[0].content[0].refusal == "I will not.", answer


def refusals():
    stranger = openai.OpenAI(api_key="sk-wrong", base_url=f"{ORIGIN}/v1", max_retries=0)
    raised(openai.AuthenticationError, lambda: stranger.responses.create(model="m", input="Say hello"))
    raised(openai.NotFoundError, lambda: ask("Be nobody"))
    raised(openai.RateLimitError, lambda: ask("Be limited"))
    assert raised(openai.InternalServerError, lambda: ask("Be busy")).status_code == 503


def an_error_in_mid_stream():
    said = []

    error = raised(openai.APIError, lambda: [said.append(event) for event in ask("Stumble", stream=True)])
    assert error.code == "server_is_overloaded" and said[-1].delta == "half ", (said, error)


def tokens():
    count = client.responses.input_tokens.count(model="m", input="Say hello", tools=TOOLS)
    assert count.input_tokens == 14, count


run(
    a_whole_answer,
    every_event_of_a_stream,
    reasoning_comes_sealed_and_goes_back,
    a_call_its_result_and_the_answer_after_it,
    calls_side_by_side,
    an_object_as_text_and_as_a_forced_call,
    other_ends,
    refusals,
    an_error_in_mid_stream,
    tokens,
)
