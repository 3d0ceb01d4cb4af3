//! A table as data: columns with keys, rows of cells.

use std::net::IpAddr;

use serde_json::{Map, Value, json};

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its key in JSON; its heading is the same in capitals.
    pub key: &'static str,
    /// Whether only wide tables have it.
    pub wide: bool,
    /// What its cells usually say: a column that says nothing else is left out of tables that are not wide.
    pub usual: &'static str,
}

impl Column {
    /// One that every table has.
    pub const fn new(key: &'static str) -> Self {
        Self {
            key,
            wide: false,
            usual: "-",
        }
    }

    /// One of wide tables.
    pub const fn wide(key: &'static str) -> Self {
        Self {
            key,
            wide: true,
            usual: "-",
        }
    }

    /// One whose cells usually say this, or nothing.
    pub const fn usually(key: &'static str, usual: &'static str) -> Self {
        Self {
            key,
            wide: false,
            usual,
        }
    }

    /// Whether a cell says more than is usual.
    pub fn is_told(self, cell: &Cell) -> bool {
        cell.text() != "-" && cell.text() != self.usual
    }

    /// What stands above it.
    pub fn heading(self) -> String {
        self.key.replace('_', " ").to_uppercase()
    }
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    /// Nothing: `-`, and null in JSON.
    Absent,
    /// A number.
    Number(u64),
    /// Words.
    Text(String),
    /// Several words.
    List(Vec<String>),
}

impl Cell {
    /// As a person reads it.
    pub fn text(&self) -> String {
        match self {
            Self::Absent => "-".to_owned(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
            Self::List(list) if list.is_empty() => "-".to_owned(),
            Self::List(list) => list.join(", "),
        }
    }

    /// As JSON.
    pub fn value(&self) -> Value {
        match self {
            Self::Absent => Value::Null,
            Self::Number(number) => json!(number),
            Self::Text(text) => json!(text),
            Self::List(list) => json!(list),
        }
    }

    /// Whether it names a port of that Service: `NS/NAME` or `NS/NAME:PORT`.
    pub fn is_port_of(&self, service: &str) -> bool {
        matches!(self, Self::Text(text) if text.strip_prefix(service).is_some_and(|rest| rest.is_empty() || rest.starts_with(':')))
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        if text.is_empty() {
            Self::Absent
        } else {
            Self::Text(text)
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<IpAddr> for Cell {
    fn from(ip: IpAddr) -> Self {
        Self::Text(ip.to_string())
    }
}

impl From<u32> for Cell {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<u16> for Cell {
    fn from(number: u16) -> Self {
        Self::Number(number.into())
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<usize> for Cell {
    fn from(number: usize) -> Self {
        Self::Number(number as u64)
    }
}

impl From<Vec<String>> for Cell {
    fn from(list: Vec<String>) -> Self {
        Self::List(list)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(cell: Option<T>) -> Self {
        cell.map_or(Self::Absent, Into::into)
    }
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What is shown: `links`.
    pub subject: &'static str,
    /// Its columns, behind those of the node and the namespace.
    pub columns: Vec<Column>,
    /// The rows: node, namespace, and a cell for each column.
    pub rows: Vec<(String, String, Vec<Cell>)>,
    /// What was not read: `routes of node1 / host`.
    pub not_read: Vec<String>,
}

impl Table {
    pub(super) fn new(subject: &'static str, columns: &[Column]) -> Self {
        Self {
            subject,
            columns: columns.to_vec(),
            rows: Vec::new(),
            not_read: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, node: &str, netns: &str, rows: Vec<Vec<Cell>>) {
        let rows = rows.into_iter();
        self.rows
            .extend(rows.map(|cells| (node.to_owned(), netns.to_owned(), cells)));
    }

    /// Keeps the rows of which some cell is wanted; asked are the keys and cells of its columns.
    pub fn retain(&mut self, wanted: impl Fn(&str, &Cell) -> bool) {
        let keys: Vec<&str> = self.columns.iter().map(|column| column.key).collect();
        self.rows.retain(|(_, _, cells)| {
            let mut cells = keys.iter().zip(cells);
            cells.any(|(key, cell)| wanted(key, cell))
        });
    }

    /// Headings and rows as text. Node and namespace are told where rows are of several.
    pub fn text(&self, wide: bool) -> (Vec<String>, Vec<Vec<String>>) {
        let differ = |part: fn(&(String, String, Vec<Cell>)) -> &String| {
            let mut parts = self.rows.iter().map(part);
            let first = parts.next();
            parts.any(|part| Some(part) != first)
        };
        let nodes = wide || differ(|row| &row.0);
        let spaces = wide || differ(|row| &row.1);
        let shown: Vec<usize> = (0..self.columns.len())
            .filter(|&at| wide || self.is_worth_showing(at))
            .collect();
        let mut headings: Vec<String> = [(nodes, "NODE"), (spaces, "NETNS")]
            .into_iter()
            .filter(|(shown, _)| *shown)
            .map(|(_, heading)| heading.to_owned())
            .collect();
        headings.extend(shown.iter().map(|&at| self.columns[at].heading()));
        let rows = self.rows.iter().map(|(node, netns, cells)| {
            let mut row: Vec<String> = [(nodes, node), (spaces, netns)]
                .into_iter()
                .filter(|(shown, _)| *shown)
                .map(|(_, cell)| cell.clone())
                .collect();
            row.extend(shown.iter().map(|&at| cells[at].text()));
            row
        });
        (headings, rows.collect())
    }

    /// Whether a column belongs in a narrow table.
    fn is_worth_showing(&self, at: usize) -> bool {
        let column = self.columns[at];
        // Without rows the headings alone tell what there could be.
        let empty = self.rows.is_empty();
        !column.wide
            && (empty
                || self
                    .rows
                    .iter()
                    .any(|(.., cells)| column.is_told(&cells[at])))
    }

    /// As JSON: `kubenet.show/v1`.
    pub fn document(&self) -> Value {
        let rows = self.rows.iter().map(|(node, netns, cells)| {
            let mut row = Map::new();
            row.insert("node".to_owned(), json!(node));
            row.insert("netns".to_owned(), json!(netns));
            let keys = self.columns.iter().map(|column| column.key.to_owned());
            row.extend(keys.zip(cells.iter().map(Cell::value)));
            Value::Object(row)
        });
        json!({
            "schema": "kubenet.show/v1",
            "subject": self.subject,
            "rows": rows.collect::<Vec<_>>(),
            "not_read": self.not_read,
        })
    }
}
