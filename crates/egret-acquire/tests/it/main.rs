//! Listing and copying against a server that speaks S3.
//!
//! `MOTO_SERVER` names the program, as `scripts/test` installs it; without it the test says that it
//! skipped.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "a test that goes wrong should say where"
)]

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::primitives::ByteStream;
use egret_acquire::{AcquireError, Acquired, Client, MANIFEST, Window, fetch, list};
use egret_model::progress::Silent;

struct Server {
    child: Child,
    url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.child.kill().and_then(|()| self.child.wait()).is_ok();
    }
}

fn server() -> Option<Server> {
    let Some(program) = std::env::var_os("MOTO_SERVER") else {
        eprintln!("skipped: MOTO_SERVER names no S3 server");
        return None;
    };
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let child = Command::new(program)
        .args(["-H", "127.0.0.1", "-p", &port.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let url = format!("http://127.0.0.1:{port}");
    let server = Server { child, url };
    for _ in 0..300 {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Some(server);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("no answer from {}", server.url);
}

fn client(server: &Server) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(&server.url)
        .force_path_style(true)
        .build();
    Client::from_conf(config)
}

async fn put(client: &Client, key: &str, body: &str) {
    let body = ByteStream::from(body.as_bytes().to_vec());
    client.put_object().bucket("trail-logs").key(key).body(body).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_the_window_are_copied_once() {
    let Some(server) = server() else { return };
    let client = client(&server);
    client.create_bucket().bucket("trail-logs").send().await.unwrap();
    put(&client, "AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/20/a b.json", "abc").await;
    put(&client, "AWSLogs/111122223333/CloudTrail/us-east-1/2026/10/20/old.json", "old").await;
    put(&client, "AWSLogs/okta.json", "{}").await;
    put(&client, "other/x.json", "{}").await;
    let place = "s3://trail-logs/AWSLogs/".parse().unwrap();
    let window = Window { from: Some("2026-11-18T00:00:00Z".parse().unwrap()), to: None };

    let listed = list(&client, &place, &window).await.unwrap();
    let keys: Vec<&str> = listed.iter().map(|object| object.key.as_str()).collect();
    assert_eq!(
        keys,
        ["AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/20/a b.json", "AWSLogs/okta.json"]
    );

    let folder = tempfile::tempdir().unwrap();
    let copied = fetch(&client, &listed, folder.path(), &Silent).await.unwrap();
    assert_eq!(copied.len(), 2);
    let first = &copied[0];
    assert_eq!(std::fs::read_to_string(folder.path().join(&first.path)).unwrap(), "abc");
    assert_eq!(first.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert!(first.etag.is_some() && first.last_modified.is_some(), "{first:?}");

    // Again: nothing is fetched twice. A file that went missing is.
    assert_eq!(fetch(&client, &listed, folder.path(), &Silent).await.unwrap(), []);
    std::fs::remove_file(folder.path().join(&first.path)).unwrap();
    let again = fetch(&client, &listed, folder.path(), &Silent).await.unwrap();
    assert_eq!(again, std::slice::from_ref(first));
    let lines = std::fs::read_to_string(folder.path().join(MANIFEST)).unwrap();
    let lines: Vec<Acquired> = lines
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);

    let nowhere = "s3://no-such-bucket/".parse().unwrap();
    let error = list(&client, &nowhere, &Window::default()).await.unwrap_err();
    assert!(matches!(error, AcquireError::S3 { .. }));
    assert!(error.to_string().contains("NoSuchBucket"), "{error}");
}
