"""The guideline as data: classes, annotators, rules, edge cases, changes, and the predicates that check them."""
