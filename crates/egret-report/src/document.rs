//! What a report is made of. Sections say what is said, formats how: *n + m* files, never *n × m*.

/// A whole document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Title.
    pub title: String,
    /// Blocks in order.
    pub blocks: Vec<Block>,
}

/// A piece of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A heading that the contents list; `note` is a count or state beside it.
    Heading {
        /// 2 to 4; 1 is the title.
        level: u8,
        /// Stable anchor.
        id: String,
        /// Text.
        text: String,
        /// Count or state, for the contents.
        note: Option<String>,
    },
    /// The answer, large.
    Verdict {
        /// Level as a word.
        word: String,
        /// Colour class: `out`, `gap`, `held` or `plain`.
        tone: Tone,
        /// Confidence, as its own sentence.
        confidence: String,
        /// One sentence.
        headline: String,
    },
    /// Text.
    Paragraph(Vec<Inline>),
    /// A list.
    List(Vec<Vec<Inline>>),
    /// Names and values.
    Facts(Vec<(String, Vec<Inline>)>),
    /// A table.
    Table {
        /// What it shows, and from where.
        caption: String,
        /// Heads.
        heads: Vec<String>,
        /// Rows.
        rows: Vec<Vec<Vec<Inline>>>,
    },
    /// A query as it was written, with what is said of it.
    Query {
        /// Summary line.
        summary: Vec<Inline>,
        /// Text, verbatim.
        text: String,
        /// What was run, and notes on its reading.
        notes: Vec<Vec<Inline>>,
    },
    /// When what happened and which log covers it.
    Chart(Chart),
}

/// A piece of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inline {
    /// Plain text, maybe hostile.
    Text(String),
    /// A value as logged, set in mono.
    Value(String),
    /// Strong text.
    Strong(String),
    /// A badge: word, shape and colour.
    Badge(Badge),
    /// A link within the document.
    Link {
        /// Anchor.
        to: String,
        /// Text.
        text: String,
    },
}

/// A badge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Badge {
    /// Word.
    pub word: String,
    /// Filled bars of four, for grades.
    pub bars: Option<u8>,
    /// Sign before the word.
    pub sign: &'static str,
    /// Colour.
    pub tone: Tone,
}

/// What a colour says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Data outside.
    Out,
    /// Missing logs, open work.
    Gap,
    /// Met, held.
    Held,
    /// Nothing in particular.
    Plain,
}

/// Rows of time: what happened, and which log covers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// The finding.
    pub title: String,
    /// Measure, unit and period.
    pub subtitle: String,
    /// First and last second shown, Unix time.
    pub span: (i64, i64),
    /// Rows.
    pub rows: Vec<ChartRow>,
}

/// One row of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChartRow {
    /// Name.
    pub label: String,
    /// Stretches: from, to, kind.
    pub marks: Vec<(i64, i64, Mark)>,
}

/// What a stretch of a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A log covers it.
    Covered,
    /// No log.
    Gap,
    /// Data was moved.
    Moved,
    /// A door stood open.
    Open,
    /// Tried and failed.
    Failed,
}

/// Plain text.
pub fn text(text: impl Into<String>) -> Inline {
    Inline::Text(text.into())
}

/// A value as logged.
pub fn value(value: impl Into<String>) -> Inline {
    Inline::Value(value.into())
}
