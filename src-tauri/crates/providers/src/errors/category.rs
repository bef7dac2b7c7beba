//! The table from a provider's words to a category. Codes and types are compared whole; sentences only where a server
//! is known to give nothing better.

use parlance_core::Category;

/// The category of a refusal. Codes win over the status: `429` alone does not tell a full bucket from an empty purse.
#[must_use]
pub fn of(status: Option<u16>, kind: Option<&str>, code: Option<&str>, message: &str) -> Category {
    [code, kind]
        .into_iter()
        .flatten()
        .find_map(by_code)
        .or_else(|| by_sentence(status, message))
        .or_else(|| (status.is_none() && blames_the_request(kind, code)).then_some(Category::InvalidRequest))
        .unwrap_or_else(|| by_status(status))
}

/// Whether an error without a status is about what was asked.
fn blames_the_request(kind: Option<&str>, code: Option<&str>) -> bool {
    kind == Some("invalid_request_error") || matches!(code, Some("InvalidParameter" | "invalid_value"))
}

fn by_code(code: &str) -> Option<Category> {
    Some(match code {
        "InvalidApiKey" | "AccessDenied" | "AccessDenied.Unpurchased" | "Model.AccessDenied" => {
            Category::Authentication
        }
        "Arrearage" | "AllocationQuota.FreeTierOnly" | "PrepaidBillOverdue" | "PostpaidBillOverdue" => Category::Quota,
        "Throttling"
        | "Throttling.RateQuota"
        | "Throttling.AllocationQuota"
        | "Throttling.BurstRate"
        | "LimitRequests" => Category::RateLimit,
        "DataInspectionFailed" | "data_inspection_failed" => Category::ContentFilter,
        "ModelNotFound" | "DeploymentNotFound" | "invalid_model" | "resource_not_found_error" => Category::NotFound,
        "ModelUnavailable" | "ServiceUnavailable" => Category::Overloaded,
        "InternalError" | "InternalError.Timeout" | "timeout_error" | "DEADLINE_EXCEEDED" => Category::Server,
        "invalid_api_key"
        | "authentication_error"
        | "permission_error"
        | "invalid_authentication_error"
        | "permission_denied_error"
        | "unsupported_country_region_territory"
        | "UNAUTHENTICATED"
        | "PERMISSION_DENIED" => Category::Authentication,
        "insufficient_quota"
        | "exceeded_current_quota_error"
        | "credit_balance_exhausted"
        | "billing_hard_limit_reached"
        | "billing_not_active"
        | "billing_error"
        | "enforced_spend_limit_reached"
        | "contract_spend_limit_reached" => Category::Quota,
        "rate_limit_exceeded"
        | "rate_limited"
        | "rate_limit_error"
        | "rate_limit_reached_error"
        | "RateLimitReached"
        | "RESOURCE_EXHAUSTED" => Category::RateLimit,
        "server_is_overloaded"
        | "slow_down"
        | "overloaded_error"
        | "engine_overloaded"
        | "engine_overloaded_error"
        | "UNAVAILABLE" => Category::Overloaded,
        "context_length_exceeded" | "exceed_context_size_error" | "string_above_max_length" | "request_too_large" => {
            Category::ContextTooLong
        }
        "content_filter" | "content_policy_violation" | "ResponsibleAIPolicyViolation" => Category::ContentFilter,
        "model_not_found" | "not_found_error" | "unknown_url" => Category::NotFound,
        _ => return None,
    })
}

fn by_sentence(status: Option<u16>, message: &str) -> Option<Category> {
    let says = |words: &[&str]| {
        let message = message.to_ascii_lowercase();
        words.iter().any(|word| message.contains(word))
    };
    match status {
        Some(400 | 413 | 422 | 500) | None
            if says(&[
                "maximum context length",
                "context window",
                "context size",
                "prompt is too long",
                "too many tokens",
                "prompt too long",
                "range of input length",
                "exceeds the maximum number of tokens",
                "maximum prompt length",
                "exceeded model token limit",
                "context the overflows",
            ]) =>
        {
            Some(Category::ContextTooLong)
        }
        // xAI and Gemini answer a wrong key with 400.
        Some(400)
            if says(&[
                "incorrect api key",
                "api key not valid",
                "invalid api key",
                "api key expired",
                // Gemini, where the account's country may not use it.
                "user location is not supported",
            ]) =>
        {
            Some(Category::Authentication)
        }
        Some(400) if says(&["is not a valid model", "model not exist", "is not found for api version"]) => {
            Some(Category::NotFound)
        }
        Some(400) if says(&["does not exist"]) && says(&["model"]) => Some(Category::NotFound),
        // Anthropic has no code for an empty purse.
        Some(400) if says(&["credit balance is too low"]) => Some(Category::Quota),
        Some(429) if says(&["exceeded your current quota", "insufficient balance"]) => Some(Category::Quota),
        _ => None,
    }
}

fn by_status(status: Option<u16>) -> Category {
    match status {
        Some(401 | 403) => Category::Authentication,
        Some(402) => Category::Quota,
        Some(404) => Category::NotFound,
        Some(408) => Category::Timeout,
        Some(413) => Category::ContextTooLong,
        Some(429) => Category::RateLimit,
        Some(503 | 529) => Category::Overloaded,
        Some(400..=499) => Category::InvalidRequest,
        Some(500..=599) | None => Category::Server,
        Some(_) => Category::Protocol,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_win_over_sentences_and_sentences_over_the_status() {
        for (status, kind, code, message, category) in [
            (429, None, Some("insufficient_quota"), "", Category::Quota),
            (429, None, Some("rate_limit_exceeded"), "", Category::RateLimit),
            (429, None, None, "You exceeded your current quota, please check your plan", Category::Quota),
            (400, Some("exceed_context_size_error"), Some("400"), "", Category::ContextTooLong),
            (
                400,
                Some("invalid_request_error"),
                Some("invalid_request_error"),
                "This model's maximum context length is 1048565 tokens.",
                Category::ContextTooLong,
            ),
            (400, None, Some("400"), "x/y is not a valid model ID", Category::NotFound),
            (400, None, None, "Incorrect API key provided: xa***1", Category::Authentication),
            (400, None, Some("content_filter"), "", Category::ContentFilter),
            (400, None, None, "prompt too long; exceeded max context length by 9 tokens", Category::ContextTooLong),
            (
                400,
                None,
                Some("InvalidParameter"),
                "Range of input length should be [1, 30720]",
                Category::ContextTooLong,
            ),
            (400, None, Some("DataInspectionFailed"), "", Category::ContentFilter),
            (400, None, Some("Arrearage"), "", Category::Quota),
            (429, None, Some("Throttling.AllocationQuota"), "", Category::RateLimit),
            (402, None, None, "Insufficient Balance", Category::Quota),
            (
                400,
                Some("invalid_request_error"),
                None,
                "Your credit balance is too low to access the API.",
                Category::Quota,
            ),
            (429, Some("exceeded_current_quota_error"), None, "", Category::Quota),
            (429, Some("rate_limit_reached_error"), None, "", Category::RateLimit),
            (429, None, Some("RateLimitReached"), "", Category::RateLimit),
            (429, Some("engine_overloaded_error"), None, "", Category::Overloaded),
            (503, None, Some("UNAVAILABLE"), "The model is overloaded.", Category::Overloaded),
            (504, Some("DEADLINE_EXCEEDED"), None, "", Category::Server),
            (413, Some("request_too_large"), None, "", Category::ContextTooLong),
            (
                400,
                Some("INVALID_ARGUMENT"),
                None,
                "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
                Category::ContextTooLong,
            ),
            (400, None, None, "This model's maximum prompt length is 131072", Category::ContextTooLong),
            (400, None, None, "Your request exceeded model token limit: 8192", Category::ContextTooLong),
            (400, Some("invalid_model"), Some("1500"), "Invalid model: x", Category::NotFound),
            (400, None, Some("400"), "Model no-such/model does not exist", Category::NotFound),
            (404, Some("invalid_request_error"), Some("DeploymentNotFound"), "", Category::NotFound),
            (
                400,
                Some("FAILED_PRECONDITION"),
                None,
                "User location is not supported for the API use.",
                Category::Authentication,
            ),
            (403, None, None, "country not supported", Category::Authentication),
            (408, None, None, "", Category::Timeout),
            (418, None, None, "", Category::InvalidRequest),
            (529, None, None, "", Category::Overloaded),
            (599, None, None, "", Category::Server),
        ] {
            assert_eq!(of(Some(status), kind, code, message), category, "{status} {code:?} {message}");
        }
        assert_eq!(of(None, Some("server_error"), None, "boom"), Category::Server);
        assert_eq!(of(None, Some("invalid_request_error"), Some("x"), "no"), Category::InvalidRequest);
    }
}
