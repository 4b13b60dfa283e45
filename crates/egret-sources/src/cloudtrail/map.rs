//! A CloudTrail record as event columns.

use std::borrow::Cow;

use egret_model::aws::{assumed_role, delivers_logs, name_of_arn, s3_object_of_arn};
use egret_model::dataset::Dataset;
use egret_model::ecs::catalog::fields;
use egret_model::event::EventBuilder;
use egret_model::limits::ENTITIES_MAX;

use super::record::{Identity, Record, Resource};
use crate::json::cursor::whole_number;
use crate::json::{Flat, Tokens};
use crate::occurrence::Occurrences;
use crate::percent::decode_if_encoded;
use crate::sink::{RecordKey, Sink};
use crate::user_agent;

/// Puts one record into the sink. `raw` is the record as logged; `more` sets what is known besides,
/// where the record itself says nothing.
pub(super) fn store(
    record: &mut Record<'_>,
    micros: i64,
    tokens: &Tokens,
    raw: &str,
    occurrences: &mut Occurrences,
    sink: &mut Sink,
    more: impl FnOnce(&mut EventBuilder),
) {
    let id = record.event_id.as_deref().filter(|id| !id.is_empty());
    let key = match id {
        Some(id) => RecordKey::of_id(id),
        None => occurrences.key(raw.as_bytes(), sink),
    };
    let rest = record.rest.take_json();
    let record = &*record;
    sink.row(Dataset::CLOUDTRAIL, micros, key, |row| {
        match id {
            Some(id) => row.set_str(fields::EVENT_ID, id),
            None => row.set_str(fields::EVENT_ID, &key.to_event_id()),
        }
        what(record, tokens, row);
        let names = who(record, tokens, row);
        row.set_list(fields::RELATED_USER, names);
        from_where(record, row);
        resources(record, row);
        issued(record, tokens, row);
        brokered(record, tokens, row);
        console_login(record, tokens, row);
        s3(record, tokens, row);
        if is_log_delivery(record) {
            row.set_bool(fields::LOG_DELIVERY, true);
        }
        row.set_opt(fields::REST, rest.as_deref());
        more(row);
        // What a team's own pipeline found is kept.
        entities(record, tokens, row);
    });
}

fn set(row: &mut EventBuilder, field: egret_model::ecs::Field, text: Option<&Cow<'_, str>>) {
    row.set_opt(field, text.map(AsRef::as_ref));
}

fn what(record: &Record<'_>, tokens: &Tokens, row: &mut EventBuilder) {
    let logged = record.event_name.as_deref().unwrap_or_default();
    let action = without_api_version(logged);
    let source = record.event_source.as_deref().unwrap_or_default();
    row.set_opt(fields::EVENT_ACTION, Some(action));
    if action.len() != logged.len() {
        row.set_str(fields::EVENT_CODE, logged);
    }
    row.set_opt(fields::EVENT_PROVIDER, Some(source));
    row.set_str(fields::EVENT_OUTCOME, outcome(record, tokens));
    row.set_str(fields::EVENT_KIND, "event");
    let (category, types) = classify(source, action);
    row.set_list(fields::EVENT_CATEGORY, category);
    row.set_list(fields::EVENT_TYPE, types);
    row.set_str(fields::CLOUD_PROVIDER, "aws");
    set(row, fields::CLOUD_REGION, record.region.as_ref());
    let own_account = record.recipient_account_id.as_ref().filter(|id| !id.is_empty());
    set(row, fields::CLOUD_ACCOUNT_ID, own_account.or(record.identity.account_id.as_ref()));

    set(row, fields::CT_EVENT_VERSION, record.event_version.as_ref());
    set(row, fields::CT_EVENT_TYPE, record.event_type.as_ref());
    set(row, fields::CT_EVENT_CATEGORY, record.event_category.as_ref());
    set(row, fields::CT_REQUEST_ID, record.request_id.as_ref());
    set(row, fields::CT_SHARED_EVENT_ID, record.shared_event_id.as_ref());
    set(row, fields::CT_API_VERSION, record.api_version.as_ref());
    set(row, fields::CT_ERROR_CODE, record.error_code.as_ref());
    set(row, fields::CT_ERROR_MESSAGE, record.error_message.as_ref());
    set(row, fields::CT_RECIPIENT_ACCOUNT_ID, record.recipient_account_id.as_ref());
    set(row, fields::CT_VPC_ENDPOINT_ID, record.vpc_endpoint_id.as_ref());
    set(row, fields::CT_VPC_ENDPOINT_ACCOUNT_ID, record.vpc_endpoint_account_id.as_ref());
    let from_console = record.session_credential_from_console.as_ref();
    set(row, fields::CT_SESSION_CREDENTIAL_FROM_CONSOLE, from_console);
    if let Some(read_only) = record.read_only {
        row.set_bool(fields::CT_READ_ONLY, read_only);
    }
    if let Some(management) = record.management_event {
        row.set_bool(fields::CT_MANAGEMENT_EVENT, management);
    }
    for (field, flat) in [
        (fields::CT_REQUEST_PARAMETERS, &record.request),
        (fields::CT_RESPONSE_ELEMENTS, &record.response),
        (fields::CT_ADDITIONAL_EVENTDATA, &record.additional),
        (fields::CT_SERVICE_EVENT_DETAILS, &record.service_details),
        (fields::CT_INSIGHT_DETAILS, &record.insight),
    ] {
        if let Some(flat) = flat {
            row.set_flattened(field, flat.json, tokens.of(flat));
        }
    }
}

/// The event name without the API version that some services append: `20150331`, `20150331v2`,
/// `2020_05_31`.
fn without_api_version(name: &str) -> &str {
    if !name.ends_with(|last: char| last.is_ascii_digit()) {
        return name;
    }
    let unrevised = match name.rsplit_once('v') {
        Some((before, revision)) if revision.bytes().all(|byte| byte.is_ascii_digit()) => before,
        _ => name,
    };
    for length in [8, 10] {
        let Some((action, date)) =
            unrevised.len().checked_sub(length).and_then(|at| unrevised.split_at_checked(at))
        else {
            continue;
        };
        let is_date = date.starts_with("20") || date.starts_with("19");
        let shape = date.bytes().enumerate().all(|(at, byte)| match (length, at) {
            (10, 4 | 7) => byte == b'_',
            _ => byte.is_ascii_digit(),
        });
        if is_date && shape && !action.is_empty() {
            return action;
        }
    }
    name
}

fn outcome(record: &Record<'_>, tokens: &Tokens) -> &'static str {
    let present =
        |text: &Option<Cow<'_, str>>| text.as_deref().is_some_and(|text| !text.is_empty());
    // Sign-in steps say how they went under their own name.
    let says_failure = |flat: &Option<Flat<'_>>| {
        let Some(flat) = flat.as_ref() else { return false };
        let name = record.event_name.as_deref().unwrap_or_default();
        tokens.of(flat).lines().any(|line| line.strip_prefix(name) == Some("\tFailure"))
    };
    let signs_in = record
        .event_source
        .as_deref()
        .is_some_and(|source| source.starts_with("signin.") || source.starts_with("sso"));
    let failed = present(&record.error_code)
        || present(&record.error_message)
        || signs_in && (says_failure(&record.response) || says_failure(&record.service_details));
    if failed { "failure" } else { "success" }
}

/// Whether AWS itself delivers logs here: no principal of an account called.
fn is_log_delivery(record: &Record<'_>) -> bool {
    let identity = &record.identity;
    let by_service = identity.kind.as_deref() == Some("AWSService");
    by_service && identity.invoked_by.as_deref().is_some_and(delivers_logs)
}

/// Calls of IAM about groups, users and the account, as Elastic lists them; roles and policies are
/// not among them. An uploaded SSH key is, as the other calls about such keys are.
const GROUP_CALLS: &[&str] = &[
    "AddUserToGroup",
    "AttachGroupPolicy",
    "CreateGroup",
    "DeleteGroup",
    "DeleteGroupPolicy",
    "DetachGroupPolicy",
    "GetGroup",
    "GetGroupPolicy",
    "ListAttachedGroupPolicies",
    "ListGroupPolicies",
    "ListGroups",
    "ListGroupsForUser",
    "PutGroupPolicy",
    "RemoveUserFromGroup",
    "UpdateGroup",
];
const USER_CALLS: &[&str] = &[
    "AttachUserPolicy",
    "ChangePassword",
    "CreateAccessKey",
    "CreateUser",
    "CreateVirtualMFADevice",
    "DeactivateMFADevice",
    "DeleteAccessKey",
    "DeleteSSHPublicKey",
    "DeleteUser",
    "DeleteUserPermissionsBoundary",
    "DeleteUserPolicy",
    "DeleteVirtualMFADevice",
    "DetachUserPolicy",
    "EnableMFADevice",
    "GetUser",
    "GetUserPolicy",
    "ListAttachedUserPolicies",
    "ListUserPolicies",
    "ListUserTags",
    "ListUsers",
    "PutUserPermissionsBoundary",
    "PutUserPolicy",
    "TagUser",
    "UntagUser",
    "UpdateAccessKey",
    "UpdateLoginProfile",
    "UpdateSSHPublicKey",
    "UpdateUser",
    "UploadSSHPublicKey",
];
const ADMIN_CALLS: &[&str] = &[
    "SetDefaultPolicyVersion",
    "SetSecurityTokenServicePreferences",
    "UpdateAccountPasswordPolicy",
    "UpdateRole",
];

/// ECS category and types, as Elastic assigns them.
fn classify(source: &str, action: &str) -> (Option<&'static str>, Vec<&'static str>) {
    let of_iam = || {
        let about = [("group", GROUP_CALLS), ("user", USER_CALLS), ("admin", ADMIN_CALLS)]
            .into_iter()
            .find_map(|(about, calls)| calls.contains(&action).then_some(about))?;
        let done = match action {
            "CreateGroup" | "CreateUser" => "creation",
            "DeleteGroup" | "DeleteUser" => "deletion",
            _ if action.starts_with("Get") || action.starts_with("List") => "info",
            _ => "change",
        };
        Some((Some("iam"), vec![about, done]))
    };
    let service = source.strip_suffix(".amazonaws.com").unwrap_or(source);
    match (service, action) {
        ("sts", _) if action.starts_with("AssumeRole") => (Some("authentication"), vec!["info"]),
        (_, "ConsoleLogin" | "CredentialVerification" | "UserAuthentication")
            if service == "signin" || service.starts_with("signin.") =>
        {
            (Some("authentication"), vec!["info"])
        }
        ("s3", "CreateBucket") => (Some("file"), vec!["creation"]),
        ("s3", "DeleteBucket") => (Some("file"), vec!["deletion"]),
        ("ec2", "CreateKeyPair") => (Some("iam"), vec!["admin", "creation"]),
        ("iam", _) => of_iam().unwrap_or((None, vec!["info"])),
        _ => (None, vec!["info"]),
    }
}

/// Names of what a request acts upon, the closest first; of others the first that names anything.
const TARGETS: &[&str] = &[
    "\nroleName\t",
    "\nroleArn\t",
    "\nuserName\t",
    "\ngroupName\t",
    "\ninstanceProfileName\t",
    "\npolicyArn\t",
    "\npolicyName\t",
];

/// What the event is about: whoever called, and whatever the request and its answer name.
fn entities(record: &Record<'_>, tokens: &Tokens, row: &mut EventBuilder) {
    // Data events are most of a log, and what they read has fields of its own.
    let is_data = record.event_category.as_deref() == Some("Data");
    if is_data || record.management_event == Some(false) {
        return;
    }
    let of = |flat: &Option<Flat<'_>>| flat.as_ref().map_or("", |flat| tokens.of(flat));
    let (request, response) = (of(&record.request), of(&record.response));
    let target = TARGETS.iter().find_map(|needle| tokens.first(record.request.as_ref(), needle));
    row.set_opt(fields::ENTITY_TARGET_ID, target.or_else(|| named(request).next()));

    let identity = &record.identity;
    let caller = [
        &identity.arn,
        &identity.principal_id,
        &identity.user_name,
        &identity.identity_provider,
        &identity.issuer_arn,
        &identity.issuer_user_name,
    ];
    let mut all: Vec<&str> = caller.into_iter().filter_map(|text| text.as_deref()).collect();
    all.extend(record.resources.list.iter().filter_map(|one| one.arn.as_deref()));
    all.extend(named(request).chain(named(response)).take(ENTITIES_MAX));
    all.retain(|name| !name.is_empty() && !is_mask(name));
    all.sort_unstable();
    all.dedup();
    row.set_list(fields::RELATED_ENTITY, all);
}

/// Values among some tokens whose names say that they name something: `…Name`, `…Id`, `…Arn`.
fn named(tokens: &str) -> impl Iterator<Item = &str> {
    tokens.lines().filter_map(|line| {
        let (path, value) = line.split_once('\t')?;
        let name = path.rsplit('.').next()?;
        let names = matches!(name, "name" | "id" | "arn" | "ARN")
            || ["Name", "Id", "Arn", "ARN", "Identifier"].iter().any(|end| name.ends_with(end));
        // These name the request itself, not what it is about.
        let own = matches!(name, "requestId" | "eventName" | "displayName");
        (names && !own && !value.is_empty() && !is_mask(value)).then_some(value)
    })
}

/// Sets the identity; gives every name of the actor and of users acted upon, sorted.
fn who<'r>(record: &'r Record<'_>, tokens: &'r Tokens, row: &mut EventBuilder) -> Vec<&'r str> {
    let identity = &record.identity;
    // Identity Center's users have no principal id, and on the steps of a sign-in no name either.
    let behalf = identity.on_behalf_of_user_id.as_ref();
    set(row, fields::USER_ID, identity.principal_id.as_ref().or(behalf));
    set(row, fields::CT_USER_IDENTITY_TYPE, identity.kind.as_ref());
    set(row, fields::CT_USER_IDENTITY_PRINCIPAL_ID, identity.principal_id.as_ref());
    set(row, fields::CT_USER_IDENTITY_ARN, identity.arn.as_ref());
    set(row, fields::CT_USER_IDENTITY_ACCOUNT_ID, identity.account_id.as_ref());
    set(row, fields::CT_USER_IDENTITY_ACCESS_KEY_ID, identity.access_key_id.as_ref());
    set(row, fields::CT_USER_IDENTITY_USER_NAME, identity.user_name.as_ref());
    set(row, fields::CT_USER_IDENTITY_INVOKED_BY, identity.invoked_by.as_ref());
    set(row, fields::CT_USER_IDENTITY_IDENTITY_PROVIDER, identity.identity_provider.as_ref());
    set(row, fields::CT_USER_IDENTITY_ON_BEHALF_OF_USER_ID, behalf);
    let store = identity.on_behalf_of_store.as_ref();
    set(row, fields::CT_USER_IDENTITY_ON_BEHALF_OF_STORE, store);
    set(row, fields::CT_USER_IDENTITY_CREDENTIAL_ID, identity.credential_id.as_ref());
    if let Some(created) = identity.session_created {
        row.set_time(fields::CT_SESSION_CREATION_DATE, created);
    }
    set(row, fields::CT_SESSION_MFA_AUTHENTICATED, identity.mfa_authenticated.as_ref());
    set(row, fields::CT_SESSION_ISSUER_TYPE, identity.issuer_type.as_ref());
    set(row, fields::CT_SESSION_ISSUER_ARN, identity.issuer_arn.as_ref());
    set(row, fields::CT_SESSION_ISSUER_PRINCIPAL_ID, identity.issuer_principal_id.as_ref());
    set(row, fields::CT_SESSION_ISSUER_ACCOUNT_ID, identity.issuer_account_id.as_ref());
    set(row, fields::CT_SESSION_ISSUER_USER_NAME, identity.issuer_user_name.as_ref());
    set(row, fields::CT_SESSION_SOURCE_IDENTITY, identity.source_identity.as_ref());
    set(row, fields::CT_SESSION_EC2_ROLE_DELIVERY, identity.ec2_role_delivery.as_ref());

    let session = session_name(identity);
    row.set_opt(fields::CT_USER_IDENTITY_SESSION_NAME, session);
    // Identity Center's sign-in steps name the person here and nowhere else.
    let signed_in =
        tokens.first(record.additional.as_ref(), "\nUserName\t").filter(|name| !is_mask(name));
    let name = user_name(identity).or(signed_in);
    row.set_opt(fields::USER_NAME, name);

    let mut names: Vec<&str> = Vec::with_capacity(8);
    names.extend(name);
    names.extend(identity.user_name.as_deref());
    names.extend(identity.issuer_user_name.as_deref());
    names.extend(session);
    names.extend(identity.source_identity.as_deref());
    names.extend(signed_in);
    let subject = identity.principal_id.as_deref().and_then(|id| id.rsplit(':').next());
    names.extend(subject.filter(|subject| subject.contains('@')));
    if record.event_source.as_deref() == Some("iam.amazonaws.com") {
        let request = record.request.as_ref();
        let target = tokens.first(request, "\nuserName\t");
        row.set_opt(fields::USER_TARGET_NAME, target);
        let target_id = tokens.first(record.response.as_ref(), "\nuser.userId\t");
        row.set_opt(fields::USER_TARGET_ID, target_id);
        row.set_opt(fields::GROUP_NAME, tokens.first(request, "\ngroupName\t"));
        let group_id = tokens.first(record.response.as_ref(), "\ngroup.groupId\t");
        row.set_opt(fields::GROUP_ID, group_id);
        names.extend(target);
    }
    names.retain(|name| !name.is_empty() && !is_mask(name));
    names.sort_unstable();
    names.dedup();
    names
}

/// The name of whoever called: user, or role, or the root user.
fn user_name<'r>(identity: &'r Identity<'_>) -> Option<&'r str> {
    let arn = identity.arn.as_deref().unwrap_or_default();
    let usable = |name: &&str| !name.is_empty() && !is_mask(name);
    identity
        .user_name
        .as_deref()
        .filter(usable)
        .or(identity.issuer_user_name.as_deref().filter(usable))
        .or_else(|| assumed_role(arn).map(|(role, _)| role))
        .or_else(|| match identity.kind.as_deref() {
            Some("Root") => Some("root"),
            Some("IAMUser" | "FederatedUser") if !arn.is_empty() => Some(name_of_arn(arn)),
            Some("FederatedUser") => identity
                .principal_id
                .as_deref()
                .and_then(|id| id.split_once(':'))
                .map(|(_, name)| name),
            _ => None,
        })
        .filter(usable)
}

/// The session of an assumed role: from its ARN, else from its principal id (`AROA…:session`),
/// which is all that the owner of a role sees of a foreign caller.
fn session_name<'r>(identity: &'r Identity<'_>) -> Option<&'r str> {
    if let Some((_, session)) = identity.arn.as_deref().and_then(assumed_role) {
        return Some(session).filter(|session| !session.is_empty());
    }
    let (id, session) = identity.principal_id.as_deref()?.split_once(':')?;
    (id.starts_with("AROA") && !session.is_empty()).then_some(session)
}

/// Whether AWS withheld the value. A mask is no name: unlike people share it.
fn is_mask(text: &str) -> bool {
    text.starts_with("HIDDEN_DUE_TO_")
        || text.starts_with("Value hidden")
        || text == "<sensitiveDataRemoved>"
        || (!text.is_empty() && text.bytes().all(|byte| byte == b'*'))
}

fn from_where(record: &Record<'_>, row: &mut EventBuilder) {
    if let Some(address) = record.source_address.as_deref().filter(|address| !address.is_empty()) {
        row.set_str(fields::SOURCE_ADDRESS, address);
        if row.set_ip(fields::SOURCE_IP, address) {
            row.set_list(fields::RELATED_IP, [address]);
        }
    }
    if let Some(agent) = record.user_agent.as_deref().filter(|agent| !agent.is_empty()) {
        user_agent::set(row, agent);
    }
    let version = record.tls.version.as_deref();
    row.set_opt(fields::TLS_VERSION, version.map(|text| text.strip_prefix("TLSv").unwrap_or(text)));
    if version.is_some() {
        row.set_str(fields::TLS_VERSION_PROTOCOL, "tls");
    }
    set(row, fields::TLS_CIPHER, record.tls.cipher.as_ref());
    set(row, fields::TLS_CLIENT_SERVER_NAME, record.tls.server_name.as_ref());
}

fn resources(record: &Record<'_>, row: &mut EventBuilder) {
    let Some(json) = record.resources.json else { return };
    let list = &record.resources.list;
    row.set_str(fields::CT_RESOURCES, json);
    row.set_list(fields::CT_RESOURCES_ARN, list.iter().filter_map(|one| one.arn.as_deref()));
    row.set_list(fields::CT_RESOURCES_TYPE, list.iter().filter_map(|one| one.kind.as_deref()));
    let accounts = list.iter().filter_map(|one| one.account_id.as_deref());
    row.set_list(fields::CT_RESOURCES_ACCOUNT_ID, accounts);
}

/// Credentials that the event handed out, so that a later use of the key leads back here.
fn issued(record: &Record<'_>, tokens: &Tokens, row: &mut EventBuilder) {
    let Some(response) = record.response.as_ref() else { return };
    let key = tokens
        .first(Some(response), "\ncredentials.accessKeyId\t")
        .or_else(|| tokens.first(Some(response), "\naccessKey.accessKeyId\t"))
        .or_else(|| tokens.first(Some(response), "\ncredentialSet.credentials.accessKeyId\t"))
        .filter(|key| !is_mask(key));
    row.set_opt(fields::CT_ISSUED_ACCESS_KEY_ID, key);
    let assumes = record.event_name.as_deref().is_some_and(|name| name.starts_with("AssumeRole"));
    if key.is_none() && !assumes {
        return;
    }
    let request = record.request.as_ref();
    row.set_opt(fields::CT_ROLE_ARN, tokens.first(request, "\nroleArn\t"));
    let assumed = tokens.first(Some(response), "\nassumedRoleUser.arn\t").and_then(assumed_role);
    let session =
        tokens.first(request, "\nroleSessionName\t").or(assumed.map(|(_, session)| session));
    row.set_opt(fields::CT_ROLE_SESSION_NAME, session);
}

/// Bucket and object accessed, and bytes moved.
fn s3(record: &Record<'_>, tokens: &Tokens, row: &mut EventBuilder) {
    if let Some(additional) = record.additional.as_ref() {
        for (field, needle) in [
            (fields::SOURCE_BYTES, "\nbytesTransferredOut\t"),
            (fields::DESTINATION_BYTES, "\nbytesTransferredIn\t"),
        ] {
            let bytes = tokens.first(Some(additional), needle).and_then(whole_number);
            if let Some(bytes) = bytes {
                row.set_i64(field, bytes);
            }
        }
    }
    let source = record.event_source.as_deref().unwrap_or_default();
    if !matches!(
        source,
        "s3.amazonaws.com"
            | "s3express.amazonaws.com"
            | "s3-outposts.amazonaws.com"
            | "s3-object-lambda.amazonaws.com"
    ) {
        return;
    }
    let request = record.request.as_ref();
    let arn_of = |kind: &str| {
        let is =
            |one: &&Resource<'_>| one.kind.as_deref().is_some_and(|found| found.ends_with(kind));
        let arn = record.resources.list.iter().find(is)?.arn.as_deref()?;
        s3_object_of_arn(arn)
    };
    // An access point's ARN can stand where the bucket's name belongs.
    let bucket = tokens
        .first(request, "\nbucketName\t")
        .filter(|bucket| !bucket.starts_with("arn:"))
        .or_else(|| arn_of("::Bucket").map(|(bucket, _)| bucket))
        .or_else(|| arn_of("::Object").map(|(bucket, _)| bucket));
    row.set_opt(fields::AWS_S3_BUCKET_NAME, bucket);
    let key =
        tokens.first(request, "\nkey\t").or_else(|| arn_of("::Object").and_then(|(_, key)| key));
    if let Some(key) = key {
        row.set_opt(fields::AWS_S3_OBJECT_KEY, Some(&decode_if_encoded(key)));
    }
}

/// How somebody signed in to the console.
fn console_login(record: &Record<'_>, tokens: &Tokens, row: &mut EventBuilder) {
    if record.event_name.as_deref() != Some("ConsoleLogin") {
        return;
    }
    let additional = record.additional.as_ref();
    let yes = |needle: &str| tokens.first(additional, needle).map(|text| text == "Yes");
    if let Some(used) = yes("\nMFAUsed\t") {
        row.set_bool(fields::CT_CONSOLE_LOGIN_MFA_USED, used);
    }
    if let Some(mobile) = yes("\nMobileVersion\t") {
        row.set_bool(fields::CT_CONSOLE_LOGIN_MOBILE_VERSION, mobile);
    }
    row.set_opt(fields::CT_CONSOLE_LOGIN_LOGIN_TO, tokens.first(additional, "\nLoginTo\t"));
}

/// What IAM Identity Center handed out to whom, in the fields of any identity broker.
fn brokered(record: &Record<'_>, tokens: &Tokens, row: &mut EventBuilder) {
    let hands_out = matches!(record.event_name.as_deref(), Some("Federate" | "GetRoleCredentials"));
    if !hands_out || !record.event_source.as_deref().is_some_and(|name| name.starts_with("sso")) {
        return;
    }
    let (details, request) = (record.service_details.as_ref(), record.request.as_ref());
    let role =
        tokens.first(details, "\nrole_name\t").or_else(|| tokens.first(request, "\nroleName\t"));
    let Some(role) = role.filter(|role| !is_mask(role)) else { return };
    row.set_str(fields::BROKER_ROLE, role);
    let account =
        tokens.first(details, "\naccount_id\t").or_else(|| tokens.first(request, "\naccountId\t"));
    row.set_opt(fields::BROKER_ACCOUNT_ID, account);
    let identity = &record.identity;
    let named = |name: &&str| !name.is_empty() && !is_mask(name);
    let name = identity
        .user_name
        .as_deref()
        .filter(named)
        .or_else(|| tokens.first(record.additional.as_ref(), "\nUserName\t").filter(named));
    // The session of the role is named after the user; an id of a user names no session.
    row.set_opt(fields::BROKER_SESSION_NAME, name);
    row.set_opt(fields::BROKER_PERSON, name.or(identity.on_behalf_of_user_id.as_deref()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_versions_go() {
        for (logged, action) in [
            ("AddPermission20150331v2", "AddPermission"),
            ("CreateFunction20150331", "CreateFunction"),
            ("UpdateDistribution2020_05_31", "UpdateDistribution"),
            ("GetObject", "GetObject"),
            ("DescribeInstancesV2", "DescribeInstancesV2"),
            ("Use12345678", "Use12345678"),
            ("20150331", "20150331"),
            ("X99990331é", "X99990331é"),
        ] {
            assert_eq!(without_api_version(logged), action);
        }
    }

    #[test]
    fn categories_and_types() {
        #[rustfmt::skip]
        let rows: &[(&str, &str, Option<&str>, &[&str])] = &[
            ("signin.amazonaws.com", "ConsoleLogin", Some("authentication"), &["info"]),
            ("signin.aws.amazon.com", "ConsoleLogin", Some("authentication"), &["info"]),
            ("sts.amazonaws.com", "AssumeRoleWithSAML", Some("authentication"), &["info"]),
            ("sts.amazonaws.com", "GetCallerIdentity", None, &["info"]),
            ("s3.amazonaws.com", "CreateBucket", Some("file"), &["creation"]),
            ("s3.amazonaws.com", "GetObject", None, &["info"]),
            ("ec2.amazonaws.com", "CreateKeyPair", Some("iam"), &["admin", "creation"]),
            ("iam.amazonaws.com", "CreateUser", Some("iam"), &["user", "creation"]),
            ("iam.amazonaws.com", "DeleteGroup", Some("iam"), &["group", "deletion"]),
            ("iam.amazonaws.com", "ListUsers", Some("iam"), &["user", "info"]),
            ("iam.amazonaws.com", "AddUserToGroup", Some("iam"), &["group", "change"]),
            ("iam.amazonaws.com", "UpdateRole", Some("iam"), &["admin", "change"]),
            ("iam.amazonaws.com", "AttachRolePolicy", None, &["info"]),
            ("iam.amazonaws.com", "CreateLoginProfile", None, &["info"]),
            ("cognito-idp.amazonaws.com", "ListUsers", None, &["info"]),
        ];
        for (source, action, category, types) in rows {
            let (found, of) = classify(source, action);
            assert_eq!((found, of.as_slice()), (*category, *types), "{source} {action}");
        }
    }

    #[test]
    fn what_names_something() {
        let tokens = "\nroleName\tOps\nx.items.instanceId\ti-1\nrequestId\tr-1\nkmsKeyArn\tk\n\
                      accessKey.secret\ts\nid\t\nmaxResults\t5\nfunctionName\t***\n";
        assert_eq!(named(tokens).collect::<Vec<_>>(), ["Ops", "i-1", "k"]);
    }

    #[test]
    fn masks_are_no_names() {
        assert!(is_mask("HIDDEN_DUE_TO_SECURITY_REASONS") && is_mask("***") && !is_mask("ana*"));
    }
}
