"""OpenAI's own client and its Realtime, push-to-talk."""

import asyncio
import base64

import openai
from speech import REFUSING, base64_of, seconds, spoken
from steps import KEY, ORIGIN, WEATHER, parsed, run

MODEL = "gpt-realtime-2.1"
SESSION = {
    "type": "realtime",
    "output_modalities": ["audio"],
    "instructions": "Be brief.",
    "audio": {
        "input": {
            "format": {"type": "audio/pcm", "rate": 24000},
            "transcription": {"model": "gpt-transcribe"},
            "turn_detection": None,
        },
        "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "marin"},
    },
    "tools": [{"type": "function", "name": "get_weather", "parameters": WEATHER}],
}


def client(origin=ORIGIN):
    return openai.AsyncOpenAI(api_key=KEY, base_url=f"{origin}/v1", max_retries=0)


async def until(connection, kind):
    """All events up to and with the first of this kind."""
    events = []
    async for event in connection:
        events.append(event)
        if event.type == kind:
            return events
    raise AssertionError(f"{kind} never came: {[event.type for event in events]}")


async def say(connection):
    await connection.input_audio_buffer.clear()
    for piece in spoken(24000):
        await connection.input_audio_buffer.append(audio=base64_of(piece))
    await connection.input_audio_buffer.commit()
    await connection.response.create()


async def conversation():
    async with client().realtime.connect(model=MODEL) as connection:
        assert (await connection.recv()).type == "session.created"
        await connection.session.update(session=SESSION)
        assert (await connection.recv()).session.instructions == "Be brief."

        await say(connection)
        events = await until(connection, "rate_limits.updated")
        kinds = [event.type for event in events]
        transcription = "conversation.item.input_audio_transcription"
        assert kinds == [
            "input_audio_buffer.cleared",
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done",
            f"{transcription}.delta",
            f"{transcription}.completed",
            "response.created",
            "response.output_item.added",
            "conversation.item.added",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.done",
            "response.output_item.done",
            "conversation.item.done",
            "response.done",
            "rate_limits.updated",
        ], kinds
        assert events[5].transcript == "Can you hear me?", events[5]
        call = events[11]
        assert (call.call_id, call.name, parsed(call.arguments)) == ("call_1", "get_weather", {"city": "Paris"}), call

        await connection.conversation.item.create(
            item={"type": "function_call_output", "call_id": "call_1", "output": "21 degrees"}
        )
        await connection.response.create()
        events = await until(connection, "rate_limits.updated")
        kinds = [event.type for event in events]
        assert kinds[:6] == [
            "conversation.item.added",
            "conversation.item.done",
            "response.created",
            "response.output_item.added",
            "conversation.item.added",
            "response.content_part.added",
        ], kinds
        assert kinds[-7:] == [
            "response.output_audio.done",
            "response.output_audio_transcript.done",
            "response.content_part.done",
            "response.output_item.done",
            "conversation.item.done",
            "response.done",
            "rate_limits.updated",
        ], kinds
        words = [event.delta for event in events if event.type == "response.output_audio_transcript.delta"]
        sound = [base64.b64decode(event.delta) for event in events if event.type == "response.output_audio.delta"]
        assert ("".join(words), seconds(sound)) == ("Yes, very well.", 1.0), (words, seconds(sound))
        usage = events[-2].response.usage
        assert (usage.total_tokens, usage.input_token_details.audio_tokens) == (30, 6), usage
        assert events[-1].rate_limits[0].remaining == 99, events[-1]
        item = next(event.item.id for event in events if event.type == "response.output_item.added")

        # The person hears 40 ms of it.
        await connection.conversation.item.truncate(item_id=item, content_index=0, audio_end_ms=40)
        [cut] = await until(connection, "conversation.item.truncated")
        assert (cut.item_id, cut.audio_end_ms) == (item, 40), cut


async def interruption():
    async with client().realtime.connect(model=MODEL) as connection:
        await connection.recv()
        await connection.session.update(session=SESSION)
        await say(connection)
        await until(connection, "rate_limits.updated")
        await connection.response.create()
        await until(connection, "response.output_audio.delta")
        await connection.response.cancel()
        done = (await until(connection, "response.done"))[-1].response
        assert (done.status, done.status_details.reason) == ("cancelled", "client_cancelled"), done


async def errors():
    async with client().realtime.connect(model=MODEL) as connection:
        await connection.recv()
        await connection.response.cancel()
        error = (await connection.recv()).error
        assert (error.type, error.code) == ("invalid_request_error", "response_cancel_not_active"), error
        await connection.input_audio_buffer.commit(event_id="mine")
        error = (await connection.recv()).error
        assert (error.code, error.event_id) == ("input_audio_buffer_commit_empty", "mine"), error


async def refusal():
    try:
        async with client(REFUSING).realtime.connect(model=MODEL) as connection:
            await connection.recv()
    except Exception as error:
        assert "401" in str(error), error
        return
    raise AssertionError("a stranger was let in")


def a_call_its_result_and_the_answer_after_it():
    asyncio.run(conversation())


def an_answer_that_is_interrupted():
    asyncio.run(interruption())


def errors_that_leave_the_session_as_it_was():
    asyncio.run(errors())


def a_refusal():
    asyncio.run(refusal())


run(
    a_call_its_result_and_the_answer_after_it,
    an_answer_that_is_interrupted,
    errors_that_leave_the_session_as_it_was,
    a_refusal,
)
