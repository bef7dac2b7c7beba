//! The line to a device: opens it, notices when it is gone or no longer the right one, looks for it, opens it again.
//!
//! Owned by the thread of a microphone or a speaker, which calls [`Line::tend`] every few milliseconds and says how its
//! kind of stream is built. What the sound was and where it goes is not known here.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use cpal::ErrorKind;
use parlance_core::audio::{AudioError, Device, DeviceLoss};

use crate::devices::{Finder, Found};
use crate::{let_go, start_thread};

/// How often a missing device is looked for; a look is a new connection to the sound server.
const SEEK_EVERY: Duration = Duration::from_millis(250);

/// After this long a missing device is looked for less often.
const SEEK_PATIENTLY_AFTER: Duration = Duration::from_secs(30);
const SEEK_PATIENTLY_EVERY: Duration = Duration::from_secs(1);

/// How often an open device is checked: a sound server moves a stream from a device that goes to one that is left
/// without telling the program.
const WATCH_EVERY: Duration = Duration::from_millis(500);

/// Unclassified errors without any sound between them after which a stream counts as dead. ALSA repeats one for ever
/// when its device is gone, and reports a few when it starts.
const ERRORS_IN_A_ROW: u32 = 16;

/// A stream in which nothing has moved for so long is dead, whatever it says: an open stream moves silence too. PulseAudio
/// kills an idle output whose last device goes without an error, and a device of the same name that is back before the
/// next look hides it.
const STANDS_STILL: Duration = Duration::from_secs(2);

/// How long a sound server may take to open a stream.
pub(crate) const OPEN_WITHIN: Duration = Duration::from_secs(2);

/// Takes the errors of a stream out of the stream's own callback. Never blocks; what does not fit repeats itself.
pub(crate) type Faults = SyncSender<cpal::Error>;

pub(crate) struct Line<S: Send + 'static> {
    finder: Finder,
    state: State<S>,
    /// What the listener was told last: `None` that all is well.
    told: Option<DeviceLoss>,
    /// Another device follows the one that was closed; the listener is to hear which.
    moved: bool,
}

enum State<S> {
    Open(OpenLine<S>),
    Seeking { since: Instant, next: Instant },
}

struct OpenLine<S> {
    stream: S,
    device: Device,
    system: cpal::HostId,
    faults: Receiver<cpal::Error>,
    watch: Watch,
    errors_in_a_row: u32,
    progress: u64,
    /// When something moved last, or the stream was opened.
    moved_at: Instant,
}

/// What became of the line.
pub(crate) enum Change<S> {
    /// Sound flows through a device. `back` is for the listener, who was told of a loss or used another device before.
    Opened { back: Option<Device> },
    /// The stream is dead or no longer wanted: empty it, then [`let_go`]. Without a `loss` another device follows at once.
    Ended { stream: S, loss: Option<DeviceLoss> },
    /// There is nothing to open.
    Missing(DeviceLoss),
}

impl<S: Send + 'static> Line<S> {
    pub(crate) fn new(finder: Finder, now: Instant) -> Self {
        Self { finder, state: State::Seeking { since: now, next: now }, told: None, moved: false }
    }

    pub(crate) fn stream(&mut self) -> Option<&mut S> {
        match &mut self.state {
            State::Open(line) => Some(&mut line.stream),
            State::Seeking { .. } => None,
        }
    }

    /// Looks after the line. `progress` grows with every sample that moves; `open` builds and starts a stream, and is
    /// the only part that may take long.
    pub(crate) fn tend(
        &mut self,
        now: Instant,
        progress: u64,
        open: impl FnOnce(&cpal::Device, Faults) -> Result<S, cpal::Error>,
    ) -> Option<Change<S>> {
        match &mut self.state {
            State::Seeking { next, .. } if now < *next => None,
            State::Seeking { .. } => self.seek(now, open),
            State::Open(line) => {
                let verdict = line.check(progress, now)?;
                let seeking = State::Seeking { since: now, next: now };
                let State::Open(ended) = std::mem::replace(&mut self.state, seeking) else { return None };
                let loss = match verdict {
                    Verdict::Lost(loss) => Some(loss),
                    Verdict::Moved => None,
                };
                self.told.clone_from(&loss);
                self.moved = loss.is_none();
                Some(Change::Ended { stream: ended.stream, loss })
            }
        }
    }

    fn seek(
        &mut self,
        now: Instant,
        open: impl FnOnce(&cpal::Device, Faults) -> Result<S, cpal::Error>,
    ) -> Option<Change<S>> {
        match self.finder.find().and_then(|found| self.open(found, open)) {
            Ok(line) => {
                let is_news = self.told.take().is_some() | std::mem::take(&mut self.moved);
                let back = is_news.then(|| line.device.clone());
                self.finder.system = Some(line.system);
                self.state = State::Open(line);
                Some(Change::Opened { back })
            }
            Err(loss) => {
                if let State::Seeking { since, next } = &mut self.state {
                    let patient = now.duration_since(*since) >= SEEK_PATIENTLY_AFTER;
                    *next = Instant::now() + if patient { SEEK_PATIENTLY_EVERY } else { SEEK_EVERY };
                }
                if !is_news(self.told.as_ref(), &loss) {
                    return None;
                }
                self.told = Some(loss.clone());
                Some(Change::Missing(loss))
            }
        }
    }

    fn open(
        &self,
        found: Found,
        open: impl FnOnce(&cpal::Device, Faults) -> Result<S, cpal::Error>,
    ) -> Result<OpenLine<S>, DeviceLoss> {
        let (fault, faults) = sync_channel(8);
        let stream =
            open(&found.handle, fault).map_err(|error| loss_at_opening(&error, &found.device, found.system))?;
        let finder = Finder { system: Some(found.system), ..self.finder.clone() };
        let watch =
            watch(finder, found.device.clone()).map_err(|error| DeviceLoss::Refused { message: error.to_string() })?;
        let (device, system) = (found.device, found.system);
        Ok(OpenLine {
            stream,
            device,
            system,
            faults,
            watch,
            errors_in_a_row: 0,
            progress: 0,
            moved_at: Instant::now(),
        })
    }
}

impl<S: Send + 'static> Drop for Line<S> {
    fn drop(&mut self) {
        let now = Instant::now();
        if let State::Open(line) = std::mem::replace(&mut self.state, State::Seeking { since: now, next: now }) {
            let_go(line.stream);
        }
    }
}

/// Whether a loss tells the listener more than the last one: that the device cannot be found follows from its being
/// unplugged, but a server that came back without devices is news.
fn is_news(told: Option<&DeviceLoss>, loss: &DeviceLoss) -> bool {
    match (told, loss) {
        (None, _) => true,
        (Some(DeviceLoss::Unplugged { .. }), DeviceLoss::NoDevice) => false,
        (Some(told), loss) => told != loss,
    }
}

enum Verdict {
    Lost(DeviceLoss),
    Moved,
}

impl<S> OpenLine<S> {
    fn check(&mut self, progress: u64, now: Instant) -> Option<Verdict> {
        if progress != self.progress {
            self.progress = progress;
            self.errors_in_a_row = 0;
            self.moved_at = now;
        }
        while let Ok(error) = self.faults.try_recv() {
            if let Some(loss) = self.loss_from(&error) {
                return Some(Verdict::Lost(loss));
            }
        }
        if now.saturating_duration_since(self.moved_at) >= STANDS_STILL {
            return Some(Verdict::Lost(unplugged(&self.device)));
        }
        match self.watch.sightings.try_recv() {
            Ok(Sighting::Gone) => Some(Verdict::Lost(unplugged(&self.device))),
            Ok(Sighting::AnotherIsDefault) => Some(Verdict::Moved),
            Err(_) => None,
        }
    }

    fn loss_from(&mut self, error: &cpal::Error) -> Option<DeviceLoss> {
        match error.kind() {
            // The sound goes on.
            ErrorKind::Xrun | ErrorKind::RealtimeDenied | ErrorKind::DeviceChanged => None,
            ErrorKind::BackendError | ErrorKind::Other => {
                self.errors_in_a_row += 1;
                (self.errors_in_a_row >= ERRORS_IN_A_ROW).then(|| unplugged(&self.device))
            }
            ErrorKind::DeviceNotAvailable => Some(unplugged(&self.device)),
            _ => Some(loss_at_opening(error, &self.device, self.system)),
        }
    }
}

fn unplugged(device: &Device) -> DeviceLoss {
    DeviceLoss::Unplugged { name: device.name.clone() }
}

fn loss_at_opening(error: &cpal::Error, device: &Device, system: cpal::HostId) -> DeviceLoss {
    match error.kind() {
        ErrorKind::HostUnavailable => DeviceLoss::ServerGone,
        // Where there is a sound server, this is how a stream ends with it; elsewhere the device changed its format.
        ErrorKind::StreamInvalidated if has_server(system) => DeviceLoss::ServerGone,
        ErrorKind::DeviceNotAvailable => DeviceLoss::NoDevice,
        _ => DeviceLoss::Refused { message: format!("{}: {error}", device.name) },
    }
}

fn has_server(system: cpal::HostId) -> bool {
    matches!(system.name().to_ascii_lowercase().as_str(), "pulseaudio" | "pipewire" | "jack")
}

/// Why an open device is no longer the right one.
enum Sighting {
    Gone,
    AnotherIsDefault,
}

/// The line's end of its watch. Dropping it ends the watch.
struct Watch {
    sightings: Receiver<Sighting>,
    _line_open: SyncSender<()>,
}

/// Looks at the devices until one sighting is made or nobody wants to know any more. A thread of its own, because a
/// look waits for the sound server and the stream's thread must not.
fn watch(finder: Finder, device: Device) -> Result<Watch, AudioError> {
    let (news, sightings) = sync_channel(1);
    let (line_open, line_dropped) = sync_channel(0);
    start_thread("sound-watch", move || {
        let mut host = None;
        while line_dropped.recv_timeout(WATCH_EVERY) == Err(RecvTimeoutError::Timeout) {
            if let Some(sighting) = look(&finder, &mut host, &device) {
                // There is room for one, and a dropped line needs none.
                let _ = news.try_send(sighting);
                return;
            }
        }
    })?;
    Ok(Watch { sightings, _line_open: line_open })
}

/// One look, over a connection that is kept while it answers.
fn look(finder: &Finder, host: &mut Option<cpal::Host>, device: &Device) -> Option<Sighting> {
    let kept = host.is_some();
    // While the server does not answer, the stream itself will say so.
    let asked = match host.take() {
        Some(host) => host,
        None => finder.host().ok()?,
    };
    let ids = finder.ids_on(&asked);
    if ids.is_empty() && kept {
        // Nothing at all may be the answer of a dead connection: ask again over a new one.
        return None;
    }
    let sighting = if !ids.contains(&device.id) {
        Some(Sighting::Gone)
    } else if finder.wanted.is_none() {
        let now = finder.find_on(&asked).ok();
        now.filter(|found| found.device.id != device.id).map(|_| Sighting::AnotherIsDefault)
    } else {
        None
    };
    *host = Some(asked);
    sighting
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_told_only_what_is_new() {
        let unplugged = DeviceLoss::Unplugged { name: "Mic".into() };
        let refused = DeviceLoss::Refused { message: "Mic: busy".into() };
        for (told, loss, news) in [
            (None, DeviceLoss::NoDevice, true),
            (Some(DeviceLoss::NoDevice), DeviceLoss::NoDevice, false),
            (Some(unplugged.clone()), DeviceLoss::NoDevice, false),
            (Some(unplugged), DeviceLoss::ServerGone, true),
            (Some(DeviceLoss::ServerGone), DeviceLoss::ServerGone, false),
            (Some(DeviceLoss::ServerGone), DeviceLoss::NoDevice, true),
            (Some(DeviceLoss::NoDevice), refused.clone(), true),
            (Some(refused.clone()), refused, false),
        ] {
            assert_eq!(is_news(told.as_ref(), &loss), news, "{told:?} then {loss:?}");
        }
    }
}
