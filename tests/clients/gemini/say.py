"""Google's own client and text to speech."""

from google import genai
from google.genai import errors, types
from sound import sound
from steps import KEY, ORIGIN, raised, run

TEXT = "Grüße aus Köln. Wie geht es?"


def client_with(key):
    options = types.HttpOptions(base_url=ORIGIN, api_version="v1beta", retry_options=types.HttpRetryOptions(attempts=1))
    return genai.Client(api_key=key, http_options=options)


client = client_with(KEY)
voice = types.VoiceConfig(prebuilt_voice_config=types.PrebuiltVoiceConfig(voice_name="Kore"))
spoken = types.GenerateContentConfig(
    response_modalities=["AUDIO"], speech_config=types.SpeechConfig(voice_config=voice)
)


def blobs(answers):
    parts = [part for answer in answers for candidate in answer.candidates if candidate.content for part in candidate.content.parts or []]
    return [part.inline_data for part in parts if part.inline_data]


def sound_in_one_piece():
    answer = client.models.generate_content(model="m", contents=TEXT, config=spoken)
    [blob] = blobs([answer])
    assert blob.mime_type == "audio/L16;codec=pcm;rate=24000", blob.mime_type
    assert blob.data == sound(TEXT)
    assert answer.usage_metadata.total_token_count == 14, answer.usage_metadata


def sound_as_it_is_made():
    answers = list(client.models.generate_content_stream(model="m", contents=TEXT, config=spoken))
    assert len(answers) > 3
    assert b"".join(blob.data for blob in blobs(answers)) == sound(TEXT)
    assert answers[-1].candidates[0].finish_reason == types.FinishReason.STOP, answers[-1]


def a_wrong_key():
    stranger = client_with("sk-wrong")
    error = raised(errors.ClientError, lambda: stranger.models.generate_content(model="m", contents=TEXT, config=spoken))
    assert (error.code, error.status) == (400, "INVALID_ARGUMENT"), error


run(sound_in_one_piece, sound_as_it_is_made, a_wrong_key)
