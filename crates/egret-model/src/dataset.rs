//! Kinds of log, as `event.dataset` names them.

/// A kind of log, and the partition its events are stored in.
///
/// A new source adds a constant here when it brings a dataset of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dataset(&'static str);

impl Dataset {
    /// CloudTrail, all event categories.
    pub const CLOUDTRAIL: Self = Self("aws.cloudtrail");
    /// S3 server access log.
    pub const S3_ACCESS: Self = Self("aws.s3access");
    /// VPC flow log.
    pub const VPC_FLOW: Self = Self("aws.vpcflow");
    /// Access log of an Application or Classic Load Balancer.
    pub const ELB: Self = Self("aws.elb_logs");
    /// CloudFront standard access log.
    pub const CLOUDFRONT: Self = Self("aws.cloudfront_logs");
    /// Route 53 Resolver query log.
    pub const ROUTE53_RESOLVER: Self = Self("aws.route53_resolver_logs");
    /// GuardDuty findings.
    pub const GUARDDUTY: Self = Self("aws.guardduty");
    /// Okta System Log.
    pub const OKTA: Self = Self("okta.system");
    /// Audit log of whatever hands out AWS role credentials to people.
    pub const IDENTITY_BROKER: Self = Self("identity_broker.audit");

    /// Whatever else a team's own pipeline brings as ECS documents; `event.dataset` keeps its name.
    pub const OTHER: Self = Self("other");

    /// Every dataset, in the order reports list them.
    pub const ALL: &'static [Self] = &[
        Self::CLOUDTRAIL,
        Self::S3_ACCESS,
        Self::VPC_FLOW,
        Self::ROUTE53_RESOLVER,
        Self::ELB,
        Self::CLOUDFRONT,
        Self::GUARDDUTY,
        Self::IDENTITY_BROKER,
        Self::OKTA,
        Self::OTHER,
    ];

    /// As `event.dataset` and the partition spell it.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// As `event.module` spells what it is a part of: `aws` of `aws.cloudtrail`.
    pub fn module(self) -> &'static str {
        self.0.split_once('.').map_or(self.0, |(module, _)| module)
    }

    /// The dataset of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|dataset| dataset.0 == name)
    }

    /// What a reader calls it.
    pub fn title(self) -> &'static str {
        match self.0 {
            "aws.cloudtrail" => "CloudTrail",
            "aws.s3access" => "S3 server access log",
            "aws.vpcflow" => "VPC flow log",
            "aws.elb_logs" => "load balancer access log",
            "aws.cloudfront_logs" => "CloudFront access log",
            "aws.route53_resolver_logs" => "Route 53 Resolver query log",
            "aws.guardduty" => "GuardDuty findings",
            "okta.system" => "Okta System Log",
            "identity_broker.audit" => "identity broker audit log",
            "other" => "other ECS documents",
            other => other,
        }
    }
}

impl std::fmt::Display for Dataset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}
