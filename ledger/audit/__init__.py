"""The questions: may X do Y with Z at T? What went into M? What does a revocation reach?"""
