//! Processes by id and start time, so that a number used anew is never taken for the old process (proc_pid_stat(5)).

use std::fs;
use std::io;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

/// A process, told apart from later ones with the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its id.
    pub pid: i32,
    /// When it started, in clock ticks since boot.
    pub start_time: u64,
}

impl Process {
    /// The process which has this id now.
    pub fn of(pid: i32) -> io::Result<Self> {
        match start_time_and_state(pid)? {
            Some((start_time, _)) => Ok(Self { pid, start_time }),
            None => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "/proc/PID/stat is not as expected",
            )),
        }
    }

    /// This process itself.
    pub fn current() -> io::Result<Self> {
        Self::of(nix::unistd::getpid().as_raw())
    }

    /// Whether it still runs. A zombie holds nothing any more and counts as gone.
    pub fn is_alive(self) -> bool {
        matches!(start_time_and_state(self.pid), Ok(Some((start, state))) if start == self.start_time && state != 'Z' && state != 'X')
    }

    /// Ends it and waits until it is gone.
    pub fn end(self) -> io::Result<()> {
        for (signal, patience) in [(Signal::SIGTERM, 500), (Signal::SIGKILL, 5000)] {
            if !self.is_alive() {
                return Ok(());
            }
            match kill(Pid::from_raw(self.pid), signal) {
                Ok(()) | Err(nix::errno::Errno::ESRCH) => {}
                Err(errno) => return Err(errno.into()),
            }
            let deadline = Instant::now() + Duration::from_millis(patience);
            while self.is_alive() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        if self.is_alive() {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("process {} does not end", self.pid),
            ));
        }
        Ok(())
    }
}

/// Fields 22 and 3 of /proc/PID/stat. The second field, the name in parentheses, may itself hold anything.
fn start_time_and_state(pid: i32) -> io::Result<Option<(u64, char)>> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    Ok(parse_stat(&stat))
}

fn parse_stat(stat: &str) -> Option<(u64, char)> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    let state = fields.next()?.chars().next()?;
    Some((fields.nth(18)?.parse().ok()?, state))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_does_not_mislead() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 987654 1 1";
        assert_eq!(parse_stat(stat), Some((987_654, 'S')));
        assert_eq!(parse_stat("7 (a"), None);
    }

    #[test]
    fn a_process_with_another_start_time_is_another() {
        let me = Process::current().unwrap();
        assert!(me.is_alive());
        assert!(
            !Process {
                start_time: me.start_time + 1,
                ..me
            }
            .is_alive()
        );
    }
}
