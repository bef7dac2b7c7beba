//! What goes wrong on the way, with every model that speaks: each fault ends in an error that says so, or in nothing at all.

use std::time::Duration;

use parlance_core::Category;
use parlance_core::synthesis::SpeechManner;
use parlance_simulator::speech::sound;
use parlance_simulator::voice::VoiceFault;
use parlance_simulator::{Answer, Failure, Fault, Framing, HangUp, Piece, Script};

use crate::chat_setting::{HASTY, PATIENT};
use crate::setting::{ALL, ASKED, Heard, Mouth, Server, WRITTEN_TO, end, hear};

/// One line of the table.
struct Row {
    what: &'static str,
    answer: Answer,
    /// How it must end, and whether some of the sound is heard before.
    ends: &'static str,
    is_heard: bool,
}

fn rows(mouth: Mouth) -> Vec<Row> {
    let row = |what, answer, ends, is_heard| Row { what, answer, ends, is_heard };
    let with = |pieces: Vec<Piece>| Answer::script(Script::of(pieces));
    let word = || Piece::Text("Hello there ".into());
    let mut rows = vec![
        row("401", Answer::fails(Failure::WrongKey), "Authentication", false),
        row("429", Answer::fails(Failure::RateLimited { retry_after_s: None }), "RateLimit", false),
        row("no credit", Answer::fails(Failure::QuotaSpent), "Quota", false),
        row("overloaded", Answer::fails(Failure::Overloaded), "Overloaded", false),
        row("no such model", Answer::fails(Failure::UnknownModel), "NotFound", false),
        row("a web page", Answer::bytes("text/html", "<html>login</html>"), "Protocol", false),
        row("hung up", Answer::default().with_fault(Fault::CutBeforeHead { how: HangUp::Reset }), "Cut", false),
        row("silent", Answer::default().with_fault(Fault::StallBeforeHead), "Timeout", false),
        row(
            "cut at once",
            Answer::default().with_fault(Fault::Cut { after_bytes: 0, how: HangUp::Close }),
            "Cut",
            false,
        ),
        row("no sound", with(vec![]), "Protocol", false),
    ];
    if mouth == Mouth::GeminiWhole {
        // What comes in one piece has no middle, and its sound no frames.
        rows.push(row(
            "cut",
            Answer::default().with_fault(Fault::Cut { after_bytes: 400, how: HangUp::Close }),
            "Cut",
            false,
        ));
        rows.retain(|row| row.what != "no sound");
        return rows;
    }
    let middle = 6_000;
    rows.extend([
        row(
            "cut in mid-sound",
            Answer::default().with_fault(Fault::Cut { after_bytes: middle, how: HangUp::Close }),
            "Cut",
            true,
        ),
        row(
            "stalled in mid-sound",
            Answer::default().with_fault(Fault::Stall { after_bytes: middle }),
            "Timeout",
            true,
        ),
    ]);
    if mouth != Mouth::OpenAi {
        // Bare sound has no frames.
        let unknown = Piece::Frame("data: {\"something\":[\"new\"]}\n\n".into());
        rows.extend([
            row("unknown event", with(vec![word(), unknown, word()]), "finished", true),
            row(
                "malformed frame",
                with(vec![word(), Piece::Frame("data: {\"x\":\n\n".into()), word()]),
                "Protocol",
                true,
            ),
            row("error event", with(vec![word(), Piece::Fails(Failure::Overloaded)]), "Overloaded", true),
            row(
                "an end without an end",
                Answer::script(Script { ends: false, ..Script::says("Hello there ") })
                    .with_framing(Framing::UntilClose),
                "Cut",
                true,
            ),
        ]);
    }
    rows
}

#[tokio::test]
async fn every_fault_of_an_answer_ends_in_its_own_error() {
    let mut table = String::from("mouth | fault | ends\n");
    for mouth in ASKED {
        for Row { what, answer, ends, is_heard } in rows(mouth) {
            let server = Server::answering(answer).await;
            // Only what stands still is hurried.
            let limits = if ends == "Timeout" { HASTY } else { PATIENT };
            let heard = speak(mouth, &server.origin(), limits).await;
            table.push_str(&format!("{mouth:?} | {what} | {}\n", end(&heard)));
            assert_eq!(end(&heard), ends, "{mouth:?}, {what}: {:?}", heard.error);
            assert_eq!(!heard.samples.is_empty(), is_heard, "{mouth:?}, {what}");
            if what == "cut in mid-sound" {
                assert!(sound("Hello there, and welcome to all of you.").starts_with(&heard.samples), "{mouth:?}");
            }
        }
    }
    println!("{table}");
}

async fn speak(mouth: Mouth, origin: &str, limits: parlance_providers::http::TimeLimits) -> Heard {
    let model = mouth.within(origin, limits);
    match model.speak("Hello there, and welcome to all of you.", &SpeechManner::default()).await {
        Ok(sound) => hear(sound).await,
        Err(error) => Heard { error: Some(error), ..Heard::default() },
    }
}

#[tokio::test]
async fn a_server_that_nobody_runs_is_said_to_be_unreachable() {
    for mouth in ALL {
        let origin = {
            let server = Server::speaking(mouth).await;
            server.origin()
        };
        // Its port is free again as soon as its task has ended.
        tokio::task::yield_now().await;
        let heard = speak(mouth, &origin, PATIENT).await;
        assert!(matches!(end(&heard).as_str(), "Network" | "Cut"), "{mouth:?}: {:?}", heard.error);
    }
}

#[tokio::test]
async fn every_fault_of_a_socket_ends_in_its_own_error() {
    let mut table = String::from("mouth | fault | ends\n");
    for mouth in WRITTEN_TO {
        for (fault, ends, is_heard) in [
            (VoiceFault::Refused(401), "Authentication", false),
            (VoiceFault::Refused(429), "RateLimit", false),
            (VoiceFault::CutBeforeSession, "Cut", false),
            (VoiceFault::Closed(1008, "not allowed"), "InvalidRequest", false),
            (VoiceFault::CutAfter(0), "Cut", false),
            (VoiceFault::CutAfter(1), "Cut", true),
            (VoiceFault::Malformed(2), "finished", true),
            (VoiceFault::Malformed(3), "Protocol", true),
            (VoiceFault::Unknown, "finished", true),
            (VoiceFault::Fails, "Server", false),
        ] {
            let server = Server::faulty(fault).await;
            let heard = speak(mouth, &server.origin(), PATIENT).await;
            table.push_str(&format!("{mouth:?} | {fault:?} | {}\n", end(&heard)));
            assert_eq!(end(&heard), ends, "{mouth:?}, {fault:?}: {:?}", heard.error);
            assert_eq!(!heard.samples.is_empty(), is_heard, "{mouth:?}, {fault:?}");
        }
    }
    println!("{table}");
}

#[tokio::test]
async fn a_socket_that_stands_still_is_given_up_in_time() {
    for mouth in WRITTEN_TO {
        for fault in [VoiceFault::StallAfter(1), VoiceFault::Mute] {
            let server = Server::faulty(fault).await;
            let model = mouth.at(&server);
            let mut sound =
                model.speak("Hello there, all of you in this room.", &SpeechManner::default()).await.unwrap();
            if fault != VoiceFault::Mute {
                futures_util::StreamExt::next(&mut sound).await.unwrap().unwrap();
            }
            // The socket stands; only our own waiting is cut short.
            tokio::time::sleep(Duration::from_millis(200)).await;
            tokio::time::pause();
            let error = loop {
                match futures_util::StreamExt::next(&mut sound).await.expect("an end") {
                    Ok(_) => {}
                    Err(error) => break error,
                }
            };
            tokio::time::resume();
            assert_eq!(error.category, Category::Timeout, "{mouth:?} {fault:?}: {error}");
            assert!(error.waited.is_some(), "{mouth:?} {fault:?}");
        }
    }
}
