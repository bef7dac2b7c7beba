//! Microphone, speaker, rates, files as devices
