//! `transcribe`: a recording to a model that writes down what is said.

use std::path::PathBuf;

use futures_util::StreamExt as _;
use parlance_app::Reach;
use parlance_app::api::{ErrorBody, ErrorCode};
use parlance_app::ears::read_recording;
use parlance_core::ProviderError;
use parlance_core::transcription::{TranscriptEnd, TranscriptEvent, TranscriptStream, TranscriptionManner};
use serde_json::{Map, Value, json};

use crate::ask::Setting;
use crate::engine::Desk;
use crate::failure::Failure;
use crate::out::clean::visible;
use crate::providers::From;

/// What can be said to `transcribe`.
#[derive(Debug, clap::Args)]
pub(crate) struct TranscribeArgs {
    /// A sound file: WAV, or whatever else the service takes
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    from: From,
    /// The language that is spoken, such as en or zh [default: the model finds out]
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<String>,
    /// Names and words that are likely to occur
    #[arg(long, value_name = "TEXT")]
    context: Option<String>,
    /// A parameter of the provider's own; may be repeated
    #[arg(long, value_name = "KEY=JSON")]
    set: Vec<Setting>,
    /// Print what would be sent, and send nothing
    #[arg(long)]
    print_request: bool,
}

pub(crate) async fn run(args: TranscribeArgs, desk: Desk) -> Result<(), Failure> {
    let recording = read_recording(&args.file)?;
    let manner = TranscriptionManner {
        language: args.language.clone(),
        context: args.context.clone(),
        extra: args.set.iter().map(|setting| (setting.key.clone(), setting.value.clone())).collect(),
    };
    desk.with_engine(Reach::Settings, None, async |app| {
        let ear = app.ear(&args.from.wanted(app)?).map_err(|error| args.from.way.refused(error))?;
        if args.print_request {
            desk.out.object(&crate::say::shown(&ear.request(&recording, &manner)?));
            return Ok(());
        }
        ear.check_key().await?;
        let mut heard = Heard::default();
        let written = async { listen(ear.transcription().transcribe(&recording, &manner).await?, &mut heard).await };
        let ended = tokio::select! {
            ended = written => Some(ended),
            () = crate::say::stopped() => None,
        };
        let seconds = recording.duration.map(|duration| duration.as_secs_f64());
        let result = heard.fields(seconds);
        match ended {
            Some(Ok(())) => {}
            Some(Err(error)) => return Err(Failure::from(ear.explain(&error).await).beside(result)),
            None => return Err(Failure::from(ErrorBody::new(ErrorCode::Stopped)).beside(result)),
        }
        desk.out.result(&Value::Object(result), || format!("{}\n", visible(heard.words().trim_end())));
        Ok(())
    })
    .await
}

/// What came.
#[derive(Debug, Default)]
struct Heard {
    settled: String,
    end: TranscriptEnd,
}

impl Heard {
    fn words(&self) -> &str {
        self.end.text.as_deref().unwrap_or(&self.settled)
    }

    /// `seconds` are those of the file, where they are known.
    fn fields(&self, seconds: Option<f64>) -> Map<String, Value> {
        let length = self.end.duration.map(|duration| duration.as_secs_f64()).or(seconds);
        let mut fields =
            Map::from_iter([("text".to_owned(), json!(self.words())), ("duration_s".to_owned(), json!(length))]);
        if let Some(language) = &self.end.language {
            fields.insert("language".into(), json!(language));
        }
        if let Some(usage) = self.end.usage {
            let counts = [
                ("input_tokens", usage.input_tokens),
                ("output_tokens", usage.output_tokens),
                ("seconds", usage.seconds),
            ];
            let counts = counts.into_iter().filter_map(|(name, count)| Some((name.to_owned(), json!(count?))));
            fields.insert("usage".into(), Value::Object(counts.collect()));
        }
        fields
    }
}

async fn listen(mut words: TranscriptStream, heard: &mut Heard) -> Result<(), ProviderError> {
    while let Some(event) = words.next().await {
        match event? {
            TranscriptEvent::Settled(more) => heard.settled.push_str(&more),
            // Of a recording that is whole only what stays is worth showing.
            TranscriptEvent::Interim(_) => {}
            TranscriptEvent::Finished(end) => heard.end = end,
        }
    }
    Ok(())
}
