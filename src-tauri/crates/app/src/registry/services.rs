//! Services of OpenAI's protocols that are asked by their names, without being in the settings, and can be added to them. A new
//! one is an entry here, and a dialect of its own where it differs. Sources: each service's API reference, read November 2026.

use parlance_providers::openai::Dialect;
use parlance_providers::responses::ResponsesApi;

use super::{Family, Protocol};

/// In the order they are shown: services first, then servers that people run themselves.
pub(super) const SERVICES: &[Family] = &[
    Family {
        id: "deepseek",
        name: "DeepSeek",
        base_url: "https://api.deepseek.com",
        variable: Some("DEEPSEEK_API_KEY"),
        hosts: &["api.deepseek.com"],
        protocol: Protocol::Chat(Dialect::DEEPSEEK),
    },
    Family {
        id: "openrouter",
        name: "OpenRouter",
        base_url: "https://openrouter.ai/api/v1",
        variable: Some("OPENROUTER_API_KEY"),
        hosts: &["openrouter.ai"],
        protocol: Protocol::Chat(Dialect::OPENROUTER),
    },
    Family {
        id: "azure",
        name: "Azure OpenAI",
        base_url: "",
        variable: Some("AZURE_OPENAI_API_KEY"),
        hosts: &["openai.azure.com", "cognitiveservices.azure.com", "services.ai.azure.com"],
        protocol: Protocol::Azure,
    },
    Family {
        id: "mistral",
        name: "Mistral",
        base_url: "https://api.mistral.ai/v1",
        variable: Some("MISTRAL_API_KEY"),
        hosts: &["api.mistral.ai"],
        protocol: Protocol::Chat(Dialect::MISTRAL),
    },
    Family {
        id: "groq",
        name: "Groq",
        base_url: "https://api.groq.com/openai/v1",
        variable: Some("GROQ_API_KEY"),
        hosts: &["api.groq.com"],
        protocol: Protocol::Chat(Dialect::GROQ),
    },
    Family {
        id: "xai",
        name: "xAI",
        base_url: "https://api.x.ai/v1",
        variable: Some("XAI_API_KEY"),
        hosts: &["api.x.ai"],
        protocol: Protocol::Chat(Dialect::XAI),
    },
    Family {
        id: "moonshot",
        name: "Moonshot",
        base_url: "https://api.moonshot.ai/v1",
        variable: Some("MOONSHOT_API_KEY"),
        hosts: &["api.moonshot.ai", "api.moonshot.cn"],
        protocol: Protocol::Chat(Dialect::MOONSHOT),
    },
    Family {
        id: "zai",
        name: "Z.ai",
        base_url: "https://api.z.ai/api/paas/v4",
        variable: Some("ZAI_API_KEY"),
        hosts: &["api.z.ai", "open.bigmodel.cn"],
        protocol: Protocol::Chat(Dialect::ZAI),
    },
    Family {
        id: "cerebras",
        name: "Cerebras",
        base_url: "https://api.cerebras.ai/v1",
        variable: Some("CEREBRAS_API_KEY"),
        hosts: &["api.cerebras.ai"],
        protocol: Protocol::Chat(Dialect::CEREBRAS),
    },
    Family {
        id: "huggingface",
        name: "Hugging Face",
        base_url: "https://router.huggingface.co/v1",
        variable: Some("HF_TOKEN"),
        hosts: &["router.huggingface.co"],
        protocol: Protocol::Chat(Dialect::COMPATIBLE),
    },
    Family {
        id: "dashscope-compatible",
        name: "DashScope (compatible mode)",
        base_url: "https://dashscope.aliyuncs.com/compatible-mode/v1",
        variable: Some("DASHSCOPE_API_KEY"),
        hosts: &["dashscope.aliyuncs.com", "dashscope-intl.aliyuncs.com"],
        protocol: Protocol::Chat(Dialect::QWEN),
    },
    Family {
        id: "vllm",
        name: "vLLM",
        base_url: "http://localhost:8000/v1",
        variable: None,
        hosts: &[],
        protocol: Protocol::Chat(Dialect::VLLM),
    },
    Family {
        id: "lmstudio",
        name: "LM Studio",
        base_url: "http://localhost:1234/v1",
        variable: None,
        hosts: &[],
        protocol: Protocol::Chat(Dialect::LM_STUDIO),
    },
    Family {
        id: "llamacpp",
        name: "llama.cpp",
        base_url: "http://localhost:8080/v1",
        variable: None,
        hosts: &[],
        protocol: Protocol::Chat(Dialect::LLAMA_CPP),
    },
    Family {
        id: "llamacpp-responses",
        name: "llama.cpp (Responses)",
        base_url: "http://localhost:8080/v1",
        variable: None,
        hosts: &[],
        protocol: Protocol::Responses(ResponsesApi::LLAMA_CPP),
    },
];
