"""A history that begins anew because a backup was put back: nothing of the lost one is taken for something else."""

from __future__ import annotations

from protocol.commands import Digest, Sync, digest_sum
from server.services.ports import Actor
from server.storage import schema
from tests.server.databases import on_both
from tests.server.services.setting import Setting


@on_both
def test_what_is_known_of_the_lost_history_counts_for_nothing(setting: Setting, ada: Actor, direct: int) -> None:
    setting.say(ada, direct)
    before = setting.sync.sync(ada, Sync())
    versions = {direct: before.conversations[0].head}
    known = Sync(epoch=before.epoch, user_version=before.user_version, versions={str(direct): versions[direct]})
    same = Digest(epoch=before.epoch, count=1, sum=digest_sum(versions))
    assert setting.sync.sync(ada, known).conversations == []
    assert setting.sync.digest(ada, same).ok
    setting.database.write(lambda unit: schema.begin_epoch(unit.connection))
    after = setting.sync.sync(ada, known)
    assert after.epoch != before.epoch
    assert after.conversations == before.conversations
    assert not setting.sync.digest(ada, same).ok


@on_both
def test_no_conversation_gets_the_number_of_a_lost_one(setting: Setting, ada: Actor, ben: Actor, direct: int) -> None:
    """Else a desktop would send to these people what its user had written to others."""
    for _ in range(2):
        setting.database.write(lambda unit: schema.begin_epoch(unit.connection))
    opened = [setting.direct(ada, setting.person(name)) for name in ("cleo", "dan")]
    assert opened == [opened[0], opened[0] + 1]
    assert opened[0] > direct + 1_000_000
    assert setting.direct(ben, ada) == direct
    listed = setting.sync.sync(ada, Sync()).conversations
    assert sorted(one.conversation_id for one in listed) == [direct, *opened]
