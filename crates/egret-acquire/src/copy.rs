//! Lists objects and copies them, each hashed while it is written.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

use aws_sdk_s3::Client;
use aws_sdk_s3::error::DisplayErrorContext;
use egret_model::progress::{Progress, Unit};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use crate::custody::{self, Acquired};
use crate::place::{S3Place, Window};

/// Objects could not be listed or copied.
#[derive(Debug, thiserror::Error)]
pub enum AcquireError {
    /// S3 refused or failed.
    #[error("{action} {url}: {reason}")]
    S3 {
        /// What was tried.
        action: &'static str,
        /// On what.
        url: String,
        /// What the service says, with its causes.
        reason: String,
    },
    /// A file could not be written.
    #[error("writing {}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Two places hold an object of the same name, or a name leads out of the folder.
    #[error("{url}: its key names no file below the folder; fetch it by hand")]
    Name {
        /// Which object.
        url: String,
    },
}

/// An object that is there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Bucket.
    pub bucket: String,
    /// Key.
    pub key: String,
    /// Bytes.
    pub size: u64,
}

impl Listed {
    /// `s3://bucket/key`.
    pub fn url(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }
}

/// Objects of a place that may hold records of the window, by key.
///
/// # Errors
///
/// [`AcquireError::S3`].
pub async fn list(
    client: &Client,
    place: &S3Place,
    window: &Window,
) -> Result<Vec<Listed>, AcquireError> {
    let mut found = Vec::new();
    let mut pages = client
        .list_objects_v2()
        .bucket(&place.bucket)
        .prefix(&place.prefix)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| AcquireError::S3 {
            action: "listing",
            url: place.to_string(),
            reason: DisplayErrorContext(error).to_string(),
        })?;
        for object in page.contents() {
            let Some(key) = object.key() else { continue };
            // A key that ends in a slash is a folder some console made.
            if key.ends_with('/') || !window.takes(key) {
                continue;
            }
            found.push(Listed {
                bucket: place.bucket.clone(),
                key: key.to_owned(),
                size: object.size().and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
            });
        }
    }
    found.sort();
    Ok(found)
}

/// Copies what is not in the folder yet; returns what was copied now.
///
/// An object becomes a file only when it is whole: until then it is a `.part` beside it, which the
/// next run overwrites.
///
/// # Errors
///
/// The first object that cannot be read or written ends the run; what was copied before it stays
/// and is not fetched again.
pub async fn fetch(
    client: &Client,
    objects: &[Listed],
    folder: &Path,
    progress: &dyn Progress,
) -> Result<Vec<Acquired>, AcquireError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| AcquireError::Io { path, source }
    };
    std::fs::create_dir_all(folder).map_err(io(folder))?;
    let held: BTreeSet<String> = custody::read(folder)
        .map_err(io(&folder.join(custody::MANIFEST)))?
        .into_iter()
        .filter(|acquired| folder.join(&acquired.path).is_file())
        .map(|acquired| acquired.url)
        .collect();
    let wanted: Vec<&Listed> =
        objects.iter().filter(|object| !held.contains(&object.url())).collect();
    progress.start("fetching", wanted.iter().map(|object| object.size).sum(), Unit::Bytes);
    let mut copied = Vec::with_capacity(wanted.len());
    for object in wanted {
        let acquired = Box::pin(fetch_one(client, object, folder, progress)).await?;
        custody::append(folder, &acquired).map_err(io(&folder.join(custody::MANIFEST)))?;
        copied.push(acquired);
    }
    progress.finish();
    Ok(copied)
}

async fn fetch_one(
    client: &Client,
    object: &Listed,
    folder: &Path,
    progress: &dyn Progress,
) -> Result<Acquired, AcquireError> {
    let url = object.url();
    let refused =
        |reason: String| AcquireError::S3 { action: "fetching", url: url.clone(), reason };
    let relative = relative(object).ok_or_else(|| AcquireError::Name { url: url.clone() })?;
    let path = folder.join(&relative);
    let mut name = path.clone().into_os_string();
    name.push(".part");
    let part = PathBuf::from(name);
    let io = |source| AcquireError::Io { path: path.clone(), source };
    if let Some(parent) = path.parent() {
        tokio::fs::create_dir_all(parent).await.map_err(io)?;
    }
    let answer = client
        .get_object()
        .bucket(&object.bucket)
        .key(&object.key)
        .send()
        .await
        .map_err(|error| refused(DisplayErrorContext(error).to_string()))?;
    let etag = answer.e_tag().map(str::to_owned);
    let version_id = answer.version_id().map(str::to_owned);
    let last_modified = answer.last_modified().map(ToString::to_string);
    let mut body = answer.body;
    let mut file = tokio::fs::File::create(&part).await.map_err(io)?;
    let mut hash = Sha256::new();
    let mut size = 0u64;
    while let Some(bytes) = body.try_next().await.map_err(|error| refused(error.to_string()))? {
        hash.update(&bytes);
        file.write_all(&bytes).await.map_err(io)?;
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        size = size.saturating_add(length);
        progress.advance(length);
    }
    file.sync_all().await.map_err(io)?;
    drop(file);
    tokio::fs::rename(&part, &path).await.map_err(io)?;
    let mut sha256 = String::with_capacity(64);
    for byte in hash.finalize() {
        // Writing to a String does not fail.
        let _written = write!(sha256, "{byte:02x}").is_ok();
    }
    Ok(Acquired {
        url,
        path: relative.to_string_lossy().into_owned(),
        size,
        sha256,
        etag,
        version_id,
        last_modified,
    })
}

/// `bucket/key` as a path below the folder; `None` for a key that leads out of it.
fn relative(object: &Listed) -> Option<PathBuf> {
    let path = Path::new(&object.bucket).join(&object.key);
    let inside = path.components().all(|part| matches!(part, Component::Normal(_)));
    (inside && !object.key.starts_with('/') && !object.key.contains('\0')).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_never_leads_out_of_the_folder() {
        for (key, path) in [
            ("AWSLogs/a.json.gz", Some("trail-logs/AWSLogs/a.json.gz")),
            ("../../etc/passwd", None),
            ("a/../../b", None),
            ("/etc/passwd", None),
            ("a\0b", None),
        ] {
            let object = Listed { bucket: "trail-logs".to_owned(), key: key.to_owned(), size: 0 };
            assert_eq!(relative(&object).as_deref(), path.map(Path::new), "{key}");
        }
    }
}
