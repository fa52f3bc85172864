"""What waits in quarantine, tried again: once its assets are known, or its tokens reach further."""

from datetime import tzinfo

from spatial.database import Database
from spatial.grant import Grant, Scope
from twin_model import quarantine
from twin_model.decode import from_rows
from twin_model.store import Receipt, store


def replay_all(database: Database, grant: Grant, zone: tzinfo) -> Receipt:
    """Try every reading that waits for this caller again; what is taken leaves quarantine."""
    grant.require(Scope.WRITE)
    accepted = duplicates = refused = cursor = 0
    for scenario, number in quarantine.scenarios(database):
        after = 0
        while waiting := quarantine.waiting(database, grant, number, after):
            ids = [one for one, _ in waiting]
            readings = from_rows([reading for _, reading in waiting], zone)
            receipt = store(database, readings, grant, scenario=scenario, held=ids)
            accepted += receipt.accepted
            duplicates += receipt.duplicates
            refused += receipt.quarantined
            after, cursor = ids[-1], receipt.cursor
    return Receipt(accepted, duplicates, refused, cursor)
