"""What connects the state of a session to a viewer; no Qt."""
