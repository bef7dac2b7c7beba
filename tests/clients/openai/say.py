"""OpenAI's own client and text to speech."""

import base64

import openai
from sound import sound
from steps import KEY, ORIGIN, parsed, raised, run

client = openai.OpenAI(api_key=KEY, base_url=f"{ORIGIN}/v1", max_retries=0)
TEXT = "Grüße aus Köln. Wie geht es?"


def ask(client=client, **more):
    return client.audio.speech.with_streaming_response.create(
        model="m", voice="alloy", input=TEXT, response_format="pcm", **more
    )


def bare_sound_as_it_is_made():
    with ask() as answer:
        assert b"".join(answer.iter_bytes()) == sound(TEXT)


def bare_sound_in_one_piece():
    answer = client.audio.speech.create(model="m", voice="alloy", input=TEXT, response_format="pcm")
    assert answer.read() == sound(TEXT)


def sound_in_events():
    with ask(stream_format="sse", instructions="Warmly.", speed=1.5) as answer:
        # The client has no types for these events; it hands on their lines.
        lines = [line.removeprefix("data: ") for line in answer.iter_lines() if line]
    *deltas, done = [parsed(line) for line in lines]
    assert b"".join(base64.b64decode(event["audio"]) for event in deltas) == sound(TEXT)
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}, deltas
    assert (done["type"], done["usage"]["total_tokens"]) == ("speech.audio.done", 14), done


def a_wrong_key():
    stranger = openai.OpenAI(api_key="sk-wrong", base_url=f"{ORIGIN}/v1", max_retries=0)

    def act():
        with ask(stranger):
            pass

    assert raised(openai.AuthenticationError, act).code == "invalid_api_key"


run(bare_sound_as_it_is_made, bare_sound_in_one_piece, sound_in_events, a_wrong_key)
