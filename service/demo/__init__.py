"""The main job on real data: three hospitals, a lab, a revocation, and the audit that shows it."""
