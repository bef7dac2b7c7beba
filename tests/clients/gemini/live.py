"""Google's own client and the Live API, push-to-talk."""

import asyncio

from google import genai
from google.genai import _api_client, types
from speech import REFUSING, seconds, spoken
from steps import KEY, ORIGIN, WEATHER, run

MODEL = "gemini-live-x"
CONFIG = {
    "response_modalities": ["AUDIO"],
    "system_instruction": "Be brief.",
    "speech_config": {"voice_config": {"prebuilt_voice_config": {"voice_name": "Kore"}}},
    "realtime_input_config": {"automatic_activity_detection": {"disabled": True}},
    "input_audio_transcription": {},
    "output_audio_transcription": {},
    "session_resumption": {},
    "tools": [{"function_declarations": [{"name": "get_weather", "parameters_json_schema": WEATHER}]}],
}


def client(origin=ORIGIN):
    # With a key the client insists on an encrypted socket; these two are all that must be turned for a local one.
    address = origin.replace("http://", "ws://")
    _api_client.BaseApiClient._websocket_base_url = lambda self, http_options=None: address
    made = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=origin, api_version="v1beta"))
    made._api_client._websocket_ssl_ctx = {}
    return made


async def say(session):
    await session.send_realtime_input(activity_start=types.ActivityStart())
    for piece in spoken(16000):
        await session.send_realtime_input(audio=types.Blob(data=piece, mime_type="audio/pcm;rate=16000"))
    await session.send_realtime_input(activity_end=types.ActivityEnd())


def sound_of(messages):
    return [message.data for message in messages if message.data]


async def conversation():
    async with client().aio.live.connect(model=MODEL, config=CONFIG) as session:
        await say(session)
        heard, messages = [], []
        async for message in session.receive():
            messages.append(message)
            if message.session_resumption_update:
                assert message.session_resumption_update.resumable and message.session_resumption_update.new_handle
            if message.server_content and message.server_content.input_transcription:
                heard.append(message.server_content.input_transcription.text)
            if message.tool_call:
                [call] = message.tool_call.function_calls
                assert (call.id, call.name, call.args) == ("call_1", "get_weather", {"city": "Paris"}), call
                response = types.FunctionResponse(id=call.id, name=call.name, response={"output": "21 degrees"})
                await session.send_tool_response(function_responses=[response])
        assert heard == ["Can you hear me?"], heard
        contents = [message.server_content for message in messages if message.server_content]
        words = [content.output_transcription.text for content in contents if content.output_transcription]
        assert ("".join(words), seconds(sound_of(messages))) == ("Yes, very well.", 1.0), words
        assert any(content.generation_complete for content in contents) and contents[-1].turn_complete
        usage = messages[-1].usage_metadata
        assert (usage.prompt_token_count, usage.response_token_count) == (10, 20), usage
        assert {part.modality.value: part.token_count for part in usage.prompt_tokens_details} == {
            "TEXT": 4,
            "AUDIO": 6,
        }, usage

        # What is written is answered as well, and the next words interrupt it.
        turn = types.Content(role="user", parts=[types.Part(text="Hello!")])
        await session.send_client_content(turns=turn, turn_complete=True)
        interrupted, spoken_over = False, False
        async for message in session.receive():
            if message.data and not spoken_over:
                spoken_over = True
                await session.send_realtime_input(activity_start=types.ActivityStart())
            content = message.server_content
            interrupted = interrupted or bool(content and content.interrupted)
            assert not (interrupted and message.data), "no sound comes after the interruption"
        assert interrupted


async def refusal():
    try:
        async with client(REFUSING).aio.live.connect(model=MODEL, config=CONFIG):
            pass
    except Exception as error:
        assert "401" in str(error), error
        return
    raise AssertionError("a stranger was let in")


def a_call_its_result_the_answer_after_it_and_an_interruption():
    asyncio.run(conversation())


def a_refusal():
    asyncio.run(refusal())


run(a_call_its_result_the_answer_after_it_and_an_interruption, a_refusal)
