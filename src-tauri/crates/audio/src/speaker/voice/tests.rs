//! The callback driven by hand: block by block, with the time as an argument.

use super::*;

const RATE: SampleRate = SampleRate::HZ_48000;
const STEREO: NonZero<u16> = NonZero::new(2).unwrap();

struct Bench {
    desk: Desk,
    ring: rtrb::Producer<Frame>,
    meter: Arc<Meter>,
    start: Instant,
}

fn bench() -> Bench {
    let meter = Arc::new(Meter::new());
    let (ring, reader) = rtrb::RingBuffer::new(48_000);
    let voice = Voice::new(reader, meter.clone(), RATE);
    Bench { desk: Desk::new(voice, meter.clone(), RATE, STEREO), ring, meter, start: Instant::now() }
}

impl Bench {
    /// Hands over samples 1, 2, 3 … thousandths.
    fn push(&mut self, run: Run, numbers: std::ops::RangeInclusive<u16>) {
        for n in numbers {
            self.ring.push(Frame { sample: f32::from(n) / 10_000.0, run }).unwrap();
        }
    }

    /// One block of so many frames: the numbers of the samples in it, 0 for silence.
    fn block(&mut self, frames: usize) -> Vec<u16> {
        let mut block = vec![0.0; frames * 2];
        self.desk.render(&mut block, self.start);
        block
            .chunks(2)
            .map(|frame| {
                assert_eq!(frame[0], frame[1], "both ears hear the same");
                (frame[0] * 10_000.0).round() as u16
            })
            .collect()
    }

    fn played(&self) -> u64 {
        self.meter.heard(self.start + Duration::from_secs(10), RATE)
    }
}

#[test]
fn nothing_plays_before_60_ms_are_there() {
    let mut bench = bench();
    bench.push(0, 1..=2_879);
    assert!(bench.block(480).iter().all(|&n| n == 0));
    assert_eq!(bench.played(), 0);
    bench.push(0, 2_880..=2_880);
    assert_eq!(bench.block(4), [1, 2, 3, 4]);
    assert_eq!(bench.played(), 4);
    assert_eq!(bench.meter.underruns(), 0, "waiting to begin is not an underrun");
}

#[test]
fn a_short_utterance_plays_when_it_is_finished() {
    let mut bench = bench();
    bench.push(0, 1..=3);
    assert_eq!(bench.block(2), [0, 0]);
    bench.meter.end(0);
    assert_eq!(bench.block(5), [1, 2, 3, 0, 0]);
    assert_eq!(bench.played(), 3);
    assert_eq!(bench.meter.underruns(), 0, "the end of an utterance is not an underrun");
}

#[test]
fn running_dry_within_an_utterance_is_one_underrun_and_fills_up_again() {
    let mut bench = bench();
    bench.push(0, 1..=2_880);
    assert_eq!(bench.block(3_000).iter().filter(|&&n| n > 0).count(), 2_880);
    assert_eq!(bench.meter.underruns(), 1);
    bench.push(0, 1..=480);
    assert!(bench.block(480).iter().all(|&n| n == 0), "not before 60 ms are there again");
    bench.meter.end(0);
    assert_eq!(bench.block(481).iter().filter(|&&n| n > 0).count(), 480);
    assert_eq!(bench.meter.underruns(), 1, "one gap is one underrun");
    assert_eq!(bench.played(), 3_360);
}

#[test]
fn a_flush_silences_the_next_block_and_what_follows_it_plays() {
    let mut bench = bench();
    bench.push(0, 1..=4_000);
    assert_eq!(bench.block(10).last(), Some(&10));
    let (run, _) = bench.meter.next_run();
    assert_eq!(bench.played(), 0, "the new run has played nothing");
    assert!(bench.block(480).iter().all(|&n| n == 0));
    bench.push(run, 5_001..=5_003);
    bench.meter.end(run);
    assert_eq!(bench.block(4), [5_001, 5_002, 5_003, 0]);
    assert_eq!(bench.played(), 3, "what was flushed is never counted");
}

#[test]
fn a_flush_in_the_middle_of_a_block_takes_the_whole_block() {
    let mut bench = bench();
    bench.push(0, 1..=4_000);
    let meter = bench.meter.clone();
    meter.begin_block();
    meter.count_frame();
    let (next, _) = meter.next_run();
    assert!(!meter.end_block(bench.start), "the callback must silence what it has drawn");
    assert_eq!(bench.played(), 0);
    assert_eq!(next, 1);
}

#[test]
fn sound_of_a_run_that_begins_in_the_middle_of_a_block_waits_for_the_next_block() {
    let mut bench = bench();
    bench.push(0, 1..=3);
    bench.push(1, 11..=13);
    bench.meter.end(0);
    assert_eq!(bench.block(8), [1, 2, 3, 0, 0, 0, 0, 0]);
    assert_eq!(bench.meter.next_run().0, 1);
    bench.meter.end(1);
    assert_eq!(bench.block(4), [11, 12, 13, 0]);
}

#[test]
fn what_is_on_its_way_through_the_device_is_not_heard_yet() {
    let mut bench = bench();
    bench.push(0, 1..=4_000);
    let mut block = vec![0.0; 960 * 2];
    let audible_at = bench.start + Duration::from_millis(30);
    bench.desk.render(&mut block, audible_at);
    // 20 ms of sound that begins to be audible after 30 ms.
    for (after_ms, heard) in [(0, 0), (30, 0), (35, 240), (50, 960), (500, 960)] {
        let at = bench.start + Duration::from_millis(after_ms);
        assert_eq!(bench.meter.heard(at, RATE), heard, "after {after_ms} ms");
    }
}

#[test]
fn runs_wrap_around() {
    assert!(is_newer(1, 0));
    assert!(is_newer(0, Run::MAX));
    assert!(!is_newer(0, 0));
    assert!(!is_newer(0, 1));
    assert!(!is_newer(Run::MAX, 0));
}
