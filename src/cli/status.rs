//! How the process ends.

use std::process::ExitCode;

/// Exit statuses; scripts rely on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Done,
    /// Something in the program, in the data or on the way is wrong.
    Failed,
    /// The command line makes no sense.
    Usage,
    /// A constraint of the program does not hold.
    Violated,
    /// A budget ran out.
    Exhausted,
    /// Ctrl-C.
    Interrupted,
}

impl Status {
    /// What was shown tells of something wrong.
    pub fn failed_if(self, wrong: bool) -> Status {
        match self {
            Status::Done if wrong => Status::Failed,
            status => status,
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> ExitCode {
        ExitCode::from(match status {
            Status::Done => 0,
            Status::Failed => 1,
            Status::Usage => 2,
            Status::Violated => 3,
            Status::Exhausted => 4,
            Status::Interrupted => super::interrupt::INTERRUPTED,
        })
    }
}
