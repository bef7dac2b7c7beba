//! Short unique names for messages, conversations and turns.

use std::fmt::Write as _;

/// 128 random bits as 32 lower-case hexadecimal digits.
///
/// # Panics
/// When the operating system has no randomness to give, which leaves nothing safe to do.
#[must_use]
pub fn random() -> String {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).expect("BUG: the operating system gives random bytes");
    bytes.iter().fold(String::with_capacity(32), |mut id, byte| {
        write!(id, "{byte:02x}").expect("BUG: a String takes any write");
        id
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_32_hex_digits_and_differ() {
        let (a, b) = (random(), random());
        assert_eq!(a.len(), 32);
        assert!(a.bytes().all(|b| b.is_ascii_hexdigit()));
        assert_ne!(a, b);
    }
}
