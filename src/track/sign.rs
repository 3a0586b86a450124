//! Signatures as Standard Webhooks asks for them: HMAC-SHA256 over `id.timestamp.body`, in base64, behind `v1,`.
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What a secret begins with when it is written down.
const PREFIX: &str = "whsec_";
/// Random bytes of a secret; the specification asks for 24 to 64.
const BYTES: usize = 32;

/// A new secret, from the system's random numbers.
///
/// # Errors
/// When the system has none.
pub fn new_secret() -> Result<String, std::io::Error> {
    Ok(format!("{PREFIX}{}", STANDARD.encode(random::<BYTES>()?)))
}

/// The part of an address that nobody can guess: 32 hexadecimal digits.
///
/// # Errors
/// When the system has no random numbers.
pub fn new_address() -> Result<String, std::io::Error> {
    Ok(random::<16>()?.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn random<const N: usize>() -> Result<[u8; N], std::io::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(std::io::Error::from)?;
    Ok(bytes)
}

/// The value of `webhook-signature`: one signature for each secret. `timestamp` is in seconds since 1970. A secret that cannot
/// be read signs nothing.
pub fn signatures<'a>(secrets: impl IntoIterator<Item = &'a str>, id: &str, timestamp: i64, body: &str) -> String {
    let signed: Vec<String> = secrets
        .into_iter()
        .filter_map(|secret| {
            let key = STANDARD.decode(secret.strip_prefix(PREFIX).unwrap_or(secret)).ok()?;
            let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
            mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
            Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
        })
        .collect();
    signed.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_signs_as_the_specification_s_example() {
        // The test vector that the specification's reference libraries share.
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let (id, timestamp, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signatures([secret], id, timestamp, body), signature);
        let bare = secret.trim_start_matches(PREFIX);
        assert_eq!(
            signatures([bare, "not base64!", secret], id, timestamp, body),
            format!("{signature} {signature}")
        );
    }

    #[test]
    fn secrets_are_long_and_never_the_same() {
        let (one, other) = (new_secret().unwrap(), new_secret().unwrap());
        assert_ne!(one, other);
        assert_eq!(STANDARD.decode(one.trim_start_matches(PREFIX)).unwrap().len(), BYTES);
        assert_eq!(new_address().unwrap().len(), 32);
    }
}
