//! Voices by name, as the providers' references list them (read November 2026). Others can be named all the same.

/// Of the realtime models.
pub(super) const OPENAI: [&str; 10] =
    ["alloy", "ash", "ballad", "cedar", "coral", "echo", "marin", "sage", "shimmer", "verse"];

/// Of the models that are asked for a text.
pub(super) const OPENAI_SPEECH: [&str; 13] =
    ["alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse"];

/// Of every model that speaks.
pub(super) const GEMINI: [&str; 30] = [
    "Achernar",
    "Achird",
    "Algenib",
    "Algieba",
    "Alnilam",
    "Aoede",
    "Autonoe",
    "Callirrhoe",
    "Charon",
    "Despina",
    "Enceladus",
    "Erinome",
    "Fenrir",
    "Gacrux",
    "Iapetus",
    "Kore",
    "Laomedeia",
    "Leda",
    "Orus",
    "Puck",
    "Pulcherrima",
    "Rasalgethi",
    "Sadachbia",
    "Sadaltager",
    "Schedar",
    "Sulafat",
    "Umbriel",
    "Vindemiatrix",
    "Zephyr",
    "Zubenelgenubi",
];

/// Of the omni models: which of them a model has depends on its generation.
pub(super) const QWEN: [&str; 5] = ["Cherry", "Chelsie", "Ethan", "Serena", "Tina"];

/// Of Qwen's models that are asked for a text, as many as all of them share.
pub(super) const QWEN_SPEECH: [&str; 14] = [
    "Bella", "Chelsie", "Cherry", "Dylan", "Ethan", "Jada", "Kai", "Maia", "Momo", "Moon", "Nofish", "Serena", "Sunny",
    "Vivian",
];

/// Of CosyVoice, third generation.
pub(super) const COSYVOICE: [&str; 3] = ["longanhuan", "longanyang", "longxiaochun_v3"];
/// … and second.
pub(super) const COSYVOICE_V2: [&str; 1] = ["longxiaochun_v2"];
