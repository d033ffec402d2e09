"""One-off tools that made shipped or test files; not part of the installed package."""
