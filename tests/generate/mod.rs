//! Random programs of the dialect that end, and mean one thing only: no `choice-domain`, no `autoinc()`, no faults.

use crate::dice::Dice;
use std::fmt::Write as _;

#[derive(Clone, Copy, PartialEq)]
enum Type {
    Number,
    Symbol,
    /// `[n: number, s: symbol]`
    Pair,
    /// `Leaf {} | Node {n: number, t: Tree}`
    Tree,
}

const NAMES: [(Type, &str); 4] = [
    (Type::Number, "number"),
    (Type::Symbol, "symbol"),
    (Type::Pair, "Pair"),
    (Type::Tree, "Tree"),
];

struct Relation {
    name: String,
    types: Vec<Type>,
}

/// A variable that has a value.
#[derive(Clone)]
struct Known {
    name: String,
    ty: Type,
}

/// A program. Its relations `d0`, `d1` … are all written to files.
pub fn program(seed: u64) -> String {
    let mut generator = Generator {
        dice: Dice::new(seed),
        text: String::from(
            ".type Pair = [n: number, s: symbol]\n.type Tree = Leaf {} | Node {n: number, t: Tree}\n",
        ),
        relations: Vec::new(),
    };
    for index in 0..3 {
        generator.base(index);
    }
    let derived = 2 + generator.dice.below(4);
    for index in 0..derived {
        generator.derived(index);
    }
    generator.text
}

struct Generator {
    dice: Dice,
    text: String,
    /// Those declared so far; rules read earlier ones and, recursively, their own.
    relations: Vec<Relation>,
}

impl Generator {
    fn types(&mut self, most: usize) -> Vec<Type> {
        (0..1 + self.dice.below(most))
            .map(|_| match self.dice.below(10) {
                0..6 => Type::Number,
                6..8 => Type::Symbol,
                8 => Type::Pair,
                _ => Type::Tree,
            })
            .collect()
    }

    fn declare(&mut self, name: &str, types: &[Type], rest: &str) {
        let attributes: Vec<String> = types
            .iter()
            .enumerate()
            .map(|(at, ty)| {
                let known = NAMES.iter().find(|(known, _)| known == ty);
                format!("x{at}: {}", known.map_or("", |(_, name)| name))
            })
            .collect();
        let _ = writeln!(self.text, ".decl {name}({}){rest}", attributes.join(", "));
    }

    fn base(&mut self, index: usize) {
        let name = format!("b{index}");
        let types = match index {
            0 => vec![Type::Number, Type::Number],
            _ => self.types(3),
        };
        self.declare(&name, &types, "");
        for _ in 0..self.dice.below(12) {
            let args: Vec<String> = types.iter().map(|&ty| self.constant(ty)).collect();
            let _ = writeln!(self.text, "{name}({}).", args.join(", "));
        }
        self.relations.push(Relation { name, types });
    }

    fn constant(&mut self, ty: Type) -> String {
        match ty {
            Type::Number => (self.dice.below(8) as i64 - 3).to_string(),
            Type::Symbol => {
                let text = self.dice.pick(&["", "a", "b", "ab", "ba", "héé", "Z"]);
                format!("\"{text}\"")
            }
            Type::Pair if self.dice.one_in(5) => "nil".to_owned(),
            Type::Pair => {
                let (number, text) = (self.constant(Type::Number), self.constant(Type::Symbol));
                format!("[{number}, {text}]")
            }
            Type::Tree if self.dice.one_in(2) => "$Leaf()".to_owned(),
            Type::Tree => {
                let (number, tree) = (self.constant(Type::Number), self.constant(Type::Tree));
                format!("$Node({number}, {tree})")
            }
        }
    }

    fn derived(&mut self, index: usize) {
        let name = format!("d{index}");
        let equivalence = self.dice.one_in(6);
        let types = match equivalence {
            true => vec![Type::Number, Type::Number],
            false => self.types(3),
        };
        let rest = if equivalence { " eqrel" } else { "" };
        self.declare(&name, &types, rest);
        let _ = writeln!(self.text, ".output {name}");
        let mut recursive = false;
        for _ in 0..1 + self.dice.below(3) {
            recursive |= self.rule(&name, &types);
        }
        let best = types.len() > 1 && types[1] == Type::Number && !equivalence && !recursive;
        if best && self.dice.one_in(4) {
            let row = |second: &str| {
                let mut args: Vec<String> = (0..types.len()).map(|at| format!("x{at}")).collect();
                args[1] = second.to_owned();
                format!("{name}({})", args.join(", "))
            };
            let _ = writeln!(self.text, "{} <= {} :- y < z.", row("y"), row("z"));
        }
        self.relations.push(Relation { name, types });
    }

    /// Whether the rule reads its own relation.
    fn rule(&mut self, name: &str, types: &[Type]) -> bool {
        let mut known = Vec::new();
        let mut body = Vec::new();
        let mut recursive = false;
        for _ in 0..1 + self.dice.below(3) {
            let own = self.dice.one_in(5);
            recursive |= own;
            let (relation, columns) = match own {
                true => (name.to_owned(), types.to_vec()),
                false => {
                    let at = self.dice.below(self.relations.len());
                    let relation = &self.relations[at];
                    (relation.name.clone(), relation.types.clone())
                }
            };
            let args: Vec<String> = columns
                .iter()
                .map(|&ty| self.argument(ty, &mut known))
                .collect();
            body.push(format!("{relation}({})", args.join(", ")));
        }
        if self.dice.one_in(3) {
            self.constraint(&known, &mut body);
        }
        if self.dice.one_in(3) {
            self.negation(&known, &mut body);
        }
        if !recursive && self.dice.one_in(3) {
            self.aggregate(&mut known, &mut body);
        }
        if !recursive && self.dice.one_in(6) {
            let from = self.term(Type::Number, &known, false);
            body.push(format!("w = range({from}, {})", self.dice.below(5)));
            known.push(Known {
                name: "w".to_owned(),
                ty: Type::Number,
            });
        }
        if self.dice.one_in(6) && !known.is_empty() {
            let first = self.comparison(&known);
            let second = self.comparison(&known);
            body.push(format!("({first}; {second})"));
        }
        let head: Vec<String> = types
            .iter()
            .map(|&ty| self.term(ty, &known, !recursive))
            .collect();
        let _ = writeln!(
            self.text,
            "{name}({}) :- {}.",
            head.join(", "),
            body.join(", ")
        );
        recursive
    }

    /// Of a positive atom: it may bind a variable, known ones are joined.
    fn argument(&mut self, ty: Type, known: &mut Vec<Known>) -> String {
        match self.dice.below(10) {
            0 => "_".to_owned(),
            1 => self.constant(ty),
            2 if ty == Type::Pair => {
                let number = self.argument(Type::Number, known);
                let text = self.argument(Type::Symbol, known);
                format!("[{number}, {text}]")
            }
            2 if ty == Type::Tree => {
                let number = self.argument(Type::Number, known);
                format!("$Node({number}, {})", self.argument(Type::Tree, known))
            }
            _ => {
                let letter = match ty {
                    Type::Number => "n",
                    Type::Symbol => "s",
                    Type::Pair => "p",
                    Type::Tree => "t",
                };
                let name = format!("{letter}{}", self.dice.below(3));
                if known.iter().all(|variable| variable.name != name) {
                    known.push(Known {
                        name: name.clone(),
                        ty,
                    });
                }
                name
            }
        }
    }

    /// A value over known variables. `making`: it may be one that occurs nowhere.
    fn term(&mut self, ty: Type, known: &[Known], making: bool) -> String {
        let fitting: Vec<&Known> = known.iter().filter(|variable| variable.ty == ty).collect();
        if fitting.is_empty() || self.dice.one_in(8) {
            return self.constant(ty);
        }
        let plain = self.dice.pick(&fitting).name.clone();
        if !making || !self.dice.one_in(3) {
            return plain;
        }
        let other = self.dice.pick(&fitting).name.clone();
        match ty {
            Type::Number => match self.dice.below(9) {
                0 => format!("{plain} + {other}"),
                1 => format!("{plain} * {other} - 1"),
                2 => format!("min({plain}, {other}, 2)"),
                3 => format!("-{plain}"),
                4 => format!("({plain} band 5) bxor {other}"),
                5 => format!("{plain} / 2 + {other} % 3"),
                6 => format!("{plain} bshl ({other} band 3)"),
                7 => match known.iter().find(|variable| variable.ty == Type::Symbol) {
                    Some(text) => format!("strlen({})", text.name),
                    None => plain,
                },
                _ => format!("max({plain}, {other}) ^ 2"),
            },
            Type::Symbol => match self.dice.below(4) {
                0 => format!("cat({plain}, {other})"),
                1 => format!("substr({plain}, 0, 1)"),
                2 => format!("min({plain}, {other})"),
                _ => match known.iter().find(|variable| variable.ty == Type::Number) {
                    Some(number) => format!("to_string({})", number.name),
                    None => plain,
                },
            },
            Type::Pair => {
                let number = self.term(Type::Number, known, true);
                format!("[{number}, {}]", self.term(Type::Symbol, known, true))
            }
            Type::Tree => format!("$Node({}, {plain})", self.term(Type::Number, known, true)),
        }
    }

    fn comparison(&mut self, known: &[Known]) -> String {
        let left = self.dice.pick(known).clone();
        let ordered = matches!(left.ty, Type::Number | Type::Symbol);
        let signs: &[&str] = match ordered {
            true => &["<", "<=", ">", ">=", "=", "!="],
            false => &["=", "!="],
        };
        let sign = self.dice.pick(signs).to_owned();
        let right = self.term(left.ty, known, ordered);
        format!("{} {sign} {right}", left.name)
    }

    fn constraint(&mut self, known: &[Known], body: &mut Vec<String>) {
        if known.is_empty() {
            return;
        }
        let texts: Vec<&Known> = known.iter().filter(|v| v.ty == Type::Symbol).collect();
        let literal = match (self.dice.below(4), &texts[..]) {
            (0, [first, ..]) => format!("match(\"a.*|.b\", {})", first.name),
            (1, [first, ..]) => format!("contains(\"a\", {})", first.name),
            _ => self.comparison(known),
        };
        let negated = self.dice.one_in(4);
        body.push(if negated {
            format!("!({literal})")
        } else {
            literal
        });
    }

    /// Of an earlier relation, so that there is no cycle.
    fn negation(&mut self, known: &[Known], body: &mut Vec<String>) {
        let at = self.dice.below(self.relations.len());
        let (name, types) = {
            let relation = &self.relations[at];
            (relation.name.clone(), relation.types.clone())
        };
        let args: Vec<String> = types
            .iter()
            .map(|&ty| match self.dice.one_in(3) {
                true => "_".to_owned(),
                false => self.term(ty, known, false),
            })
            .collect();
        body.push(format!("!{name}({})", args.join(", ")));
    }

    /// Over one atom of an earlier relation, whose variables are its own or known outside.
    fn aggregate(&mut self, known: &mut Vec<Known>, body: &mut Vec<String>) {
        let at = self.dice.below(self.relations.len());
        let (name, types) = {
            let relation = &self.relations[at];
            (relation.name.clone(), relation.types.clone())
        };
        let target = types.iter().position(|&ty| ty == Type::Number);
        let args: Vec<String> = types
            .iter()
            .enumerate()
            .map(|(at, &ty)| match self.dice.below(3) {
                _ if Some(at) == target => "k".to_owned(),
                0 => "_".to_owned(),
                1 => format!("inner{at}"),
                _ => match known.iter().find(|variable| variable.ty == ty) {
                    Some(variable) => variable.name.clone(),
                    None => "_".to_owned(),
                },
            })
            .collect();
        let aggregate = match target {
            None => "count".to_owned(),
            Some(_) => self
                .dice
                .pick(&[
                    "count",
                    "sum k",
                    "min k",
                    "max k",
                    "sum k * 2 + 1",
                    "max -k",
                ])
                .to_string(),
        };
        let extra = match target {
            Some(_) if self.dice.one_in(3) => ", k < 3",
            _ => "",
        };
        body.push(format!(
            "total = {aggregate} : {{ {name}({}){extra} }}",
            args.join(", ")
        ));
        known.push(Known {
            name: "total".to_owned(),
            ty: Type::Number,
        });
    }
}
