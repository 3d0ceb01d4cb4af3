//! Packets at random.

use std::net::SocketAddr;

use kubenet::model::Protocol;

use super::dice::Dice;
use super::ground::{Ground, Role};
use crate::judge::Bench;
use crate::question::Question;
use crate::scene::{Place, Shape};

/// Who sends, with what, to which address and port, with which mark and TOS.
#[derive(Debug, Clone, Copy)]
pub struct Packet {
    pub from: Place,
    protocol: Protocol,
    to: SocketAddr,
    mark: u32,
    tos: u8,
}

impl Packet {
    pub fn at_random(dice: &mut Dice, ground: Ground) -> Self {
        use Role::{Client, Nobody, Router, Server};
        let from = dice.one(&[Place::Client, Place::Client, Place::Router, Place::Server]);
        let to = match (from, ground.shape) {
            (Place::Client, Shape::Routed) => dice.one(&[Server, Server, Router]),
            (Place::Client, Shape::Bridged) => dice.one(&[Server, Server, Router, Router, Nobody]),
            (Place::Server, _) => dice.one(&[Client, Client, Router]),
            (Place::Router, _) => dice.one(&[Server, Server, Client, Router]),
        };
        let to = match from {
            Place::Router if dice.chance(8) => ground.spell("127.0.0.1", "::1"),
            _ => dice.one(ground.addresses(to)),
        };
        let protocol = match dice.below(8) {
            0 => Protocol::Icmp,
            1 | 2 => Protocol::Tcp,
            _ => Protocol::Udp,
        };
        let port = dice.one(&[8001, 8001, 8002, 8003, 9]);
        Self {
            from,
            protocol,
            to: SocketAddr::new(to.parse().unwrap(), port),
            mark: dice.one(&[0, 0, 1, 5]),
            tos: dice.one(&[0, 0, 0x10, 0x08]),
        }
    }

    /// Sends it, from a port that none has had before; what the kernel did otherwise than predicted.
    pub fn ask(&self, bench: &mut Bench) -> Vec<String> {
        let question = Question {
            mark: self.mark,
            tos: self.tos,
            ..bench.question(self.from, self.protocol, self.to)
        };
        bench.ask(question)
    }
}
