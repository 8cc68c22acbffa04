"""Answers that overtake what they answer, as happens after a restore: who has them learns of the quote."""

from __future__ import annotations

import pytest

from protocol.ids import new_uid
from server.services.ports import Actor
from tests.server.databases import on_both
from tests.server.files.media import picture
from tests.server.services.setting import Setting


@on_both
@pytest.mark.parametrize("has_file", [False, True])
def test_an_answer_is_told_anew_once_there_is_what_it_answers(
    setting: Setting, ada: Actor, ben: Actor, direct: int, has_file: bool
) -> None:
    uid = new_uid()
    early = setting.say(ben, direct, "yes", reply_to_uid=uid)
    assert early.reply_to is None
    file = setting.upload(ada, picture(size=(8, 8)), "cat.png").file_url if has_file else None
    setting.announced.clear()
    question = setting.say(ada, direct, "shall we?", uid=uid, file_url=file)
    told = [one.payload for one in setting.announced if one.event in ("new_message", "message_updated")]
    assert [(one.uid, one.version) for one in told] == [(uid, question.version), (early.uid, question.version + 1)]
    assert told[1].reply_to.content == "shall we?"
    assert setting.latest(ben, direct) == [told[1], question]


def test_an_answer_elsewhere_or_to_itself_is_left_alone(
    setting: Setting, ada: Actor, ben: Actor, eve: Actor, direct: int
) -> None:
    uid, own = new_uid(), new_uid()
    setting.say(eve, setting.direct(ben, eve), "yes", reply_to_uid=uid)
    setting.announced.clear()
    setting.say(ada, direct, "shall we?", uid=uid)
    setting.say(ada, direct, "me", uid=own, reply_to_uid=own)
    assert [one.event for one in setting.announced if one.event.startswith("message")] == []
