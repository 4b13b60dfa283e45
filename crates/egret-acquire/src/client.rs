//! The S3 client, with the credentials the AWS command line would take.

use aws_config::{BehaviorVersion, Region};
use aws_sdk_s3::Client;

/// What the environment does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientOptions {
    /// Region of the buckets.
    pub region: Option<String>,
    /// Profile of the AWS configuration files.
    pub profile: Option<String>,
    /// Another S3 service than AWS's, such as `http://127.0.0.1:8333`.
    pub endpoint_url: Option<String>,
}

/// A client with credentials from environment, profile, SSO, container or instance, in that order.
pub async fn client(options: &ClientOptions) -> Client {
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    if let Some(region) = &options.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(profile) = &options.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(url) = &options.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    let shared = loader.load().await;
    let config = aws_sdk_s3::config::Builder::from(&shared)
        // Other services than AWS's have no host name per bucket.
        .force_path_style(options.endpoint_url.is_some())
        .build();
    Client::from_conf(config)
}
