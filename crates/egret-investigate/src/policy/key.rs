//! What condition keys are about.
//!
//! Three parties may stand behind a request: the caller, the account on whose behalf a service
//! calls, and the network that the request came from. A key speaks of one of them, or of the
//! request itself.

/// What a key is about, in the order in which clauses are looked at: the caller's account tells
/// more than its organisation, and either more than the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meaning {
    /// Account of the caller.
    CallerAccount,
    /// ARN of the caller.
    CallerArn,
    /// Unique id of the caller.
    CallerId,
    /// Name of the calling service.
    CallerService,
    /// Organisation of the caller.
    CallerOrganization,
    /// Organisation of the caller, with the path of units.
    CallerOrganizationPath,
    /// Account for which a service calls.
    SourceAccount,
    /// Resource for which a service calls.
    SourceArn,
    /// Organisation for which a service calls.
    SourceOrganization,
    /// The same with the path of units.
    SourceOrganizationPath,
    /// Whether the caller is a service.
    CallerIsService,
    /// Account of the access point that the request goes through.
    AccessPointAccount,
    /// ARN of that access point.
    AccessPointArn,
    /// Public address of the caller.
    NetworkAddress,
    /// Account of the VPC or endpoint.
    NetworkAccount,
    /// ARN of the VPC.
    NetworkArn,
    /// Organisation of the VPC endpoint's account.
    NetworkOrganization,
    /// The same with the path of units.
    NetworkOrganizationPath,
    /// What any caller sets as it likes.
    AtWill,
    /// Whether the connection is encrypted, which narrows nobody.
    Encryption,
    /// Anything else.
    Other,
}

/// Keys as AWS writes them. Keys that are not here are kept as written.
///
/// # Source
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>, and
/// for `s3:`, `kms:` and `lambda:` the service authorization reference.
const KEYS: &[(&str, Meaning)] = &[
    ("aws:PrincipalAccount", Meaning::CallerAccount),
    ("kms:CallerAccount", Meaning::CallerAccount),
    ("aws:PrincipalArn", Meaning::CallerArn),
    ("aws:userid", Meaning::CallerId),
    ("aws:PrincipalIsAWSService", Meaning::CallerIsService),
    ("aws:PrincipalServiceName", Meaning::CallerService),
    ("aws:PrincipalServiceNamesList", Meaning::CallerService),
    ("aws:PrincipalOrgID", Meaning::CallerOrganization),
    ("aws:PrincipalOrgPaths", Meaning::CallerOrganizationPath),
    ("aws:SourceAccount", Meaning::SourceAccount),
    ("aws:SourceOwner", Meaning::SourceAccount),
    ("aws:SourceArn", Meaning::SourceArn),
    ("aws:SourceOrgID", Meaning::SourceOrganization),
    ("aws:SourceOrgPaths", Meaning::SourceOrganizationPath),
    ("s3:DataAccessPointAccount", Meaning::AccessPointAccount),
    ("s3:DataAccessPointArn", Meaning::AccessPointArn),
    ("aws:SourceIp", Meaning::NetworkAddress),
    ("aws:VpceAccount", Meaning::NetworkAccount),
    ("aws:SourceVpcArn", Meaning::NetworkArn),
    ("aws:VpceOrgID", Meaning::NetworkOrganization),
    ("aws:VpceOrgPaths", Meaning::NetworkOrganizationPath),
    ("aws:SecureTransport", Meaning::Encryption),
    ("s3:TlsVersion", Meaning::AtWill),
    ("s3:signatureversion", Meaning::AtWill),
    ("s3:signatureAge", Meaning::AtWill),
    ("s3:authType", Meaning::AtWill),
    ("aws:TagKeys", Meaning::AtWill),
    // A VPC has whichever private addresses its owner gave it, so these say nothing about whose.
    ("aws:VpcSourceIp", Meaning::Other),
    ("aws:SourceVpc", Meaning::Other),
    ("aws:SourceVpce", Meaning::Other),
    ("aws:PrincipalType", Meaning::Other),
    ("aws:ViaAWSService", Meaning::Other),
    ("aws:CalledVia", Meaning::Other),
    ("aws:MultiFactorAuthPresent", Meaning::Other),
    ("aws:Referer", Meaning::Other),
    ("aws:UserAgent", Meaning::Other),
    ("aws:username", Meaning::Other),
    ("aws:ResourceAccount", Meaning::Other),
    ("aws:ResourceOrgID", Meaning::Other),
    ("kms:ViaService", Meaning::Other),
    ("lambda:FunctionUrlAuthType", Meaning::Other),
    ("sts:ExternalId", Meaning::Other),
    ("saml:aud", Meaning::Other),
];

/// Beginnings of keys that any caller sets as it likes.
const AT_WILL: [&str; 3] = ["s3:x-amz-", "aws:requesttag/", "s3:requestobjecttag"];

/// The key as AWS writes it, and what it is about.
pub(super) fn meaning(key: &str) -> (String, Meaning) {
    if let Some((name, meaning)) = KEYS.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)) {
        return ((*name).to_owned(), *meaning);
    }
    let folded = key.to_ascii_lowercase();
    let meaning = if AT_WILL.iter().any(|prefix| folded.starts_with(prefix)) {
        Meaning::AtWill
    } else {
        Meaning::Other
    };
    (key.to_owned(), meaning)
}

impl Meaning {
    /// Whether about the caller itself.
    pub(super) fn is_caller(self) -> bool {
        matches!(
            self,
            Self::CallerAccount
                | Self::CallerArn
                | Self::CallerId
                | Self::CallerOrganization
                | Self::CallerOrganizationPath
        )
    }

    /// Whether about the account on whose behalf a service calls.
    pub(super) fn is_source(self) -> bool {
        matches!(
            self,
            Self::SourceAccount
                | Self::SourceArn
                | Self::SourceOrganization
                | Self::SourceOrganizationPath
        )
    }

    /// Whether any caller can choose the value, so that a Deny by it stops nobody.
    pub(super) fn is_at_will(self) -> bool {
        matches!(self, Self::AtWill | Self::Encryption)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        #[rustfmt::skip]
        let rows = [
            ("AWS:sourceowner",        "aws:SourceOwner",     Meaning::SourceAccount),
            ("AWS:PRINCIPALORGID",     "aws:PrincipalOrgID",  Meaning::CallerOrganization),
            ("s3:x-amz-acl",           "s3:x-amz-acl",        Meaning::AtWill),
            ("token.example.com:sub",  "token.example.com:sub", Meaning::Other),
        ];
        for (key, name, want) in rows {
            assert_eq!(meaning(key), (name.to_owned(), want), "row: {key}");
        }
    }
}
