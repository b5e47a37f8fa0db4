"""The parts of the fault campaign: CRMs that can be forked, people, a judge, and one seeded trial."""
