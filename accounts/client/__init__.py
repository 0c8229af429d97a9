"""The client companies' own API (SPEC A5): what is below /api/v1/client/."""
