//! Records inside other objects: events of a bus or a log stream, event hooks, search results.

use crate::json::cursor::{Cursor, Raw, Stop};
use crate::json::members::is_object;

/// Members that hold one record.
const ONE: [&str; 4] = ["detail", "event", "result", "_source"];

/// Where members of an event hook's `data` are kept.
const DATA: &[&str] = &["envelope", "data"];

/// Where other members are kept.
const TOP: &[&str] = &["envelope"];

/// An object around records.
#[derive(Debug, Default)]
pub(super) struct Envelope<'a> {
    /// Where each record begins and ends.
    pub(super) records: Vec<(usize, usize)>,
    /// Whether they came in a list, and so each stands for itself.
    pub(super) list: bool,
    /// Everything else: the objects it is in, name, value.
    pub(super) rest: Vec<(&'static [&'static str], &'a str, &'a str)>,
}

impl<'a> Envelope<'a> {
    /// Reads the object the cursor stands at.
    pub(super) fn read(&mut self, cursor: &mut Cursor<'a>) -> Result<(), Stop> {
        cursor.members(|cursor, name, key| match name {
            "data" if is_object(cursor) => cursor.members(|cursor, name, key| match name {
                "events" if cursor.peek() == Some(b'[') => self.elements(cursor),
                _ => self.keep(cursor, DATA, key),
            }),
            "events" if cursor.peek() == Some(b'[') => self.elements(cursor),
            _ if ONE.contains(&name) && is_object(cursor) && self.records.is_empty() => {
                self.element(cursor)
            }
            _ => self.keep(cursor, TOP, key),
        })
    }

    fn elements(&mut self, cursor: &mut Cursor<'a>) -> Result<(), Stop> {
        self.list = true;
        cursor.elements(|cursor| self.element(cursor))
    }

    fn element(&mut self, cursor: &mut Cursor<'a>) -> Result<(), Stop> {
        let start = cursor.at();
        cursor.skip()?;
        self.records.push((start, cursor.at()));
        Ok(())
    }

    fn keep(
        &mut self,
        cursor: &mut Cursor<'a>,
        path: &'static [&'static str],
        key: Raw<'a>,
    ) -> Result<(), Stop> {
        let value = cursor.skip()?;
        self.rest.push((path, key.text, value));
        Ok(())
    }
}
