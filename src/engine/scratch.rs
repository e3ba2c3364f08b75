use super::*;
use crate::analysis::checked::*;
use crate::storage::{Code, Dictionary, Rows};
use crate::syntax::ast::CompareOp;
use crate::syntax::source::{SourceMap, Span};
use std::sync::Arc;
fn load(name: &str, arity: usize) -> Rows {
    let text = std::fs::read_to_string(format!("/tmp/bench/data/{name}.csv")).unwrap();
    let mut cols = vec![Vec::new(); arity];
    for l in text.lines() {
        for (c, f) in cols.iter_mut().zip(l.split(',')) {
            c.push(Code(f.parse().unwrap()));
        }
    }
    Rows::from_columns(cols)
}
fn program(text: &str) -> CheckedProgram {
    // tiny format: "H(x,y) :- A(x,y), B(y,z), x!=y."
    let mut sm = SourceMap::new();
    let f = sm.add("t", "");
    let span = Span::new(f, 0, 0);
    let mut p = CheckedProgram::default();
    fn rel(p: &mut CheckedProgram, name: &str, arity: usize, span: Span) -> RelationId {
        if let Some(&id) = p.by_name.get(name) {
            return id;
        }
        let id = RelationId(p.relations.len() as u32);
        p.relations.push(Relation {
            name: name.into(),
            attributes: (0..arity)
                .map(|i| Attribute {
                    name: format!("a{i}").into(),
                    ty: ValueType::Number,
                    type_name: "number".into(),
                })
                .collect(),
            kind: RelationKind::Plain,
            choice_domains: vec![],
            doc: None,
            span,
        });
        p.by_name.insert(name.into(), id);
        id
    }
    let mut heads = Vec::new();
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty()) {
        let (h, b) = line.trim_end_matches('.').split_once(":-").unwrap();
        let mut vars: Vec<Variable> = vec![];
        let mut parse = |s: &str, p: &mut CheckedProgram| {
            let s = s.trim();
            let (n, a) = s.split_once('(').unwrap();
            let args: Vec<Term> = a
                .trim_end_matches(')')
                .split(',')
                .map(|v| {
                    let v = v.trim();
                    if v == "_" {
                        return Term::Wildcard;
                    }
                    if let Some(i) = vars.iter().position(|k| &*k.name == v) {
                        return Term::Var(VarId(i as u32));
                    }
                    vars.push(Variable {
                        name: v.into(),
                        ty: ValueType::Number,
                        synthetic: false,
                    });
                    Term::Var(VarId(vars.len() as u32 - 1))
                })
                .collect();
            (rel(p, n.trim(), args.len(), span), args)
        };
        let (hr, hargs) = parse(h, &mut p);
        let mut body = vec![];
        let mut rest = b.trim();
        while !rest.is_empty() {
            let end = if let Some(i) = rest
                .find("!=")
                .filter(|i| rest.find('(').is_none_or(|j| *i < j))
            {
                let _ = i;
                rest.len()
            } else {
                rest.find(')').unwrap() + 1
            };
            let (item, r) = rest.split_at(end);
            rest = r.trim().trim_start_matches(',').trim();
            if let Some((l, r)) = item.split_once("!=") {
                let (_, a) = parse(&format!("Nope({l},{r})"), &mut p);
                body.push(Literal {
                    kind: LiteralKind::Compare {
                        op: CompareOp::Ne,
                        operand: ValueType::Number,
                        left: a[0].clone(),
                        right: a[1].clone(),
                    },
                    span,
                });
            } else {
                let (relation, args) = parse(item, &mut p);
                body.push(Literal {
                    kind: LiteralKind::Atom(Atom {
                        relation,
                        args,
                        span,
                    }),
                    span,
                });
            }
        }
        heads.push(hr);
        p.rules.push(Rule {
            head: Some(Head {
                relation: hr,
                args: hargs,
            }),
            body,
            variables: vars,
            say: None,
            plan: vec![],
            span,
        });
    }
    let mut rels = heads.clone();
    rels.sort();
    rels.dedup();
    p.strata.push(Stratum {
        relations: rels,
        rules: (0..p.rules.len() as u32).map(RuleId).collect(),
        recursive: true,
    });
    p
}
struct O;
impl Observer for O {
    fn round(&self, _: usize, _: usize, r: u32, n: u64) {
        if std::env::var("V").is_ok() {
            eprintln!("  round {r} rows {n}");
        }
    }
}
#[test]
fn bench() {
    let w = std::env::var("W").unwrap();
    let j: usize = std::env::var("J").map_or(1, |j| j.parse().unwrap());
    let (text, inputs): (&str, &[(&str, usize)]) = match w.as_str() {
        "tc" => (
            "Tc(x,y) :- Arc(x,y).\nTc(x,y) :- Tc(x,z), Arc(z,y).",
            &[("Arc", 2)],
        ),
        "sg" => (
            "Sg(x,y) :- Arc(p,x), Arc(p,y), x!=y\nSg(x,y) :- Arc(a,x), Sg(a,b), Arc(b,y).",
            &[("Arc", 2)],
        ),
        "reach" => (
            "Reach(x) :- Source(x).\nReach(y) :- Reach(x), Arc(x,y).",
            &[("Arc", 2), ("Source", 1)],
        ),
        "tri" => ("Tri(x,y,z) :- Arc(x,y), Arc(y,z), Arc(z,x).", &[("Arc", 2)]),
        _ => (
            "VF(x,y) :- Assign(x,y).\nVF(x,x) :- Assign(x,_).\nVF(x,x) :- Assign(_,x).\nMA(x,x) :- Assign(x,_).\nMA(x,x) :- Assign(_,x).\nVF(x,y) :- Assign(x,z), MA(z,y).\nVF(x,y) :- VF(x,z), VF(z,y).\nMA(x,w) :- Dereference(y,x), VA(y,z), Dereference(z,w).\nVA(x,y) :- VF(z,x), VF(z,y).\nVA(x,y) :- VF(z,x), MA(z,w), VF(w,y).",
            &[("Assign", 2), ("Dereference", 2)],
        ),
    };
    let p = Arc::new(program(text));
    let mut db = Database::new(p.clone(), Arc::new(Dictionary::new()));
    let t = std::time::Instant::now();
    for (n, a) in inputs {
        db.state(p.relation_named(n).unwrap(), load(&format!("{w}/{n}"), *a));
    }
    let loaded = t.elapsed();
    let r = db
        .run(
            &RunOptions {
                threads: j,
                ..Default::default()
            },
            &O,
        )
        .unwrap();
    for (id, rel) in p.relations() {
        eprintln!("{} {}", rel.name, db.len(id));
    }
    eprintln!(
        "{w} load {loaded:?} run {:?} rounds {} mem {} MiB",
        r.elapsed,
        r.rounds,
        budget::memory_in_use().unwrap() >> 20
    );
}
