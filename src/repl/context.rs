//! Where the cursor stands in a clause.

use super::scan::{Piece, PieceKind};

/// An argument of an atom that is being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument<'t> {
    pub relation: &'t str,
    /// Counted from zero.
    pub position: usize,
    /// Something of it has been typed.
    pub begun: bool,
}

/// The innermost atom that is open at the end of the text.
pub fn open_argument<'t>(text: &'t str, pieces: &[Piece]) -> Option<Argument<'t>> {
    let mut open: Vec<Option<Argument<'t>>> = Vec::new();
    let mut word = None;
    for piece in pieces {
        let piece_text = &text[piece.range.clone()];
        match piece.kind {
            PieceKind::Space | PieceKind::Comment => continue,
            PieceKind::Open => {
                mark_begun(&mut open);
                open.push(word.filter(|_| piece_text == "(").map(|relation| Argument {
                    relation,
                    position: 0,
                    begun: false,
                }));
            }
            PieceKind::Close => {
                open.pop();
            }
            PieceKind::Other if piece_text == "," => {
                if let Some(Some(argument)) = open.last_mut() {
                    argument.position += 1;
                    argument.begun = false;
                }
            }
            PieceKind::End | PieceKind::If => open.clear(),
            _ => mark_begun(&mut open),
        }
        word = (piece.kind == PieceKind::Word).then_some(piece_text);
    }
    open.pop().flatten()
}

fn mark_begun(open: &mut [Option<Argument<'_>>]) {
    if let Some(Some(argument)) = open.last_mut() {
        argument.begun = true;
    }
}

#[cfg(test)]
mod tests {
    use super::super::scan::pieces;
    use super::*;

    #[test]
    fn the_innermost_open_atom_is_found() {
        let at =
            |text| open_argument(text, &pieces(text)).map(|a| (a.relation, a.position, a.begun));
        assert_eq!(at("p("), Some(("p", 0, false)));
        assert_eq!(at("p(X"), Some(("p", 0, true)));
        assert_eq!(at("p(X, "), Some(("p", 1, false)));
        assert_eq!(at("p(X, \"a, b"), Some(("p", 1, true)));
        assert_eq!(at("p(X), q(Y, Z"), Some(("q", 1, true)));
        assert_eq!(at("p(X), "), None);
        assert_eq!(at("(p(X); "), None);
        assert_eq!(at("h(X) :- c = count : { r("), Some(("r", 0, false)));
        assert_eq!(at("p([1, "), None);
        assert_eq!(at("p(cat(A, "), Some(("cat", 1, false)));
    }
}
