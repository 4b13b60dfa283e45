//! Who delivers logs on behalf of AWS.

use egret_model::aws::delivers_logs;

/// Whether the service writes logs and reports into a bucket, topic or queue and takes nothing out.
///
/// # Source
///
/// As [`delivers_logs`], and the pages on the bucket policies that exports and reports need.
pub(super) fn is_delivery_service(service: &str) -> bool {
    let name = service
        .strip_suffix(".amazonaws.com")
        .or_else(|| service.strip_suffix(".amazonaws.com.cn"))
        .unwrap_or(service);
    // CloudWatch Logs exports under the name of its Region.
    delivers_logs(name)
        || name.starts_with("logs.")
        || matches!(name, "bcm-data-exports" | "billingreports" | "guardduty" | "logs" | "redshift")
}

/// Whether the account is one under which Elastic Load Balancing wrote its access logs, one for
/// each Region, before it had a service principal. Policies still name them.
///
/// # Source
///
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html>
pub(super) fn is_delivery_account(account: &str) -> bool {
    matches!(
        account,
        "127311923021"
            | "033677994240"
            | "027434742980"
            | "797873946194"
            | "098369216593"
            | "754344448648"
            | "589379963580"
            | "718504428378"
            | "383597477331"
            | "600734575887"
            | "114774131450"
            | "783225319266"
            | "582318560864"
            | "985666609251"
            | "054676820928"
            | "156460612806"
            | "652711504416"
            | "635631232127"
            | "009996457667"
            | "897822967062"
            | "076674570225"
            | "507241528517"
            | "048591011584"
            | "190560391635"
            | "638102146993"
            | "037604701340"
    )
}

/// Canonical user id under which CloudFront writes its access logs.
///
/// # Source
///
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging-legacy-s3.html>
pub(super) const CLOUDFRONT_LOGS: &str =
    "c4c1ede66af53448b93c283ce9448c4ba468c9432aa01d700d3878632f77d2d0";
