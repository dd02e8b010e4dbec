//! Versioning and Object Lock, as settings that are kept and shown.
//!
//! No versions are kept: a deleted object is gone here, whatever versioning says. To
//! who lists the current objects, as a job does, that looks as it does in S3.

use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use super::super::lock::{DefaultHold, Retained};
use super::{Answer, Service, caller, invalid, only_version, timestamp};

pub(super) fn versioning(
    service: &Service,
    request: &S3Request<GetBucketVersioningInput>,
) -> Answer<GetBucketVersioningOutput> {
    let input = &request.input;
    let bucket = service.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
    let settings = bucket.protection;
    // S3 leaves out what was never set.
    let enabled = MFADeleteStatus::from_static(MFADeleteStatus::ENABLED);
    Ok(S3Response::new(GetBucketVersioningOutput {
        mfa_delete: settings.mfa_delete.then_some(enabled),
        status: settings.versioning.map(BucketVersioningStatus::from),
    }))
}

pub(super) async fn set_versioning(
    service: &Service,
    request: S3Request<PutBucketVersioningInput>,
) -> Answer<PutBucketVersioningOutput> {
    let by = caller(&request)?;
    let input = request.input;
    let bucket = service.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
    if input.mfa.is_some() || input.versioning_configuration.mfa_delete.is_some() {
        return Err(not_done("the sandbox has no second factors"));
    }
    let status = input.versioning_configuration.status;
    let status = status.map(|one| one.as_str().to_owned());
    match status.as_deref() {
        Some("Enabled") => {}
        Some("Suspended") if !bucket.protection.object_lock => {}
        Some("Suspended") => {
            let message = "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.";
            return Err(code("InvalidBucketState", message));
        }
        _ => return Err(S3Error::new(S3ErrorCode::MalformedXML)),
    }
    let (name, action) = (input.bucket, "PutBucketVersioning");
    let change = move |bucket: &mut super::Bucket| bucket.protection.versioning = status;
    service
        .on_store(move |store| store.set_bucket(&by, action, &name, change))
        .await?;
    Ok(S3Response::new(PutBucketVersioningOutput::default()))
}

pub(super) fn lock(
    service: &Service,
    request: &S3Request<GetObjectLockConfigurationInput>,
) -> Answer<GetObjectLockConfigurationOutput> {
    let input = &request.input;
    let bucket = service.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
    if !bucket.protection.object_lock {
        let message = "Object Lock configuration does not exist for this bucket";
        return Err(code("ObjectLockConfigurationNotFoundError", message));
    }
    let rule = bucket.protection.default_hold.map(|hold| ObjectLockRule {
        default_retention: Some(DefaultRetention {
            days: Some(hold.days),
            mode: Some(ObjectLockRetentionMode::from(hold.mode)),
            years: None,
        }),
    });
    Ok(S3Response::new(GetObjectLockConfigurationOutput {
        object_lock_configuration: Some(ObjectLockConfiguration {
            object_lock_enabled: Some(ObjectLockEnabled::from_static(
                ObjectLockEnabled::ENABLED,
            )),
            rule,
        }),
    }))
}

pub(super) async fn set_lock(
    service: &Service,
    request: S3Request<PutObjectLockConfigurationInput>,
) -> Answer<PutObjectLockConfigurationOutput> {
    let by = caller(&request)?;
    let input = request.input;
    let bucket = service.bucket(&input.bucket, input.expected_bucket_owner.as_deref())?;
    if bucket.protection.versioning.as_deref() != Some("Enabled") {
        let message = "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration";
        return Err(code("InvalidBucketState", message));
    }
    let Some(configuration) = input.object_lock_configuration else {
        return Err(S3Error::new(S3ErrorCode::MalformedXML));
    };
    let default = configuration.rule.and_then(|rule| rule.default_retention);
    let default_hold = default.map(default_hold).transpose()?;
    let (name, action) = (input.bucket, "PutObjectLockConfiguration");
    let change = move |bucket: &mut super::Bucket| {
        bucket.protection.object_lock = true;
        bucket.protection.default_hold = default_hold;
    };
    service
        .on_store(move |store| store.set_bucket(&by, action, &name, change))
        .await?;
    Ok(S3Response::new(PutObjectLockConfigurationOutput::default()))
}

fn default_hold(default: DefaultRetention) -> S3Result<DefaultHold> {
    match (default.mode, default.days, default.years) {
        (Some(mode), Some(days), None) => Ok(DefaultHold {
            mode: mode.as_str().to_owned(),
            days,
        }),
        (Some(_), None, Some(_)) => Err(not_done("the sandbox retains by days")),
        _ => Err(S3Error::new(S3ErrorCode::MalformedXML)),
    }
}

pub(super) async fn legal_hold(
    service: &Service,
    request: S3Request<GetObjectLegalHoldInput>,
) -> Answer<GetObjectLegalHoldOutput> {
    let by = caller(&request)?;
    let input = request.input;
    let version = input.version_id.as_deref();
    lockable(
        service,
        &input.bucket,
        version,
        input.expected_bucket_owner.as_deref(),
    )?;
    let (bucket, key) = (input.bucket, input.key);
    let object = service
        .on_store(move |store| store.head(&by, &bucket, &key))
        .await?;
    if !object.meta.legal_hold {
        let message = "The specified object does not have a ObjectLock configuration";
        return Err(code("NoSuchObjectLockConfiguration", message));
    }
    let on = ObjectLockLegalHoldStatus::ON;
    Ok(S3Response::new(GetObjectLegalHoldOutput {
        legal_hold: Some(ObjectLockLegalHold {
            status: Some(ObjectLockLegalHoldStatus::from_static(on)),
        }),
    }))
}

pub(super) async fn set_legal_hold(
    service: &Service,
    request: S3Request<PutObjectLegalHoldInput>,
) -> Answer<PutObjectLegalHoldOutput> {
    let by = caller(&request)?;
    let input = request.input;
    let version = input.version_id.as_deref();
    lockable(
        service,
        &input.bucket,
        version,
        input.expected_bucket_owner.as_deref(),
    )?;
    let status = input.legal_hold.and_then(|hold| hold.status);
    let held = match status.as_ref().map(ObjectLockLegalHoldStatus::as_str) {
        Some("ON") => true,
        Some("OFF") => false,
        _ => return Err(S3Error::new(S3ErrorCode::MalformedXML)),
    };
    let (bucket, key) = (input.bucket, input.key);
    let action = "PutObjectLegalHold";
    service
        .on_store(move |store| {
            store.set_meta(&by, action, &bucket, &key, |meta| meta.legal_hold = held)
        })
        .await?;
    Ok(S3Response::new(PutObjectLegalHoldOutput::default()))
}

pub(super) async fn set_retention(
    service: &Service,
    request: S3Request<PutObjectRetentionInput>,
) -> Answer<PutObjectRetentionOutput> {
    let by = caller(&request)?;
    let input = request.input;
    let version = input.version_id.as_deref();
    lockable(
        service,
        &input.bucket,
        version,
        input.expected_bucket_owner.as_deref(),
    )?;
    let Some(ObjectLockRetention {
        mode: Some(mode),
        retain_until_date: Some(until),
    }) = input.retention
    else {
        return Err(S3Error::new(S3ErrorCode::MalformedXML));
    };
    let until_ms = millis(&until)?;
    let retained = Retained {
        mode: mode.as_str().to_owned(),
        until_ms,
    };
    let (bucket, key) = (input.bucket, input.key);
    let action = "PutObjectRetention";
    service
        .on_store(move |store| {
            store.set_meta(&by, action, &bucket, &key, |meta| {
                meta.retained = Some(retained);
            })
        })
        .await?;
    Ok(S3Response::new(PutObjectRetentionOutput::default()))
}

/// `s3s` gives the time only as text: seconds since the epoch, perhaps with a part.
fn millis(time: &Timestamp) -> S3Result<i64> {
    let mut text = Vec::new();
    time.format(TimestampFormat::EpochSeconds, &mut text)
        .map_err(S3Error::internal_error)?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let seconds = text.split('.').next().unwrap_or_default();
    seconds
        .parse::<i64>()
        .map(|seconds| seconds * 1_000)
        .map_err(|error| invalid(format!("{text} is no time: {error}")))
}

/// Mode and end of what an object's headers tell of its retention.
pub(super) fn shown(
    retained: Option<Retained>,
) -> (Option<ObjectLockMode>, Option<Timestamp>) {
    match retained {
        Some(one) => (
            Some(ObjectLockMode::from(one.mode)),
            Some(timestamp(one.until_ms)),
        ),
        None => (None, None),
    }
}

/// The legal hold of an object's headers, which S3 leaves out where none was ever set.
pub(super) fn shown_hold(held: bool) -> Option<ObjectLockLegalHoldStatus> {
    let on = ObjectLockLegalHoldStatus::ON;
    held.then(|| ObjectLockLegalHoldStatus::from_static(on))
}

/// Whether the bucket has Object Lock, and the version is the only one there is.
fn lockable(
    service: &Service,
    bucket: &str,
    version: Option<&str>,
    owner: Option<&str>,
) -> S3Result<()> {
    only_version(version)?;
    if service.bucket(bucket, owner)?.protection.object_lock {
        return Ok(());
    }
    let message = "Bucket is missing Object Lock Configuration";
    Err(S3Error::with_message(S3ErrorCode::InvalidRequest, message))
}

fn code(code: &str, message: &str) -> S3Error {
    let found = S3ErrorCode::from_bytes(code.as_bytes());
    let mut error = S3Error::with_message(
        found.unwrap_or(S3ErrorCode::InternalError),
        message.to_owned(),
    );
    error.set_status_code(match code {
        "ObjectLockConfigurationNotFoundError" | "NoSuchObjectLockConfiguration" => {
            http::StatusCode::NOT_FOUND
        }
        _ => http::StatusCode::CONFLICT,
    });
    error
}

fn not_done(message: &'static str) -> S3Error {
    S3Error::with_message(S3ErrorCode::NotImplemented, message)
}
