//! Which actions give data or credentials away.

use super::pattern::{Glob, Pattern, Work};

/// Actions by which data or credentials leave, in lower case: reading, copying out, being handed
/// credentials, and changing the policy that says who may.
///
/// `s3:PutObjectAcl` is not among them: it goes with every upload to another's bucket, and object
/// ACLs are off unless the bucket's owner turned them on.
///
/// # Source
///
/// The service authorization reference,
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>.
const READS: &[&str] = &[
    "aoss:apiaccessall",
    "aoss:readdocument",
    "backup:copyfrombackupvault",
    "backup:putbackupvaultaccesspolicy",
    "backup:startcopyjob",
    "backup:startrestorejob",
    "codeartifact:getauthorizationtoken",
    "codeartifact:getpackageversionasset",
    "codeartifact:readfromrepository",
    "codecommit:getblob",
    "codecommit:getfile",
    "codecommit:getfolder",
    "codecommit:gitpull",
    "dynamodb:batchgetitem",
    "dynamodb:exporttabletopointintime",
    "dynamodb:getitem",
    "dynamodb:getrecords",
    "dynamodb:partiqlselect",
    "dynamodb:putresourcepolicy",
    "dynamodb:query",
    "dynamodb:scan",
    "ecr:batchgetimage",
    "ecr:getauthorizationtoken",
    "ecr:getdownloadurlforlayer",
    "ecr:setrepositorypolicy",
    "elasticfilesystem:clientmount",
    "elasticfilesystem:clientrootaccess",
    "elasticfilesystem:putfilesystempolicy",
    "es:eshttpget",
    "es:eshttppost",
    "es:updatedomainconfig",
    "events:putpermission",
    "glacier:getjoboutput",
    "glacier:initiatejob",
    "glacier:setvaultaccesspolicy",
    "glue:getconnection",
    "glue:getconnections",
    "glue:getpartitions",
    "glue:gettable",
    "glue:gettables",
    "glue:getunfilteredtablemetadata",
    "iam:updateassumerolepolicy",
    "kafka-cluster:readdata",
    "kinesis:getrecords",
    "kinesis:putresourcepolicy",
    "kinesis:subscribetoshard",
    "kms:creategrant",
    "kms:decrypt",
    "kms:derivesharedsecret",
    "kms:putkeypolicy",
    "kms:reencryptfrom",
    "lakeformation:getdataaccess",
    "lambda:addpermission",
    "lambda:getfunction",
    "lambda:getlayerversion",
    "lambda:updatefunctioncode",
    "logs:filterlogevents",
    "logs:getlogevents",
    "logs:getlogobject",
    "logs:getlogrecord",
    "logs:getqueryresults",
    "logs:startlivetail",
    "logs:startquery",
    "redshift-serverless:restorefromsnapshot",
    "redshift-serverless:restoretablefromsnapshot",
    "s3-object-lambda:getobject",
    "s3-object-lambda:getobjectversion",
    "s3:getdataaccess",
    "s3:getobject",
    "s3:getobjecttorrent",
    "s3:getobjectversion",
    "s3:getobjectversionforreplication",
    "s3:getobjectversiontorrent",
    "s3:putaccesspointpolicy",
    "s3:putbucketacl",
    "s3:putbucketpolicy",
    "s3:putreplicationconfiguration",
    "s3express:createsession",
    "s3tables:gettabledata",
    "secretsmanager:batchgetsecretvalue",
    "secretsmanager:getsecretvalue",
    "secretsmanager:putresourcepolicy",
    "sns:addpermission",
    "sns:receive",
    "sns:settopicattributes",
    "sns:subscribe",
    "sqs:addpermission",
    "sqs:receivemessage",
    "sqs:setqueueattributes",
    "sqs:startmessagemovetask",
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:assumeroot",
    "sts:getfederationtoken",
    "sts:getsessiontoken",
];

/// Services whose actions that read are all in [`READS`], though they have some that begin with
/// `Get`.
const DESCRIBING: [&str; 4] = ["execute-api", "oam", "ram", "ses"];

/// Beginnings of names that read, for services that are not in [`READS`].
const VERBS: [&str; 11] = [
    "batchget", "copy", "download", "export", "get", "query", "read", "receive", "retrieve",
    "scan", "select",
];

/// ACL permissions that let read, or let change who may.
const PERMISSIONS: [&str; 3] = ["FULL_CONTROL", "READ", "WRITE_ACP"];

/// Whether one of the actions gives data or credentials away. A service that is not known counts by
/// the verb.
pub(super) fn reads(actions: &[Pattern], work: &Work) -> bool {
    actions.iter().any(|action| {
        let include = action.include().key();
        let Some((service, _)) = include.split_once(':') else {
            return include.contains(['*', '?']) && some(action, READS.iter().copied(), work);
        };
        if some(action, READS.iter().copied(), work) {
            return true;
        }
        let listed =
            READS.iter().filter_map(|read| read.split_once(':')).any(|(known, _)| known == service)
                || DESCRIBING.contains(&service);
        !listed
            && VERBS
                .iter()
                .any(|verb| action.meets(&Glob::action(&format!("{service}:{verb}*")), work))
    })
}

fn some<'a>(action: &Pattern, mut reads: impl Iterator<Item = &'a str>, work: &Work) -> bool {
    reads.any(|read| action.meets(&Glob::action(read), work))
}

/// Whether one of the ACL permissions does.
pub(super) fn permits_reading<'a>(mut permissions: impl Iterator<Item = &'a str>) -> bool {
    permissions.any(|permission| PERMISSIONS.contains(&permission))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading() {
        #[rustfmt::skip]
        let rows = [
            ("*",                           true),
            ("s3:*",                        true),
            ("s3:Get*",                     true),
            ("S3:getobject",                true),
            ("s3:GetBucket*",               false),
            ("s3:GetBucketAcl",             false),
            ("s3:ListBucket",               false),
            ("s3:Put*",                     true),
            ("s3:PutObject",                false),
            ("s3:PutObject*",               false),
            ("s3:* but s3:Get*, s3:Put*",   false),
            ("everything but s3:*",         true),
            ("everything but *",            false),
            ("kms:Decrypt",                 true),
            ("kms:ReEncrypt*",              true),
            ("kms:GenerateDataKey*",        false),
            ("kms:Describe*",               false),
            ("kms:CreateGrant",             true),
            ("sts:AssumeRole",              true),
            ("sts:TagSession",              false),
            ("sqs:ReceiveMessage",          true),
            ("SQS:SendMessage",             false),
            ("SNS:Publish",                 false),
            ("SNS:GetTopicAttributes",      false),
            ("lambda:GetFunction",          true),
            ("lambda:InvokeFunction",       false),
            ("ecr:BatchGetImage",           true),
            ("secretsmanager:GetSecretValue", true),
            ("dynamodb:Scan",               true),
            ("newservice:GetThing",         true),
            ("newservice:PutThing",         false),
            ("newservice:*",                true),
            ("execute-api:Invoke",          false),
            ("nonsense",                    false),
        ];
        for (action, want) in rows {
            assert_eq!(reads(&[Pattern::of_action(action)], &Work::new()), want, "row: {action}");
        }
    }

    #[test]
    fn the_list_is_sorted_and_lower_case() {
        assert!(READS.is_sorted());
        assert!(READS.iter().all(|read| *read == read.to_ascii_lowercase()));
    }
}
