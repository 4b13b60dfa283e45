//! The least rights that reading the places takes.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::place::S3Place;

/// An IAM policy document that allows listing and reading these places and nothing else.
///
/// Where a bucket is encrypted with a customer key, the key's own policy must allow
/// `kms:Decrypt` too; the document allows it through S3 only.
pub fn policy(places: &[S3Place]) -> Value {
    let buckets: BTreeSet<String> =
        places.iter().map(|place| format!("arn:aws:s3:::{}", place.bucket)).collect();
    let objects: BTreeSet<String> = places
        .iter()
        .map(|place| format!("arn:aws:s3:::{}/{}*", place.bucket, place.prefix))
        .collect();
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ListLogs",
                "Effect": "Allow",
                "Action": ["s3:ListBucket"],
                "Resource": buckets,
            },
            {
                "Sid": "ReadLogs",
                "Effect": "Allow",
                "Action": ["s3:GetObject"],
                "Resource": objects,
            },
            {
                "Sid": "DecryptLogsThroughS3",
                "Effect": "Allow",
                "Action": ["kms:Decrypt"],
                "Resource": ["*"],
                "Condition": { "StringLike": { "kms:ViaService": "s3.*.amazonaws.com" } },
            },
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_end_at_the_places() {
        let places: Vec<S3Place> = ["s3://trail-logs/AWSLogs/", "s3://trail-logs/access/"]
            .map(|text| text.parse().unwrap())
            .into();
        let document = policy(&places);
        assert_eq!(document["Statement"][0]["Resource"], json!(["arn:aws:s3:::trail-logs"]));
        assert_eq!(
            document["Statement"][1]["Resource"],
            json!(["arn:aws:s3:::trail-logs/AWSLogs/*", "arn:aws:s3:::trail-logs/access/*"])
        );
        let text = document.to_string();
        for verb in ["Put", "Delete", "s3:*"] {
            assert!(!text.contains(verb), "{text}");
        }
    }
}
