"""What a dataset page is made of: access, requests, reach."""
