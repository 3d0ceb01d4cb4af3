//! Rulesets and packets at random: sets of every kind, all five tables, user chains with jumps, gotos and returns, marks,
//! zones and translations, for both backends and both families, routed and on a bridge.
//!
//! `KUBENET_CASES` says how many packets of each of the four kinds are sent, `KUBENET_SEED` where to start; a case that
//! fails is printed with its seed, without the rules that it does not need.

mod case;
mod conditions;
mod dice;
mod draft;
mod ground;
mod packets;
mod sets;
mod shrink;
mod tables;
mod targets;

use kubenet::model::Family;

use super::judge::Bench;
use super::scene::{Place, Shape, allowed};
use case::Case;
use dice::Dice;
pub use ground::Ground;
use packets::Packet;

/// Packets for each ruleset.
const PACKETS: usize = 20;
/// How many of the packets may be left open by the walk, in a hundred: only two backends at once give it reason to.
const MOST_OPEN: usize = 4;
/// After so many failures there is enough to look at.
const ENOUGH: usize = 4;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

#[test]
fn routed_four() {
    torture(Family::V4, Shape::Routed);
}

#[test]
fn routed_six() {
    torture(Family::V6, Shape::Routed);
}

#[test]
fn bridged_four() {
    torture(Family::V4, Shape::Bridged);
}

#[test]
fn bridged_six() {
    torture(Family::V6, Shape::Bridged);
}

fn torture(family: Family, shape: Shape) {
    if !allowed() {
        return;
    }
    let ground = Ground { family, shape };
    let cases = usize::try_from(number("KUBENET_CASES", 600)).unwrap();
    let first = number("KUBENET_SEED", 1);
    let mut bench = Bench::new(shape);
    prepare(&mut bench, ground);
    let mut failures = Vec::new();
    let mut seed = first;
    while bench.asked < cases && failures.len() < ENOUGH {
        if let Err(failure) = one_case(&mut bench, ground, seed) {
            failures.push(failure);
        }
        seed += 1;
    }
    println!("seeds {first} to {}", seed - 1);
    bench.wrong = failures;
    // Of a few packets a share says nothing.
    if cases >= 500 {
        bench.open_at_most(MOST_OPEN);
    }
    bench.verdict(&format!("{shape:?} {family:?} at random"));
}

/// Sets, and routes that marked packets take.
pub fn prepare(bench: &mut Bench, ground: Ground) {
    let create = sets::create(ground);
    bench
        .scene
        .tool(Place::Router, "ipset", &["restore"], &create)
        .unwrap();
    // What is forwarded is lost in silence, as the errors of such routes are sent to nobody more often than once a second.
    let marked = match ground.family {
        Family::V4 => {
            "rule add fwmark 0x4/0x4 iif lo lookup 100
             rule add fwmark 0x4/0x4 lookup 101
             route add unreachable 10.2.0.4/32 table 100
             route add prohibit 10.1.0.13/32 table 100
             route add blackhole 10.2.0.4/32 table 101
             route add blackhole 10.1.0.13/32 table 101"
        }
        Family::V6 => {
            "rule add from ::/0 fwmark 0x4/0x4 iif lo lookup 100
             rule add from ::/0 fwmark 0x4/0x4 lookup 101
             route add unreachable fd02::4/128 table 100
             route add prohibit fd01::13/128 table 100
             route add blackhole fd02::4/128 table 101
             route add blackhole fd01::13/128 table 101"
        }
    };
    bench.scene.ip(Place::Router, marked);
    bench.scene.reread();
}

/// One ruleset and its packets; an error tells what the kernel did otherwise.
fn one_case(bench: &mut Bench, ground: Ground, seed: u64) -> Result<(), String> {
    let mut dice = Dice::new(seed);
    let case = Case::at_random(&mut dice, ground);
    if let Err(mut said) = case.load(bench) {
        let small = case.smallest(|case| case.load(bench).map_err(|other| said = other).is_err());
        return Err(format!("seed {seed}: not loaded:\n{}{said}", small.text()));
    }
    for _ in 0..PACKETS {
        let packet = Packet::at_random(&mut dice, ground);
        let mut wrong = packet.ask(bench);
        if !wrong.is_empty() {
            let small = case.smallest(|case| {
                let again = match case.load(bench) {
                    Ok(()) => packet.ask(bench),
                    Err(_) => Vec::new(),
                };
                let fails = !again.is_empty();
                if fails {
                    wrong = again;
                }
                fails
            });
            return Err(format!(
                "seed {seed}: {}\n{}",
                small.text(),
                wrong.join("\n")
            ));
        }
    }
    match std::mem::take(&mut bench.wrong) {
        wrong if wrong.is_empty() => Ok(()),
        wrong => Err(format!(
            "seed {seed}: {}\n{}",
            wrong.join("\n"),
            case.text()
        )),
    }
}
