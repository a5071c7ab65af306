"""From numbers to a choice that a team can sign.

`requirements` is what the team wants (`asking` helps to write it), `catalog` what makers document, `findings` what
runs and studies found. `knockouts` and `admission` say who is out, `shortlist` what to measure of the others, `field`
and `options` who takes part alone and in pairs. `criteria` are the scales, `scores` what each option is worth on them,
`acceptability` and `tipping` how sure that is and what would change it, `sizing` and `growth` what it takes and for
how long. `analysis` and `decision` put all of it together, `record` is how it is saved, and `signed` what a record
carries to be checked again.
"""
