//! In place of the connection to an API server, where it is not built in (feature `cluster`).

use super::learnt::{Here, Learnt};
use super::wanted::Wanted;
use super::{AccessError, Options};

/// A way to an API server; there is none.
#[derive(Debug)]
pub enum Access {}

impl Access {
    /// Says so where somebody asked for it.
    pub fn find(options: &Options) -> Result<Option<Self>, AccessError> {
        match options.is_named() {
            true => Err(AccessError::NotBuiltIn),
            false => Ok(None),
        }
    }

    /// The Kubernetes namespace of bare names.
    pub fn namespace(&self) -> &str {
        match *self {}
    }

    /// Where the way was found, when that is none of kubectl's places.
    pub fn unusual_place(&self) -> Option<String> {
        match *self {}
    }

    /// Asks for what is wanted.
    pub fn read(&self, _: &Wanted, _: &Here) -> Learnt {
        match *self {}
    }
}
