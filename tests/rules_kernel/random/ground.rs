//! The values that rules, sets and packets of a scene are made of: its addresses, networks and devices, and some beside
//! them.

use kubenet::model::Family;

use super::dice::Dice;
use crate::scene::Shape;

/// Where rules are to hold and packets to go.
#[derive(Debug, Clone, Copy)]
pub struct Ground {
    pub family: Family,
    pub shape: Shape,
}

/// What an address of a scene is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Client,
    Server,
    Router,
    /// Nobody has it; frames for it come to the router.
    Nobody,
}

impl Ground {
    pub fn is_four(self) -> bool {
        self.family == Family::V4
    }

    /// One of the family's two spellings.
    pub fn spell(self, four: &'static str, six: &'static str) -> &'static str {
        if self.is_four() { four } else { six }
    }

    pub fn addresses(self, role: Role) -> &'static [&'static str] {
        match (role, self.shape, self.family) {
            (Role::Client, _, Family::V4) => &["10.1.0.2"],
            (Role::Client, _, Family::V6) => &["fd01::2"],
            (Role::Server, Shape::Routed, Family::V4) => &["10.2.0.2", "10.2.0.3", "10.2.0.4"],
            (Role::Server, Shape::Routed, Family::V6) => &["fd02::2", "fd02::3", "fd02::4"],
            (Role::Server, Shape::Bridged, Family::V4) => &["10.1.0.12", "10.1.0.13", "10.1.0.14"],
            (Role::Server, Shape::Bridged, Family::V6) => &["fd01::12", "fd01::13", "fd01::14"],
            (Role::Router, Shape::Routed, Family::V4) => &["10.1.0.1", "10.2.0.1"],
            (Role::Router, Shape::Routed, Family::V6) => &["fd01::1", "fd02::1"],
            (Role::Router, Shape::Bridged, Family::V4) => &["10.1.0.1"],
            (Role::Router, Shape::Bridged, Family::V6) => &["fd01::1"],
            (Role::Nobody, _, Family::V4) => &["10.1.0.99"],
            (Role::Nobody, _, Family::V6) => &["fd01::99"],
        }
    }

    /// An address of somebody's.
    pub fn host(self, dice: &mut Dice) -> &'static str {
        let role = dice.one(&[Role::Client, Role::Server, Role::Server, Role::Router]);
        dice.one(self.addresses(role))
    }

    /// A network, or an address.
    pub fn network(self, dice: &mut Dice) -> &'static str {
        if dice.chance(40) {
            return self.host(dice);
        }
        dice.one(match (self.shape, self.family) {
            (Shape::Routed, Family::V4) => &[
                "10.1.0.0/24",
                "10.2.0.0/24",
                "10.0.0.0/8",
                "10.2.0.2/31",
                "127.0.0.0/8",
                "0.0.0.0/0",
            ],
            (Shape::Routed, Family::V6) => &[
                "fd01::/64",
                "fd02::/64",
                "fd00::/8",
                "fd02::2/127",
                "::1/128",
                "::/0",
            ],
            (Shape::Bridged, Family::V4) => &[
                "10.1.0.0/28",
                "10.1.0.8/29",
                "10.0.0.0/8",
                "10.1.0.12/31",
                "10.1.0.96/27",
                "127.0.0.0/8",
            ],
            (Shape::Bridged, Family::V6) => &[
                "fd01::/124",
                "fd01::10/124",
                "fd00::/8",
                "fd01::12/127",
                "fd01::90/124",
                "::1/128",
            ],
        })
    }

    /// A range of addresses.
    pub fn range(self, dice: &mut Dice) -> &'static str {
        dice.one(match (self.shape, self.family) {
            (Shape::Routed, Family::V4) => &["10.1.0.1-10.1.0.9", "10.2.0.3-10.2.0.200"],
            (Shape::Routed, Family::V6) => &["fd01::1-fd01::9", "fd02::3-fd02::20"],
            (Shape::Bridged, Family::V4) => &["10.1.0.1-10.1.0.9", "10.1.0.13-10.1.0.99"],
            (Shape::Bridged, Family::V6) => &["fd01::1-fd01::9", "fd01::13-fd01::99"],
        })
    }

    /// A network that NETMAP puts addresses into: the hosts of the scene are in it, with the same last bits.
    pub fn map(self, dice: &mut Dice) -> &'static str {
        dice.one(match (self.shape, self.family) {
            (Shape::Routed, Family::V4) => &["10.1.0.0/24", "10.2.0.0/24"],
            (Shape::Routed, Family::V6) => &["fd01::/64", "fd02::/64"],
            (Shape::Bridged, Family::V4) => &["10.1.0.12/31", "10.1.0.12/30"],
            (Shape::Bridged, Family::V6) => &["fd01::12/127", "fd01::12/128"],
        })
    }

    /// A device as rules name them, `+` for all that begin so.
    pub fn device(self, dice: &mut Dice) -> &'static str {
        match self.shape {
            Shape::Routed => dice.one(&["rc", "rs", "lo", "r+", "rc+", "eth0"]),
            Shape::Bridged => dice.one(&["br0", "br0", "lo", "b+", "rc", "r+"]),
        }
    }
}
