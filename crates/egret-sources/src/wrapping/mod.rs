//! Records inside other documents: queues, buses, exports and consoles wrap what a service logged.
//!
//! A wrapping is told by its own members. What is inside is told apart like any file, and read by
//! the source it belongs to, so that each source reads through all of them. Wrappings may lie in one
//! another, such as an SNS notification in an SQS message.
//!
//! # Input
//!
//! | wrapping                              | records lie in                                  |
//! |---------------------------------------|-------------------------------------------------|
//! | EventBridge event                     | `detail`                                        |
//! | CloudTrail `LookupEvents`             | `Events[].CloudTrailEvent`, as text             |
//! | CloudWatch Logs subscription, export  | `logEvents[].message`, `events[].message`       |
//! | SNS notification                      | `Message`, as text                              |
//! | SQS message                           | `Body` or `body`, as text                       |
//! | Elasticsearch hit                     | `_source`, alone or in `hits.hits[]`            |
//! | Splunk export                         | `result._raw`, as text                          |
//! | CloudWatch Logs to a function         | `awslogs.data`, base64 of gzip                  |
//! | Kinesis, Firehose                     | `kinesis.data`, `Data`, `data`, base64          |
//! | flow records as JSON                  | the object itself, made into a line             |
//! | tables as CSV                         | the line, made into an object (`table`)         |

mod flows;
mod inside;
mod packed;

use crate::json::{Cursor, Frames, Outcome, Reader, Stop};
use crate::sink::Sink;
use crate::{Decoder, Detection, LogSource};

/// Wrappings may lie in one another so deep.
const DEPTH_MAX: usize = 4;

/// A document that holds records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wrapping {
    /// What a reader calls it.
    title: &'static str,
    /// Members, with their quotes, that all stand in it.
    marks: &'static [&'static str],
    /// Member that a record lies in.
    member: &'static str,
}

const WRAPPINGS: &[Wrapping] = &[
    Wrapping {
        title: "EventBridge events",
        marks: &["\"detail-type\"", "\"detail\""],
        member: "detail",
    },
    Wrapping {
        title: "LookupEvents output",
        marks: &["\"CloudTrailEvent\""],
        member: "CloudTrailEvent",
    },
    Wrapping {
        title: "CloudWatch Logs batches",
        marks: &["\"logEvents\"", "\"message\""],
        member: "message",
    },
    Wrapping {
        title: "CloudWatch Logs events",
        marks: &["\"ingestionTime\"", "\"timestamp\"", "\"message\""],
        member: "message",
    },
    Wrapping {
        title: "SNS notifications",
        marks: &["\"TopicArn\"", "\"Message\""],
        member: "Message",
    },
    Wrapping { title: "SQS messages", marks: &["\"MessageId\"", "\"Body\""], member: "Body" },
    Wrapping { title: "SQS events", marks: &["\"messageId\"", "\"body\""], member: "body" },
    Wrapping {
        title: "Elasticsearch hits",
        marks: &["\"_index\"", "\"_source\""],
        member: "_source",
    },
    Wrapping { title: "a Splunk export", marks: &["\"result\"", "\"_raw\""], member: "_raw" },
    Wrapping { title: "CloudWatch Logs to a function", marks: &["\"awslogs\""], member: "data" },
    Wrapping { title: "Kinesis events", marks: &["\"kinesis\"", "\"data\""], member: "data" },
    Wrapping { title: "Kinesis records", marks: &["\"PartitionKey\"", "\"Data\""], member: "Data" },
    Wrapping { title: "Firehose records", marks: &["\"recordId\"", "\"data\""], member: "data" },
];

/// Members of a top-level object whose array holds wrapped records.
const LISTS: &[&str] = &["Events", "events", "Messages", "messages", "Records", "records"];

/// What lies inside the first wrapping of a file.
pub(crate) struct Inside {
    /// Wrappings from the outside in.
    titles: Vec<&'static str>,
    /// First bytes of the first record.
    pub(crate) head: Vec<u8>,
    flows: bool,
}

impl Inside {
    /// Looks into a file that begins with `head`; `None` when nothing is wrapped in it.
    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        let mut inside = Self { titles: Vec::new(), head: head.to_vec(), flows: false };
        while inside.titles.len() < DEPTH_MAX {
            let Some((title, head)) = look(&inside.head) else { break };
            inside.titles.push(title);
            inside.head = head;
        }
        if let Some(line) = flows::first(&inside.head) {
            inside.titles.push("JSON objects");
            inside.head = line;
            inside.flows = true;
        }
        (!inside.titles.is_empty()).then_some(inside)
    }

    /// Why the file is taken for `source`, which knows what is inside.
    pub(crate) fn detection(&self, found: &Detection) -> Detection {
        Detection {
            confidence: found.confidence,
            reason: format!("{}, in {}", found.reason, self.titles.join(" in ")),
        }
    }

    /// A decoder for the file; `source` reads what is inside.
    pub(crate) fn decoder(&self, file_head: &[u8], source: &dyn LogSource) -> Box<dyn Decoder> {
        let list = LISTS.iter().copied().find(|list| holds_list(file_head, list));
        Box::new(Wrapped {
            outer: Frames::new(Opener { flows: self.flows, ..Opener::default() }, list),
            inner: source.decoder(&self.head),
            titles: self.titles.join(" in "),
        })
    }
}

/// Whether an array member of that name begins in the head.
fn holds_list(head: &[u8], name: &str) -> bool {
    let quoted = format!("\"{name}\"");
    memchr::memmem::find_iter(head, quoted.as_bytes()).any(|at| {
        let mut rest = head
            .iter()
            .skip(at.saturating_add(quoted.len()))
            .filter(|byte| !byte.is_ascii_whitespace());
        rest.next() == Some(&b':') && rest.next() == Some(&b'[')
    })
}

/// The outermost wrapping of a head, and the beginning of what it holds.
fn look(head: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    let first = head.iter().copied().find(|byte| !byte.is_ascii_whitespace())?;
    if first != b'{' && first != b'[' {
        return None;
    }
    let has = |mark: &&str| memchr::memmem::find(head, mark.as_bytes()).is_some();
    if has(&"\"QueryResultRows\"") {
        return lake(head).map(|record| ("CloudTrail Lake results", record));
    }
    WRAPPINGS
        .iter()
        .filter(|wrapping| wrapping.marks.iter().all(has))
        .filter_map(|wrapping| {
            let (at, inside) = beginning(head, wrapping.member)?;
            Some((at, wrapping.title, inside))
        })
        // Whatever begins first is outside.
        .min_by_key(|(at, _, _)| *at)
        .map(|(_, title, inside)| (title, inside))
}

/// The first row of a CloudTrail Lake result.
fn lake(head: &[u8]) -> Option<Vec<u8>> {
    let at = memchr::memmem::find(head, b"\"QueryResultRows\"")?;
    let rows = head.get(at..)?;
    let outer = memchr::memchr(b'[', rows)?;
    let inner = memchr::memchr(b'[', rows.get(outer.saturating_add(1)..)?)?;
    let begin = outer.saturating_add(1).saturating_add(inner);
    let row = std::str::from_utf8(first_value(rows.get(begin..)?)).ok()?;
    Some(inside::lake_row(row).into_bytes())
}

/// Where the first value of a member that is text or an object begins, and its first bytes.
fn beginning(head: &[u8], member: &str) -> Option<(usize, Vec<u8>)> {
    let quoted = format!("\"{member}\"");
    memchr::memmem::find_iter(head, quoted.as_bytes()).find_map(|at| {
        let rest = head.get(at.saturating_add(quoted.len())..)?;
        let rest = rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        match rest.first()? {
            b'{' => Some((at, first_value(rest).to_vec())),
            b'"' => {
                let text = inside::text_so_far(rest.get(1..)?);
                // No record begins like base64 does; what is not packed so is text.
                let packed = member.eq_ignore_ascii_case("data");
                Some((at, packed.then(|| packed::beginning(&text)).flatten().unwrap_or(text)))
            }
            _ => None,
        }
    })
}

/// The first JSON value of a text, or all of it when the value does not end in it.
fn first_value(text: &[u8]) -> &[u8] {
    let mut values =
        serde_json::Deserializer::from_slice(text).into_iter::<&serde_json::value::RawValue>();
    match values.next() {
        Some(Ok(value)) => value.get().as_bytes(),
        _ => text,
    }
}

/// Takes the records out of each document.
#[derive(Debug, Default)]
struct Opener {
    out: Vec<u8>,
    flows: bool,
    layout: flows::Layout,
}

impl Reader for Opener {
    fn read(&mut self, cursor: &mut Cursor<'_>, _sink: &mut Sink) -> Result<Outcome, Stop> {
        let start = cursor.at();
        cursor.skip()?;
        let text = cursor.since(start);
        let (flows, layout, out) = (self.flows, &mut self.layout, &mut self.out);
        inside::each(text, DEPTH_MAX, &mut |record| {
            if flows && layout.line(record, out) {
                return;
            }
            out.extend_from_slice(record.as_bytes());
            out.push(b'\n');
        });
        Ok(Outcome::Stored)
    }
}

/// Decodes a file of wrapped records.
struct Wrapped {
    outer: Frames<Opener>,
    inner: Box<dyn Decoder>,
    titles: String,
}

impl Decoder for Wrapped {
    fn feed(&mut self, bytes: &[u8], eof: bool, sink: &mut Sink) -> usize {
        let done = self.outer.feed(bytes, eof, sink);
        let out = &mut self.outer.reader_mut().out;
        if !out.is_empty() || eof {
            let taken = self.inner.feed(out, eof, sink).min(out.len());
            out.drain(..taken);
        }
        done
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = vec![format!(
            "records lay in {}; byte offsets of rejected records count in what was unwrapped",
            self.titles
        )];
        notes.extend(self.inner.notes());
        notes
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use base64::Engine as _;

    use crate::{Registry, Sink};

    const CALL: &str = r#"{"eventVersion":"1.11","eventTime":"2026-11-24T01:00:00Z","eventSource":"sts.amazonaws.com","eventName":"GetCallerIdentity","awsRegion":"us-east-1","userIdentity":{"type":"Root"},"eventID":"e-1"}"#;
    const FLOW: &str = "2 111122223333 eni-0123456789abcdef0 10.0.1.5 203.0.113.9 49152 443 6 20 4200 1753326000 1753326060 ACCEPT OK";

    /// As a stream carries it.
    fn packed(text: &str, compressed: bool) -> String {
        let mut bytes = text.as_bytes().to_vec();
        if compressed {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(&bytes).unwrap();
            bytes = encoder.finish().unwrap();
        }
        base64::engine::general_purpose::STANDARD.encode(bytes)
    }

    /// Source, rows and rejects of a file.
    fn decoded(file: &str) -> (String, usize, usize) {
        let registry = Registry::standard();
        let opened = registry.open(file.as_bytes()).unwrap();
        let mut sink = Sink::new("f", "00");
        let mut decoder = opened.decoder;
        // In two pieces, as a large file comes.
        let half = file.len() / 2;
        let first = file.as_bytes().get(..half).unwrap();
        let done = decoder.feed(first, false, &mut sink);
        let left = decoder.feed(file.as_bytes().get(done..).unwrap(), true, &mut sink);
        assert_eq!(done.saturating_add(left), file.len());
        let decoded = sink.take().unwrap();
        let rows = decoded.days.iter().map(|day| day.events.num_rows()).sum();
        (opened.source.id().to_owned(), rows, decoded.rejected.len())
    }

    #[test]
    fn records_are_found_in_every_wrapping() {
        let text = serde_json::to_string(CALL).unwrap();
        let flow = serde_json::to_string(FLOW).unwrap();
        let bridge = format!(
            r#"{{"version":"0","id":"1","detail-type":"AWS API Call via CloudTrail","source":"aws.sts","detail":{CALL}}}"#
        );
        let bridge_text = serde_json::to_string(&bridge).unwrap();
        let sns = format!(
            r#"{{"Type":"Notification","MessageId":"1","TopicArn":"arn:aws:sns:us-east-1:111122223333:t","Message":{bridge_text}}}"#
        );
        let sns_text = serde_json::to_string(&sns).unwrap();
        #[rustfmt::skip]
        let rows: &[(&str, String, &str, usize)] = &[
            ("EventBridge, one a line", format!("{bridge}\n{bridge}\n"), "cloudtrail", 2),
            ("EventBridge, an array", format!("[{bridge},{bridge}]"), "cloudtrail", 2),
            ("LookupEvents", format!(r#"{{"Events":[{{"EventId":"e-1","Username":"ana","CloudTrailEvent":{text}}},{{"CloudTrailEvent":{text}}}],"NextToken":"x"}}"#), "cloudtrail", 2),
            ("CloudWatch Logs subscription", format!(r#"{{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"trail","logStream":"s","logEvents":[{{"id":"1","timestamp":1,"message":{text}}},{{"id":"2","timestamp":2,"message":{text}}}]}}"#), "cloudtrail", 2),
            ("CloudWatch Logs subscription of flow logs", format!(r#"{{"messageType":"DATA_MESSAGE","logGroup":"flows","logEvents":[{{"id":"1","timestamp":1,"message":{flow}}}]}}"#), "vpc_flow", 1),
            ("filter-log-events", format!(r#"{{"events":[{{"logStreamName":"s","timestamp":1,"message":{text},"ingestionTime":2,"eventId":"3"}}],"searchedLogStreams":[]}}"#), "cloudtrail", 1),
            ("SNS around EventBridge", sns, "cloudtrail", 1),
            ("SQS around SNS around EventBridge", format!(r#"{{"Messages":[{{"MessageId":"m","ReceiptHandle":"r","Body":{sns_text}}}]}}"#), "cloudtrail", 1),
            ("SQS, as a function gets it", format!(r#"{{"Records":[{{"messageId":"m","body":{bridge_text},"eventSource":"aws:sqs"}}]}}"#), "cloudtrail", 1),
            ("CloudTrail Lake", r#"{"QueryStatus":"FINISHED","QueryResultRows":[[{"eventTime":"2026-11-24 01:00:00.000"},{"eventSource":"sts.amazonaws.com"},{"eventName":"GetCallerIdentity"},{"userIdentity":"{type=Root}"},{"awsRegion":"us-east-1"}]]}"#.to_owned(), "cloudtrail", 1),
            ("Splunk", format!(r#"{{"preview":false,"offset":0,"result":{{"_raw":{text},"source":"x"}}}}"#), "cloudtrail", 1),
            ("CloudWatch Logs to a function", format!(r#"{{"awslogs":{{"data":"{}"}}}}"#, packed(&format!(r#"{{"messageType":"DATA_MESSAGE","logGroup":"flows","logEvents":[{{"id":"1","timestamp":1,"message":{flow}}},{{"id":"2","timestamp":1,"message":{flow}}}]}}"#), true)), "vpc_flow", 2),
            ("Kinesis to a function", format!(r#"{{"Records":[{{"kinesis":{{"partitionKey":"p","data":"{}"}},"eventSource":"aws:kinesis"}},{{"kinesis":{{"data":"{}"}},"eventSource":"aws:kinesis"}}]}}"#, packed(CALL, false), packed(&format!("{CALL}{CALL}"), true)), "cloudtrail", 3),
            ("Kinesis get-records", format!(r#"{{"Records":[{{"SequenceNumber":"1","Data":"{}","PartitionKey":"p"}}],"MillisBehindLatest":0}}"#, packed(&bridge, false)), "cloudtrail", 1),
            ("Firehose", format!(r#"{{"invocationId":"i","records":[{{"recordId":"1","data":"{}"}},{{"recordId":"2","data":"{}"}}]}}"#, packed(FLOW, false), packed(&format!("{FLOW}\n{FLOW}\n"), true)), "vpc_flow", 3),
            ("flow records as JSON", r#"{"version":2,"account_id":"111122223333","interface_id":"eni-1","srcaddr":"10.0.1.5","dstaddr":"203.0.113.9","srcport":1,"dstport":443,"protocol":6,"packets":1,"bytes":42,"start":1753326000,"end":1753326060,"action":"ACCEPT","log_status":"OK"}"#.to_owned(), "vpc_flow", 1),
        ];
        for (name, file, source, count) in rows {
            assert_eq!(decoded(file), ((*source).to_owned(), *count, 0), "row: {name}");
        }
    }

    #[test]
    fn what_is_not_wrapped_is_left_alone() {
        let plain = format!(r#"{{"Records":[{CALL}]}}"#);
        assert_eq!(decoded(&plain), ("cloudtrail".to_owned(), 1, 0));
        // A record whose own members have a wrapping's names is no wrapping.
        let record = CALL.replace(
            "\"eventID\"",
            r#""requestParameters":{"Message":"x","TopicArn":"arn:aws:sns:us-east-1:111122223333:t"},"eventID""#,
        );
        assert_eq!(decoded(&record), ("cloudtrail".to_owned(), 1, 0));
        let other =
            r#"{"Records":[{"messageId":"m","body":"Message Body","eventSource":"aws:sqs"}]}"#;
        assert!(Registry::standard().open(other.as_bytes()).is_none());
    }
}
