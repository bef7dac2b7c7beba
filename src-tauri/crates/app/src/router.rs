//! A call by name, made a typed one. The list of commands is the one in [`crate::api`].

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::api::*;
use crate::app::App;

macro_rules! route {
    ($( #[doc = $doc:literal] $name:ident : $request:ty => $response:ty, )*) => {
        impl App {
            /// Carries out a command.
            ///
            /// # Errors
            /// The command's own; [`ErrorCode::BadCall`] for an unknown name or a request of another shape.
            pub async fn call(&self, name: &str, request: Value) -> Result<Value, ErrorBody> {
                match name {
                    $( stringify!($name) => {
                        let response: $response = self.$name(read::<$request>(request)?).await?;
                        write(&response)
                    } )*
                    _ => Err(ErrorBody::new(ErrorCode::BadCall).with_details(format!("there is no command {name:?}"))),
                }
            }
        }
    };
}
crate::with_commands!(route);

fn read<T: DeserializeOwned>(request: Value) -> Result<T, ErrorBody> {
    // The error names fields and types, never the values: one of them may be a key.
    serde_json::from_value(request).map_err(|error| {
        let kind = match error.classify() {
            serde_json::error::Category::Data => "a field is missing or of another type",
            _ => "the request cannot be read",
        };
        ErrorBody::new(ErrorCode::BadCall).with_details(kind)
    })
}

fn write<T: Serialize>(response: &T) -> Result<Value, ErrorBody> {
    serde_json::to_value(response).map_err(|error| ErrorBody::new(ErrorCode::Internal).with_details(error.to_string()))
}
