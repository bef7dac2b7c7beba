"""DashScope's own client and Qwen-Omni-Realtime, push-to-talk."""

import base64
import queue

import dashscope
from dashscope.audio.qwen_omni import MultiModality, OmniRealtimeCallback, OmniRealtimeConversation
from speech import REFUSING, base64_of, seconds, spoken
from steps import KEY, ORIGIN, parsed, run

dashscope.api_key = KEY
MODEL = "qwen3.5-omni-plus-realtime"
WAIT = 20


class Listener(OmniRealtimeCallback):
    def __init__(self):
        self.events = queue.Queue()

    def on_open(self):
        pass

    def on_close(self, code, message):
        self.events.put({"type": "closed", "code": code})

    def on_event(self, event):
        self.events.put(event)

    def until(self, kind):
        """All events up to and with the first of this kind."""
        events = []
        while not events or events[-1]["type"] != kind:
            events.append(self.events.get(timeout=WAIT))
            assert events[-1]["type"] not in ("closed", "error") or kind == events[-1]["type"], events
        return events


def opened(origin=ORIGIN):
    listener = Listener()
    address = origin.replace("http://", "ws://") + "/api-ws/v1/realtime"
    conversation = OmniRealtimeConversation(model=MODEL, callback=listener, url=address)
    conversation.connect()
    listener.until("session.created")
    conversation.update_session(
        output_modalities=[MultiModality.AUDIO, MultiModality.TEXT],
        voice="Cherry",
        enable_turn_detection=False,
        instructions="Be brief.",
    )
    listener.until("session.updated")
    return conversation, listener


def say(conversation):
    for piece in spoken(16000):
        conversation.append_audio(base64_of(piece))
    conversation.append_video(base64.b64encode(b"\xff\xd8\xff").decode())
    conversation.commit()
    conversation.create_response()


def a_call_its_result_and_the_answer_after_it():
    conversation, listener = opened()
    say(conversation)
    events = listener.until("response.done")
    kinds = [event["type"] for event in events]
    assert kinds[:2] == ["input_audio_buffer.committed", "conversation.item.created"], kinds
    [whole] = [event for event in events if event["type"].endswith("transcription.completed")]
    assert whole["transcript"] == "Can you hear me?", whole
    [call] = [event for event in events if event["type"] == "response.function_call_arguments.done"]
    assert (call["call_id"], call["name"], parsed(call["arguments"])) == ("call_1", "get_weather", {"city": "Paris"})
    conversation.create_item({"type": "function_call_output", "call_id": "call_1", "output": "21 degrees"})
    conversation.create_response()
    events = listener.until("response.done")
    words = [event["delta"] for event in events if event["type"] == "response.audio_transcript.delta"]
    sound = [base64.b64decode(event["delta"]) for event in events if event["type"] == "response.audio.delta"]
    assert ("".join(words), seconds(sound)) == ("Yes, very well.", 1.0), words
    usage = events[-1]["response"]["usage"]
    assert (usage["total_tokens"], usage["input_tokens_details"]["audio_tokens"]) == (30, 6), usage
    # The client waits for the server's word that it is over.
    conversation.end_session(WAIT)
    conversation.close()


def an_answer_that_is_interrupted():
    conversation, listener = opened()
    say(conversation)
    listener.until("response.done")
    conversation.create_response()
    listener.until("response.audio.delta")
    conversation.cancel_response()
    assert listener.until("response.output_item.done")[-1]["item"]["status"] == "incomplete"
    conversation.close()


def an_error_that_leaves_the_session_as_it_was():
    conversation, listener = opened()
    conversation.cancel_response()
    assert listener.until("error")[-1]["error"]["code"] == "response_cancel_not_active"
    conversation.close()


def a_refusal():
    try:
        opened(REFUSING)
    except Exception:
        return
    raise AssertionError("a stranger was let in")


run(
    a_call_its_result_and_the_answer_after_it,
    an_answer_that_is_interrupted,
    an_error_that_leaves_the_session_as_it_was,
    a_refusal,
)
