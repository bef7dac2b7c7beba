//! A local server that speaks the providers' protocols
