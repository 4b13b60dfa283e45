//! A case as one encrypted file, and back.
//!
//! The file is a tar archive under age encryption, so that `age -d -i KEY FILE | tar x` opens it
//! where Egret is not at hand. Paths, sizes and bytes are those of the case; owners and times of files
//! are not kept, so that the archive says nothing about the machine.
//!
//! What it **cannot** do: hide how large the case is, or take back a copy that was made before.
//!
//! # Format
//!
//! <https://age-encryption.org/v1>

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use age::secrecy::SecretString;

use crate::case::CaseDir;
use crate::error::StoreError;

/// Whom a case is sealed for, or with what it is opened.
#[derive(Debug, Clone, Default)]
pub struct SealKeys {
    /// For sealing: public keys, `age1…`. For opening: text of key files, `AGE-SECRET-KEY-1…`.
    pub keys: Vec<String>,
    /// A passphrase instead of keys.
    pub passphrase: Option<String>,
}

/// What was sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed {
    /// Files of the case.
    pub files: u64,
    /// Bytes in them.
    pub bytes: u64,
}

/// Makes a key pair: the text of the private key's file, and the public key.
pub fn generate_seal_key() -> (String, String) {
    use age::secrecy::ExposeSecret;
    let identity = age::x25519::Identity::generate();
    let public = identity.to_public().to_string();
    let text = format!("# public key: {public}\n{}\n", identity.to_string().expose_secret());
    (text, public)
}

fn wrong_key(reason: impl std::fmt::Display) -> StoreError {
    StoreError::Seal { reason: reason.to_string() }
}

/// Writes the whole case, encrypted, to `out`, which must not be there yet.
///
/// # Errors
///
/// [`StoreError::Seal`] when a key is none or no key is given; [`StoreError::Io`] when a file cannot
/// be read or written. What was written by then is removed.
pub fn seal(case: &CaseDir, out: &Path, keys: &SealKeys) -> Result<Sealed, StoreError> {
    let encryptor = if let Some(passphrase) = &keys.passphrase {
        age::Encryptor::with_user_passphrase(SecretString::from(passphrase.clone()))
    } else {
        let mut recipients: Vec<age::x25519::Recipient> = Vec::new();
        for key in &keys.keys {
            recipients.push(key.trim().parse().map_err(|reason| {
                wrong_key(format!("expected a public key `age1…`, found `{key}`: {reason}"))
            })?);
        }
        let recipients = recipients.iter().map(|one| -> &dyn age::Recipient { one });
        age::Encryptor::with_recipients(recipients).map_err(wrong_key)?
    };
    let io = |doing| StoreError::io(doing, out);
    let file = File::create_new(out).map_err(io("creating"))?;
    let sealed = (|| {
        let writer = encryptor.wrap_output(BufWriter::new(file)).map_err(io("writing"))?;
        let mut archive = tar::Builder::new(writer);
        let sealed = pack(case.root(), &mut archive)?;
        let writer = archive.into_inner().map_err(io("writing"))?;
        let buffer = writer.finish().map_err(io("writing"))?;
        let file = buffer.into_inner().map_err(|error| io("writing")(error.into_error()))?;
        file.sync_all().map_err(io("writing"))?;
        Ok(sealed)
    })();
    if sealed.is_err() {
        // The error says more than a failure to clean up would.
        let _removed = std::fs::remove_file(out);
    }
    sealed
}

/// Puts every file of a folder into the archive, in order of their paths.
fn pack<W: Write>(root: &Path, archive: &mut tar::Builder<W>) -> Result<Sealed, StoreError> {
    let mut sealed = Sealed { files: 0, bytes: 0 };
    for relative in files_below(root)? {
        let path = root.join(&relative);
        let mut file = File::open(&path).map_err(StoreError::io("opening", &path))?;
        let size = file.metadata().map_err(StoreError::io("reading", &path))?.len();
        let mut header = tar::Header::new_gnu();
        header.set_size(size);
        header.set_mode(0o644);
        // A file that shrinks while it is read must not leave a hole; one that grows is cut here.
        archive
            .append_data(&mut header, &relative, Read::by_ref(&mut file).take(size))
            .map_err(StoreError::io("reading", &path))?;
        sealed.files = sealed.files.saturating_add(1);
        sealed.bytes = sealed.bytes.saturating_add(size);
    }
    Ok(sealed)
}

/// Paths of the files below a folder, relative to it, sorted. Links are not followed.
fn files_below(root: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(root) {
        let entry = entry.map_err(|error| StoreError::io("listing", root)(error.into()))?;
        if entry.file_type().is_file()
            && let Ok(relative) = entry.path().strip_prefix(root)
        {
            found.push(relative.to_owned());
        }
    }
    found.sort();
    Ok(found)
}

/// Opens a sealed case into `root`, which must be empty or not be there.
///
/// # Errors
///
/// [`StoreError::Seal`] when no key fits, the file is no sealed case, or it was altered;
/// [`StoreError::Io`] when a file cannot be read or written. What was written by then stays, since
/// nothing of it was there before.
pub fn unseal(sealed: &Path, root: &Path, keys: &SealKeys) -> Result<Sealed, StoreError> {
    let file = File::open(sealed).map_err(StoreError::io("opening", sealed))?;
    let decryptor = age::Decryptor::new_buffered(BufReader::new(file)).map_err(|error| {
        wrong_key(format!("`{}` is no file under age encryption: {error}", sealed.display()))
    })?;
    let mut identities: Vec<Box<dyn age::Identity>> = Vec::new();
    for text in &keys.keys {
        let read = age::IdentityFile::from_buffer(text.as_bytes())
            .map_err(|error| wrong_key(format!("expected a key `AGE-SECRET-KEY-1…`: {error}")))?;
        for identity in read.into_identities().map_err(wrong_key)? {
            identities.push(identity);
        }
    }
    if let Some(passphrase) = &keys.passphrase {
        identities
            .push(Box::new(age::scrypt::Identity::new(SecretString::from(passphrase.clone()))));
    }
    let reader = decryptor
        .decrypt(identities.iter().map(AsRef::as_ref))
        .map_err(|error| wrong_key(format!("`{}` stays shut: {error}", sealed.display())))?;
    if root.exists()
        && std::fs::read_dir(root).map_err(StoreError::io("listing", root))?.next().is_some()
    {
        return Err(wrong_key(format!("`{}` is not empty; name a new folder", root.display())));
    }
    // Archives of files do not hold empty folders, and a case has some.
    CaseDir::create_or_open(root)?;
    let damaged = |error: std::io::Error| {
        wrong_key(format!("`{}` was altered or ends early: {error}", sealed.display()))
    };
    let mut archive = tar::Archive::new(reader);
    archive.set_preserve_mtime(false);
    let mut opened = Sealed { files: 0, bytes: 0 };
    for entry in archive.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        let path = entry.path().map_err(damaged)?.into_owned();
        let size = entry.size();
        // Paths that lead out of the folder are refused by the archive's reader, links here.
        if !entry.header().entry_type().is_file() || !entry.unpack_in(root).map_err(damaged)? {
            return Err(wrong_key(format!(
                "`{}` holds `{}`, which is no file of a case",
                sealed.display(),
                path.display()
            )));
        }
        opened.files = opened.files.saturating_add(1);
        opened.bytes = opened.bytes.saturating_add(size);
    }
    // The end of the stream is authenticated too, and the archive's reader stops before it.
    std::io::copy(&mut archive.into_inner(), &mut std::io::sink()).map_err(damaged)?;
    Ok(opened)
}
