//! What is printed parses to the same tree; what is formatted has the same words, and formatting it again changes
//! nothing.

use crate::syntax::ast::*;
use crate::syntax::source::{FileId, SourceMap, Span};
use crate::syntax::{format_file, parse_text, print_program};
use crate::tries::tries;
use expect_test::expect;
use proptest::prelude::*;
use std::sync::Arc;

/// A tree without its places.
pub(super) fn skeleton(program: &Program) -> String {
    let shown = format!("{:?} {:?}", program.items, program.annotations);
    let mut out = String::new();
    let mut rest = shown.as_str();
    while let Some((before, after)) = rest.split_once("Span {") {
        out.push_str(before);
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    out + rest
}

fn nowhere() -> Span {
    let mut sources = SourceMap::new();
    let file: FileId = sources.add("", "");
    Span::new(file, 0, 0)
}

fn name_of(text: impl Into<Arc<str>>) -> Name {
    Name {
        text: text.into(),
        span: nowhere(),
    }
}

fn name() -> impl Strategy<Value = Name> {
    prop_oneof![
        "[a-z]", "x[0-9]", "\\?[a-z]", "_[a-z]", "Qq[A-Z]", "from", "to"
    ]
    .prop_map(name_of)
}

fn path() -> impl Strategy<Value = Path> + Clone {
    proptest::collection::vec("q[a-z]".prop_map(name_of), 1..3).prop_map(|parts| Path {
        parts,
        span: nowhere(),
    })
}

fn text() -> impl Strategy<Value = Arc<str>> {
    prop_oneof!["[a-z]{0,4}", "[\"\\\\\n\t\r\u{7}é.{}/#]{0,4}"].prop_map(Arc::from)
}

fn expr_of(kind: ExprKind) -> Expr {
    Expr {
        kind,
        span: nowhere(),
    }
}

fn leaf() -> impl Strategy<Value = Expr> {
    let notation = prop_oneof![
        (any::<u64>(), Just(Notation::Decimal)),
        (any::<u64>(), Just(Notation::Hexadecimal)),
        (any::<u64>(), Just(Notation::Binary)),
        (any::<u32>().prop_map(u64::from), Just(Notation::Ipv4)),
    ];
    prop_oneof![
        name().prop_map(|name| ExprKind::Variable(name.text)),
        Just(ExprKind::Wildcard),
        Just(ExprKind::Nil),
        Just(ExprKind::IterationCount),
        notation.prop_map(|(magnitude, notation)| {
            ExprKind::Integer(IntegerLiteral {
                magnitude: u128::from(magnitude),
                notation,
            })
        }),
        any::<u64>().prop_map(ExprKind::Unsigned),
        (0.0..1e300).prop_map(ExprKind::Float),
        (0u32..100).prop_map(|whole| ExprKind::Float(f64::from(whole))),
        text().prop_map(ExprKind::Text),
    ]
    .prop_map(expr_of)
}

fn binary_op() -> impl Strategy<Value = BinaryOp> {
    use BinaryOp::*;
    proptest::sample::select(vec![
        Add,
        Subtract,
        Multiply,
        Divide,
        Modulo,
        Power,
        BitAnd,
        BitOr,
        BitXor,
        ShiftLeft,
        ShiftRight,
        ShiftRightUnsigned,
        LogicalAnd,
        LogicalOr,
        LogicalXor,
    ])
}

fn aggregate_op() -> impl Strategy<Value = AggregateOp> {
    proptest::sample::select(vec![
        AggregateOp::Sum,
        AggregateOp::Min,
        AggregateOp::Max,
        AggregateOp::Mean,
    ])
}

fn expr() -> impl Strategy<Value = Expr> + Clone {
    leaf().prop_recursive(5, 40, 3, |inner| {
        let args = |least| proptest::collection::vec(inner.clone(), least..4);
        let functor = proptest::sample::select(vec![
            Intrinsic::Cat,
            Intrinsic::Strlen,
            Intrinsic::Range,
            Intrinsic::ToString,
            Intrinsic::Autoinc,
            Intrinsic::Ord,
        ]);
        let body = atom_with(inner.clone()).prop_map(|atom| formula_of(FormulaKind::Atom(atom)));
        let compared = (inner.clone(), inner.clone()).prop_map(|(left, right)| {
            formula_of(FormulaKind::Compare {
                op: CompareOp::Le,
                left,
                right,
            })
        });
        let body = prop_oneof![
            body.clone(),
            (body, compared).prop_map(|(a, b)| formula_of(FormulaKind::And(vec![a, b]))),
        ]
        .boxed();
        prop_oneof![
            args(0).prop_map(ExprKind::Record),
            (path(), args(0)).prop_map(|(name, args)| ExprKind::Branch { name, args }),
            (
                proptest::sample::select(vec![
                    UnaryOp::Negate,
                    UnaryOp::BitNot,
                    UnaryOp::LogicalNot
                ]),
                inner.clone()
            )
                .prop_map(|(op, operand)| ExprKind::Unary {
                    op,
                    operand: Box::new(operand)
                }),
            (binary_op(), inner.clone(), inner.clone()).prop_map(|(op, left, right)| {
                ExprKind::Binary {
                    op,
                    left: Box::new(left),
                    right: Box::new(right),
                }
            }),
            (functor, args(0)).prop_map(|(functor, args)| ExprKind::Call { functor, args }),
            (
                proptest::sample::select(vec![Intrinsic::Min, Intrinsic::Max]),
                args(2)
            )
                .prop_map(|(functor, args)| ExprKind::Call { functor, args }),
            (name(), args(0)).prop_map(|(name, args)| ExprKind::UserCall { name, args }),
            (inner.clone(), path()).prop_map(|(operand, ty)| ExprKind::Cast {
                operand: Box::new(operand),
                ty
            }),
            (aggregate_op(), inner.clone(), body.clone()).prop_map(|(op, target, body)| {
                ExprKind::Aggregate(Box::new(Aggregate {
                    op,
                    target: Some(target),
                    body,
                }))
            }),
            body.clone().prop_map(|body| {
                ExprKind::Aggregate(Box::new(Aggregate {
                    op: AggregateOp::Count,
                    target: None,
                    body,
                }))
            }),
            (name(), inner.clone(), inner.clone(), body).prop_map(|(name, init, target, body)| {
                let op = AggregateOp::User {
                    name,
                    init: Box::new(init),
                };
                ExprKind::Aggregate(Box::new(Aggregate {
                    op,
                    target: Some(target),
                    body,
                }))
            }),
        ]
        .prop_map(expr_of)
    })
}

fn atom_with(args: impl Strategy<Value = Expr> + Clone) -> impl Strategy<Value = Atom> + Clone {
    (path(), proptest::collection::vec(args, 0..3)).prop_map(|(relation, args)| Atom {
        relation,
        args,
        span: nowhere(),
    })
}

fn atom() -> impl Strategy<Value = Atom> {
    atom_with(expr())
}

fn formula_of(kind: FormulaKind) -> Formula {
    Formula {
        kind,
        span: nowhere(),
    }
}

fn formula() -> impl Strategy<Value = Formula> {
    use CompareOp::*;
    let op = proptest::sample::select(vec![Eq, Ne, Lt, Le, Gt, Ge]);
    let literal = prop_oneof![
        atom().prop_map(FormulaKind::Atom),
        (op, expr(), expr()).prop_map(|(op, left, right)| FormulaKind::Compare { op, left, right }),
        (expr(), expr()).prop_map(|(pattern, text)| FormulaKind::Match { pattern, text }),
        (expr(), expr()).prop_map(|(part, text)| FormulaKind::Contains { part, text }),
        any::<bool>().prop_map(FormulaKind::Bool),
    ]
    .prop_map(formula_of);
    literal.prop_recursive(4, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 2..4).prop_map(FormulaKind::And),
            proptest::collection::vec(inner.clone(), 2..4).prop_map(FormulaKind::Or),
            inner.prop_map(|inner| FormulaKind::Not(Box::new(inner))),
        ]
        .prop_map(formula_of)
    })
}

fn attributes() -> impl Strategy<Value = Vec<Attribute>> {
    let attribute = (name(), path(), any::<bool>()).prop_map(|(name, ty, lattice)| Attribute {
        name,
        ty,
        lattice,
    });
    proptest::collection::vec(attribute, 0..3)
}

fn plan() -> impl Strategy<Value = Option<ExecutionPlan>> {
    let orders =
        proptest::collection::vec((0u32..9, proptest::collection::vec(1u32..9, 0..3)), 1..3);
    proptest::option::of(orders.prop_map(|orders| ExecutionPlan {
        orders,
        span: nowhere(),
    }))
}

fn rule() -> impl Strategy<Value = ItemKind> {
    prop_oneof![
        (proptest::collection::vec(atom(), 1..3), formula(), plan()).prop_map(
            |(heads, body, plan)| Rule {
                heads,
                body: Some(Box::new(body)),
                plan: plan.map(Box::new)
            }
        ),
        atom().prop_map(|fact| Rule {
            heads: vec![fact],
            body: None,
            plan: None
        }),
    ]
    .prop_map(ItemKind::Rule)
}

fn definition() -> impl Strategy<Value = TypeDefinition> {
    let branch = (name(), attributes()).prop_map(|(name, fields)| Branch { name, fields });
    prop_oneof![
        path().prop_map(|base| TypeDefinition::Subset {
            base,
            deprecated: false
        }),
        path().prop_map(TypeDefinition::Alias),
        proptest::collection::vec(path(), 2..4).prop_map(TypeDefinition::Union),
        attributes().prop_map(TypeDefinition::Record),
        proptest::collection::vec(branch, 1..3).prop_map(TypeDefinition::Adt),
    ]
}

fn relation() -> impl Strategy<Value = RelationDecl> {
    let qualifiers = proptest::sample::subsequence(
        vec![
            Qualifier::Brie,
            Qualifier::Inline,
            Qualifier::Magic,
            Qualifier::Overridable,
            Qualifier::Output,
        ],
        0..3,
    );
    let domains = proptest::collection::vec(proptest::collection::vec(name(), 1..3), 0..3);
    (
        proptest::collection::vec(name(), 1..3),
        attributes(),
        qualifiers,
        domains,
        proptest::option::weighted(0.1, path()),
    )
        .prop_map(
            |(mut names, attributes, qualifiers, choice_domains, debug_delta)| {
                let qualifiers = qualifiers
                    .into_iter()
                    .map(|qualifier| (qualifier, nowhere()))
                    .collect();
                match debug_delta {
                    Some(delta) => {
                        names.truncate(1);
                        RelationDecl {
                            names,
                            attributes: vec![],
                            qualifiers,
                            choice_domains: vec![],
                            debug_delta: Some(delta),
                        }
                    }
                    None => RelationDecl {
                        names,
                        attributes,
                        qualifiers,
                        choice_domains,
                        debug_delta: None,
                    },
                }
            },
        )
}

fn directive() -> impl Strategy<Value = ItemKind> {
    use DirectiveKind::*;
    let parameter = (name(), text()).prop_map(|(key, value)| Parameter {
        key,
        value,
        value_span: nowhere(),
    });
    let kind = proptest::sample::select(vec![Input, Output, Printsize, Limitsize]);
    (
        kind,
        proptest::collection::vec(path(), 1..3),
        proptest::collection::vec(parameter, 0..3),
    )
        .prop_map(|(kind, relations, parameters)| {
            ItemKind::Directive(Box::new(Directive {
                kind,
                relations,
                parameters,
            }))
        })
}

fn literal() -> impl Strategy<Value = StringLiteral> {
    text().prop_map(|value| StringLiteral {
        value,
        span: nowhere(),
    })
}

fn component_type() -> impl Strategy<Value = ComponentType> {
    (name(), proptest::collection::vec(name(), 0..3))
        .prop_map(|(name, arguments)| ComponentType { name, arguments })
}

fn hypothesis() -> impl Strategy<Value = ItemKind> {
    let entry = prop_oneof![
        atom().prop_map(HypothesisEntry::Goal),
        atom().prop_map(HypothesisEntry::Assume),
        atom().prop_map(HypothesisEntry::Withdraw),
        item_of(rule().boxed()).prop_map(|item| HypothesisEntry::Rule(Box::new(item))),
    ];
    let parts = (
        name(),
        proptest::collection::vec(name(), 0..3),
        proptest::option::of(literal()),
        proptest::collection::vec(entry, 0..4),
    );
    parts.prop_map(|(name, parameters, title, entries)| {
        ItemKind::Hypothesis(Box::new(Hypothesis {
            name,
            parameters,
            title,
            entries,
        }))
    })
}

fn item_kind() -> impl Strategy<Value = ItemKind> {
    let functor = (
        name(),
        proptest::collection::vec((proptest::option::of(name()), path()), 0..3),
        path(),
        any::<bool>(),
    );
    let lattice = (name(), expr()).prop_map(|(name, bottom)| {
        ItemKind::Lattice(Box::new(LatticeDecl {
            name,
            operators: vec![(name_of("Bottom"), bottom)],
        }))
    });
    prop_oneof![
        rule(),
        rule(),
        (name(), definition())
            .prop_map(|(name, definition)| ItemKind::Type(Box::new(TypeDecl { name, definition }))),
        relation().prop_map(|relation| ItemKind::Relation(Box::new(relation))),
        functor.prop_map(|(name, parameters, result, stateful)| {
            ItemKind::Functor(Box::new(FunctorDecl {
                name,
                parameters,
                result,
                stateful,
            }))
        }),
        lattice,
        (atom(), atom(), formula(), plan()).prop_map(|(dominated, dominating, body, plan)| {
            ItemKind::Subsumption(Box::new(Subsumption {
                dominated,
                dominating,
                body,
                plan,
            }))
        }),
        formula().prop_map(|body| ItemKind::Constraint(Box::new(body))),
        formula().prop_map(|body| ItemKind::Query(Box::new(body))),
        directive(),
        (literal(), proptest::option::of(literal())).prop_map(|(key, value)| ItemKind::Pragma {
            key: Box::new(key),
            value: value.map(Box::new),
        }),
        (name(), component_type()).prop_map(|(name, component)| ItemKind::Init {
            name,
            component: Box::new(component),
        }),
        proptest::collection::vec(path(), 1..3).prop_map(ItemKind::Abducible),
        hypothesis(),
    ]
}

fn item_of(kind: BoxedStrategy<ItemKind>) -> impl Strategy<Value = Item> {
    let doc = prop_oneof!["[a-z]{1,3}( [a-z]{1,3})?", ""].prop_map(Arc::from);
    let value = proptest::option::of(prop_oneof![
        text().prop_map(AnnotationValue::Text),
        proptest::sample::select(vec!["a b", "[x]", "f(1, 2)"])
            .prop_map(|tokens| AnnotationValue::Tokens(Arc::from(tokens))),
    ]);
    let annotation = (name(), value).prop_map(|(key, value)| Annotation {
        key,
        value,
        span: nowhere(),
    });
    (
        proptest::collection::vec(doc, 0..2),
        proptest::collection::vec(annotation, 0..2),
        kind,
    )
        .prop_map(|(docs, annotations, kind)| Item {
            docs,
            annotations,
            kind,
            span: nowhere(),
        })
}

fn item() -> impl Strategy<Value = Item> {
    let nested = (
        component_type(),
        proptest::collection::vec(component_type(), 0..3),
        proptest::collection::vec(item_of(rule().boxed()), 0..3),
    )
        .prop_map(|(head, bases, mut items)| {
            items.push(Item {
                docs: vec![],
                annotations: vec![],
                kind: ItemKind::Override(name_of("r")),
                span: nowhere(),
            });
            ItemKind::Component(Box::new(Component { head, bases, items }))
        });
    item_of(prop_oneof![8 => item_kind(), 1 => nested].boxed())
}

proptest! {
    #![proptest_config(tries(200))]

    #[test]
    fn printed_programs_parse_to_the_same_tree(items in proptest::collection::vec(item(), 0..5)) {
        let program = Program { items, ..Program::default() };
        let printed = print_program(&program);
        let (parsed, diagnostics) = parse_text("p.dl", &printed, &mut SourceMap::new());
        let errors: Vec<_> = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).collect();
        prop_assert!(errors.is_empty(), "{errors:?}\n{printed}");
        prop_assert_eq!(skeleton(&parsed), skeleton(&program), "{}", printed);

        let formatted = format_file(&printed);
        let formatted = formatted.map_err(|errors| TestCaseError::fail(format!("{errors:?}\n{printed}")))?;
        let (parsed, _) = parse_text("p.dl", &formatted, &mut SourceMap::new());
        prop_assert_eq!(skeleton(&parsed), skeleton(&program), "{}", &formatted);
        prop_assert_eq!(format_file(&formatted).ok(), Some(formatted.clone()), "{}", &formatted);
    }
}

#[test]
fn formatting_keeps_words_and_comments() {
    let text = "\
#define   N   3
.decl  a( x:number,y :symbol )   inline   choice-domain x
// about a


/* block */ a( 1,\"x\" ).a(2 , \"y\").   // two facts
.comp   C<T>:D{
// inside
  .decl r( x:T )
      r(x):-a( x,_ ),  // why
  !b(-x,x-1,x*2),
      (c(x);x=0x1f).
}
.output a(IO=stdout,headers = true)
.hypothesis h \"t\"{ .goal a(1,\"x\").
+a(3,\"z\").
-a(_,_).
}
?-a(x,_).
.plan_b(x) :- a(x, \"a long symbol, to make it long\"), b(x, \"another long symbol\"), c(x), d(x), e(x, \"yet another\").
"
    .replace(".plan_b", "plan_b");
    let formatted = format_file(&text).unwrap_or_else(|errors| panic!("{errors:?}"));
    expect![[r##"
        #define   N   3
        .decl a(x: number, y: symbol) inline choice-domain x
        // about a

        /* block */ a(1, "x"). a(2, "y"). // two facts
        .comp C<T> : D {
            // inside
            .decl r(x: T)
            r(x) :- a(x, _), // why
                !b(-x, x - 1, x * 2),
                (c(x); x = 0x1f).
        }
        .output a(IO=stdout, headers=true)
        .hypothesis h "t" {
            .goal a(1, "x").
            + a(3, "z").
            - a(_, _).
        }
        ?- a(x, _).
        plan_b(x) :-
            a(x, "a long symbol, to make it long"),
            b(x, "another long symbol"),
            c(x),
            d(x),
            e(x, "yet another").
    "##]]
    .assert_eq(&formatted);
    assert_eq!(format_file(&formatted).ok(), Some(formatted));
}

#[test]
fn a_wrong_program_is_not_formatted() {
    assert!(format_file("a(1 2).").is_err());
    assert_eq!(format_file("").ok().as_deref(), Some(""));
    assert_eq!(
        format_file("\n\n  a(1) .\n\n\n\n").ok().as_deref(),
        Some("a(1).\n")
    );
}
