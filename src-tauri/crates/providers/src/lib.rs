//! One folder a provider: requests out, events in
