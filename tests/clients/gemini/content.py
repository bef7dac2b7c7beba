"""Google's own client and Gemini's generateContent."""

import base64

import pydantic
from google import genai
from google.genai import errors, types
from steps import HELLO, KEY, ORIGIN, PARIS, PLACE, WEATHER, parsed, raised, run

OPTIONS = {"base_url": ORIGIN, "retry_options": types.HttpRetryOptions(attempts=1)}
client = genai.Client(api_key=KEY, http_options=types.HttpOptions(api_version="v1beta", **OPTIONS))
newest = genai.Client(api_key=KEY, http_options=types.HttpOptions(**OPTIONS))
BY_HAND = types.AutomaticFunctionCallingConfig(disable=True)
WEATHER_TOOL = types.FunctionDeclaration(name="get_weather", parameters_json_schema=WEATHER)
SEAL = base64.b64decode("c2ltdWxhdGVk")


def config(*functions, **more):
    tools = [types.Tool(function_declarations=list(functions))] if functions else None
    return types.GenerateContentConfig(automatic_function_calling=BY_HAND, tools=tools, **more)


def ask(words, settings=None, by=client):
    return by.models.generate_content(model="m", contents=words, config=settings or config())


def streamed(words, settings=None):
    return list(client.models.generate_content_stream(model="m", contents=words, config=settings or config()))


def parts(chunks):
    return [part for chunk in chunks for part in chunk.candidates[0].content.parts]


def a_whole_answer():
    for by in [client, newest]:
        answer = ask("Say hello", config(system_instruction="Be brief."), by)
        assert (answer.text, answer.model_version, answer.response_id) == (HELLO, "m", "simulated"), answer
        assert answer.candidates[0].finish_reason == types.FinishReason.STOP, answer
        usage = answer.usage_metadata
        counts = (usage.prompt_token_count, usage.candidates_token_count, usage.total_token_count)
        assert counts == (12, 7, 19) and usage.cached_content_token_count == 4, usage


def a_stream_in_pieces():
    chunks = streamed("Say hello")
    words = [part.text for part in parts(chunks)]
    assert "".join(words) == HELLO and len(words) == 3, words
    assert [chunk.candidates[0].finish_reason for chunk in chunks] == [None, None, types.FinishReason.STOP]
    assert chunks[0].usage_metadata.total_token_count == 12 and chunks[-1].usage_metadata.total_token_count == 19


def reasoning_beside_the_words():
    settings = config(thinking_config=types.ThinkingConfig(include_thoughts=True, thinking_level="LOW"))
    found = parts(streamed("Think first", settings))
    assert "".join(part.text for part in found if part.thought) == "Let me see.", found
    assert "".join(part.text for part in found if not part.thought) == "Done.", found
    assert found[-1].thought_signature == SEAL, found
    usage = ask("Think first", settings).usage_metadata
    assert (usage.thoughts_token_count, usage.candidates_token_count) == (5, 4), usage


def a_call_its_result_and_the_answer_after_it():
    for answer in [streamed("weather in Paris", config(WEATHER_TOOL)), [ask("weather in Paris", config(WEATHER_TOOL))]]:
        [part] = [part for part in parts(answer) if part.function_call]
        call = part.function_call
        assert (call.id, call.name, call.args) == ("call_paris", "get_weather", {"city": "Paris"}), call
        assert part.thought_signature == SEAL, part
    result = types.FunctionResponse(id=call.id, name=call.name, response={"output": "21 degrees"})
    history = [
        types.UserContent("weather in Paris"),
        types.ModelContent(parts(answer)),
        types.UserContent([types.Part(function_response=result)]),
    ]
    assert ask(history, config(WEATHER_TOOL)).text == "It is 21 degrees in Paris."


def calls_side_by_side():
    answer = streamed("weather in Paris and Rome", config(WEATHER_TOOL))
    found = [part for part in parts(answer) if part.function_call]
    assert [part.function_call.args["city"] for part in found] == ["Paris", "Rome"], found
    assert [part.thought_signature for part in found] == [SEAL, None], "only the first call has a proof"
    results = [
        types.Part.from_function_response(name="get_weather", response={"output": degrees})
        for degrees in ["21 degrees", "25 degrees"]
    ]
    history = [types.UserContent("weather"), types.ModelContent(found), types.UserContent(results)]
    assert ask(history, config(WEATHER_TOOL)).text == "Paris has 21 degrees, Rome 25."


def a_function_that_the_client_calls_by_itself():
    asked = []

    def get_weather(city: str) -> str:
        """The weather in a city."""
        asked.append(city)
        return "21 degrees"

    chat = client.chats.create(model="m", config=types.GenerateContentConfig(tools=[get_weather]))
    assert chat.send_message("weather in Paris").text == "It is 21 degrees in Paris." and asked == ["Paris"], asked


def an_object_as_text_and_as_a_forced_call():
    class Place(pydantic.BaseModel):
        city: str
        degrees: int
        tags: list[str]

    by_class = config(response_mime_type="application/json", response_schema=Place)
    by_schema = config(response_mime_type="application/json", response_json_schema=PLACE)
    assert ask("Describe Paris", by_class).parsed == Place(**PARIS)
    pieces = [part.text for part in parts(streamed("Describe Paris", by_schema))]
    assert parsed("".join(pieces)) == PARIS and len(pieces) > 3, pieces
    forced = types.FunctionCallingConfig(mode="ANY", allowed_function_names=["answer"])
    settings = config(
        WEATHER_TOOL,
        types.FunctionDeclaration(name="answer", parameters_json_schema=PLACE),
        tool_config=types.ToolConfig(function_calling_config=forced),
    )
    [call] = ask("Describe Paris", settings).function_calls
    assert (call.name, call.args) == ("answer", PARIS), call


def other_ends():
    assert ask("Talk at length").candidates[0].finish_reason == types.FinishReason.MAX_TOKENS


def refusals():
    stranger = genai.Client(api_key="wrong", http_options=types.HttpOptions(**OPTIONS))
    error = raised(errors.ClientError, lambda: ask("Say hello", by=stranger))
    assert (error.code, error.status) == (400, "INVALID_ARGUMENT") and "API_KEY_INVALID" in str(error), error
    error = raised(errors.ClientError, lambda: ask("Be nobody"))
    assert (error.code, error.status) == (404, "NOT_FOUND"), error
    error = raised(errors.ClientError, lambda: ask("Be limited"))
    assert (error.code, error.status) == (429, "RESOURCE_EXHAUSTED") and "'retryDelay': '7s'" in str(error), error
    error = raised(errors.ServerError, lambda: ask("Be busy"))
    assert (error.code, error.status) == (503, "UNAVAILABLE"), error


def an_error_in_mid_stream():
    said = []

    def read():
        for chunk in client.models.generate_content_stream(model="m", contents="Stumble", config=config()):
            said.append(chunk.text)

    error = raised(errors.APIError, read)
    assert said == ["half "] and error.status == "UNAVAILABLE", (said, error)


def tokens():
    count = client.models.count_tokens(model="m", contents="Say hello")
    assert count.total_tokens == 14, count


def the_models():
    page = client.models.list(config={"page_size": 1, "query_base": True})
    assert [model.name for model in page] == ["models/m", "models/plain"], "the client turns the pages"
    plain = client.models.get(model="plain")
    assert (plain.input_token_limit, plain.thinking) == (4096, False), plain
    assert plain.supported_actions == ["generateContent", "countTokens"], plain


run(
    a_whole_answer,
    a_stream_in_pieces,
    reasoning_beside_the_words,
    a_call_its_result_and_the_answer_after_it,
    calls_side_by_side,
    a_function_that_the_client_calls_by_itself,
    an_object_as_text_and_as_a_forced_call,
    other_ends,
    refusals,
    an_error_in_mid_stream,
    tokens,
    the_models,
)
