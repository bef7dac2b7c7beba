//! The account, with a device played by hand.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

const ENGINE: SampleRate = SampleRate::HZ_24000;
const DEVICE: SampleRate = SampleRate::HZ_48000;

fn queue() -> Queue {
    Queue::new(ENGINE, Arc::new(Meter::new()))
}

/// The device plays so many frames, audible at once.
fn play(queue: &Queue, frames: u64) {
    let meter = queue.meter();
    meter.begin_block();
    for _ in 0..frames {
        meter.count_frame();
    }
    assert!(meter.end_block(Instant::now()));
}

/// Feeds all there is; gives back the samples and how many ends came.
fn feed_all(queue: &mut Queue) -> (Vec<i16>, usize) {
    let (mut all, mut ends) = (Vec::new(), 0);
    loop {
        match queue.feed(480) {
            Feed::Samples(run, samples) => {
                queue.note_produced(run, samples.len() as u64 * 2);
                all.extend(samples);
            }
            Feed::End(run) => {
                queue.note_end(run);
                ends += 1;
            }
            Feed::Nothing => return (all, ends),
        }
    }
}

fn position(queue: &mut Queue) -> (u64, u64, u64) {
    let position = queue.position_at(Instant::now() + Duration::from_secs(1));
    (position.pushed, position.heard, position.flushed)
}

#[test]
fn heard_counts_in_the_engines_samples() {
    let mut queue = queue();
    queue.device_opened(DEVICE);
    queue.push(&[1; 4_800]).unwrap();
    queue.finish();
    assert_eq!(feed_all(&mut queue), (vec![1; 4_800], 1));
    play(&queue, 4_800);
    assert_eq!(position(&mut queue), (4_800, 2_400, 0));
    play(&queue, 4_800);
    assert_eq!(position(&mut queue), (4_800, 4_800, 0));
    assert!(queue.position().is_drained());
}

#[test]
fn an_utterance_of_odd_length_drains_to_its_last_sample() {
    let mut queue = Queue::new(SampleRate::HZ_24000, Arc::new(Meter::new()));
    queue.device_opened(SampleRate::new(44_100).unwrap());
    queue.push(&[1; 101]).unwrap();
    queue.finish();
    let Feed::Samples(run, samples) = queue.feed(480) else { panic!("sound is waiting") };
    assert_eq!(samples.len(), 101);
    queue.note_produced(run, 186); // 101 × 44,100 / 24,000, rounded up
    assert_eq!(queue.feed(480), Feed::End(run));
    queue.note_end(run);
    play(&queue, 185);
    assert_eq!(position(&mut queue).1, 100);
    play(&queue, 1);
    assert_eq!(position(&mut queue).1, 101);
}

#[test]
fn without_a_device_sound_waits() {
    let mut queue = queue();
    queue.push(&[1; 480]).unwrap();
    queue.finish();
    assert_eq!(queue.feed(480), Feed::Nothing);
    assert_eq!(position(&mut queue), (480, 0, 0));
    queue.device_opened(DEVICE);
    assert_eq!(feed_all(&mut queue), (vec![1; 480], 1));
}

#[test]
fn the_next_device_goes_on_at_the_first_unheard_sample() {
    let mut queue = queue();
    queue.device_opened(DEVICE);
    let words: Vec<i16> = (0..4_800).collect();
    queue.push(&words).unwrap();
    queue.finish();
    feed_all(&mut queue);
    play(&queue, 2_000);
    queue.device_gone(Instant::now() + Duration::from_secs(1));
    assert_eq!(position(&mut queue), (4_800, 1_000, 0));

    queue.device_opened(SampleRate::new(24_000).unwrap());
    assert_eq!(feed_all(&mut queue), (words[1_000..].to_vec(), 1), "and the utterance still ends where it ended");
    play(&queue, 3_800);
    assert_eq!(position(&mut queue), (4_800, 4_800, 0));
}

#[test]
fn a_flush_throws_away_the_unheard_and_nothing_that_comes_later() {
    let mut queue = queue();
    queue.device_opened(DEVICE);
    queue.push(&[1; 4_800]).unwrap();
    feed_all(&mut queue);
    play(&queue, 2_000);
    std::thread::sleep(Duration::from_millis(1));
    let flushed = queue.flush();
    assert_eq!((flushed.pushed, flushed.heard, flushed.flushed), (4_800, 1_000, 3_800));
    assert!(flushed.is_drained());

    queue.push(&[2; 480]).unwrap();
    queue.finish();
    assert_eq!(feed_all(&mut queue), (vec![2; 480], 1));
    play(&queue, 960);
    assert_eq!(position(&mut queue), (5_280, 1_480, 3_800));
}

#[test]
fn what_the_device_holds_when_it_is_flushed_will_be_heard() {
    let mut queue = queue();
    queue.device_opened(DEVICE);
    queue.push(&[1; 4_800]).unwrap();
    feed_all(&mut queue);
    queue.meter.begin_block();
    (0..2_000).for_each(|_| queue.meter.count_frame());
    assert!(queue.meter.end_block(Instant::now() + Duration::from_secs(1)));
    assert_eq!(queue.position().heard, 0, "it is a second away");
    let flushed = queue.flush();
    assert_eq!((flushed.heard, flushed.flushed), (1_000, 3_800));
    assert_eq!(queue.position(), flushed);
}

#[test]
fn a_flush_with_no_device_throws_away_all_of_it() {
    let mut queue = queue();
    queue.push(&[1; 480]).unwrap();
    assert_eq!(queue.flush().flushed, 480);
    queue.device_opened(DEVICE);
    assert_eq!(feed_all(&mut queue), (vec![], 0));
}

#[test]
fn ten_minutes_fit_and_more_is_refused_whole() {
    let mut queue = queue();
    let minute = vec![0; 24_000 * 60];
    for _ in 0..10 {
        queue.push(&minute).unwrap();
    }
    assert_eq!(queue.push(&[0]), Err(QueueFull));
    assert_eq!(position(&mut queue).0, 600 * 24_000);
}

#[test]
fn finishing_twice_or_with_nothing_said_ends_nothing() {
    let mut queue = queue();
    queue.device_opened(DEVICE);
    queue.finish();
    assert_eq!(queue.feed(480), Feed::Nothing);
    queue.push(&[1; 10]).unwrap();
    queue.finish();
    queue.finish();
    assert_eq!(feed_all(&mut queue), (vec![1; 10], 1));
    queue.finish();
    assert_eq!(queue.feed(480), Feed::Nothing);
}

#[derive(Debug, Clone)]
enum Step {
    Push(usize),
    Finish,
    Feed,
    Play(u64),
    Flush,
    Unplug,
    Plug(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1usize..900).prop_map(Step::Push),
        1 => Just(Step::Finish),
        4 => Just(Step::Feed),
        4 => (1u64..3_000).prop_map(Step::Play),
        1 => Just(Step::Flush),
        1 => Just(Step::Unplug),
        1 => prop::sample::select(vec![8_000u32, 24_000, 44_100, 48_000]).prop_map(Step::Plug),
    ];
    prop::collection::vec(step, 1..60)
}

proptest! {
    /// Samples are numbered; whatever happens, each is heard or flushed once, in order, and the account adds up.
    #[test]
    fn every_sample_is_heard_or_flushed_exactly_once(steps in steps()) {
        let mut queue = queue();
        let mut device: Option<SampleRate> = None;
        let mut in_ring = 0u64;
        let mut next = 0i16;
        let mut expected = 0i16; // what the next fed sample must be
        let mut last = PlaybackPosition::default();
        for step in steps {
            match step {
                Step::Push(count) => {
                    let samples: Vec<i16> = (0..count).map(|_| { next = next.wrapping_add(1); next }).collect();
                    queue.push(&samples).unwrap();
                }
                Step::Finish => queue.finish(),
                Step::Feed => loop {
                    match queue.feed(480) {
                        Feed::Samples(run, samples) => {
                            for sample in &samples {
                                expected = expected.wrapping_add(1);
                                prop_assert_eq!(*sample, expected);
                            }
                            let frames = (samples.len() as u64 * u64::from(device.unwrap().hz())).div_ceil(24_000);
                            in_ring += frames;
                            queue.note_produced(run, frames);
                        }
                        Feed::End(run) => queue.note_end(run),
                        Feed::Nothing => break,
                    }
                },
                Step::Play(frames) => {
                    let frames = frames.min(in_ring);
                    in_ring -= frames;
                    play(&queue, frames);
                }
                Step::Flush => {
                    let position = queue.flush();
                    prop_assert!(position.is_drained());
                    in_ring = 0;
                    expected = next;
                }
                Step::Unplug => {
                    queue.device_gone(Instant::now());
                    device = None;
                    in_ring = 0;
                    let position = queue.position();
                    expected = (position.heard + position.flushed) as u16 as i16;
                }
                Step::Plug(hz) => {
                    if device.is_none() {
                        device = SampleRate::new(hz);
                        queue.device_opened(device.unwrap());
                    }
                }
            }
            let now = queue.position_at(Instant::now());
            prop_assert!(now.heard + now.flushed <= now.pushed, "{now:?}");
            prop_assert!(now.heard >= last.heard && now.flushed >= last.flushed, "{last:?} then {now:?}");
            prop_assert_eq!(queue.samples.len() as u64, now.pushed - now.heard - now.flushed);
            last = now;
        }
    }
}
