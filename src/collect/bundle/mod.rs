//! Reads a bundle: a folder or tar of the outputs of standard tools.
