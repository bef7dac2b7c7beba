#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| parlance_providers::gemini::speech::check(data));
