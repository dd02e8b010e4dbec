//! Switches that make the sandbox misbehave.
//!
//! A fault names whom it strikes (service, action, prefix of the key), what it does and
//! how often. Chance comes from one seeded generator, so that a failing test can be
//! repeated. The whole set can be written and read as JSON for the console.

use std::sync::Mutex;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// What a fault does to the call that it strikes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultKind {
    /// 503 SlowDown from S3, 429 or 400 ThrottlingException from the others.
    Throttle,
    /// An error with this status and code; nothing is done.
    Error { status: u16, code: String },
    /// The call is carried out after this delay, which is not scaled.
    Delay { ms: u64 },
    /// The connection is closed before anything is done.
    CutBefore,
    /// The call is carried out and the connection closed without an answer.
    CutAfter,
    /// Half of the body of the answer is sent, then the connection is closed.
    CutBody,
    /// CopyObject says OK and stores other bytes of the same size.
    WrongBytesOnCopy,
    /// CopyObject says OK and stores nothing.
    CopyMissing,
    /// CopyObject and CompleteMultipartUpload answer 200 with an error inside.
    ErrorInside200 { code: String },
    /// Conditions (`If-Match` and the like) are ignored, as older servers do.
    IgnoreConditions,
    /// DeleteObjects answers 200 and this error for the key.
    DeleteKeyError { code: String },
    /// A listing is truncated but names no continuation token.
    ListWithoutToken,
    /// A listing is truncated and names the token that it was asked with.
    ListTokenRepeated,
    /// The answer is 200 with XML that breaks off.
    BrokenXml,
}

/// How often a fault strikes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Every matching call.
    #[default]
    Always,
    /// This share of the matching calls, in percent.
    Percent(u8),
    /// The next so many matching calls.
    Times(u32),
}

/// One switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The service as it stands in a signature's scope: `s3`, `emr-serverless`.
    pub service: String,
    /// The operation by its AWS name; absent means all.
    #[serde(default)]
    pub action: Option<String>,
    /// Only S3 calls on keys that start so; absent means all.
    #[serde(default)]
    pub key_prefix: Option<String>,
    /// What happens.
    pub does: FaultKind,
    /// How often.
    #[serde(default)]
    pub when: When,
}

/// A fault that is switched on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActiveFault {
    /// Its number, for switching it off.
    pub id: u64,
    /// The switch; `when` counts down as it strikes.
    pub fault: Fault,
    /// How often it has struck.
    pub struck: u64,
}

/// All the faults that are switched on.
#[derive(Debug)]
pub struct Faults {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    next_id: u64,
    active: Vec<ActiveFault>,
    random: StdRng,
}

impl Faults {
    /// No faults; chance is drawn from `seed`.
    pub fn new(seed: u64) -> Self {
        Self {
            inner: Mutex::new(Inner {
                next_id: 0,
                active: Vec::new(),
                random: StdRng::seed_from_u64(seed),
            }),
        }
    }

    /// Switches a fault on and gives its number.
    pub fn set(&self, fault: Fault) -> u64 {
        let mut inner = self.lock();
        inner.next_id += 1;
        let id = inner.next_id;
        inner.active.push(ActiveFault {
            id,
            fault,
            struck: 0,
        });
        id
    }

    /// Switches one fault off; false when there is none of that number.
    pub fn clear(&self, id: u64) -> bool {
        let mut inner = self.lock();
        let before = inner.active.len();
        inner.active.retain(|active| active.id != id);
        inner.active.len() < before
    }

    /// Switches everything off.
    pub fn clear_all(&self) {
        self.lock().active.clear();
    }

    /// What is switched on, in the order it was set.
    pub fn list(&self) -> Vec<ActiveFault> {
        self.lock().active.clone()
    }

    /// What strikes this call. Counts go down, so ask once for each call.
    pub fn strike(
        &self,
        service: &str,
        action: &str,
        key: Option<&str>,
    ) -> Vec<FaultKind> {
        self.strike_where(service, action, key, |_| true)
    }

    /// As `strike`, for faults of the kinds that `wanted` lets through; the others
    /// keep their counts.
    pub fn strike_where(
        &self,
        service: &str,
        action: &str,
        key: Option<&str>,
        wanted: impl Fn(&FaultKind) -> bool,
    ) -> Vec<FaultKind> {
        let mut inner = self.lock();
        let Inner { active, random, .. } = &mut *inner;
        let mut struck = Vec::new();
        for one in active.iter_mut() {
            if one.fault.matches(service, action, key)
                && wanted(&one.fault.does)
                && one.fault.when.comes_up(random)
            {
                one.struck += 1;
                struck.push(one.fault.does.clone());
            }
        }
        active.retain(|one| one.fault.when != When::Times(0));
        struck
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Fault {
    fn matches(&self, service: &str, action: &str, key: Option<&str>) -> bool {
        self.service == service
            && self.action.as_deref().is_none_or(|wanted| wanted == action)
            && self
                .key_prefix
                .as_deref()
                .is_none_or(|prefix| key.is_some_and(|key| key.starts_with(prefix)))
    }
}

impl When {
    fn comes_up(&mut self, random: &mut StdRng) -> bool {
        match self {
            Self::Always => true,
            Self::Percent(percent) => random.random_range(0..100) < *percent,
            Self::Times(left) => {
                let strikes = *left > 0;
                *left = left.saturating_sub(1);
                strikes
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle(when: When) -> Fault {
        Fault {
            service: "s3".into(),
            action: Some("PutObject".into()),
            key_prefix: Some("a/".into()),
            does: FaultKind::Throttle,
            when,
        }
    }

    #[test]
    fn a_fault_strikes_only_what_it_names() {
        let faults = Faults::new(1);
        faults.set(throttle(When::Always));
        assert_eq!(faults.strike("s3", "PutObject", Some("a/1")).len(), 1);
        assert!(faults.strike("s3", "PutObject", Some("b/1")).is_empty());
        assert!(faults.strike("s3", "PutObject", None).is_empty());
        assert!(faults.strike("s3", "GetObject", Some("a/1")).is_empty());
        assert!(faults.strike("logs", "PutObject", Some("a/1")).is_empty());
    }

    #[test]
    fn a_counted_fault_ends_by_itself() {
        let faults = Faults::new(1);
        faults.set(throttle(When::Times(2)));
        let strikes = (0..5)
            .filter(|_| !faults.strike("s3", "PutObject", Some("a/1")).is_empty())
            .count();
        assert_eq!(strikes, 2);
        assert!(faults.list().is_empty());
    }

    #[test]
    fn chance_is_repeatable_and_near_its_share() {
        let run = || {
            let faults = Faults::new(7);
            faults.set(throttle(When::Percent(30)));
            (0..1000)
                .map(|_| !faults.strike("s3", "PutObject", Some("a/1")).is_empty())
                .collect::<Vec<_>>()
        };
        let first = run();
        assert_eq!(first, run());
        let share = first.iter().filter(|struck| **struck).count();
        assert!((240..360).contains(&share), "{share}");
    }

    #[test]
    fn a_switch_is_read_from_json_and_unknown_fields_are_refused() {
        let fault: Fault = serde_json::from_str(
            r#"{"service":"s3","does":{"kind":"delay","ms":5},"when":{"times":3}}"#,
        )
        .expect("a fault");
        assert_eq!(fault.does, FaultKind::Delay { ms: 5 });
        assert_eq!(fault.when, When::Times(3));
        let wrong = r#"{"service":"s3","does":{"kind":"throttle"},"prefix":"a/"}"#;
        assert!(serde_json::from_str::<Fault>(wrong).is_err());
    }
}
