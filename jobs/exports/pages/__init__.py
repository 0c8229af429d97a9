"""The pages of exports: thin doors. What is shown and done is decided by services and the policy."""
