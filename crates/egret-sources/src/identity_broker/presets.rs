//! The presets that come with Egret. A new one is a file and a line here.

/// Name of each file and what it says, in the order they are tried.
pub(super) const BUILT_IN: &[(&str, &str)] = &[
    ("audit_observer", include_str!("../../sources/identity_broker/audit_observer.toml")),
    ("teleport", include_str!("../../sources/identity_broker/teleport.toml")),
    ("vault", include_str!("../../sources/identity_broker/vault.toml")),
    ("boundary", include_str!("../../sources/identity_broker/boundary.toml")),
    ("consoleme", include_str!("../../sources/identity_broker/consoleme.toml")),
    ("weep", include_str!("../../sources/identity_broker/weep.toml")),
    ("granted", include_str!("../../sources/identity_broker/granted.toml")),
    ("common_fate", include_str!("../../sources/identity_broker/common_fate.toml")),
];
