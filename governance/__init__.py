"""What the DAO may decide and how it is carried out."""
