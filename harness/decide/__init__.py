"""From numbers to a choice that a team can sign.

`requirements` is what the team wants, `catalog` what makers document, `shortlist` who may take part and what would have
to be measured, `measures` what runs and studies found, `criteria` how good that is, `acceptability` how sure the choice
is, `pairs` two engines instead of one, `growth` how far one machine carries, `decision` all of it together.
"""
