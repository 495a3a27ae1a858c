"""Great Expectations suites: written from the rules, run on the tables, reported as violations."""
