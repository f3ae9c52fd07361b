"""What a model page is made of: verdict, lineage, releases, report."""
