//! Why a fact holds: its minimal supports, and the proof that one of them gives.

use super::apart::NeverAtOnce;
use super::error::Error;
use super::loaded::Session;
use super::places::Places;
use crate::evidence::{ClaimId, Combination, GradeTables, Lens, confidence, likelihood};
use crate::explain::json::{ProofView, SupportView};
use crate::explain::{
    Basis, Case, Fact, GraphFormat, Ground, ProofOptions, Statement, Support, Tree, TreeOptions,
    Weight,
};
use crate::syntax::diagnostic::Diagnostic;
use rustc_hash::FxHashSet;
use serde::ser::{Serialize, SerializeStruct, Serializer};
use std::fmt;

/// Supports listed when nothing else is asked for.
const LISTED: usize = 100;

/// A question after the reasons of one fact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WhyQuestion {
    /// An atom. With `_` or variables it stands for the first fact that agrees with it.
    pub fact: String,
    /// List every support, not only the first.
    pub all: bool,
    /// Supports to look for. Default: 100, or without a limit of its own where all are asked for.
    pub limit: Option<usize>,
    /// Draw every step of the proof: by default what rests on plain data alone is kept short.
    pub full: bool,
    /// Check the proof again, step by step.
    pub verify: bool,
    /// Supports whose claims never held at once support nothing.
    pub time: bool,
    /// How strengths are put together.
    pub strength: Combination,
    /// How many supports to pass over: the shortest proof comes first, then the others in their order.
    pub support: usize,
}

impl WhyQuestion {
    pub fn of(fact: impl Into<String>) -> WhyQuestion {
        WhyQuestion {
            fact: fact.into(),
            ..WhyQuestion::default()
        }
    }
}

/// The question that `:next` goes on with, and how many supports are known.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    question: WhyQuestion,
    known: usize,
}

/// A fact, whether it holds, what supports it, and one proof.
pub struct Proof {
    fact: String,
    supports: Vec<SupportView>,
    /// `3 of 3 minimal supports`.
    count: String,
    complete: bool,
    /// How many supports there are, where not all were listed and they could be counted.
    total: Option<u128>,
    /// Which support the proof is of.
    at: usize,
    /// The claims of that support, as a reader wants them.
    weakest: Option<String>,
    independent: Option<(usize, bool)>,
    by: Combination,
    /// Of the conclusion; `None` where nothing is claimed.
    weight: Option<Weight>,
    /// That of the strongest support, by its weakest claim.
    firmest: f64,
    disputed_by: Vec<String>,
    list: bool,
    /// Only told when asked for: what the checker of proofs found.
    verified: Option<Result<(), String>>,
    found: Option<(Tree, ProofView)>,
    /// It holds, but its pieces never did at once.
    never_at_once: Option<NeverAtOnce>,
    /// What there is to say about a fact that does not hold.
    notes: Vec<String>,
    /// Further facts that agree with what was asked, in the order in which queries answer.
    others: Vec<String>,
}

impl Proof {
    /// Of what does not hold.
    fn absent(fact: String) -> Proof {
        Proof {
            fact,
            supports: Vec::new(),
            count: String::new(),
            complete: true,
            total: None,
            at: 0,
            weakest: None,
            independent: None,
            by: Combination::Min,
            weight: None,
            firmest: 0.0,
            disputed_by: Vec::new(),
            list: false,
            verified: None,
            found: None,
            never_at_once: None,
            notes: Vec::new(),
            others: Vec::new(),
        }
    }

    /// As one can type it back.
    pub fn fact(&self) -> &str {
        &self.fact
    }

    pub fn holds(&self) -> bool {
        self.found.is_some()
    }

    /// Supports found that come after the one shown.
    pub fn supports_left(&self) -> usize {
        self.supports.len().saturating_sub(self.at + 1)
    }

    /// The proof as lines; `None` when the fact does not hold.
    pub fn tree(&self) -> Option<&Tree> {
        self.found.as_ref().map(|(tree, _)| tree)
    }

    /// The proof as data; `None` when the fact does not hold.
    pub fn view(&self) -> Option<&ProofView> {
        self.found.as_ref().map(|(_, view)| view)
    }

    /// The minimal supports found, cheapest first.
    pub fn supports(&self) -> &[SupportView] {
        &self.supports
    }

    /// What there is to say about a fact that does not hold, a sentence each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Further facts that agree with what was asked for with variables.
    pub fn others(&self) -> &[String] {
        &self.others
    }

    /// Whether a check was asked for and found a flaw.
    pub fn is_flawed(&self) -> bool {
        matches!(self.verified, Some(Err(_)))
    }

    /// Whether these are all minimal supports.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// What is told below the proof: the support it is of, how many there are, what the checker found.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if !self.holds() {
            return remarks;
        }
        if let Some(support) = self.supports.get(self.at) {
            let mut parts = Vec::new();
            if let Some(weakest) = &self.weakest {
                parts.push(format!("strength {}", number(support.strength)));
                parts.push(format!("weakest link {weakest}"));
                parts.push(when(support));
            }
            parts.extend(
                support
                    .conditions
                    .iter()
                    .map(|condition| format!("as long as {condition}")),
            );
            let this = format!("support {} of {}", self.at + 1, self.supports.len());
            let more = if self.complete { "" } else { " found" };
            if self.supports.len() > 1 || !parts.is_empty() {
                parts.insert(0, format!("{this}{more}"));
                remarks.push(parts.join("   ·   "));
            }
        }
        let mut parts = vec![self.count.clone()];
        parts.extend(self.strength_text());
        if let Some((roots, complete)) = self.independent {
            let least = if complete { "" } else { "at least " };
            let noun = if roots == 1 { "root" } else { "roots" };
            parts.push(format!("{least}{roots} independent {noun}"));
        }
        if !self.disputed_by.is_empty() {
            parts.push(format!("disputed by {}", self.disputed_by.join(", ")));
        }
        remarks.push(parts.join("   ·   "));
        remarks.extend(self.judgement());
        if self.list {
            remarks.extend(self.supports.iter().enumerate().map(|(at, support)| {
                let claims = match support.claims.is_empty() {
                    true => "no claim is needed".to_owned(),
                    false => support.claims.join(", "),
                };
                let mut line = format!(
                    "{:>4}  {:<5} {claims}   {}",
                    at + 1,
                    number(support.strength),
                    when(support)
                );
                for condition in &support.conditions {
                    line += &format!("   as long as {condition}");
                }
                line
            }));
        }
        remarks.extend(self.checked());
        if !self.others.is_empty() {
            remarks.push(also(&self.others));
        }
        remarks
    }
}

impl Proof {
    /// The proof in a form for other programs, or in sentences; `None` for what does not hold. What the checker found is
    /// a comment at the end.
    pub fn written(&self, format: GraphFormat) -> Option<String> {
        let mut text = self.view()?.write(format);
        if let Some(checked) = self.checked() {
            text += &format!("{}{checked}\n", format.comment());
        }
        Some(text)
    }

    /// What the checker of proofs found, where it was asked.
    fn checked(&self) -> Option<String> {
        let verified = self.verified.as_ref()?;
        Some(match verified {
            Ok(()) => "the proof was checked step by step: it is sound".to_owned(),
            Err(flaw) => format!("THE PROOF IS NOT SOUND: {flaw}"),
        })
    }

    /// The strength of the conclusion, where it is not that of the support shown.
    fn strength_text(&self) -> Option<String> {
        let shown = self.supports.get(self.at).map(|support| support.strength);
        match (self.weight?, self.by) {
            (Weight::Exactly(value), Combination::Min) if shown == Some(value) => None,
            (Weight::Exactly(value), Combination::Min) => {
                Some(format!("strength {} in all", number(value)))
            }
            (Weight::Exactly(value), by) => Some(format!("{by} {}", number(value))),
            (Weight::AtLeast(value), by) => Some(format!("{by} at least {}", number(value))),
            (Weight::TooLarge, by) => Some(format!(
                "{by} NOT COUNTED: it goes beyond {}",
                Weight::BOUND
            )),
        }
    }

    /// How likely it is, and how far to trust that: two sentences.
    fn judgement(&self) -> Vec<String> {
        let (Some(chance), Some((roots, _))) = (self.chance(), self.independent) else {
            return Vec::new();
        };
        vec![
            format!(
                "Likelihood: {}, if grades are chances and origins err independently of each other.",
                likelihood(chance)
            ),
            format!(
                "Confidence: {}, with {roots} independent {} and {} as the strength of the strongest support.",
                confidence(self.firmest, roots),
                if roots == 1 { "root" } else { "roots" },
                number(self.firmest)
            ),
        ]
    }

    fn chance(&self) -> Option<f64> {
        match (self.by, self.weight) {
            (Combination::Probability, Some(Weight::Exactly(chance))) => Some(chance),
            _ => None,
        }
    }
}

/// How many further facts are named.
const NAMED: usize = 5;

/// `this is the first of 9; ask likewise for p("b"), p("c") and 6 more`
fn also(others: &[String]) -> String {
    let named = others[..others.len().min(NAMED)].join(", ");
    let more = match others.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "this is the first of {}; ask likewise for {named}{more}",
        others.len() + 1
    )
}

/// `0.64`.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn when(support: &SupportView) -> String {
    match (&support.from, &support.to, support.gap_days) {
        (.., Some(1)) => "DISJOINT: its claims are a day apart".to_owned(),
        (.., Some(days)) => format!("DISJOINT: its claims are {days} days apart"),
        (Some(from), Some(to), _) => format!("{from} … {to}"),
        (Some(from), None, _) => format!("since {from}"),
        (None, Some(to), _) => format!("until {to}"),
        (None, None, _) => "no dates".to_owned(),
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tree() {
            Some(tree) => {
                write!(f, "{tree}")?;
                self.remarks()
                    .iter()
                    .try_for_each(|remark| writeln!(f, "{remark}"))
            }
            None => {
                let fact = &self.fact;
                if let Some(never) = &self.never_at_once {
                    return writeln!(f, "{fact} is never true at one time: {never}");
                }
                writeln!(
                    f,
                    "{fact} does not hold   (`why-not` tells what was nearest)"
                )?;
                self.notes.iter().try_for_each(|note| writeln!(f, "{note}"))
            }
        }
    }
}

/// `{"fact": "p(\"a\")", "holds": true, "complete": true, "strength": 0.8, "supports": […], "proof": {…}}`; with a check asked for
/// also `"verified": true`; asked with variables, the other facts are
/// `"others"`; where nothing holds, `"notes"` may say why.
impl Serialize for Proof {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Proof", 8)?;
        object.serialize_field("fact", &self.fact)?;
        object.serialize_field("holds", &self.holds())?;
        object.serialize_field("complete", &self.complete)?;
        if let Some(weight) = self.weight {
            let value = match weight {
                Weight::Exactly(value) | Weight::AtLeast(value) => Some(value),
                Weight::TooLarge => None,
            };
            object.serialize_field("strength", &value)?;
        }
        if self.by != Combination::Min {
            object.serialize_field("strength_by", &self.by.to_string())?;
            let exact = matches!(self.weight, Some(Weight::Exactly(_)));
            object.serialize_field("strength_exact", &exact)?;
        }
        if let (Some(chance), Some((roots, _))) = (self.chance(), self.independent) {
            object.serialize_field("likelihood", likelihood(chance))?;
            object.serialize_field("confidence", confidence(self.firmest, roots))?;
        }
        if let Some(total) = self.total {
            object.serialize_field("total", &total)?;
        }
        object.serialize_field("supports", &self.supports)?;
        object.serialize_field("proof", &self.view())?;
        if !self.others.is_empty() {
            object.serialize_field("others", &self.others)?;
        }
        if let Some(never) = &self.never_at_once {
            object.serialize_field("never_at_once", never)?;
        }
        if !self.notes.is_empty() {
            object.serialize_field("notes", &self.notes)?;
        }
        if let Some(verified) = &self.verified {
            object.serialize_field("verified", &verified.is_ok())?;
        }
        object.end()
    }
}

impl Session {
    /// Proves a fact, given as an atom with constants only, and says what supports it.
    pub fn why(&mut self, fact: &str) -> Result<Proof, Error> {
        self.explain(&WhyQuestion::of(fact))
    }

    /// The same with all that one may ask.
    pub fn explain(&mut self, question: &WhyQuestion) -> Result<Proof, Error> {
        self.refresh()?;
        if !question.time || self.lens().at_once {
            return self.explain_as_it_stands(question);
        }
        let before = self.lens().clone();
        self.look_through(Lens {
            at_once: true,
            ..before.clone()
        })?;
        let answer = self.explain_as_it_stands(question);
        let asked = self.asked.take();
        self.look_through(before)?;
        self.asked = asked;
        answer
    }

    fn explain_as_it_stands(&mut self, question: &WhyQuestion) -> Result<Proof, Error> {
        let pattern = self.parse_pattern(&question.fact)?;
        let mut facts = match pattern.fact() {
            Some(fact) => vec![fact],
            None => self.facts_matching(&pattern),
        }
        .into_iter();
        let Some(fact) = facts.next() else {
            let asked = question.fact.trim().trim_end_matches('.');
            let mut proof = Proof::absent(asked.to_owned());
            proof.never_at_once = self.never_at_once(&pattern)?;
            proof.notes = self.notes_on_pattern(&pattern);
            return Ok(proof);
        };
        let mut proof = self.explain_fact(&fact, question);
        if proof.holds() {
            proof.others = facts.map(|fact| self.fact_text(&fact)).collect();
            self.asked = Some(Asked {
                question: WhyQuestion {
                    fact: proof.fact.clone(),
                    ..question.clone()
                },
                known: proof.supports.len(),
            });
        } else {
            proof.never_at_once = self.never_at_once(&pattern)?;
            proof.notes = self.notes_on_pattern(&pattern);
            self.asked = None;
        }
        Ok(proof)
    }

    /// The next support of the fact that was asked about last.
    pub(super) fn next_support(&mut self) -> Result<Proof, Error> {
        let asked = self.asked_last()?;
        let next = asked.question.support + 1;
        if next >= asked.known {
            return Err(self.rejected(vec![
                Diagnostic::error("D064", "that was the last support")
                    .help("`:all` lists them; `:why FACT` begins again"),
            ]));
        }
        self.explain(&WhyQuestion {
            support: next,
            ..asked.question
        })
    }

    /// All supports of the fact that was asked about last.
    pub(super) fn all_supports(&mut self) -> Result<Proof, Error> {
        let asked = self.asked_last()?;
        self.explain(&WhyQuestion {
            all: true,
            ..asked.question
        })
    }

    fn asked_last(&self) -> Result<Asked, Error> {
        self.asked.clone().ok_or_else(|| {
            self.rejected(vec![
                Diagnostic::error("D063", "nothing that holds was asked about yet")
                    .help("ask with `:why FACT`"),
            ])
        })
    }

    pub(super) fn explain_fact(&self, fact: &Fact, question: &WhyQuestion) -> Proof {
        let case = self.case();
        let tables = GradeTables::default();
        let budget = self.explanation_budget();
        let limit = match (question.limit, question.all) {
            (Some(limit), _) => limit,
            (None, true) => usize::MAX,
            (None, false) => LISTED,
        };
        let mut proof = Proof::absent(self.fact_text(fact));
        proof.list = question.all;
        if !case.holds(fact) {
            return proof;
        }
        let found = match question.all || question.limit.is_some() {
            true => case.supports(fact, &tables, limit, &budget),
            false => case.supports(fact, &tables, limit, &self.first_budget()),
        };
        proof.count = found.count_text();
        proof.complete = found.complete;
        proof.total = found.total;
        let shortest = case.prove(fact, &ProofOptions::default(), &budget);
        let first = shortest.as_ref().and_then(|proof| {
            let leaves = self.leaves(proof);
            let within = |support: &Support| support.claims().all(|claim| leaves.contains(&claim));
            found.supports.iter().position(within)
        });
        proof.at = match (question.support, first) {
            (0, first) => first.unwrap_or(0),
            (next, Some(first)) if next <= first => next - 1,
            (next, _) => next.min(found.supports.len().saturating_sub(1)),
        };
        let chosen = found.supports.get(proof.at);
        let tree = match first == Some(proof.at) {
            true => shortest,
            false => self.proof_of(&case, fact, chosen),
        };
        proof.weakest = chosen.and_then(|support| support.weakest).map(|claim| {
            let claim = &self.claims().get(claim);
            let grade = claim.grade(&self.data.sources);
            match claim.source {
                Some(source) => format!("{} ({}, {grade})", claim.id, self.data.sources[source].id),
                None => format!("{} ({grade})", claim.id),
            }
        });
        proof.supports = found
            .supports
            .iter()
            .map(|support| case.support_view(support, question.strength))
            .collect();
        proof.by = question.strength;
        // Where nothing is claimed there is nobody to count and nothing to weigh.
        if found
            .supports
            .iter()
            .any(|support| support.weakest.is_some())
        {
            proof.weight = Some(case.weight(
                fact,
                &found,
                question.strength,
                &tables,
                &self.first_budget(),
            ));
            proof.firmest = found.strength().unwrap_or_default();
            let roots = case.corroboration(fact, &self.small_budget());
            proof.independent = Some((roots.independent, roots.complete));
        }
        let Some(built) = tree else { return proof };
        let mut disputing: Vec<_> = built
            .nodes()
            .flat_map(|(_, node)| node.disputing.iter().copied())
            .collect();
        disputing.sort_unstable();
        disputing.dedup();
        proof.disputed_by = disputing
            .into_iter()
            .map(|claim| self.claim_text(claim))
            .collect();
        if question.verify {
            proof.verified = Some(case.check(&built).map_err(|flaw| {
                let node = built.node(flaw.node);
                format!("{}: {}", self.fact_text(&node.fact), flaw.kind)
            }));
        }
        let places = Places::new(self);
        let locate = |fact: &Fact| places.find(fact);
        let by: Vec<ClaimId> = chosen.into_iter().flat_map(Support::claims).collect();
        let options = TreeOptions {
            full: question.full,
            locate: Some(&locate),
            by: &by,
            ..TreeOptions::default()
        };
        proof.found = Some((
            case.tree(&built, &self.sources, &tables, &options),
            case.proof_view(&built, &self.sources, &tables, &locate),
        ));
        proof
    }

    /// The proof that leans on one support only.
    fn proof_of(
        &self,
        case: &Case,
        fact: &Fact,
        support: Option<&Support>,
    ) -> Option<crate::explain::Proof> {
        let budget = self.explanation_budget();
        let leaves: Option<FxHashSet<Fact>> = support.map(|support| {
            support
                .statements
                .iter()
                .flat_map(|statement| self.stated_facts(case, statement))
                .collect()
        });
        let options = ProofOptions {
            from: leaves.as_ref(),
            ..ProofOptions::default()
        };
        case.prove(fact, &options, &budget)
    }

    /// The claims that a proof ends in, each by the first of its id as supports have it.
    fn leaves(&self, proof: &crate::explain::Proof) -> FxHashSet<ClaimId> {
        let claims = self.claims();
        let mut leaves = FxHashSet::default();
        for (_, node) in proof.nodes() {
            if let Basis::Stated {
                ground: Ground::Claims(of),
                ..
            } = &node.basis
            {
                leaves.extend(
                    of.iter()
                        .filter_map(|&claim| claims.with_id(claims.get(claim).id).next()),
                );
            }
        }
        leaves
    }

    /// What a statement states.
    fn stated_facts(&self, case: &Case, statement: &Statement) -> Vec<Fact> {
        match statement {
            Statement::Claim(claim) => {
                let claims = self.claims();
                claims
                    .with_id(claims.get(*claim).id)
                    .map(|claim| Fact::new(claims.get(claim).relation, claims.get(claim).row))
                    .collect()
            }
            Statement::Data(fact) => vec![fact.clone()],
            Statement::Text(rule) => case.stated_by(*rule).into_iter().collect(),
        }
    }
}
