"""A night or a recording in the formats of other tools: docs/EXPORTS.md."""
