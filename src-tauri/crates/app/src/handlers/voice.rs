//! The talk key and what stands beside it.

use parlance_assistant::talk_key::Edge;
use parlance_assistant::voice::actor::VoiceCommand;
use parlance_assistant::voice::machine::Microphone;
use parlance_core::AudioChunk;

use crate::api::{Empty, ErrorBody, ErrorCode, MediaId, TalkInto, TalkKey, TalkMute, VoiceView};
use crate::app::App;

impl App {
    pub(crate) async fn talk_key(&self, request: TalkKey) -> Result<VoiceView, ErrorBody> {
        self.tell_voice(VoiceCommand::Key(if request.down { Edge::Down } else { Edge::Up }))
    }

    pub(crate) async fn talk_cancel(&self, _: Empty) -> Result<VoiceView, ErrorBody> {
        self.tell_voice(VoiceCommand::Cancel)
    }

    pub(crate) async fn talk_send_kept(&self, _: Empty) -> Result<VoiceView, ErrorBody> {
        self.tell_voice(VoiceCommand::SendKept)
    }

    pub(crate) async fn talk_hang_up(&self, _: Empty) -> Result<VoiceView, ErrorBody> {
        self.tell_voice(VoiceCommand::HangUp)
    }

    pub(crate) async fn talk_mute(&self, request: TalkMute) -> Result<VoiceView, ErrorBody> {
        self.tell_voice(VoiceCommand::Mute(if request.muted { Microphone::Shut } else { Microphone::Live }))
    }

    pub(crate) async fn talk_into(&self, request: TalkInto) -> Result<Empty, ErrorBody> {
        self.voice()?.send(VoiceCommand::Into(request.conversation_id));
        Ok(Empty {})
    }

    pub(crate) async fn play_media(&self, request: MediaId) -> Result<Empty, ErrorBody> {
        let media = self.store()?.media(&request.id).await?.ok_or_else(|| ErrorBody::new(ErrorCode::Gone))?;
        let recording = AudioChunk { samples: media.samples, rate: media.rate };
        self.voice()?.send(VoiceCommand::PlayRecording(recording));
        Ok(Empty {})
    }

    pub(crate) async fn stop_media(&self, _: Empty) -> Result<Empty, ErrorBody> {
        self.voice()?.send(VoiceCommand::StopRecording);
        Ok(Empty {})
    }

    /// The state that follows comes as an event; this is the one before.
    fn tell_voice(&self, command: VoiceCommand) -> Result<VoiceView, ErrorBody> {
        self.voice()?.send(command);
        Ok(self.voice_view())
    }
}
