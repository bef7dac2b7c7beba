//! Voices by name, as the providers' references list them (read November 2026). Others can be named all the same.

/// Of the realtime models.
pub(super) const OPENAI: [&str; 10] =
    ["alloy", "ash", "ballad", "cedar", "coral", "echo", "marin", "sage", "shimmer", "verse"];

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
