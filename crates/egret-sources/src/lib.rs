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
mod community_id;
pub mod companions;
mod csv;
pub mod detect;
pub mod ecs_documents;
pub mod guardduty;
pub mod identity_broker;
mod instant;
mod json;
mod lines;
mod nested;
mod occurrence;
pub mod ocsf;
pub mod okta_system;
mod percent;
pub mod route53_resolver;
pub mod s3_access;
pub mod sink;
mod user_agent;
pub mod vpc_flow;
mod wrapping;

pub use alb_access::AlbAccess;
pub use cloudfront::CloudFront;
pub use cloudtrail::CloudTrail;
pub use detect::Detection;
pub use ecs_documents::EcsDocuments;
pub use guardduty::GuardDuty;
pub use identity_broker::{IdentityBroker, MappingError};
pub use ocsf::Ocsf;
pub use okta_system::OktaSystem;
pub use route53_resolver::Route53Resolver;
pub use s3_access::S3Access;
pub use sink::{DayBatch, Decoded, RecordKey, Rejected, Sink};
pub use vpc_flow::{FlowFormatError, VpcFlow};

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

    /// Whether it reads the wrappings it is handed over in by itself, such as EventBridge events.
    fn opens_wrappings(&self) -> bool {
        false
    }

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

/// A file that is about to be read.
pub struct Opened<'a> {
    /// Source of its records.
    pub source: &'a dyn LogSource,
    /// Why.
    pub detection: Detection,
    /// Reads it.
    pub decoder: Box<dyn Decoder>,
}

impl std::fmt::Debug for Opened<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened")
            .field("source", &self.source)
            .field("detection", &self.detection)
            .finish_non_exhaustive()
    }
}

/// The sources of a run: every built-in one, and the team's own broker mapping.
#[derive(Debug)]
pub struct Registry {
    sources: Vec<Box<dyn LogSource>>,
    broker: IdentityBroker,
    flow: VpcFlow,
}

impl Registry {
    /// Every built-in source. A new one is a file and a line here.
    pub fn standard() -> Self {
        Self::of(IdentityBroker::built_in(), VpcFlow::default())
    }

    fn of(broker: IdentityBroker, flow: VpcFlow) -> Self {
        let mut sources: Vec<Box<dyn LogSource>> = vec![
            Box::new(CloudTrail),
            Box::new(S3Access),
            Box::new(flow.clone()),
            Box::new(OktaSystem),
            Box::new(broker.clone()),
            Box::new(EcsDocuments),
            Box::new(Ocsf),
            Box::new(Route53Resolver),
            Box::new(GuardDuty),
            Box::new(AlbAccess),
            Box::new(CloudFront),
        ];
        for companion in companions::COMPANIONS {
            sources.push(Box::new(*companion));
        }
        Self { sources, broker, flow }
    }

    /// The same sources, with a team's own broker mapping tried before the built-in presets.
    ///
    /// `toml` has the shape of the files in `sources/identity_broker/` in this crate, which
    /// `docs/identity-brokers.md` describes.
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
        Ok(Self::of(self.broker.with_mapping(toml)?, self.flow))
    }

    /// The same sources, with the field order of flow logs that have no header line.
    ///
    /// # Errors
    ///
    /// [`FlowFormatError`] says what was expected.
    pub fn with_flow_format(self, format: &str) -> Result<Self, FlowFormatError> {
        Ok(Self::of(self.broker, VpcFlow::with_format(format)?))
    }

    /// All of them, in order of preference.
    pub fn sources(&self) -> impl Iterator<Item = &dyn LogSource> {
        self.sources.iter().map(AsRef::as_ref)
    }

    /// How to read a file that begins with `head`; `None` when no source knows it.
    ///
    /// What lies in a wrapping, such as an SQS message or an Elasticsearch hit, is told by what is
    /// inside, unless a source knows the wrapping itself.
    pub fn open(&self, head: &[u8]) -> Option<Opened<'_>> {
        let plain = self.detect(head);
        let opens_itself = plain.as_ref().is_some_and(|(source, _)| source.opens_wrappings());
        if !opens_itself
            && let Some(inside) = wrapping::Inside::of(head)
            && let Some((source, found)) = self.detect(&inside.head)
        {
            let decoder = inside.decoder(head, source);
            return Some(Opened { source, detection: inside.detection(&found), decoder });
        }
        plain.map(|(source, detection)| Opened { source, detection, decoder: source.decoder(head) })
    }

    /// The source that a file beginning with `head` is of; `None` when none knows it. Wrappings are
    /// not looked into.
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
