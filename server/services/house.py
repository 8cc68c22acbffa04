"""The house: every service, built once (server/app.py) and handed to the transports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from server.services.ports import ALONE, Bus

if TYPE_CHECKING:
    # A transport needs the house alone; each service's own imports come with whoever builds it.
    from server.config import Config
    from server.services.access import Access
    from server.services.accounts import Accounts
    from server.services.changes import Changes
    from server.services.conversations import Conversations
    from server.services.cursors import Cursors
    from server.services.drafts import Drafts
    from server.services.groups import Groups
    from server.services.limits import SendingLimit
    from server.services.messages import Messages
    from server.services.own_facts import OwnFacts
    from server.services.pins import Pins
    from server.services.ports import Announcer, PresenceBook
    from server.services.previews import Previews
    from server.services.reactions import Reactions
    from server.services.search import Search
    from server.services.sync import SyncDesk
    from server.services.uploads import Uploads
    from server.storage.unit import Database


@dataclass(frozen=True, kw_only=True)
class House:
    """Who answers which question; owns nothing but the references."""

    config: Config
    database: Database
    announcer: Announcer
    presence: PresenceBook
    access: Access
    accounts: Accounts
    conversations: Conversations
    groups: Groups
    own_facts: OwnFacts
    drafts: Drafts
    search: Search
    messages: Messages
    sending: SendingLimit
    """Both doors ask it before `messages.post`, and before whatever else people are told of."""
    changes: Changes
    reactions: Reactions
    pins: Pins
    previews: Previews
    cursors: Cursors
    sync: SyncDesk
    uploads: Uploads
    bus: Bus = ALONE
    """To the other processes of this server, where there are any."""
