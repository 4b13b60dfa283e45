//! A writer of HTML that escapes unless told otherwise, and can only be told so by literals.

use std::fmt::Display;

use crate::escape;

/// HTML as it is written. Text and attribute values are escaped; markup comes from literals.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Markup from the source code, never from a report.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text within a line.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.0.push_str(&escape::html_line(text));
        self
    }

    /// Text where no element may stand, such as in `title`.
    pub(super) fn text_only(&mut self, text: &str) -> &mut Self {
        self.0.push_str(&escape::attribute(text));
        self
    }

    /// Text of several lines, for `pre`.
    pub(super) fn lines(&mut self, text: &str) -> &mut Self {
        self.0.push_str(&escape::html(text));
        self
    }

    /// A start tag.
    pub(super) fn open(
        &mut self,
        tag: &'static str,
        attributes: &[(&'static str, &dyn Display)],
    ) -> &mut Self {
        self.start(tag, attributes);
        self.0.push('>');
        self
    }

    /// An element of SVG that holds nothing.
    pub(super) fn empty(
        &mut self,
        tag: &'static str,
        attributes: &[(&'static str, &dyn Display)],
    ) -> &mut Self {
        self.start(tag, attributes);
        self.0.push_str("/>");
        self
    }

    /// An end tag.
    pub(super) fn close(&mut self, tag: &'static str) -> &mut Self {
        self.0.push_str("</");
        self.0.push_str(tag);
        self.0.push('>');
        self
    }

    /// An element that holds a line of text.
    pub(super) fn element(
        &mut self,
        tag: &'static str,
        attributes: &[(&'static str, &dyn Display)],
        text: &str,
    ) -> &mut Self {
        self.open(tag, attributes).text(text).close(tag)
    }

    pub(super) fn finish(self) -> String {
        self.0
    }

    fn start(&mut self, tag: &'static str, attributes: &[(&'static str, &dyn Display)]) {
        self.0.push('<');
        self.0.push_str(tag);
        self.attributes(attributes);
    }

    /// Attributes of a start tag that a literal left open.
    pub(super) fn attributes(&mut self, attributes: &[(&'static str, &dyn Display)]) -> &mut Self {
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            self.0.push_str(&escape::attribute(&value.to_string()));
            self.0.push('"');
        }
        self
    }
}
