//! The requests under `/_simulator/`, by which another process steers a running simulator:
//!
//! * `PUT /_simulator/scenario` with a scenario as JSON replaces the running one.
//! * `GET /_simulator/requests` lists what was asked so far.

use std::io;

use serde_json::{Value, json};

use crate::answer::After;
use crate::http1::Connection;
use crate::scenario::Scenario;
use crate::server::{Request, Shared};

/// Where steering begins; no provider has such a path.
pub(crate) const PREFIX: &str = "/_simulator/";

pub(crate) async fn answer(connection: &mut Connection, shared: &Shared, request: &Request) -> io::Result<After> {
    let (status, body) = act(shared, request);
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status} Simulated\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    connection.write(head.as_bytes()).await?;
    connection.write(body.as_bytes()).await?;
    Ok(After::KeepOpen)
}

fn act(shared: &Shared, request: &Request) -> (u16, Value) {
    match (request.method.as_str(), &request.path[PREFIX.len()..]) {
        ("PUT", "scenario") => match serde_json::from_slice::<Scenario>(&request.body) {
            Ok(scenario) => {
                shared.set_scenario(scenario);
                (200, json!({"ok": true}))
            }
            Err(error) => (400, json!({"error": format!("reading the scenario: {error}")})),
        },
        ("GET", "requests") => (200, json!(shared.requests())),
        (method, verb) => (404, json!({"error": format!("no such steering: {method} {verb}")})),
    }
}
