//! Columns that access logs of web servers have in common.

use egret_model::ecs::catalog::fields;
use egret_model::event::EventBuilder;

/// Sets what a request and its answer are, as the server saw them.
pub(crate) struct Exchange<'a> {
    pub(crate) client: &'a str,
    pub(crate) client_port: Option<i64>,
    pub(crate) method: &'a str,
    pub(crate) host: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) status: Option<i64>,
    /// Bytes sent to the client.
    pub(crate) sent: Option<i64>,
    /// Bytes received from it.
    pub(crate) received: Option<i64>,
    pub(crate) agent: &'a str,
}

impl Exchange<'_> {
    pub(crate) fn set(&self, row: &mut EventBuilder) {
        row.set_str(fields::EVENT_KIND, "event");
        row.set_list(fields::EVENT_CATEGORY, ["web"]);
        row.set_list(fields::EVENT_TYPE, ["access"]);
        row.set_str(fields::CLOUD_PROVIDER, "aws");
        row.set_opt(fields::EVENT_ACTION, Some(self.method));
        row.set_opt(fields::HTTP_REQUEST_METHOD, Some(self.method));
        row.set_opt(fields::URL_DOMAIN, Some(self.host));
        row.set_opt(fields::URL_PATH, Some(self.path));
        row.set_opt(fields::URL_QUERY, Some(self.query));
        row.set_opt(fields::SOURCE_ADDRESS, Some(self.client));
        if row.set_ip(fields::SOURCE_IP, self.client) {
            row.set_list(fields::RELATED_IP, [self.client]);
        }
        for (field, number) in [
            (fields::SOURCE_PORT, self.client_port),
            (fields::HTTP_RESPONSE_STATUS_CODE, self.status),
            // As with S3: what went out to the client.
            (fields::SOURCE_BYTES, self.sent),
            (fields::DESTINATION_BYTES, self.received),
        ] {
            if let Some(number) = number {
                row.set_i64(field, number);
            }
        }
        let outcome = match self.status {
            Some(100..=399) => "success",
            Some(_) => "failure",
            None => "unknown",
        };
        row.set_str(fields::EVENT_OUTCOME, outcome);
        crate::user_agent::set(row, self.agent);
    }
}
