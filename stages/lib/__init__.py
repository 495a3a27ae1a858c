"""What stages share: tables, files that people write, pictures, rules, the shell. It knows no stage."""
