"""DashScope's own client and text to speech: asked for a text, and written to over sockets."""

import base64
import os
import queue

import dashscope
from dashscope import MultiModalConversation
from dashscope.audio import qwen_tts
from dashscope.audio.qwen_tts_realtime import AudioFormat as QwenFormat
from dashscope.audio.qwen_tts_realtime import QwenTtsRealtime, QwenTtsRealtimeCallback
from dashscope.audio.tts_v2 import AudioFormat, ResultCallback, SpeechSynthesizer
from sound import sound
from steps import KEY, ORIGIN, run

# Where sockets are answered.
MOUTHS = os.environ["PARLANCE_MOUTHS"].replace("http://", "ws://")
WAIT = 20
TEXT = "Grüße aus Köln. Wie geht es?"

dashscope.api_key = KEY
dashscope.base_http_api_url = f"{ORIGIN}/api/v1"
dashscope.base_websocket_api_url = f"{MOUTHS}/api-ws/v1/inference"


def sound_as_it_is_made():
    frames = list(MultiModalConversation.call(model="qwen3-tts-flash", text=TEXT, voice="Cherry", stream=True))
    assert all(frame.status_code == 200 for frame in frames), frames
    assert b"".join(base64.b64decode(frame.output.audio.data or "") for frame in frames) == sound(TEXT)
    assert frames[-1].output.finish_reason == "stop" and frames[-1].output.audio.url, frames[-1]


def the_address_of_a_file():
    answer = qwen_tts.SpeechSynthesizer.call(model="qwen3-tts-flash", text=TEXT, voice="Cherry")
    assert answer.status_code == 200 and answer.output.audio["url"].endswith(".wav"), answer


class Listener(QwenTtsRealtimeCallback):
    def __init__(self):
        self.events = queue.Queue()

    def on_open(self):
        pass

    def on_close(self, close_status_code, close_msg):
        self.events.put({"type": "closed"})

    def on_event(self, response):
        self.events.put(response)

    def until(self, kind):
        """All events up to and with the first of this kind."""
        events = []
        while not events or events[-1]["type"] != kind:
            events.append(self.events.get(timeout=WAIT))
            assert events[-1]["type"] not in ("closed", "error") or kind == events[-1]["type"], events
        return events


def opened(mode):
    listener = Listener()
    conversation = QwenTtsRealtime(model="qwen3-tts-flash-realtime", callback=listener, url=f"{MOUTHS}/api-ws/v1/realtime")
    conversation.connect()
    conversation.update_session(voice="Cherry", response_format=QwenFormat.PCM_24000HZ_MONO_16BIT, mode=mode)
    listener.until("session.updated")
    return conversation, listener


def deltas(events):
    return b"".join(base64.b64decode(event["delta"]) for event in events if event["type"] == "response.audio.delta")


def a_buffer_that_is_spoken_by_itself():
    conversation, listener = opened("server_commit")
    for piece in ("Grüße aus ", "Köln. ", "Wie geht es?"):
        conversation.append_text(piece)
    conversation.finish()
    events = listener.until("session.finished")
    assert deltas(events) == sound(TEXT)
    answers = [event for event in events if event["type"] == "response.done"]
    assert [answer["response"]["usage"]["characters"] for answer in answers] == [15, 13], answers


def a_buffer_that_is_spoken_when_told():
    conversation, listener = opened("commit")
    conversation.append_text(TEXT)
    conversation.commit()
    assert deltas(listener.until("response.done")) == sound(TEXT)
    conversation.commit()
    assert "empty" in listener.until("error")[-1]["error"]["message"]
    conversation.finish()
    listener.until("session.finished")


class Sink(ResultCallback):
    def __init__(self):
        self.sound = b""
        self.error = None

    def on_open(self):
        pass

    def on_complete(self):
        pass

    def on_error(self, message):
        self.error = message

    def on_close(self):
        pass

    def on_event(self, message):
        pass

    def on_data(self, data):
        self.sound += data


def a_task_with_a_whole_text():
    synthesizer = SpeechSynthesizer(
        model="cosyvoice-v3-plus", voice="longanyang", format=AudioFormat.PCM_24000HZ_MONO_16BIT
    )
    assert synthesizer.call(TEXT) == sound(TEXT)


def a_task_that_is_written_to():
    sink = Sink()
    synthesizer = SpeechSynthesizer(
        model="cosyvoice-v3-plus", voice="longanyang", format=AudioFormat.PCM_24000HZ_MONO_16BIT, callback=sink
    )
    for piece in ("Grüße aus ", "Köln. ", "Wie geht es?"):
        synthesizer.streaming_call(piece)
    synthesizer.streaming_complete()
    assert sink.error is None and sink.sound == sound(TEXT), sink.error


run(
    sound_as_it_is_made,
    the_address_of_a_file,
    a_buffer_that_is_spoken_by_itself,
    a_buffer_that_is_spoken_when_told,
    a_task_with_a_whole_text,
    a_task_that_is_written_to,
)
