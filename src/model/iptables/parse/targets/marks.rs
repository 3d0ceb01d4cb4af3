//! MARK, CONNMARK, TPROXY (libxt_MARK.c, libxt_CONNMARK.c, libxt_TPROXY.c of iptables): all forms are brought to
//! `mark = (mark & !mask) ^ value`, which is what the kernel is told.

use super::super::values::{address, marked, number, number32};
use super::super::words::{Fault, Flag, Parsed, Words};
use super::{NO_OPTION, no_such};
use crate::model::iptables::Target;

pub(super) fn mark<'a>(words: &mut Words<'a>) -> Parsed<'a, Target> {
    let Some(flag) = words.option() else {
        return Err(Fault {
            word: "MARK",
            why: NO_OPTION,
        });
    };
    let (value, mask) = change(words, flag)?;
    Ok(Target::Mark { value, mask })
}

/// Value and mask of `--set-xmark`, `--set-mark`, `--and-mark`, `--or-mark`, `--xor-mark`.
fn change<'a>(words: &mut Words<'a>, mut flag: Flag<'a>) -> Parsed<'a, (u32, u32)> {
    Ok(match flag.name {
        "--set-xmark" => marked(words.value(&mut flag)?)?,
        "--set-mark" => {
            let (value, mask) = marked(words.value(&mut flag)?)?;
            (value, value | mask)
        }
        "--and-mark" => (0, !number32(words.value(&mut flag)?)?),
        "--or-mark" => {
            let bits = number32(words.value(&mut flag)?)?;
            (bits, bits)
        }
        "--xor-mark" => (number32(words.value(&mut flag)?)?, 0),
        _ => return Err(no_such(flag)),
    })
}

/// What CONNMARK does.
enum Mode {
    Set(u32, u32),
    Save,
    Restore,
}

pub(super) fn connmark<'a>(words: &mut Words<'a>) -> Parsed<'a, Target> {
    let mut mode = None;
    let (mut nfmask, mut ctmask) = (u32::MAX, u32::MAX);
    while let Some(mut flag) = words.option() {
        match flag.name {
            "--save-mark" => mode = Some(Mode::Save),
            "--restore-mark" => mode = Some(Mode::Restore),
            "--nfmask" => nfmask = number32(words.value(&mut flag)?)?,
            "--ctmask" => ctmask = number32(words.value(&mut flag)?)?,
            "--mask" => {
                let mask = number32(words.value(&mut flag)?)?;
                (nfmask, ctmask) = (mask, mask);
            }
            "--left-shift-mark" | "--right-shift-mark" => {
                let word = words.value(&mut flag)?;
                if number(word.raw) != Some(0) {
                    return Err(word.fault("a mark that is shifted is not modelled"));
                }
            }
            _ => {
                let (value, mask) = change(words, flag)?;
                mode = Some(Mode::Set(value, mask));
            }
        }
    }
    Ok(
        match mode.ok_or(Fault {
            word: "CONNMARK",
            why: NO_OPTION,
        })? {
            Mode::Set(value, mask) => Target::ConnmarkSet { value, mask },
            Mode::Save => Target::ConnmarkSave { nfmask, ctmask },
            Mode::Restore => Target::ConnmarkRestore { nfmask, ctmask },
        },
    )
}

pub(super) fn tproxy<'a>(words: &mut Words<'a>) -> Parsed<'a, Target> {
    let (mut ip, mut port, mut mark) = (None, 0, (0, 0));
    while let Some(mut flag) = words.option() {
        match flag.name {
            "--on-port" => {
                let word = words.value(&mut flag)?;
                let number = number(word.raw).and_then(|value| value.try_into().ok());
                port = number.ok_or(word.fault("a value is not a port"))?;
            }
            "--on-ip" => {
                let word = words.value(&mut flag)?;
                let given = address(word.raw).ok_or(word.fault("a value is not an address"))?;
                ip = Some(given).filter(|ip| !ip.is_unspecified());
            }
            "--tproxy-mark" => mark = marked(words.value(&mut flag)?)?,
            _ => return Err(no_such(flag)),
        }
    }
    Ok(Target::Tproxy { ip, port, mark })
}
