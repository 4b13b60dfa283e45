//! What holds for every source and any bytes.

use egret_sources::{LogSource, Registry, Sink};
use proptest::prelude::*;

use crate::render::ndjson;

/// What a source makes of bytes that come in pieces of that size.
fn decoded(source: &dyn LogSource, bytes: &[u8], piece: usize) -> String {
    let mut sink = Sink::new("evidence.log", "00");
    let mut decoder = source.decoder(bytes);
    let (mut held, mut end) = (Vec::new(), 0usize);
    loop {
        let next = bytes.len().min(end.saturating_add(piece));
        held.extend_from_slice(&bytes[end..next]);
        end = next;
        let eof = end == bytes.len();
        let used = decoder.feed(&held, eof, &mut sink);
        held.drain(..used);
        if eof {
            break;
        }
    }
    assert!(held.is_empty(), "at the end everything is consumed");
    let decoded = sink.take().unwrap();
    let rows: usize = decoded.days.iter().map(|day| day.keys.len()).sum();
    assert_eq!(decoded.read, u64::try_from(rows.saturating_add(decoded.rejected.len())).unwrap());
    ndjson(source.id(), &decoded, &decoder.notes())
}

/// Bytes of the kind that decoders meet: records whole and cut, joined by damage.
fn evidence() -> impl Strategy<Value = Vec<u8>> {
    let records: Vec<&'static [u8]> = vec![
        br#"{"eventTime":"2025-07-24T03:15:00Z","eventName":"GetObject","eventSource":"s3.amazonaws.com","requestParameters":{"bucketName":"b","key":"a%20b"},"userIdentity":{"type":"Root","sessionContext":{"x":[1]}},"zz":{"y":"\u00e9"}}"#,
        br#"{"uuid":"u","published":"2025-07-24T03:15:00.000Z","eventType":"user.session.start","actor":{"alternateId":"ana@example.com"},"outcome":{"result":"SUCCESS"},"target":[{"id":"1"}]}"#,
        br#"{"@timestamp":"2025-07-24T03:15:00Z","audit":{"observer":{"info":{"credentials":{"aws":{"role":"Ops"}}}}}}"#,
        b"2 111122223333 eni-0a1b 10.0.1.5 203.0.113.12 49152 443 6 20 4249 1418530010 1418530070 ACCEPT OK",
        b"start end srcaddr dstaddr bytes new-field",
        b"1418530010 1418530070 10.0.1.5 203.0.113.12 5 x",
        br#"79a5 b [24/Jul/2025:03:15:00 +0000] 192.0.2.3 - R1 REST.GET.OBJECT k "GET /k HTTP/1.1" 200 - 1 1 1 1 "-" "a "b" c" - h= SigV4 c AuthHeader h TLSv1.3 - -"#,
        br#"{"query_timestamp":"2025-07-24T03:15:00Z","query_name":"a.example.org.","rcode":"NOERROR","answers":[{"Rdata":"203.0.113.9"}],"srcaddr":"10.0.1.5"}"#,
        b"2025-07-24T03:15:00.000Z ",
        br#"{"id":"f","type":"T:S3/x","severity":8.5,"updatedAt":"2025-07-24T03:15:00Z","service":{"action":{"awsApiCallAction":{"remoteIpDetails":{"ipAddressV4":"198.51.100.7"}}}}}"#,
        br#"{"detail-type":"GuardDuty Finding","detail":{"Id":"f","Type":"T","UpdatedAt":"2025-07-24T03:15:00Z","Service":{}}}"#,
        br#"{"Findings":["#,
        br#"https 2025-07-24T03:15:00.1Z app/a/1 192.0.2.1:2817 10.0.0.1:80 0.000 0.001 -1 200 200 34 366 "GET https://h:443/a"b HTTP/1.1" "x "y"" - TLSv1.2 arn:aws:x "Root=1" "h" "-" 0 - "forward""#,
        b"#Fields: date time x-edge-location c-ip cs(User-Agent) sc-bytes\n",
        b"2025-07-24\t03:15:00\tFRA1\t192.0.2.1\tMozilla%20\t5",
        br#"{"date":"2025-07-24","time":"03:15:00","x-edge-location":"FRA1","cs-method":"GET","sc-bytes":"5","x":[1]}"#,
        br#"{"Records":["#,
        b"]}",
        b"[",
        b",",
        b"\n",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\"",
    ];
    let whole = prop::sample::select(records);
    let piece = prop_oneof![
        4 => whole.clone().prop_map(<[u8]>::to_vec),
        2 => (whole, 0usize..200).prop_map(|(record, end)| record[..end.min(record.len())].to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..8),
        4 => Just(b"\n".to_vec()),
    ];
    prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// Nothing panics, every record is a row or a reject, and splitting changes nothing.
    #[test]
    fn any_bytes_are_accounted_for_however_they_are_split(bytes in evidence(), piece in 1usize..64) {
        for source in Registry::standard().sources() {
            source.detect(&bytes);
            let whole = decoded(source, &bytes, bytes.len().max(1));
            prop_assert_eq!(decoded(source, &bytes, piece), whole, "{}", source.id());
        }
    }
}
