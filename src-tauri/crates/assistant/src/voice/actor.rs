//! Carries out the machine's effects: microphone, session, speaker, history. One task owns them all; a cheap handle
//! talks to it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, future::poll_fn};
use parlance_core::audio::{
    AudioInput, AudioOutput, CaptureEvent, CaptureStream, Captured, Device, DeviceLoss, PlaybackEvent,
};
use parlance_core::error::ProviderError;
use parlance_core::realtime::{RealtimeCapabilities, RealtimeCommand, RealtimeEvent, TurnId};
use parlance_core::{AudioChunk, Clock, Level};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::history::{Entry, SpokenAnswer, SpokenHistory, SpokenQuestion, keep};
use super::machine::{Effect, Failure, Input, Kept, Machine, Microphone, Shown};
use super::mouth::Mouth;
use super::session::Session;
use super::speaker::{Speaker, Voice};
use super::utterance::{PreRoll, Utterance};
use crate::talk_key::{Edge, Meaning, TalkKey, TalkKeyMode};

/// The actor looks at positions, levels and deadlines this often: 30 levels a second.
const TICK: Duration = Duration::from_millis(33);
/// A speaker that nobody uses is closed after this long.
const SPEAKER_REST: Duration = Duration::from_secs(30);
/// Digital silence for this long, while the floor is the person's, means that the microphone is shut elsewhere.
const DEAD_SILENCE: Duration = Duration::from_secs(3);

/// What the actor is plugged into.
pub struct VoiceParts {
    /// The microphone.
    pub input: Arc<dyn AudioInput>,
    /// The speaker.
    pub output: Arc<dyn AudioOutput>,
    /// Who answers.
    pub voice: Voice,
    /// Where it is kept.
    pub history: Arc<dyn SpokenHistory>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What the actor tells. The receiver must keep up or drop the channel; nothing here grows faster than 60 a second.
#[derive(Debug, Clone, PartialEq)]
pub enum VoiceNews {
    /// The state changed.
    State(Box<VoiceStatus>),
    /// How loud it is, 0 to 1, about 30 times a second while anything sounds.
    Level {
        /// The microphone.
        input: f32,
        /// The speaker, at what is heard now.
        output: f32,
    },
    /// The microphone is gone.
    InputLost(DeviceLoss),
    /// It is back, or works for the first time.
    InputBack(Device),
    /// The speaker is gone.
    OutputLost(DeviceLoss),
    /// It is back.
    OutputBack(Device),
    /// The microphone gives digital silence while the floor is the person's, or does so no longer.
    DeadSilence(bool),
    /// Sound was lost because this computer was too busy.
    SoundLost(Duration),
}

/// The state as a host draws it.
#[derive(Debug, Clone, PartialEq)]
pub struct VoiceStatus {
    /// The state.
    pub shown: Shown,
    /// Since when.
    pub since: Instant,
    /// Whether the microphone is shut by hand.
    pub microphone: Microphone,
    /// Whether a tap keeps the floor open.
    pub locked: bool,
    /// The conversation that is spoken to.
    pub conversation: Option<String>,
    /// Whether a session is open.
    pub in_call: bool,
    /// The utterance set aside.
    pub kept: Option<Kept>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// Who is spoken with.
    pub speaker: Speaker,
}

/// Orders for the actor.
pub enum VoiceCommand {
    /// The talk key moved.
    Key(Edge),
    /// What holding and tapping do from the next press on.
    KeyMode(TalkKeyMode),
    /// Esc.
    Cancel,
    /// Send the kept utterance.
    SendKept,
    /// End the call.
    HangUp,
    /// Shut or open the microphone by hand.
    Mute(Microphone),
    /// Speak into this conversation; `None` begins a new one.
    Into(Option<String>),
    /// Speak with another voice from now on. What is being said and answered ends.
    With(Box<Voice>),
    /// Other devices from now on.
    Devices(Arc<dyn AudioInput>, Arc<dyn AudioOutput>),
    /// Whether the microphone stays open between turns.
    Warmth(Warmth),
    /// Play a recording.
    PlayRecording(AudioChunk),
    /// Stop it.
    StopRecording,
}

/// Whether the microphone stays open between turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Warmth {
    /// It opens with the key.
    #[default]
    Cold,
    /// It is always open; what it hears stays in memory, for 300 ms.
    Warm,
}

/// Talks to the actor. The actor ends when the last handle is dropped.
#[derive(Clone)]
pub struct VoiceHandle {
    commands: mpsc::UnboundedSender<VoiceCommand>,
}

impl VoiceHandle {
    /// Starts the actor on the current runtime.
    #[must_use]
    pub fn start(parts: VoiceParts, news: mpsc::UnboundedSender<VoiceNews>) -> Self {
        // People cannot press keys fast enough to fill it.
        let (commands, queue) = mpsc::unbounded_channel();
        tokio::spawn(Actor::new(parts, news).run(queue));
        Self { commands }
    }

    /// Hands an order over.
    pub fn send(&self, command: VoiceCommand) {
        if self.commands.send(command).is_err() {
            tracing::error!("the voice task has ended");
        }
    }
}

struct Actor {
    parts: VoiceParts,
    news: mpsc::UnboundedSender<VoiceNews>,
    history: mpsc::UnboundedSender<Entry>,
    conversations: mpsc::UnboundedReceiver<String>,
    machine: Machine,
    key: TalkKey,
    warmth: Warmth,
    microphone: Option<CaptureStream>,
    pre_roll: PreRoll,
    session: Option<Session>,
    mouth: Mouth,
    /// What the person is saying.
    utterance: Utterance,
    /// What they said in the turn that is being answered.
    asked: Utterance,
    /// What they said in a turn that was cancelled or failed.
    kept: Option<Utterance>,
    answer: SpokenAnswer,
    conversation: Option<String>,
    /// The chunk that the current input is about.
    in_hand: Option<AudioChunk>,
    input_level: f32,
    silent_for: Duration,
    given_at: Option<Instant>,
    idle_since: Instant,
    last_status: Option<VoiceStatus>,
}

impl Actor {
    fn new(parts: VoiceParts, news: mpsc::UnboundedSender<VoiceNews>) -> Self {
        let capabilities = parts.voice.model.capabilities();
        let (history, entries) = mpsc::unbounded_channel();
        let (saved, conversations) = mpsc::unbounded_channel();
        tokio::spawn(keep(Arc::clone(&parts.history), entries, saved));
        let now = parts.clock.now();
        let empty = Utterance::new(capabilities.input_rate);
        Self {
            mouth: Mouth::new(Arc::clone(&parts.output), capabilities.output_rate),
            news,
            history,
            conversations,
            machine: Machine::default(),
            key: TalkKey::default(),
            warmth: Warmth::Cold,
            microphone: None,
            pre_roll: PreRoll::new(capabilities.input_rate),
            session: None,
            utterance: empty.clone(),
            asked: empty,
            kept: None,
            answer: no_answer(capabilities.output_rate),
            conversation: None,
            in_hand: None,
            input_level: 0.0,
            silent_for: Duration::ZERO,
            given_at: None,
            idle_since: now,
            last_status: None,
            parts,
        }
    }

    async fn run(mut self, mut commands: mpsc::UnboundedReceiver<VoiceCommand>) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.tell_status();
        loop {
            tokio::select! {
                // People first, then the microphone (its ring is the shortest), then the answer, then the clock.
                biased;
                command = commands.recv() => match command {
                    Some(command) => self.obey(command),
                    None => break,
                },
                event = next_capture(&mut self.microphone) => self.captured(event),
                event = next_event(&mut self.session), if self.mouth.has_room() => self.answered(event),
                Some(conversation) = self.conversations.recv() => self.conversation = Some(conversation),
                _ = ticks.tick(), if self.is_awake() => self.tick(),
            }
            self.tell_status();
        }
        tracing::debug!("the voice task ends: nobody holds its handle");
    }

    fn obey(&mut self, command: VoiceCommand) {
        let now = self.parts.clock.now();
        match command {
            VoiceCommand::Key(edge) => {
                match self.key.edge(edge, now) {
                    Some(Meaning::Take) => self.step(Input::Take),
                    Some(Meaning::Give) => {
                        self.given_at = Some(now);
                        self.step(Input::Give);
                    }
                    Some(Meaning::Lock) | None => {}
                }
                self.unlock_without_floor();
            }
            VoiceCommand::KeyMode(mode) => self.key.set_mode(mode),
            VoiceCommand::Cancel => {
                self.key.reset();
                self.mouth.stop_recording();
                self.step(Input::Cancel);
            }
            VoiceCommand::SendKept => {
                self.given_at = Some(now);
                self.step(Input::SendKept);
            }
            VoiceCommand::HangUp => {
                self.key.reset();
                self.step(Input::HangUp);
            }
            VoiceCommand::Mute(microphone) => self.step(Input::Mute(microphone)),
            VoiceCommand::Into(conversation) => {
                self.conversation.clone_from(&conversation);
                self.note(Entry::Into(conversation));
            }
            VoiceCommand::With(voice) => self.speak_with(*voice),
            VoiceCommand::Devices(input, output) => {
                self.parts.input = input;
                if self.microphone.take().is_some() {
                    self.open_microphone();
                }
                self.mouth.use_output(output);
            }
            VoiceCommand::Warmth(warmth) => {
                self.warmth = warmth;
                match warmth {
                    Warmth::Warm => self.open_microphone(),
                    Warmth::Cold if !self.machine.has_floor() => self.microphone = None,
                    Warmth::Cold => {}
                }
            }
            VoiceCommand::PlayRecording(recording) => {
                if self.machine.answering().is_none() && !self.machine.has_floor() {
                    self.mouth.play_recording(recording);
                }
            }
            VoiceCommand::StopRecording => self.mouth.stop_recording(),
        }
    }

    fn capabilities(&self) -> RealtimeCapabilities {
        self.parts.voice.model.capabilities()
    }

    fn speak_with(&mut self, voice: Voice) {
        self.key.reset();
        self.step(Input::HangUp);
        let before = self.capabilities();
        self.parts.voice = voice;
        let now = self.capabilities();
        // What was set aside was recorded for the other voice.
        self.kept = None;
        self.machine.forget_kept();
        self.utterance = Utterance::new(now.input_rate);
        self.asked = self.utterance.clone();
        self.answer = no_answer(now.output_rate);
        self.pre_roll = PreRoll::new(now.input_rate);
        self.mouth = Mouth::new(Arc::clone(&self.parts.output), now.output_rate);
        if before.input_rate != now.input_rate && self.microphone.take().is_some() {
            self.open_microphone();
        }
    }

    fn captured(&mut self, event: Option<CaptureEvent>) {
        match event {
            Some(CaptureEvent::Chunk(Captured { chunk, .. })) => {
                let level = Level::of(&chunk.samples).value();
                let duration = chunk.duration();
                self.input_level = self.input_level.max(level);
                self.watch_silence(level, duration);
                if self.machine.has_floor() {
                    self.in_hand = Some(chunk);
                    self.step(Input::Captured { duration, level });
                    self.in_hand = None;
                } else {
                    self.pre_roll.remember(&chunk.samples);
                }
            }
            Some(CaptureEvent::Overrun { samples }) => {
                let lost = self.capabilities().input_rate.duration_of(samples);
                self.tell(VoiceNews::SoundLost(lost));
            }
            Some(CaptureEvent::Lost(loss)) => {
                self.tell(VoiceNews::InputLost(loss.clone()));
                self.step(Input::CaptureLost(loss));
            }
            Some(CaptureEvent::Back(device)) => {
                self.tell(VoiceNews::InputBack(device));
                self.step(Input::CaptureBack);
            }
            None => self.microphone = None,
        }
    }

    /// A flat meter must name its cause.
    fn watch_silence(&mut self, level: f32, duration: Duration) {
        let was_dead = self.silent_for >= DEAD_SILENCE;
        if level > 0.0 || !self.machine.has_floor() {
            self.silent_for = Duration::ZERO;
        } else {
            self.silent_for += duration;
        }
        let is_dead = self.silent_for >= DEAD_SILENCE;
        if was_dead != is_dead {
            self.tell(VoiceNews::DeadSilence(is_dead));
        }
    }

    fn answered(&mut self, event: Result<RealtimeEvent, ProviderError>) {
        match event {
            Ok(RealtimeEvent::AudioDelta { turn, chunk }) => {
                self.in_hand = Some(chunk);
                self.step(Input::AnswerSound(turn));
                self.in_hand = None;
            }
            Ok(RealtimeEvent::TranscriptDelta { turn, text }) => {
                if self.machine.answering() == Some(turn) {
                    self.answer.transcript.push_str(&text);
                }
            }
            Ok(RealtimeEvent::ResponseDone { turn, usage, .. }) => {
                if self.machine.answering() == Some(turn) {
                    self.answer.usage = usage;
                }
                self.step(Input::AnswerDone(turn));
            }
            Ok(RealtimeEvent::ResponseFailed { turn, error }) => self.step(Input::AnswerFailed(turn, error)),
            Ok(RealtimeEvent::UserTranscript { turn, text }) => self.note(Entry::WriteDown(turn, text)),
            Ok(_) => {}
            Err(error) => {
                self.session = None;
                self.utterance.rewind();
                self.step(Input::SessionOver(error));
            }
        }
    }

    /// Whether anything depends on the clock. An idle Parlance does not wake the processor.
    fn is_awake(&self) -> bool {
        self.machine.has_floor()
            || self.machine.answering().is_some()
            || self.machine.kept().is_some()
            || self.mouth.is_open()
    }

    fn tick(&mut self) {
        let now = self.parts.clock.now();
        while let Some(event) = self.mouth.poll_event() {
            self.tell(match event {
                PlaybackEvent::Lost(loss) => VoiceNews::OutputLost(loss),
                PlaybackEvent::Back(device) => VoiceNews::OutputBack(device),
            });
        }
        self.mouth.push_waiting();
        if let Some(turn) = self.machine.answering() {
            if self.answer.first_sound.is_none()
                && let (Some(given), Some(first)) = (self.given_at, self.mouth.first_heard_at(now))
            {
                self.answer.first_sound = Some(first.saturating_duration_since(given));
            }
            if self.mouth.is_drained() {
                self.step(Input::Drained(turn));
            }
        }
        self.step(Input::Tick);

        let sounding = self.machine.has_floor() || self.machine.answering().is_some() || self.mouth.plays_recording();
        if sounding {
            let input = std::mem::take(&mut self.input_level);
            let output = self.mouth.level();
            self.tell(VoiceNews::Level { input, output });
            self.idle_since = now;
        } else if now.saturating_duration_since(self.idle_since) >= SPEAKER_REST {
            self.mouth.rest();
        }
    }

    fn step(&mut self, input: Input) {
        let now = self.parts.clock.now();
        for effect in self.machine.step(input, now) {
            self.carry_out(effect, now);
        }
        self.unlock_without_floor();
    }

    fn unlock_without_floor(&mut self) {
        if !self.machine.has_floor() {
            self.key.release_lock();
        }
    }

    fn carry_out(&mut self, effect: Effect, now: Instant) {
        match effect {
            Effect::BeginUtterance => {
                self.mouth.stop_recording();
                self.mouth.wake();
                self.utterance = Utterance::new(self.capabilities().input_rate);
                self.silent_for = Duration::ZERO;
                self.ensure_session().send(RealtimeCommand::ClearInput);
                if self.microphone.is_some() {
                    let before = self.pre_roll.take();
                    self.utterance.append(&before);
                } else {
                    self.open_microphone();
                }
                self.feed();
            }
            Effect::TakeChunk => {
                if let Some(chunk) = self.in_hand.take() {
                    self.utterance.append(&chunk.samples);
                    self.feed();
                }
            }
            Effect::RestMicrophone => {
                if self.warmth == Warmth::Cold {
                    self.microphone = None;
                }
            }
            Effect::Send(turn) => {
                let empty = Utterance::new(self.capabilities().input_rate);
                self.ensure_session();
                self.feed();
                self.asked = std::mem::replace(&mut self.utterance, empty);
                self.commit(turn);
            }
            Effect::SendKept(turn) => {
                if let Some(kept) = self.kept.take() {
                    self.asked = kept;
                    self.asked.rewind();
                    self.mouth.wake();
                    let session = self.ensure_session();
                    session.send(RealtimeCommand::ClearInput);
                    if let Some(chunk) = self.asked.feed() {
                        self.ensure_session().send(RealtimeCommand::AppendAudio(chunk));
                    }
                    self.commit(turn);
                }
            }
            Effect::Keep(reason) => {
                let spoken = match reason {
                    super::machine::KeptReason::Cancelled => &self.utterance,
                    super::machine::KeptReason::Failed => &self.asked,
                };
                self.kept = Some(spoken.clone());
            }
            Effect::Forget => self.kept = None,
            Effect::Play => {
                if let Some(chunk) = self.in_hand.take() {
                    self.answer.sound.samples.extend_from_slice(&chunk.samples);
                    self.mouth.say(chunk);
                }
            }
            Effect::EndOfAnswer => self.mouth.finish(),
            Effect::Silence(turn) => {
                let heard = self.mouth.silence();
                if let Some(session) = &self.session {
                    session.send(RealtimeCommand::Cancel(turn));
                    // A truncation at nothing is refused by providers; the cancelled answer simply was not heard.
                    if !heard.is_zero() {
                        session.send(RealtimeCommand::Truncate { turn, heard, words: String::new() });
                    }
                }
                self.answer.heard = Some(heard);
                self.save(turn);
            }
            Effect::Save(turn) => self.save(turn),
            Effect::SaveBroken(turn, error) => {
                let heard = self.mouth.silence();
                self.answer.heard = Some(heard);
                self.answer.error = Some(error);
                self.save(turn);
            }
            Effect::CloseSession => {
                self.session = None;
                self.idle_since = now;
            }
        }
    }

    /// The utterance is with the session: keep it, and ask.
    fn commit(&mut self, turn: TurnId) {
        let (sound, speaker) = (self.asked.sound().clone(), self.parts.voice.speaker.clone());
        self.note(Entry::Begin(turn, SpokenQuestion { conversation: None, sound, speaker }));
        self.answer = no_answer(self.capabilities().output_rate);
        self.mouth.begin_answer();
        self.ensure_session().send(RealtimeCommand::CommitAndRespond(turn));
    }

    fn save(&mut self, turn: TurnId) {
        let rate = self.capabilities().output_rate;
        let answer = std::mem::replace(&mut self.answer, no_answer(rate));
        self.note(Entry::Finish(turn, answer));
    }

    /// Gives the session what it does not have of the utterance yet. Without one the utterance waits: a connection is
    /// tried when the floor is taken and when it is given, not fifty times a second.
    fn feed(&mut self) {
        if let Some(session) = &self.session
            && let Some(chunk) = self.utterance.feed()
        {
            session.send(RealtimeCommand::AppendAudio(chunk));
        }
    }

    fn ensure_session(&mut self) -> &Session {
        let voice = &self.parts.voice;
        self.session.get_or_insert_with(|| Session::start(Arc::clone(&voice.model), voice.session.clone()))
    }

    fn open_microphone(&mut self) {
        if self.microphone.is_some() {
            return;
        }
        match self.parts.input.open(self.capabilities().input_rate) {
            Ok(stream) => self.microphone = Some(stream),
            Err(error) => {
                let loss = DeviceLoss::Refused { message: error.to_string() };
                self.tell(VoiceNews::InputLost(loss.clone()));
                self.step(Input::CaptureLost(loss));
            }
        }
    }

    fn note(&self, entry: Entry) {
        // The task ends with this actor.
        let _ = self.history.send(entry);
    }

    fn tell(&self, news: VoiceNews) {
        // Without a listener the conversation goes on.
        let _ = self.news.send(news);
    }

    /// Tells the state when it has changed.
    fn tell_status(&mut self) {
        let now = self.parts.clock.now();
        let shown = self.machine.shown(now);
        let since = match &self.last_status {
            Some(last) if last.shown == shown => last.since,
            _ => now,
        };
        let status = VoiceStatus {
            shown,
            since,
            microphone: self.machine.microphone(),
            locked: self.key.is_locked(),
            conversation: self.conversation.clone(),
            in_call: self.session.is_some(),
            kept: self.machine.kept(),
            failure: self.machine.failure().cloned(),
            speaker: self.parts.voice.speaker.clone(),
        };
        if self.last_status.as_ref() != Some(&status) {
            self.last_status = Some(status.clone());
            self.tell(VoiceNews::State(Box::new(status)));
        }
    }
}

fn no_answer(rate: parlance_core::SampleRate) -> SpokenAnswer {
    SpokenAnswer {
        sound: AudioChunk { samples: Vec::new(), rate },
        transcript: String::new(),
        heard: None,
        first_sound: None,
        error: None,
        usage: None,
    }
}

/// Pends for ever without a microphone.
async fn next_capture(microphone: &mut Option<CaptureStream>) -> Option<CaptureEvent> {
    poll_fn(|cx| match microphone {
        Some(stream) => Pin::new(stream).poll_next_unpin(cx),
        None => Poll::Pending,
    })
    .await
}

/// Pends for ever without a session.
async fn next_event(session: &mut Option<Session>) -> Result<RealtimeEvent, ProviderError> {
    match session {
        Some(session) => session.event().await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
