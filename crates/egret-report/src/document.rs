//! What a report is made of. Sections say what is said, formats how: *n + m* files, never *n × m*.
//!
//! Nothing in here is markup: every text may be hostile and is escaped by the format that writes
//! it. Texts built with [`text`] and [`value`] are cut at a stated length, with a note of how much
//! is missing, so that one logged value cannot bury a page.

use egret_model::limits::REPORT_TEXT_CHARS_MAX;
use jiff::Timestamp;

/// A run of text pieces that read as one line.
pub type Line = Vec<Inline>;

/// A whole document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Title, as the case has it.
    pub title: String,
    /// Case id, for running heads.
    pub case_id: String,
    /// The answer in a word, for the window title.
    pub answer: String,
    /// How the document may be handed on.
    pub marking: String,
    /// Names and values under the title.
    pub facts: Vec<Fact>,
    /// Sections in order; the first is the answer.
    pub sections: Vec<Section>,
    /// What wrote it, from what.
    pub colophon: Vec<Line>,
}

/// A name and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Name.
    pub name: String,
    /// Value.
    pub value: Line,
}

/// Part of the contents a section stands under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// What happened.
    Findings,
    /// What it may mean.
    Judgement,
    /// How that was found out.
    Working,
    /// Where it can be checked.
    Record,
}

impl Group {
    /// As the contents name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Findings => "Findings",
            Self::Judgement => "Judgement",
            Self::Working => "Working",
            Self::Record => "Record",
        }
    }
}

/// A section: a heading that states what was found, and what carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Stable anchor.
    pub id: &'static str,
    /// Part of the contents.
    pub group: Group,
    /// Short name, for the contents.
    pub label: &'static str,
    /// The finding, as a heading.
    pub title: String,
    /// Count or state beside the name in the contents.
    pub note: Note,
    /// Measure, unit and period; how to read what follows.
    pub lead: Line,
    /// What the section holds.
    pub blocks: Vec<Block>,
}

/// A count or state in the contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// In a word or two; empty when there is nothing to say.
    pub text: String,
    /// Whether it is something open or missing.
    pub open: bool,
}

/// A piece of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A heading within the section.
    Heading(String),
    /// The answer, large.
    Verdict(Box<Verdict>),
    /// Text.
    Paragraph(Line),
    /// A remark on what stands above.
    Remark(Line),
    /// A list.
    List(List),
    /// A few numbers that sum up the case.
    Figures(Vec<Figure>),
    /// Names and values.
    Facts(Vec<Fact>),
    /// A table.
    Table(Table),
    /// Entries with a line each that open to show more.
    Entries(Entries),
    /// Text as somebody wrote it, such as a query.
    Verbatim(String),
    /// What happened, in order.
    Timeline(Vec<Moment>),
    /// From a credential back towards a person.
    Chain(Chain),
    /// When what happened and which log covers it.
    Chart(Chart),
    /// How busy each log was, day by day.
    Heat(Heat),
    /// Records cited above, by number.
    Records(Vec<Record>),
    /// The same at greater length, for a format that can fold it away.
    InFull {
        /// What it opens to.
        summary: String,
        /// What it holds.
        blocks: Vec<Block>,
    },
}

/// The answer with all that qualifies it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Places on the scale, least first, and which of them is the answer; `None` when the answer
    /// stands apart from the scale.
    pub scale: (Vec<&'static str>, Option<usize>),
    /// The answer as a word.
    pub word: &'static str,
    /// What that word means.
    pub meaning: &'static str,
    /// One sentence of the case's own.
    pub headline: String,
    /// How sure, as a word and what it means.
    pub confidence: (&'static str, &'static str),
    /// Why, strongest first.
    pub reasons: Vec<Line>,
    /// Said when there are more.
    pub cut: Option<String>,
    /// What would change it.
    pub changes: Vec<Line>,
    /// What cannot be known.
    pub limits: Vec<Line>,
    /// What to do next, in order.
    pub next: Vec<Line>,
}

/// A list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// What stands before each item.
    pub marker: Marker,
    /// Items.
    pub items: Vec<Line>,
}

/// What stands before an item of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// A point.
    Point,
    /// Its number.
    Number,
}

/// A number that sums up something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// The number.
    pub value: String,
    /// Its unit, when it has one.
    pub unit: String,
    /// What is counted, as a badge or as text.
    pub name: Line,
    /// What it rests on, or leaves open.
    pub detail: Line,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What it shows; read aloud, and printed where formats have no other place for it.
    pub caption: String,
    /// Columns.
    pub columns: Vec<Column>,
    /// Which column names the row.
    pub names: usize,
    /// Rows, each with one cell a column.
    pub rows: Vec<Row>,
    /// Said under a table that was cut.
    pub cut: Option<String>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Head.
    pub head: &'static str,
    /// What it holds.
    pub kind: Kind,
}

/// What a column holds, as far as it matters for setting it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Prose.
    Words,
    /// A few words that should not break.
    Short,
    /// Values as logged.
    Values,
    /// Numbers, set to the right.
    Number,
    /// Times.
    Time,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Anchor, when something links to it.
    pub id: Option<String>,
    /// Cells.
    pub cells: Vec<Cell>,
}

/// A cell: a line, and lines of less weight under it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell {
    /// The line.
    pub main: Line,
    /// Under it.
    pub details: Vec<Line>,
}

/// Entries with a line each that open to show more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entries {
    /// Heads of number, title, state and figure.
    pub heads: [&'static str; 4],
    /// Entries.
    pub entries: Vec<Entry>,
    /// Said under a list that was cut.
    pub cut: Option<String>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Anchor, when something links to it.
    pub id: Option<String>,
    /// Number or id.
    pub number: String,
    /// Title.
    pub title: Line,
    /// State.
    pub state: Line,
    /// Number that sums it up.
    pub figure: Line,
    /// Whether it is shown open at first.
    pub open: bool,
    /// What it opens to.
    pub body: Vec<Block>,
}

/// One line of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// Something that happened.
    Event {
        /// When.
        time: Timestamp,
        /// Last of several like events, when they are several.
        until: Option<Timestamp>,
        /// Number of events drawn together.
        count: u64,
        /// Detection, incident or response.
        tag: String,
        /// Phase.
        phase: String,
        /// What.
        text: Line,
        /// How sure, and which log.
        source: String,
        /// The record.
        record: Line,
    },
    /// Lines left out at this place.
    Omitted {
        /// How many.
        lines: u64,
    },
}

/// From a credential back towards a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// What it is the chain of.
    pub title: Line,
    /// Links, nearest to the data first.
    pub links: Vec<Link>,
}

/// One link of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What kind of link.
    pub title: String,
    /// Who, when, how sure.
    pub lines: Vec<Line>,
    /// Whether no log shows it.
    pub missing: bool,
}

/// A record cited by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Number, from 1.
    pub number: usize,
    /// Event id.
    pub event_id: String,
    /// Evidence file.
    pub file: String,
    /// Record number in it.
    pub record: u64,
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
    /// Text of less weight.
    Quiet(String),
    /// An instant.
    Time(Timestamp),
    /// A badge: word, shape and colour.
    Badge(Badge),
    /// A link within the document.
    Link {
        /// Anchor.
        to: String,
        /// Text.
        text: String,
    },
    /// A cited record, by its number.
    Cite(usize),
}

/// A badge. The word says it, the shape repeats it, the colour comes last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Badge {
    /// Word.
    pub word: String,
    /// Shape.
    pub shape: Shape,
    /// Colour.
    pub tone: Tone,
}

/// A badge's shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Filled bars of four: how far a movement is proved.
    Bars(u8),
    /// Yes, done, met.
    Check,
    /// No, failed.
    Cross,
    /// Not known.
    Ring,
    /// Open, for a person.
    Half,
    /// Nothing found.
    Dash,
    /// Cannot be determined: no log.
    Hatch,
    /// Anything else.
    Dot,
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

/// A row a log, a cell a day (or several), the darker the busier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heat {
    /// What it shows.
    pub title: String,
    /// How to read it.
    pub subtitle: String,
    /// First day of each column.
    pub columns: Vec<String>,
    /// Rows.
    pub rows: Vec<HeatRow>,
    /// Said when rows are left out.
    pub cut: Option<String>,
}

/// A row of a heat map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeatRow {
    /// Log, account and region.
    pub label: String,
    /// One a column.
    pub cells: Vec<HeatCell>,
}

/// A cell of a heat map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeatCell {
    /// Events.
    pub events: u64,
    /// 0 for none, 1 to 5 from quiet to busy, by the row's own busiest cell.
    pub level: u8,
    /// Whether a gap lies in it.
    pub gap: bool,
}

/// Lanes of time: what happened, and which log covers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// The finding.
    pub title: String,
    /// Measure, unit and period.
    pub subtitle: String,
    /// First instant drawn.
    pub start: Timestamp,
    /// Last instant drawn.
    pub end: Timestamp,
    /// Lanes.
    pub lanes: Vec<Lane>,
    /// Said under a chart that leaves lanes out.
    pub cut: Option<String>,
}

/// One lane of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// Name.
    pub label: String,
    /// Anchor of what it stands for.
    pub to: Option<String>,
    /// Whether it begins another kind of lane.
    pub begins: Option<&'static str>,
    /// Stretches in order of drawing.
    pub stretches: Vec<Stretch>,
}

/// A stretch of a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// From.
    pub from: Timestamp,
    /// Until.
    pub until: Timestamp,
    /// What it is.
    pub mark: Mark,
    /// Drawn beside it.
    pub label: Option<String>,
}

/// What a stretch of a lane is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A log holds events.
    Covered,
    /// No log.
    NoLog,
    /// Data was moved.
    Moved,
    /// Data was moved, is outside, and is not known to be allowed there.
    Outside,
    /// A door stood open; no data was seen in it.
    Door,
    /// Tried and failed.
    Failed,
}

impl Mark {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Covered => "log at hand",
            Self::NoLog => "no log",
            Self::Moved => "data moved",
            Self::Outside => "data received outside",
            Self::Door => "door open, no data seen",
            Self::Failed => "tried and failed",
        }
    }
}

/// Plain text.
pub fn text(text: impl Into<String>) -> Inline {
    Inline::Text(shortened(text.into()))
}

/// A value as logged.
pub fn value(value: impl Into<String>) -> Inline {
    Inline::Value(shortened(value.into()))
}

/// Strong text.
pub fn strong(text: impl Into<String>) -> Inline {
    Inline::Strong(shortened(text.into()))
}

/// Text of less weight.
pub fn quiet(text: impl Into<String>) -> Inline {
    Inline::Quiet(shortened(text.into()))
}

/// A fact.
pub fn fact(name: impl Into<String>, value: Line) -> Fact {
    Fact { name: shortened(name.into()), value }
}

/// A cell of one line.
pub fn cell(main: Line) -> Cell {
    Cell { main, details: Vec::new() }
}

/// The text up to the longest a page shows, and a note of how much is missing.
pub fn shortened(text: String) -> String {
    let Some((cut, _)) = text.char_indices().nth(REPORT_TEXT_CHARS_MAX) else { return text };
    let left_out = text.chars().count().saturating_sub(REPORT_TEXT_CHARS_MAX);
    let kept = text.get(..cut).unwrap_or_default();
    format!("{kept}… ({left_out} more characters in report.json)")
}
