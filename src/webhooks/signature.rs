//! What a message is signed with, and how.

use cadran_engine::model::Timestamp;
use data_encoding::BASE64;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// Bytes of a secret. The specification asks for 24 to 64.
pub const SECRET_BYTES: usize = 32;

/// What the text of a secret begins with.
const PREFIX: &str = "whsec_";

/// A secret as its receiver is given it.
pub fn secret_text(secret: &[u8]) -> String {
    format!("{PREFIX}{}", BASE64.encode(secret))
}

/// The secret of a text; none when it is not one.
pub fn secret_bytes(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.strip_prefix(PREFIX)?.as_bytes()).ok()
}

/// The header `webhook-signature`: one signature for each secret that holds, the present one first.
pub fn sign(secrets: &[Vec<u8>], id: &str, at: Timestamp, body: &str) -> String {
    let seconds = at.as_millis().div_euclid(1000);
    let signatures = secrets.iter().filter_map(|secret| {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
        mac.update(format!("{id}.{seconds}.{body}").as_bytes());
        Some(format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes())))
    });
    signatures.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_comes_out() {
        let secret = secret_bytes("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let at = Timestamp::from_millis(1_614_265_330_000);
        let signature = sign(
            std::slice::from_ref(&secret),
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            at,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let both = sign(&[secret.clone(), vec![1; 32]], "msg", at, "{}");
        assert_eq!(both.split(' ').count(), 2);
        assert_eq!(secret_bytes(&secret_text(&secret)), Some(secret));
        assert_eq!(secret_bytes("MfKQ"), None);
    }
}
