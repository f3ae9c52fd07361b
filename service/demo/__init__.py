"""The main job on real data: three hospitals, a lab, one revocation, and the audit that shows it."""
