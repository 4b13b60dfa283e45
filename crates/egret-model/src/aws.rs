//! AWS names read into their parts.

/// The account an ARN names, when it names one.
///
/// # Example
///
/// ```
/// use egret_model::aws::account_of_arn;
///
/// assert_eq!(account_of_arn("arn:aws:iam::111122223333:role/Ops"), Some("111122223333"));
/// assert_eq!(account_of_arn("arn:aws:s3:::bucket"), None);
/// ```
pub fn account_of_arn(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(6, ':');
    if parts.next()? != "arn" {
        return None;
    }
    let account = parts.nth(3)?;
    is_account_id(account).then_some(account)
}

/// Whether the text is an account id: twelve digits.
pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Role name and session name of an assumed-role ARN.
///
/// # Example
///
/// ```
/// use egret_model::aws::assumed_role;
///
/// let arn = "arn:aws:sts::111122223333:assumed-role/Ops/ana@example.com";
/// assert_eq!(assumed_role(arn), Some(("Ops", "ana@example.com")));
/// assert_eq!(assumed_role("arn:aws:iam::111122223333:user/ana"), None);
/// ```
pub fn assumed_role(arn: &str) -> Option<(&str, &str)> {
    let resource = arn.splitn(6, ':').nth(5)?;
    resource.strip_prefix("assumed-role/")?.split_once('/')
}

/// The last part of an ARN's resource: the name without its path.
pub fn name_of_arn(arn: &str) -> &str {
    arn.rsplit(['/', ':']).next().unwrap_or(arn)
}

/// Whether that service calls S3, KMS and others to deliver logs, by its name with or without
/// `.amazonaws.com`.
///
/// # Source
///
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html>,
/// and the services' own pages on the bucket policies that they need.
///
/// # Example
///
/// ```
/// use egret_model::aws::delivers_logs;
///
/// assert!(delivers_logs("delivery.logs.amazonaws.com"));
/// assert!(!delivers_logs("ec2.amazonaws.com"));
/// ```
pub fn delivers_logs(service: &str) -> bool {
    matches!(
        service.strip_suffix(".amazonaws.com").unwrap_or(service),
        "cloudtrail"
            | "config"
            | "delivery.logs"
            | "logdelivery.elasticloadbalancing"
            | "logging.s3"
            | "vpc-flow-logs"
    )
}

/// Bucket and key of an S3 object or bucket ARN.
pub fn s3_object_of_arn(arn: &str) -> Option<(&str, Option<&str>)> {
    let mut parts = arn.splitn(6, ':');
    let service = parts.nth(2)?;
    let resource = parts.nth(2)?;
    if service != "s3" {
        return None;
    }
    match resource.split_once('/') {
        Some((bucket, key)) => Some((bucket, Some(key).filter(|key| !key.is_empty()))),
        None => Some((resource, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_and_buckets() {
        assert_eq!(s3_object_of_arn("arn:aws:s3:::b/a/c"), Some(("b", Some("a/c"))));
        assert_eq!(s3_object_of_arn("arn:aws:s3:::b"), Some(("b", None)));
        assert_eq!(s3_object_of_arn("arn:aws:sqs:us-east-1:111122223333:q"), None);
        assert_eq!(s3_object_of_arn("not an arn"), None);
    }
}
