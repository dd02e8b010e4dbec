//! S3, STS, IAM and MSK behind the front door, driven by clients that are not ours: the
//! SDK that the product uses, boto3 and the AWS CLI.

mod client;
mod conditions;
mod door;
mod faults;
mod listings;
mod objects;
mod python;
mod rights;
mod uploads;
