//! CloudTrail: who called which AWS API, from where, with which credentials, and what came of it.
//!
//! What it **cannot** tell: reads of data unless data events were recorded, what travelled inside
//! a connection, and anything in a region or account whose trail is missing.
//!
//! # Input
//!
//! `{"Records":[…]}` as delivered to S3, JSON lines, arrays, single objects, several of these one
//! after the other; `eventTime`, or `@timestamp` where a pipeline renamed it. Tables as CSV: Athena,
//! CloudTrail Lake, the console's event history.
//!
//! # Mapping
//!
//! | member                         | field                                            | note                                    |
//! |--------------------------------|--------------------------------------------------|-----------------------------------------|
//! | `eventName`                    | `event.action`                                   | API version removed, original in `event.code` |
//! | `eventSource`                  | `event.provider`                                 |                                         |
//! | `errorCode`, `errorMessage`    | `event.outcome` = `failure`                      | also a sign-in that says `Failure`      |
//! | `recipientAccountId`           | `cloud.account.id`                               | else `userIdentity.accountId`           |
//! | `sourceIPAddress`              | `source.address`; `source.ip` when an address    |                                         |
//! | names, ids and ARNs in the request | `entity.target.id`, `related.entity`         | of management events                    |
//! | `userIdentity`                 | `user.name`, `user.id`, `related.user`           | an assumed role's name is the role's    |
//! | `requestParameters` and kin    | one flattened field each                         | text as logged, leaves as tokens        |
//! | Identity Center's `role_name`… | `egret.broker.…`                                 | of `Federate` and `GetRoleCredentials`  |
//! | `bytesTransferredOut`          | `source.bytes`                                   | see `docs/decisions/`                   |
//! | anything else                  | `egret.rest`                                     |                                         |
//!
//! # Reading
//!
//! * <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
//! * <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>

mod map;
mod record;
mod table;

pub(crate) use table::{loose, record_of};

use egret_model::event::EventBuilder;

use crate::csv::Rows;
use crate::json::{Cursor, Frames, Outcome, Reader, Stop, Tokens};
use crate::occurrence::Occurrences;
use crate::sink::Sink;
use crate::{Decoder, Detection, LogSource};

/// Member of a delivered file that holds its records.
const WRAPPER: &str = "Records";

/// CloudTrail files.
#[derive(Debug, Clone, Copy)]
pub struct CloudTrail;

impl LogSource for CloudTrail {
    fn id(&self) -> &'static str {
        "cloudtrail"
    }

    fn title(&self) -> &'static str {
        "CloudTrail"
    }

    fn detect(&self, head: &[u8]) -> Option<Detection> {
        let first = head
            .iter()
            .copied()
            .find(|byte| byte.is_ascii_alphanumeric() || b"{[".contains(byte))?;
        if first != b'{' && first != b'[' {
            return table::is_table(head).then(|| Detection {
                confidence: 90,
                reason: "a table with CloudTrail's columns".to_owned(),
            });
        }
        let has = |name: &[u8]| memchr::memmem::find(head, name).is_some();
        // What a function is called with has `Records` with an `eventSource` too, and is no log.
        let event = ["s3", "sqs", "sns", "kinesis", "dynamodb"]
            .iter()
            .any(|service| has(format!("\"aws:{service}\"").as_bytes()));
        if event && !has(b".amazonaws.com\"") {
            return None;
        }
        let insight = has(b"\"AwsCloudTrailInsight\"") && has(b"\"insightDetails\"");
        let call = has(b"\"eventSource\"") && has(b"\"eventName\"");
        let marks = [
            b"\"eventVersion\"".as_slice(),
            b"\"userIdentity\"",
            b"\"eventTime\"",
            b"\"awsRegion\"",
            b"\"sourceIPAddress\"",
        ];
        let seen = marks.into_iter().filter(|mark| has(mark)).count();
        let wrapped = has(b"\"Records\"");
        if !(insight || call && seen > 0) {
            // A delivery without events: `{"Records":[]}`.
            let text = head.iter().filter(|byte| !byte.is_ascii_whitespace());
            return text.eq(b"{\"Records\":[]}").then(|| Detection {
                confidence: 60,
                reason: "an empty `Records` list".to_owned(),
            });
        }
        let shape = if wrapped { "top-level `Records` with" } else { "records with" };
        Some(Detection {
            confidence: if seen >= 2 || insight { 95 } else { 70 },
            reason: if call {
                format!("{shape} `eventSource` and `eventName`")
            } else {
                format!("{shape} `insightDetails`")
            },
        })
    }

    fn decoder(&self, head: &[u8]) -> Box<dyn Decoder> {
        if table::is_table(head) {
            return Box::new(Rows::new(table::Table::default()));
        }
        Box::new(Frames::new(Records::default(), Some(WRAPPER)))
    }
}

/// Reads records of one file.
#[derive(Debug, Default)]
pub(crate) struct Records {
    tokens: Tokens,
    occurrences: Occurrences,
}

impl Records {
    /// Reads the record the cursor stands at; `more` sets what is known besides.
    pub(crate) fn read_with(
        &mut self,
        cursor: &mut Cursor<'_>,
        sink: &mut Sink,
        more: impl FnOnce(&mut EventBuilder),
    ) -> Result<Outcome, Stop> {
        let start = cursor.at();
        self.tokens.clear();
        let mut record = record::Record::default();
        record.read(cursor, &mut self.tokens)?;
        let micros = match record.check() {
            Ok(micros) => micros,
            Err(reason) => return Ok(Outcome::Rejected(reason)),
        };
        map::store(
            &mut record,
            micros,
            &self.tokens,
            cursor.since(start),
            &mut self.occurrences,
            sink,
            more,
        );
        Ok(Outcome::Stored)
    }
}

impl Reader for Records {
    fn read(&mut self, cursor: &mut Cursor<'_>, sink: &mut Sink) -> Result<Outcome, Stop> {
        self.read_with(cursor, sink, |_row| {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn told_by_content() {
        #[rustfmt::skip]
        let rows: &[(&str, &str, Option<u8>)] = &[
            ("a delivered file", r#"{"Records":[{"eventVersion":"1.08","userIdentity":{},"eventSource":"s3.amazonaws.com","eventName":"GetObject""#, Some(95)),
            ("an empty delivery", "{ \"Records\": [] }\n", Some(60)),
            ("an insight", r#"{"eventType":"AwsCloudTrailInsight","insightDetails":{}}"#, Some(95)),
            ("an S3 notification", r#"{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","userIdentity":{}}]}"#, None),
            ("another JSON log", r#"{"uuid":"1","eventType":"user.session.start"}"#, None),
            ("prose that names the members", "see \"eventSource\" and \"eventName\" in \"userIdentity\"", None),
        ];
        for (name, head, want) in rows {
            let found = CloudTrail.detect(head.as_bytes()).map(|found| found.confidence);
            assert_eq!(found, *want, "row: {name}");
        }
    }
}
