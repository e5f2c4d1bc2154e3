//! The second net: what the database says it would do.

use super::names::{OPEN_LABELS, OPEN_TYPES, is_secret};
use crate::store::asked::Step;

/// More rows than this a step may not expect.
pub const MOST_ROWS: f64 = 1e6;

/// Operators that only compute with rows that others have found.
const HARMLESS: &[&str] = &[
    "Aggregation",
    "AntiConditionalApply",
    "AntiSemiApply",
    "Apply",
    "Argument",
    "ArgumentTracker",
    "AssertSameNode",
    "AssertSameRelationship",
    "CacheProperties",
    "CartesianProduct",
    "ConditionalApply",
    "Distinct",
    "Eager",
    "EagerAggregation",
    "EmptyResult",
    "EmptyRow",
    "ExhaustiveLimit",
    "Filter",
    "LeftOuterHashJoin",
    "LetAntiSemiApply",
    "LetSelectOrAntiSemiApply",
    "LetSelectOrSemiApply",
    "LetSemiApply",
    "Limit",
    "NodeHashJoin",
    "NodeLeftOuterHashJoin",
    "NodeRightOuterHashJoin",
    "Optional",
    "OrderedAggregation",
    "OrderedDistinct",
    "OrderedUnion",
    "PartialSort",
    "PartialTop",
    "PartialTop1WithTies",
    "ProduceResults",
    "Projection",
    "RightOuterHashJoin",
    "RollUpApply",
    "SelectOrAntiSemiApply",
    "SelectOrSemiApply",
    "SemiApply",
    "Skip",
    "Sort",
    "Top",
    "Top1WithTies",
    "Union",
    "Unwind",
    "ValueHashJoin",
];

/// Operators that find nodes or relationships by the names in their details.
const FINDING: &[&str] = &[
    "DirectedRelationshipIndexContainsScan",
    "DirectedRelationshipIndexEndsWithScan",
    "DirectedRelationshipIndexScan",
    "DirectedRelationshipIndexSeek",
    "DirectedRelationshipIndexSeekByRange",
    "DirectedRelationshipTypeScan",
    "DirectedUnionRelationshipTypesScan",
    "IntersectionNodeByLabelsScan",
    "MultiNodeIndexSeek",
    "NodeByLabelScan",
    "NodeCountFromCountStore",
    "NodeIndexContainsScan",
    "NodeIndexEndsWithScan",
    "NodeIndexScan",
    "NodeIndexSeek",
    "NodeIndexSeekByRange",
    "NodeUniqueIndexSeek",
    "NodeUniqueIndexSeekByRange",
    "RelationshipCountFromCountStore",
    "SubtractionNodeByLabelsScan",
    "UndirectedRelationshipIndexContainsScan",
    "UndirectedRelationshipIndexEndsWithScan",
    "UndirectedRelationshipIndexScan",
    "UndirectedRelationshipIndexSeek",
    "UndirectedRelationshipIndexSeekByRange",
    "UndirectedRelationshipTypeScan",
    "UndirectedUnionRelationshipTypesScan",
    "UnionNodeByLabelsScan",
];

/// Operators that go from nodes to nodes along relationships.
const EXPANDING: &[&str] = &[
    "BidirectionalRepeat(Trail)",
    "Expand(All)",
    "Expand(Into)",
    "OptionalExpand(All)",
    "OptionalExpand(Into)",
    "ProjectEndpoints",
    "Repeat(Trail)",
    "Repeat(Walk)",
    "ShortestPath",
    "StatefulShortestPath(All)",
    "StatefulShortestPath(Into)",
    "VarLengthExpand(All)",
    "VarLengthExpand(Into)",
    "VarLengthExpand(Pruning)",
    "VarLengthExpand(Pruning,BFS)",
    "VarLengthExpand(Pruning,BFS,All)",
    "VarLengthExpand(Pruning,BFS,Into)",
];

/// Why a plan is refused, if it is.
pub fn check(step: &Step) -> Result<(), String> {
    let Step { operator, details, .. } = step;
    if let Some(secret) = words(details).find(|word| is_secret(word)) {
        return Err(format!("{operator} reads {secret}, which is secret"));
    }
    if FINDING.contains(&operator.as_str()) {
        let names: Vec<_> = names(details).collect();
        let open = |name: &&str| OPEN_LABELS.contains(name) || OPEN_TYPES.contains(name);
        if names.is_empty() || !names.iter().all(open) {
            return Err(format!("{operator} finds what is not known to be open: {details}"));
        }
    } else if EXPANDING.contains(&operator.as_str()) {
        // What is repeated stands in steps of its own.
        let has_relationship = details.contains("-[") || operator.contains("Repeat");
        if !has_relationship || !is_typed(details) {
            return Err(format!("{operator} goes along relationships of any type: {details}"));
        }
    } else if !HARMLESS.contains(&operator.as_str()) {
        return Err(format!("it uses {operator}"));
    }
    // What is no number is not few.
    if step.estimated_rows.is_nan() || step.estimated_rows > MOST_ROWS {
        return Err(format!(
            "{operator} would read about {:.0} rows, and {MOST_ROWS:.0} are allowed",
            step.estimated_rows
        ));
    }
    step.sources.iter().try_for_each(check)
}

/// The names of labels and types: what follows a colon, or one of them and a mark.
fn names(details: &str) -> impl Iterator<Item = &str> {
    details.split(':').skip(1).flat_map(|rest| {
        let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && !"_|&".contains(letter));
        rest[..end.unwrap_or(rest.len())].split(['|', '&']).filter(|name| !name.is_empty())
    })
}

/// Whether each relationship in the details names open types only.
fn is_typed(details: &str) -> bool {
    if details.contains("--") {
        return false;
    }
    details.split("-[").skip(1).all(|rest| {
        let inside = rest.split(']').next().unwrap_or_default();
        let mut types = names(inside).peekable();
        types.peek().is_some() && types.all(|name| OPEN_TYPES.contains(&name))
    })
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
}

/// The columns of the answer in their order, as the last step names them, if it names them all.
pub fn columns(step: &Step) -> Vec<String> {
    step.details.split(", ").map(|column| column.trim_matches('`').to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_step_does_not_say_is_refused() {
        let step = |operator: &str, details: &str, estimated_rows| Step {
            operator: operator.to_owned(),
            details: details.to_owned(),
            estimated_rows,
            sources: Vec::new(),
        };
        for (good, bad) in [
            (step("Expand(All)", "(u)-[:FOLLOWS]->(v)", 2.0), step("Expand(All)", "(u)", 2.0)),
            (step("ShortestPath", "p = (u)-[:FOLLOWS*..3]-(v)", 2.0), step("ShortestPath", "", 2.0)),
            (step("NodeByLabelScan", "u:User", 2.0), step("NodeByLabelScan", "u", 2.0)),
            (step("Projection", "u.id AS id", 1e6), step("Projection", "u.id AS id", f64::NAN)),
            (step("Repeat(Trail)", "(u) (...){1, 2} (v)", 1.0), step("Repeat(Trail)", "(u)--(v)", 1.0)),
        ] {
            assert_eq!(check(&good), Ok(()));
            check(&bad).expect_err(&bad.operator);
        }
    }
}
