"""The judge: sits in the CRMs, sees every call and every edit, and knows nothing of crmbridge's own records.

A person's edit is *overwritten* when a call of ours replaces it although our re-read of the record came
after it, or never came. It is *overwritten in the window* when it was made between the re-read and the
write: no CRM but one with compare-and-set can prevent that.
"""

from __future__ import annotations

import os
import random
import re
import signal
from collections import Counter
from dataclasses import dataclass, field

from benchmarks.campaign.people import Edit, People, Place
from crmbridge.sandbox.http import Request, Response

#: Ids of records in requests and answers.
_IDS = {
    "hubspot": re.compile(r'"id": ?"(\d+)"'),
    "salesforce": re.compile(r"\b00[3Q][A-Za-z0-9]{15}\b"),
}
#: Fields that Salesforce is asked to write only if nobody was faster.
_COMPARE_AND_SET = "owner"


@dataclass(slots=True, kw_only=True)
class Script:
    """What is to happen during one run, by number of the call."""

    #: Chance of an edit before a call; edits stop after the last call of the script.
    edits: float = 0.0
    #: Chance of an edit of a record that a call is about to write: aimed at the window, not by accident.
    attack: float = 0.0
    #: Kill the run at this call; 0: do not.
    kill_at: int = 0
    #: … counting only calls that write.
    kill_at_write: bool = False
    #: … after it was carried out, not before.
    kill_after: bool = False
    #: Calls that the run may spend in all; None: as many as needed.
    budget: int | None = None


@dataclass(slots=True)
class Verdict:
    """What the judge saw."""

    overwritten: list[str] = field(default_factory=list)
    #: Edits lost in the window, by "crm field".
    in_window: Counter[str] = field(default_factory=Counter)
    #: … although compare-and-set should have seen them: another second.
    missed_by_compare_and_set: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    #: Calls beyond a budget.
    overrun: int = 0
    killed: int = 0
    edits: int = 0


class Watch:
    """Lets people work between the calls of a run, kills it where the script says, and judges its writes."""

    def __init__(self, people: People, chance: random.Random, *, settled: bool) -> None:
        """Begin.

        Args:
            settled: The company has run before: it has seen everybody who is there.
        """
        self.people, self.chance = people, chance
        #: Records that crmbridge has been shown: what stood in them before is nobody's edit but the past.
        self._known = {(record[0], record[2]) for record in people.live()} if settled else set()
        self.script = Script()
        self.verdict = Verdict()
        self._edits: dict[Place, Edit] = {}
        #: The call of the present run before which the edit was made; 0: before the run.
        self._edited_at: dict[Place, int] = {}
        #: (address, field, which of the paired values) -> number of the edit in which a person set it.
        self._wishes: dict[tuple[str, str, str], int] = {}
        self._number: dict[Place, int] = {}
        #: What crmbridge was shown last of a field that was edited since.
        self._shown: dict[Place, str] = {}

    def play(self, script: Script) -> None:
        """Take the script of the next run."""
        self.script = script
        self._pid = 0
        self._call = self._write = 0
        self._read_at: dict[tuple[str, str], int] = {}
        self._last_read: list[tuple[str, str, str]] = []
        self._people_before: set[tuple[str, str]] = set()
        self._edited_at = dict.fromkeys(self._edited_at, 0)

    def begin(self, pid: int) -> None:
        """Take note of the run's process."""
        self._pid = pid

    def before(self, crm: str, request: Request) -> bool:
        """Let time pass and people work; kill, if it is time to: then the call never arrives."""
        self._call += 1
        self._count()
        self.people.crms.world.clock.advance(milliseconds=self.chance.randrange(2500))
        if self.chance.random() < self.script.edits:
            self._let_somebody_edit()
        writes = _writes(request)
        self._write += writes
        if writes:
            if self.chance.random() < self.script.attack:
                self._let_somebody_edit(request.body.decode(), crm)
            self._people_before = {row[:2] for row in self.people.emails()}
        if self._is_time(writes) and not self.script.kill_after:
            self._kill()
            return False
        return True

    def after(self, crm: str, request: Request, response: Response) -> None:
        """Note what was read, judge what was written; kill, if it is time to."""
        writes = _writes(request)
        if writes:
            self._judge()
        else:
            body = response.body.decode()
            self._known |= {(crm, found) for found in _IDS[crm].findall(body)}
            # Not every answer that names a record shows its fields, and a search may show older ones.
            for place in [place for place in self._shown if place.crm == crm and f'"{place.id}' in body]:
                if f'"{self.people.value(place)}"' in body:
                    del self._shown[place]
            if _reads_by_id(crm, request):
                self._note_read(crm, request)
        if self._is_time(writes) and self.script.kill_after:
            self._kill()

    # people ------------------------------------------------------------------------------------------
    def _let_somebody_edit(self, body: str = "", crm: str = "") -> None:
        """Change what this request writes, if there is one; else half of the time what was just re-read."""
        among = self._last_read if self.chance.random() < 0.5 else []
        if body:
            ids = set(_IDS[crm].findall(body))
            among = [record for record in self.people.live() if record[2] in ids]
        edit = self.people.edit(among, body)
        if edit is not None:
            self.note(edit, self._call)

    def note(self, edit: Edit, call: int = 0) -> None:
        """Remember what a person set, and that it was before this call of the run."""
        self.verdict.edits += 1
        number = self._number[edit.place] = self.verdict.edits
        self._wishes[edit.email, edit.place.field, self.people.pair(edit.place, edit.raw)] = number
        if edit.raw == self._shown.setdefault(edit.place, edit.before):
            # Back to what we had seen: nobody can tell that anything happened.
            self._edits.pop(edit.place, None)
        elif (edit.place.crm, edit.place.id) in self._known:
            self._edits[edit.place] = edit
            self._edited_at[edit.place] = call

    # the run's calls ---------------------------------------------------------------------------------
    def _count(self) -> None:
        if self.script.budget is not None and self._call > self.script.budget:
            self.verdict.overrun += 1

    def _is_time(self, writes: bool) -> bool:
        reached = self._write if self.script.kill_at_write else self._call
        return reached == self.script.kill_at and (writes or not self.script.kill_at_write)

    def _kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        self.verdict.killed += 1
        self.script.kill_at = 0

    def _note_read(self, crm: str, request: Request) -> None:
        ids = set(_IDS[crm].findall(request.body.decode()))
        self._read_at |= {(crm, found): self._call for found in ids}
        live = self.people.live()
        self._last_read = [record for record in live if record[0] == crm and record[2] in ids]

    # judging -----------------------------------------------------------------------------------------
    def _judge(self) -> None:
        for place, edit in list(self._edits.items()):
            value = self.people.value(place)
            if value is None or value == edit.raw:
                continue
            del self._edits[place]
            wish = self._wishes.get((edit.email, place.field, self.people.pair(place, value)), 0)
            if wish < self._number[place]:  # nobody wished so after this edit
                self._replaced(edit, value)
        self._look_for_duplicates()

    def _replaced(self, edit: Edit, value: str) -> None:
        place, edited_at = edit.place, self._edited_at[edit.place]
        told = f"{place.crm} {place.object}.{place.field} call {edited_at}: {edit.raw!r} became {value!r}"
        read_at = self._read_at.get((place.crm, place.id))
        if read_at is None or edited_at <= read_at:
            self.verdict.overwritten.append(told)
            return
        self.verdict.in_window[f"{place.crm} {place.field}"] += 1
        if place.crm == "salesforce" and place.field == _COMPARE_AND_SET and not edit.same_second:
            self.verdict.missed_by_compare_and_set.append(told)

    def _look_for_duplicates(self) -> None:
        """Look for records that our call made of people who had one already."""
        rows = list(self.people.emails())
        known = Counter(email for target, _, email in rows if target != "contacts" and email)
        for target, record_id, email in rows:
            is_new = target == "Lead" and (target, record_id) not in self._people_before
            if is_new and known[email] > 1:
                self.verdict.duplicates.append(f"{target} {record_id}: its person had one already")


def _writes(request: Request) -> bool:
    path = request.path
    if request.method == "GET" or path.endswith(("/search", "/batch/read")):
        return False
    if path.endswith("/composite"):
        return b'"PATCH"' in request.body
    return request.method != "POST" or not ("/composite/sobjects/" in path or "/associations/" in path)


def _reads_by_id(crm: str, request: Request) -> bool:
    ending = "/contacts/batch/read" if crm == "hubspot" else "/composite/sobjects/"
    return ending in request.path
