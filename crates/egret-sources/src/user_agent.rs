//! The program that a user agent names, and what it runs on.
//!
//! What it **cannot** tell: the truth. A user agent is what the client says of itself.
//!
//! Programs are named by the first product in the text. Browsers all begin with `Mozilla/5.0`, so for
//! those the product that tells them apart is looked for. Devices are named as Elastic's parser does:
//! `Spider` for command-line tools and SDKs, `Mac` for browsers there, else `Other`.

use egret_model::ecs::catalog::fields;
use egret_model::event::EventBuilder;

/// What a user agent says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct UserAgent<'a> {
    pub(crate) name: &'a str,
    pub(crate) version: &'a str,
    pub(crate) os: &'a str,
    pub(crate) os_version: &'a str,
    pub(crate) device: &'a str,
}

/// Browsers, the more special before those that they pretend to be.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg/", "Edge"),
    ("Edge/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("HeadlessChrome/", "HeadlessChrome"),
    ("Chrome/", "Chrome"),
    ("Firefox/", "Firefox"),
    ("Version/", "Safari"),
    ("Trident/", "IE"),
];

/// Tools and SDKs that Elastic's parser takes for machines.
const MACHINES: &[&str] = &[
    "aws-cli",
    "boto",
    "aws-sdk",
    "botocore",
    "curl",
    "wget",
    "python-requests",
    "terraform",
    "rclone",
    "s3cmd",
];

/// Windows by the number it gives of itself.
const WINDOWS: &[(&str, &str)] =
    &[("10.0", "10"), ("6.3", "8.1"), ("6.2", "8"), ("6.1", "7"), ("6.0", "Vista"), ("5.1", "XP")];

/// Reads a user agent.
pub(crate) fn parse(text: &str) -> UserAgent<'_> {
    let (name, version) = browser(text).or_else(|| product(text)).unwrap_or(("Other", ""));
    let (os, os_version) = system(text).unwrap_or_default();
    let folded = name.to_ascii_lowercase();
    let device = if MACHINES.iter().any(|machine| folded.starts_with(machine)) {
        "Spider"
    } else if os == "Mac OS X" {
        "Mac"
    } else {
        "Other"
    };
    UserAgent { name, version, os, os_version, device }
}

/// Sets the columns of a user agent.
pub(crate) fn set(row: &mut EventBuilder, text: &str) {
    if text.is_empty() {
        return;
    }
    row.set_str(fields::USER_AGENT_ORIGINAL, text);
    let agent = parse(text);
    row.set_str(fields::USER_AGENT_NAME, agent.name);
    row.set_opt(fields::USER_AGENT_VERSION, Some(agent.version));
    row.set_str(fields::USER_AGENT_DEVICE_NAME, agent.device);
    if agent.os.is_empty() {
        return;
    }
    row.set_str(fields::USER_AGENT_OS_NAME, agent.os);
    if !agent.os_version.is_empty() {
        row.set_str(fields::USER_AGENT_OS_VERSION, agent.os_version);
        row.set_str(fields::USER_AGENT_OS_FULL, &format!("{} {}", agent.os, agent.os_version));
    }
}

fn browser(text: &str) -> Option<(&str, &str)> {
    if !text.trim_start_matches('[').starts_with("Mozilla/") {
        return None;
    }
    BROWSERS.iter().find_map(|(mark, name)| {
        let (_, rest) = text.split_once(mark)?;
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        Some((*name, rest.get(..end)?.trim_end_matches('.')))
    })
}

/// Name and version of the first product, such as `aws-cli` and `2.13.5`.
fn product(text: &str) -> Option<(&str, &str)> {
    let first = text.trim_start_matches('[').split([' ', ',', ';', ']']).next()?;
    let (name, version) = first.split_once('/')?;
    let digits = version.strip_prefix('v').unwrap_or(version);
    let is_version = digits.starts_with(|char: char| char.is_ascii_digit());
    (is_version && !name.is_empty() && name != "Mozilla").then_some((name, version))
}

/// The operating system and its version, where they are said.
fn system(text: &str) -> Option<(&'static str, &str)> {
    let behind = |mark: &str| text.split_once(mark).map(|(_, rest)| rest);
    let number =
        |rest: &'_ str| rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    if let Some(rest) = behind("Windows NT ") {
        let given = rest.get(..number(rest)).unwrap_or_default();
        let known = WINDOWS.iter().find(|(number, _)| *number == given).map(|(_, name)| *name);
        return Some(("Windows", known.unwrap_or(given)));
    }
    if text.contains("Windows/") || text.contains("os/windows") {
        return Some(("Windows", ""));
    }
    // A penetration tester's system, which its tools name in the user agent.
    if text.to_ascii_lowercase().contains("kali") {
        return Some(("Kali", ""));
    }
    if behind("Mac OS X").is_some() || text.contains("Darwin/") || text.contains("os/macos") {
        return Some(("Mac OS X", ""));
    }
    if text.contains("Android") {
        return Some(("Android", ""));
    }
    if text.contains("iPhone OS") || text.contains("iPad") {
        return Some(("iOS", ""));
    }
    for (mark, name) in [("Ubuntu", "Ubuntu"), ("amzn", "Amazon Linux"), ("Parrot", "Parrot OS")] {
        if text.contains(mark) {
            return Some((name, ""));
        }
    }
    (text.contains("Linux") || text.contains("os/linux")).then_some(("Linux", ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_agents() {
        #[rustfmt::skip]
        let rows: &[(&str, [&str; 5])] = &[
            ("aws-cli/2.13.5 Python/3.11.4 Linux/6.1 exe/x86_64.kali.2024", ["aws-cli", "2.13.5", "Kali", "", "Spider"]),
            ("aws-cli/1.16.310 Python/3.8.1 Darwin/18.7.0 botocore/1.13.46", ["aws-cli", "1.16.310", "Mac OS X", "", "Spider"]),
            ("aws-cli/1.10.32 Python/2.7.9 Windows/7 botocore/1.4.22", ["aws-cli", "1.10.32", "Windows", "", "Spider"]),
            ("Boto3/1.17.40 Python/3.6.12 Linux/3.10.0 Botocore/1.20.112", ["Boto3", "1.17.40", "Linux", "", "Spider"]),
            ("APN/1.0 HashiCorp/1.0 Terraform/1.5.7 aws-sdk-go-v2/1.21.0 os/linux", ["APN", "1.0", "Linux", "", "Other"]),
            ("[S3Console/0.4, aws-internal/3]", ["S3Console", "0.4", "", "", "Other"]),
            ("Mozilla/5.0 (Windows NT 6.1; WOW64; rv:24.0) Gecko/20100101 Firefox/24.0", ["Firefox", "24.0", "Windows", "7", "Other"]),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/98.0.4758.102 Safari/537.36", ["Chrome", "98.0.4758.102", "Mac OS X", "", "Mac"]),
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.2210.91", ["Edge", "120.0.2210.91", "Windows", "10", "Other"]),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 13_4) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.5 Safari/605.1.15", ["Safari", "16.5", "Mac OS X", "", "Mac"]),
            ("curl/8.4.0", ["curl", "8.4.0", "", "", "Spider"]),
            ("rclone/v1.65.0", ["rclone", "v1.65.0", "", "", "Spider"]),
            ("console.amazonaws.com", ["Other", "", "", "", "Other"]),
            ("Jersey/${project.version}", ["Other", "", "", "", "Other"]),
        ];
        for (text, [name, version, os, os_version, device]) in rows {
            let want = UserAgent { name, version, os, os_version, device };
            assert_eq!(parse(text), want, "{text}");
        }
    }
}
