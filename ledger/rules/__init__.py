"""Given the state so far and an event, is it authorised? Pure."""
