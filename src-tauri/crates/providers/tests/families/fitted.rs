//! Answers of a given shape, from every protocol: the object, however it was asked for; another try; and honest ends.

use futures_util::StreamExt as _;
use parlance_core::chat::Delivery;
use parlance_core::structured::TOOL;
use parlance_core::{
    Category, ChatModel, ChatRequest, ModelEvent, ProviderError, Reply, StopReason, Structured, StructuredWay,
};
use parlance_providers::openai::Dialect;
use parlance_providers::structured::Shape;
use parlance_simulator::{Answer, Piece, Scenario, Script, Simulator};
use serde_json::{Value, json};

use crate::family::Family;
use crate::setting::{client_at, question, simulator};

const DELIVERIES: [Delivery; 2] = [Delivery::Streaming, Delivery::Whole];

fn person() -> Structured {
    let schema = json!({"type": "object", "title": "Person", "required": ["name", "age"], "properties": {
        "name": {"type": "string"}, "age": {"type": "integer"},
        "mood": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null}}});
    Structured { name: "Person".into(), schema, way: StructuredWay::Native }
}

fn asking(delivery: Delivery) -> ChatRequest {
    ChatRequest { structured: Some(person()), delivery, ..question() }
}

/// Every protocol's client, and whether it asks with a tool at once.
fn clients(server: &Simulator) -> Vec<(String, Box<dyn ChatModel>, bool)> {
    let mut all: Vec<(String, Box<dyn ChatModel>, bool)> = Family::ALL
        .iter()
        .map(|&family| {
            let by_tool = matches!(family, Family::Anthropic | Family::DashScope);
            (format!("{family:?}"), family.client(server), by_tool)
        })
        .collect();
    all.push(("OpenAi".into(), Box::new(client_at(&server.base_url(), Dialect::OPENAI)), false));
    all
}

/// The answer as far as it came, its events, and the error that ended it, if one did.
async fn ask(client: &dyn ChatModel, request: &ChatRequest) -> (Reply, Vec<ModelEvent>, Option<ProviderError>) {
    let (mut reply, mut events) = (Reply::default(), Vec::new());
    let mut stream = match client.stream(request).await {
        Ok(stream) => stream,
        Err(error) => return (reply, events, Some(error)),
    };
    while let Some(event) = stream.next().await {
        match event {
            Ok(event) => {
                reply.apply(&event);
                events.push(event);
            }
            Err(error) => {
                assert!(stream.next().await.is_none(), "nothing comes after an error");
                return (reply, events, Some(error));
            }
        }
    }
    (reply, events, None)
}

fn object(reply: &Reply) -> Value {
    Shape::of(&person()).unwrap().read(reply).map_or(Value::Null, Value::Object)
}

/// The object by way of the tool, in pieces.
fn calls(arguments: &str) -> Script {
    let (first, second) = arguments.split_at(arguments.len() / 2);
    let piece = |name: &str, arguments: &str| Piece::ToolCall {
        index: 0,
        id: if name.is_empty() { String::new() } else { "call_1".into() },
        name: name.into(),
        arguments: arguments.into(),
    };
    Script { finish: Some("tool_calls".into()), ..Script::of([piece(TOOL, first), piece("", second)]) }
}

fn says(by_tool: bool, object: &str) -> Script {
    if by_tool { calls(object) } else { Script::says(object) }
}

const ADA: &str = r#"{"name": "Ada", "age": 36}"#;

fn ada() -> Value {
    json!({"name": "Ada", "age": 36, "mood": null})
}

#[tokio::test]
async fn the_object_comes_from_every_protocol_streamed_or_not() {
    let server = simulator(Answer::default()).await;
    for (name, client, by_tool) in clients(&server) {
        for delivery in DELIVERIES {
            server.set_scenario(Scenario::always(Answer::script(says(by_tool, ADA))));
            let (reply, _, error) = ask(&*client, &asking(delivery)).await;
            assert_eq!((object(&reply), error), (ada(), None), "{name} {delivery:?}");
            assert_eq!(reply.finish_reason, Some(StopReason::Stop), "{name}: nobody waits for a tool's result");
        }
    }
    assert_eq!(server.requests().len(), 2 * (Family::ALL.len() + 1), "one request each");
}

#[tokio::test]
async fn what_does_not_fit_is_asked_for_once_more_in_the_next_way() {
    let server = simulator(Answer::default()).await;
    for delivery in DELIVERIES {
        for (name, client, by_tool) in clients(&server) {
            let before = server.requests().len();
            let wrong = Answer::script(says(by_tool, r#"{"name": "Ada", "age": "old"}"#));
            server.set_scenario(Scenario::in_turn([wrong, Answer::script(calls(ADA))]));
            let (reply, events, error) = ask(&*client, &asking(delivery)).await;
            assert_eq!((object(&reply), error), (ada(), None), "{name} {delivery:?}");
            let count = |is: fn(&ModelEvent) -> bool| events.iter().filter(|event| is(event)).count();
            assert_eq!(count(|event| matches!(event, ModelEvent::Started { .. })), 2, "{name}: it begins anew");
            assert!(!json!(reply.content).to_string().contains("old"), "{name}: nothing of the first one is left");
            assert_eq!(count(|event| matches!(event, ModelEvent::Finished { .. })), 1, "{name}");
            let usage = reply.usage.map(|usage| (usage.input_tokens, usage.output_tokens));
            assert_eq!(usage, Some((18, 10)), "{name}: both answers were paid for");
            let asked: Vec<String> =
                server.requests()[before..].iter().map(|request| request.json().to_string()).collect();
            assert_eq!(asked.iter().map(|asked| asked.contains(TOOL)).collect::<Vec<_>>(), [by_tool, true], "{name}");
            assert_ne!(asked[0], asked[1], "{name}");

            server.set_scenario(Scenario::always(Answer::script(calls(ADA))));
            let (reply, _, _) = ask(&*client, &asking(delivery)).await;
            assert_eq!(object(&reply), ada());
            assert_eq!(server.requests().len() - before, 3, "{name}: it has learnt");
        }
    }
}

#[tokio::test]
async fn what_never_fits_is_an_error_that_says_where_and_keeps_what_came() {
    let server = simulator(Answer::default()).await;
    for (name, client, by_tool) in clients(&server) {
        let before = server.requests().len();
        server.set_scenario(Scenario::always(Answer::script(says(by_tool, r#"{"name": "Ada", "age": "old"}"#))));
        let (reply, _, error) = ask(&*client, &asking(Delivery::Streaming)).await;
        let error = error.expect("it does not fit");
        assert_eq!((error.category, server.requests().len() - before), (Category::Unfit, 2), "{name}: {error}");
        assert!(error.message.contains("/age"), "{name}: {error}");
        assert!(json!(reply.content).to_string().contains("old"), "{name}: {reply:?}");

        server.set_scenario(Scenario::always(Answer::says("I would rather not.")));
        let (reply, _, error) = ask(&*client, &asking(Delivery::Whole)).await;
        assert!(error.is_some_and(|error| error.message.contains("no whole JSON object")), "{name}");
        assert!(reply.text().contains("rather not"), "{name}");
    }
}

#[tokio::test]
async fn half_an_object_is_never_given_as_a_whole_one() {
    let server = simulator(Answer::default()).await;
    for (name, client, by_tool) in clients(&server) {
        for (text, finish, expected) in [
            (r#"{"name": "Ada", "age": 36, "mood": "go"#, "length", Value::Null),
            (r#"{"name": "Ada", "age": 36"#, "length", Value::Null),
            (ADA, "length", ada()),
        ] {
            let before = server.requests().len();
            let script = Script { finish: Some(finish.into()), ..says(by_tool, text) };
            server.set_scenario(Scenario::always(Answer::script(script)));
            let (reply, _, error) = ask(&*client, &asking(Delivery::Streaming)).await;
            assert_eq!((object(&reply), error), (expected, None), "{name} {text}");
            assert_eq!(server.requests().len() - before, 1, "{name}: another try would be cut as well");
        }
    }
}

#[tokio::test]
async fn who_declines_is_not_asked_again() {
    let refusal = Answer::script(Script::of([Piece::Refusal("I will not.".into())]));
    let server = simulator(refusal).await;
    let openai: Box<dyn ChatModel> = Box::new(client_at(&server.base_url(), Dialect::OPENAI));
    for client in [openai, Family::Responses.client(&server)] {
        let before = server.requests().len();
        let (reply, _, error) = ask(&*client, &asking(Delivery::Streaming)).await;
        assert_eq!((reply.finish_reason, error), (Some(StopReason::Refusal), None));
        assert_eq!(server.requests().len() - before, 1);
    }
}

fn refuses(message: &str) -> Answer {
    Answer::refuses(400, &json!({"error": {"message": message, "type": "invalid_request_error"}}))
}

#[tokio::test]
async fn a_server_that_takes_no_schema_is_asked_with_a_tool_and_one_that_forces_none_is_offered_it() {
    let server = simulator(Answer::default()).await;
    for delivery in DELIVERIES {
        let openai: Box<dyn ChatModel> = Box::new(client_at(&server.base_url(), Dialect::COMPATIBLE));
        for client in [openai, Family::Responses.client(&server)] {
            let before = server.requests().len();
            server.set_scenario(Scenario::in_turn([
                refuses("schemas are not supported"),
                refuses("tool_choice must be auto"),
                Answer::script(calls(ADA)),
            ]));
            let (reply, _, error) = ask(&*client, &asking(delivery)).await;
            assert_eq!((object(&reply), error), (ada(), None), "{delivery:?}");
            let choices: Vec<Value> =
                server.requests()[before..].iter().map(|request| request.json()["tool_choice"].clone()).collect();
            assert_eq!((&choices[0], &choices[2]), (&Value::Null, &json!("auto")));
            assert!(choices[1].to_string().contains(TOOL), "{choices:?}");
            // What was learnt holds for the next question, and for what is shown.
            let (reply, _, _) = ask(&*client, &asking(delivery)).await;
            assert_eq!((object(&reply), server.requests().len() - before), (ada(), 4));
            assert_eq!(client.request(&asking(delivery)).unwrap().body.unwrap()["tool_choice"], "auto");
            // … but not for other models, nor for other shapes.
            let other = Structured { schema: json!({"type": "object"}), ..person() };
            let other_shape = ChatRequest { structured: Some(other), ..asking(delivery) };
            let other_model = ChatRequest { model: "other".into(), ..asking(delivery) };
            for other in [other_model, other_shape] {
                assert_eq!(client.request(&other).unwrap().body.unwrap().get("tools"), None);
            }
        }
    }
}

#[tokio::test]
async fn a_refusal_of_something_else_is_told_as_it_is() {
    let server = simulator(Answer::default()).await;
    let client = client_at(&server.base_url(), Dialect::OPENAI);
    for (status, message, requests) in [(400, "temperature is too high", 2), (401, "no such key", 1)] {
        let before = server.requests().len();
        server.set_scenario(Scenario::always(Answer::refuses(status, &json!({"error": {"message": message}}))));
        let (_, _, error) = ask(&client, &asking(Delivery::Streaming)).await;
        assert!(error.is_some_and(|error| error.message == message));
        assert_eq!(server.requests().len() - before, requests, "{message}");
    }
    assert_eq!(client.request(&asking(Delivery::Whole)).unwrap().body.unwrap().get("tools"), None, "nothing is learnt");
}

#[tokio::test]
async fn a_refusal_within_the_stream_is_one_too() {
    let frame = "data: {\"error\":{\"message\":\"response_format is not supported\",\"code\":400}}\n\n";
    let refusal = Answer::script(Script::of([Piece::Frame(frame.into())]));
    let server = Simulator::start(Scenario::in_turn([refusal, Answer::script(calls(ADA))])).await.unwrap();
    let client = client_at(&server.base_url(), Dialect::COMPATIBLE);
    let (reply, _, error) = ask(&client, &asking(Delivery::Streaming)).await;
    assert_eq!((object(&reply), error, server.requests().len()), (ada(), None, 2));
}

#[tokio::test]
async fn what_is_no_schema_is_not_sent() {
    let server = simulator(Answer::default()).await;
    for (name, client, _) in clients(&server) {
        let schema = json!({"type": "object", "properties": {"a": {"type": "text"}}});
        let structured = Some(Structured { schema, ..person() });
        let (_, _, error) = ask(&*client, &ChatRequest { structured, ..question() }).await;
        assert!(error.is_some_and(|error| error.category == Category::InvalidRequest), "{name}");
    }
    assert!(server.requests().is_empty());
}
