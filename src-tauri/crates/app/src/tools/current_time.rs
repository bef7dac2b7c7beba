//! What time it is, here or elsewhere.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use parlance_core::chat::FunctionSpec;
use parlance_core::{Clock, Consent, Tool, ToolFailure, ToolOutput};
use serde_json::{Map, Value, json};

/// Tells the time, with its zone.
pub struct CurrentTime {
    clock: Arc<dyn Clock>,
    here: TimeZone,
}

impl CurrentTime {
    /// By this clock, in the computer's own zone.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, here: TimeZone::system() }
    }

    fn tell(&self, arguments: &Map<String, Value>) -> Result<Value, ToolFailure> {
        let zone = match arguments.get("time_zone").and_then(Value::as_str).map(str::trim) {
            None | Some("") => self.here.clone(),
            Some(name) => TimeZone::get(name).map_err(|_| {
                ToolFailure(format!("There is no time zone called {name:?}. Use an IANA name such as Asia/Shanghai."))
            })?,
        };
        let wall = i64::try_from(self.clock.wall().as_secs()).unwrap_or(i64::MAX);
        let now = Timestamp::from_second(wall)
            .map_err(|_| ToolFailure("The clock of this computer is not set.".to_owned()))?;
        let now = now.to_zoned_datetime(zone);
        Ok(json!({
            "time": now.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
            "weekday": now.strftime("%A").to_string(),
            "time_zone": now.time_zone().iana_name().unwrap_or("unnamed"),
        }))
    }
}

#[async_trait]
impl Tool for CurrentTime {
    fn spec(&self) -> FunctionSpec {
        let zone = json!({
            "type": "string",
            "description": "An IANA time zone such as Europe/Paris. Without it: the zone of the person's computer.",
        });
        FunctionSpec {
            name: "current_time".to_owned(),
            description: Some("The current date, time, weekday and time zone.".to_owned()),
            parameters: Some(json!({"type": "object", "properties": {"time_zone": zone}})),
            rest: Map::new(),
        }
    }

    fn consent(&self, _: &Map<String, Value>) -> Consent {
        Consent::NotNeeded
    }

    async fn run(&self, arguments: &Map<String, Value>) -> Result<ToolOutput, ToolFailure> {
        self.tell(arguments).map(|told| ToolOutput::Text(told.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    struct Stopped;

    impl Clock for Stopped {
        fn now(&self) -> Instant {
            unreachable!("nothing is measured")
        }

        fn wall(&self) -> Duration {
            Duration::from_secs(1_764_028_800)
        }
    }

    fn tell(arguments: Value) -> Result<Value, ToolFailure> {
        let tool = CurrentTime { clock: Arc::new(Stopped), here: TimeZone::get("Europe/Berlin").unwrap() };
        tool.tell(arguments.as_object().unwrap())
    }

    #[test]
    fn the_time_is_told_with_its_zone() {
        let here = json!({"time": "2025-11-25T01:00:00+01:00", "weekday": "Tuesday", "time_zone": "Europe/Berlin"});
        assert_eq!(tell(json!({})).unwrap(), here);
        assert_eq!(tell(json!({"time_zone": " "})).unwrap(), here);
        let there =
            json!({"time": "2025-11-24T16:00:00-08:00", "weekday": "Monday", "time_zone": "America/Los_Angeles"});
        assert_eq!(tell(json!({"time_zone": "America/Los_Angeles"})).unwrap(), there);
        let error = tell(json!({"time_zone": "Berlin"})).unwrap_err();
        assert!(error.0.contains("\"Berlin\"") && error.0.contains("IANA"), "{error}");
    }
}
