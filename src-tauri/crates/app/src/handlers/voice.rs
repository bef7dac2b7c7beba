//! The talk key and what stands beside it.

use parlance_assistant::talk_key::Edge;
use parlance_assistant::voice::machine::{KeptId, Microphone, Mode};
use parlance_assistant::voice::news::VoiceCommand;
use parlance_core::AudioChunk;
use parlance_core::realtime::Picture;

use crate::api::{
    Empty, ErrorBody, ErrorCode, MediaId, TalkInto, TalkKept, TalkKey, TalkMode, TalkModeRequest, TalkMute,
    TalkSendKept, TalkShow, VoiceTimeView, VoiceTimes, VoiceView,
};
use crate::app::App;
use crate::views;

/// So many times are given at once.
const MOST_TIMES: u32 = 1_000;

impl App {
    pub(crate) async fn talk_key(&self, request: TalkKey) -> Result<VoiceView, ErrorBody> {
        self.held().moved(self, request);
        self.tell_voice(VoiceCommand::Key(if request.down { Edge::Down } else { Edge::Up }))
    }

    pub(crate) async fn talk_cancel(&self, _: Empty) -> Result<VoiceView, ErrorBody> {
        self.tell_voice(VoiceCommand::Cancel)
    }

    pub(crate) async fn talk_mode(&self, request: TalkModeRequest) -> Result<VoiceView, ErrorBody> {
        self.tell_voice(VoiceCommand::Mode(match request.mode {
            TalkMode::PushToTalk => Mode::PushToTalk,
            TalkMode::HandsFree => Mode::HandsFree,
        }))
    }

    pub(crate) async fn talk_send_now(&self, _: Empty) -> Result<VoiceView, ErrorBody> {
        self.tell_voice(VoiceCommand::SendNow)
    }

    pub(crate) async fn talk_send_kept(&self, request: TalkSendKept) -> Result<VoiceView, ErrorBody> {
        if let Some(choice) = request.to {
            self.choose_voice(&choice)?;
        }
        self.tell_voice(VoiceCommand::SendKept(kept(request.id)?))
    }

    pub(crate) async fn talk_discard_kept(&self, request: TalkKept) -> Result<VoiceView, ErrorBody> {
        self.tell_voice(VoiceCommand::Discard(kept(request.id)?))
    }

    pub(crate) async fn talk_dismiss(&self, _: Empty) -> Result<VoiceView, ErrorBody> {
        self.tell_voice(VoiceCommand::Dismiss)
    }

    pub(crate) async fn talk_retry(&self, _: Empty) -> Result<VoiceView, ErrorBody> {
        self.tell_voice(VoiceCommand::Retry)
    }

    pub(crate) async fn talk_show(&self, request: TalkShow) -> Result<Empty, ErrorBody> {
        let files = self.inner.desk.staged(std::slice::from_ref(&request.file));
        let file = files.and_then(|mut files| files.pop()).ok_or_else(|| ErrorBody::new(ErrorCode::Gone))?;
        if !matches!(file.media_type.as_str(), "image/jpeg" | "image/png") {
            return Err(ErrorBody::new(ErrorCode::BadFile).with_details("a voice looks at JPEG and PNG pictures"));
        }
        self.inner.desk.unstage(&[request.file]);
        let picture = Picture { media_type: file.media_type, bytes: file.bytes };
        self.voice()?.send(VoiceCommand::Show(picture));
        Ok(Empty {})
    }

    pub(crate) async fn voice_times(&self, request: VoiceTimes) -> Result<Vec<VoiceTimeView>, ErrorBody> {
        let rows = self.store()?.spoken_answers(request.limit.min(MOST_TIMES)).await?;
        Ok(rows.into_iter().filter_map(views::voice_time).collect())
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

/// The kept utterance that a host means; `None` for the newest.
fn kept(id: Option<String>) -> Result<Option<KeptId>, ErrorBody> {
    id.map(|id| id.parse().map(KeptId).map_err(|_| ErrorBody::new(ErrorCode::Gone))).transpose()
}
