"""Where people vote, grant, revoke and audit."""
