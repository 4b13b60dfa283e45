//! Log bytes in, normalised event columns out.
//!
//! A source knows one kind of log: how to tell it from its first bytes, how to cut it into
//! records, and which ECS field each member of a record is. It opens no file and decompresses
//! nothing; `egret-store` hands it bytes.
//!
//! Start reading at [`LogSource`] and [`Registry::standard`], the list one adds to; then [`sink`].

mod access;
pub mod alb_access;
pub mod cloudfront;
pub mod cloudtrail;
pub mod detect;
pub mod guardduty;
pub mod identity_broker;
mod instant;
mod json;
mod lines;
mod occurrence;
pub mod okta_system;
mod percent;
pub mod route53_resolver;
pub mod s3_access;
pub mod sink;
mod user_agent;
pub mod vpc_flow;

pub use alb_access::AlbAccess;
pub use cloudfront::CloudFront;
pub use cloudtrail::CloudTrail;
pub use detect::Detection;
pub use guardduty::GuardDuty;
pub use identity_broker::{IdentityBroker, MappingError};
pub use okta_system::OktaSystem;
pub use route53_resolver::Route53Resolver;
pub use s3_access::S3Access;
pub use sink::{DayBatch, Decoded, RecordKey, Rejected, Sink};
pub use vpc_flow::VpcFlow;

/// One kind of log.
pub trait LogSource: Sync + Send + std::fmt::Debug {
    /// Short name: `cloudtrail`, `s3_access`, …
    fn id(&self) -> &'static str;

    /// What a reader calls it.
    fn title(&self) -> &'static str;

    /// Whether a file that begins with `head` is of this kind, and why; higher confidence wins.
    ///
    /// `head` is the first [`egret_model::limits::DETECT_BYTES`] of the decompressed file, or all
    /// of it. The file's name is never looked at.
    fn detect(&self, head: &[u8]) -> Option<Detection>;

    /// A decoder for one file that begins with `head`.
    fn decoder(&self, head: &[u8]) -> Box<dyn Decoder>;
}

/// Decodes one file, a piece at a time.
pub trait Decoder: Send {
    /// Reads as many whole records as `bytes` holds and says how many bytes it is done with.
    ///
    /// The caller keeps the rest and hands it over again, with more behind it. With `eof` nothing
    /// follows: everything must be consumed, and half a record goes to quarantine. Byte offsets
    /// count over all calls. A decoder that consumes nothing and is not at the end asks for more
    /// bytes; past [`egret_model::limits::RECORD_BYTES_MAX`] it must reject instead.
    fn feed(&mut self, bytes: &[u8], eof: bool, sink: &mut Sink) -> usize;

    /// What a reader should know about the file as a whole, such as a layout that was assumed.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The sources of a run: every built-in one, and the team's own broker mapping.
#[derive(Debug)]
pub struct Registry {
    sources: Vec<Box<dyn LogSource>>,
    broker: IdentityBroker,
}

impl Registry {
    /// Every built-in source. A new one is a file and a line here.
    pub fn standard() -> Self {
        Self::with_broker(IdentityBroker::built_in())
    }

    fn with_broker(broker: IdentityBroker) -> Self {
        Self {
            sources: vec![
                Box::new(CloudTrail),
                Box::new(S3Access),
                Box::new(VpcFlow),
                Box::new(Route53Resolver),
                Box::new(AlbAccess),
                Box::new(CloudFront),
                Box::new(GuardDuty),
                Box::new(OktaSystem),
                Box::new(broker.clone()),
            ],
            broker,
        }
    }

    /// The same sources, with a team's own broker mapping tried before the built-in one.
    ///
    /// `toml` has the shape of `sources/identity_broker.toml` in this crate.
    ///
    /// # Errors
    ///
    /// [`MappingError`] says what in the file is wrong; nothing has been read then.
    ///
    /// # Example
    ///
    /// ```
    /// use egret_sources::Registry;
    ///
    /// let registry = Registry::standard().with_broker_mapping(
    ///     r#"
    ///     [[preset]]
    ///     id = "grants"
    ///     title = "our own broker"
    ///     match = [{ path = "grant.role" }]
    ///     time = ["at"]
    ///     map = [{ from = "grant.role", to = "egret.broker.role" }]
    ///     "#,
    /// )?;
    /// let (source, _) = registry.detect(br#"{"at":1753326900,"grant":{"role":"Ops"}}"#).unwrap();
    /// assert_eq!(source.id(), "identity_broker");
    /// # Ok::<(), egret_sources::MappingError>(())
    /// ```
    pub fn with_broker_mapping(self, toml: &str) -> Result<Self, MappingError> {
        Ok(Self::with_broker(self.broker.with_mapping(toml)?))
    }

    /// All of them, in order of preference.
    pub fn sources(&self) -> impl Iterator<Item = &dyn LogSource> {
        self.sources.iter().map(AsRef::as_ref)
    }

    /// The source that a file beginning with `head` is of; `None` when none knows it.
    ///
    /// The highest confidence wins, and the first of the list among equals.
    pub fn detect(&self, head: &[u8]) -> Option<(&dyn LogSource, Detection)> {
        let mut best: Option<(&dyn LogSource, Detection)> = None;
        for source in self.sources() {
            if let Some(found) = source.detect(head)
                && best.as_ref().is_none_or(|(_, held)| held.confidence < found.confidence)
            {
                best = Some((source, found));
            }
        }
        best
    }
}
