//! From the claims of an ID token to roles.

use std::collections::{BTreeSet, HashMap};

use domain::access::{Grant, Scope};
use openidconnect::AdditionalClaims;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::RoleMapping;

/// Whatever the provider puts into the ID token besides the standard claims.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct OtherClaims(HashMap<String, Value>);

impl AdditionalClaims for OtherClaims {}

impl OtherClaims {
    /// The texts of the roles claim: a text or a list of texts, under that very
    /// name or, as some providers nest it, along a dotted path.
    pub(super) fn texts(&self, claim: &str) -> Vec<String> {
        let value = self.0.get(claim).or_else(|| {
            let mut parts = claim.split('.');
            let first = self.0.get(parts.next()?)?;
            parts.try_fold(first, |value, part| value.get(part))
        });
        match value {
            Some(Value::String(text)) => vec![text.clone()],
            Some(Value::Array(items)) => items
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// What the holder of these claim values may be, by the configuration of now.
pub(super) fn grants(values: &[String], mappings: &[RoleMapping]) -> Vec<Grant> {
    let held = mappings
        .iter()
        .filter(|mapping| values.contains(&mapping.value));
    held.map(|mapping| Grant {
        role: mapping.role,
        scope: scope(mapping),
    })
    .collect()
}

fn scope(mapping: &RoleMapping) -> Scope {
    if !mapping.streams.is_empty() {
        return Scope::Streams(mapping.streams.iter().cloned().collect());
    }
    if mapping.environments.is_empty() {
        return Scope::All;
    }
    let names: BTreeSet<String> = mapping
        .environments
        .iter()
        .map(|name| name.as_str().to_owned())
        .collect();
    Scope::Environments(names)
}

#[cfg(test)]
mod tests {
    use domain::access::Role;
    use serde_json::json;

    use super::*;

    fn claims(value: Value) -> OtherClaims {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn the_roles_claim_is_found_in_the_forms_that_providers_use() {
        let nested = claims(json!({"realm_access": {"roles": ["a", "b"]}}));
        assert_eq!(nested.texts("realm_access.roles"), ["a", "b"]);
        let named = claims(json!({"https://x.example/roles": "a"}));
        assert_eq!(named.texts("https://x.example/roles"), ["a"]);
        let odd = claims(json!({"groups": [1, "a", null]}));
        assert_eq!(odd.texts("groups"), ["a"]);
        assert!(odd.texts("roles").is_empty());
    }

    #[test]
    fn only_a_mapped_value_gives_a_role() {
        let mapping = |value: &str, role| RoleMapping {
            value: value.into(),
            role,
            environments: Vec::new(),
            streams: Vec::new(),
        };
        let mappings = [mapping("ops", Role::Operator), mapping("boss", Role::Admin)];
        let given = grants(&["ops".into(), "admin".into()], &mappings);
        assert_eq!(given.len(), 1);
        assert_eq!(
            (given[0].role, &given[0].scope),
            (Role::Operator, &Scope::All)
        );
    }
}
