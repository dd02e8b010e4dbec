//! The provider's signing key and JSON Web Tokens made with it (RS256).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rsa::{
    RsaPrivateKey,
    pkcs1v15::{Signature, SigningKey, VerifyingKey},
    rand_core::OsRng,
    sha2::{Digest, Sha256},
    signature::{SignatureEncoding, Signer, Verifier},
    traits::PublicKeyParts,
};
use serde_json::{Value, json};

const KEY_BITS: usize = 2048;

/// One RSA key with its id.
pub(super) struct Key {
    id: String,
    signing: SigningKey<Sha256>,
    modulus: String,
    exponent: String,
}

/// How a token's header and signature are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seal {
    Sound,
    /// `alg: none` and no signature.
    None,
    /// A key id that the key set does not have.
    UnknownKeyId,
    /// A signature over something else.
    WrongSignature,
}

impl Key {
    /// Makes a key. Takes up to a second: not for the runtime's threads.
    pub(super) fn generate() -> rsa::Result<Self> {
        let key = RsaPrivateKey::new(&mut OsRng, KEY_BITS)?;
        let modulus = URL_SAFE_NO_PAD.encode(key.n().to_bytes_be());
        let exponent = URL_SAFE_NO_PAD.encode(key.e().to_bytes_be());
        // The thumbprint of RFC 7638.
        let thumb = format!(r#"{{"e":"{exponent}","kty":"RSA","n":"{modulus}"}}"#);
        Ok(Self {
            id: URL_SAFE_NO_PAD.encode(Sha256::digest(thumb)),
            signing: SigningKey::new(key),
            modulus,
            exponent,
        })
    }

    /// The key set (RFC 7517) with the public half.
    pub(super) fn jwks(&self) -> Value {
        json!({ "keys": [{
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.id,
            "n": self.modulus,
            "e": self.exponent,
        }] })
    }

    pub(super) fn token(&self, claims: &Value, seal: Seal) -> String {
        let header = match seal {
            Seal::None => json!({ "alg": "none", "typ": "JWT" }),
            Seal::UnknownKeyId => {
                json!({ "alg": "RS256", "typ": "JWT", "kid": "no-such-key" })
            }
            Seal::Sound | Seal::WrongSignature => {
                json!({ "alg": "RS256", "typ": "JWT", "kid": self.id })
            }
        };
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(&header), encode(claims));
        let signature = match seal {
            Seal::None => return format!("{signed}."),
            Seal::WrongSignature => self.signing.sign(b"something else"),
            Seal::Sound | Seal::UnknownKeyId => self.signing.sign(signed.as_bytes()),
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }

    /// The claims of a token that this key has signed, however old.
    pub(super) fn read(&self, token: &str) -> Option<Value> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (_, claims) = signed.split_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let signature = Signature::try_from(signature.as_slice()).ok()?;
        let verifying =
            VerifyingKey::<Sha256>::new(self.signing.as_ref().to_public_key());
        verifying.verify(signed.as_bytes(), &signature).ok()?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_key_signed_is_read() {
        let key = Key::generate().unwrap();
        let claims = json!({ "sub": "a" });
        assert_eq!(
            key.read(&key.token(&claims, Seal::Sound)),
            Some(claims.clone())
        );
        assert_eq!(key.read(&key.token(&claims, Seal::None)), None);
        assert_eq!(key.read(&key.token(&claims, Seal::WrongSignature)), None);
        let other = Key::generate().unwrap();
        assert_eq!(key.read(&other.token(&claims, Seal::Sound)), None);
        assert_eq!(key.read("a.b"), None);
    }
}
