//! Half-duplex: the microphone is shut while the assistant sounds, and a moment longer. Pure.

use parlance_core::speech::Gate;

/// What is quieter does not come back loud enough to be taken for speech.
const SOUNDS_DBFS: f32 = -60.0;

/// How long a room rings, and what systems do not know about their own delay.
const TAIL_NANOS: i64 = 250_000_000;

#[derive(Debug, Default)]
pub(super) struct HalfDuplex {
    shut_until: Option<i64>,
    silenced: u64,
    /// Somebody interrupted: what still leaves the device does not shut the microphone again.
    forced: bool,
}

impl HalfDuplex {
    /// A frame that was captured at `at`, in nanoseconds, while `far` sounded. `silenced` grows with each interruption.
    pub(super) fn hear(&mut self, far: &[f32], at: i64, silenced: u64) -> Gate {
        let sounds = is_audible(far);
        if silenced != self.silenced {
            self.silenced = silenced;
            self.forced = true;
            self.shut_until = None;
        }
        if !sounds {
            self.forced = false;
        } else if !self.forced {
            self.shut_until = Some(at + TAIL_NANOS);
        }
        match self.shut_until {
            Some(until) if at < until => Gate::Shut,
            _ => Gate::Open,
        }
    }
}

fn is_audible(far: &[f32]) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "a frame of 10 ms")]
    let mean = far.iter().map(|sample| sample * sample).sum::<f32>() / far.len().max(1) as f32;
    mean > 10f32.powf(SOUNDS_DBFS / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: [f32; 160] = [0.1; 160];
    const SILENCE: [f32; 160] = [0.0; 160];

    /// Which of the frames of 10 ms were listened to.
    fn open(frames: &[(&[f32], u64)]) -> Vec<bool> {
        let mut gate = HalfDuplex::default();
        let each = frames.iter().zip((0..).step_by(10_000_000));
        each.map(|(&(far, silenced), at)| gate.hear(far, at, silenced) == Gate::Open).collect()
    }

    #[test]
    fn the_microphone_opens_when_the_room_has_rung_out() {
        let frames = [vec![(&SILENCE[..], 0); 5], vec![(&SOUND[..], 0); 50], vec![(&SILENCE[..], 0); 50]].concat();
        let open = open(&frames);
        assert_eq!(open.iter().position(|&open| !open), Some(5));
        // The last frame that sounds is the 55th; 250 ms later it is open again.
        assert_eq!(open.iter().rposition(|&open| !open), Some(54 + 24));
    }

    #[test]
    fn who_interrupts_is_heard_at_once_and_the_next_answer_shuts_it_again() {
        let frames =
            [vec![(&SOUND[..], 0); 20], vec![(&SOUND[..], 1); 6], vec![(&SILENCE[..], 1); 3], vec![(&SOUND[..], 1); 1]];
        let open = open(&frames.concat());
        assert!(open[..20].iter().all(|&open| !open));
        assert!(open[20..29].iter().all(|&open| open), "what still leaves the device is the tail of the old answer");
        assert!(!open[29]);
    }
}
