//! Logs out of live AWS accounts into an evidence folder.
//!
//! [`S3Place`] says where logs lie, [`policy`] which rights reading them takes, [`list`] what is
//! there, [`fetch`] copies it. Nothing here can write to AWS: the crate calls `ListObjectsV2` and
//! `GetObject` and nothing else.

mod client;
mod copy;
mod custody;
mod place;
mod policy;

pub use aws_sdk_s3::Client;
pub use client::{ClientOptions, client};
pub use copy::{AcquireError, Listed, fetch, list};
pub use custody::{Acquired, MANIFEST};
pub use place::{PlaceError, S3Place, Window, day_of_key};
pub use policy::policy;
