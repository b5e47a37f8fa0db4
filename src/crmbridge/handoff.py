"""The note that a rep finds on a lead's record: scores, the rules that fired, contact data, last activities.

It may hold personal data, as the record does that it hangs on. What people typed goes in as plain text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from crmbridge.model import Activity, ActivityKind, Decision, Effect, Lead, RecordRef
from crmbridge.outbox import Attachment
from crmbridge.process import Process

#: (CRM) -> the owner id of who gets the lead there; None: nobody.
OwnerId = Callable[[str], str | None]


class _Words(NamedTuple):
    """How a language says it."""

    title: str
    scores: str
    because: str
    contact: str
    activities: str
    fields: tuple[str, str, str, str, str, str]
    kinds: tuple[str, ...]


_FIELDS: Final = ("name", "job_title", "company", "phone", "email", "country")
_KINDS: Final = tuple(ActivityKind)
_WORDS: Final[Mapping[str, _Words]] = {
    "en": _Words(
        "New qualified lead, score {score:g}",
        "Score {score:g} (fit {fit:g}, engagement {engagement:g})",
        "Because",
        "Contact",
        "Last activities",
        ("Name", "Job title", "Company", "Telephone", "E-mail", "Country"),
        (
            *("e-mail sent", "e-mail opened", "e-mail clicked", "e-mail answered", "form", "page", "call"),
            *("meeting", "task", "note", "campaign response", "event", "activity"),
        ),
    ),
    "es": _Words(
        "Nuevo lead cualificado, puntuación {score:g}",
        "Puntuación {score:g} (perfil {fit:g}, interés {engagement:g})",
        "Motivos",
        "Contacto",
        "Últimas actividades",
        ("Nombre", "Cargo", "Empresa", "Teléfono", "Correo", "País"),
        (
            *(
                "correo enviado",
                "correo abierto",
                "clic en correo",
                "correo respondido",
                "formulario",
                "página",
            ),
            *("llamada", "reunión", "tarea", "nota", "respuesta a campaña", "evento", "actividad"),
        ),
    ),
    "fr": _Words(
        "Nouveau lead qualifié, score {score:g}",
        "Score {score:g} (profil {fit:g}, engagement {engagement:g})",
        "Raisons",
        "Contact",
        "Dernières activités",
        ("Nom", "Fonction", "Société", "Téléphone", "E-mail", "Pays"),
        (
            *("e-mail envoyé", "e-mail ouvert", "clic dans un e-mail", "réponse à un e-mail", "formulaire"),
            *("page", "appel", "réunion", "tâche", "note", "réponse à une campagne", "événement", "activité"),
        ),
    ),
    "pt": _Words(
        "Novo lead qualificado, pontuação {score:g}",
        "Pontuação {score:g} (perfil {fit:g}, interesse {engagement:g})",
        "Motivos",
        "Contato",
        "Últimas atividades",
        ("Nome", "Cargo", "Empresa", "Telefone", "E-mail", "País"),
        (
            *("e-mail enviado", "e-mail aberto", "clique em e-mail", "e-mail respondido", "formulário"),
            *("página", "ligação", "reunião", "tarefa", "nota", "resposta a campanha", "evento", "atividade"),
        ),
    ),
}


def attachments(
    lead: Lead, decision: Decision, process: Process, records: Iterable[RecordRef], owner_id: OwnerId
) -> tuple[Attachment, ...]:
    """Compose what goes onto the records of a lead that was just handed over; usually one note.

    Args:
        records: The live ones, and with an empty id those that this plan creates.
    """
    wanted, at = process.parts.handoff, decision.memory.qualified_at
    if wanted is None or wanted.note == "none" or at is None:
        return ()
    words = _WORDS[wanted.language]
    scores = {"score": decision.score, "fit": decision.fit_score, "engagement": decision.engagement_score}
    return tuple(
        Attachment(
            marker=marker(lead.id, at.isoformat(), ref.crm),
            lead_id=lead.id,
            crm=ref.crm,
            object=ref.object,
            id=ref.id or None,
            kind=wanted.note,
            title=words.title.format(**scores),
            body="\n".join(_lines(lead, decision, process, words, scores)),
            owner_id=owner_id(ref.crm),
            at=decision.decided_at,
        )
        for ref in _places(records, wanted.crm)
    )


def noted(process: Process) -> Mapping[str, str]:
    """Name the CRMs in which a hand-off may leave a note, each with an object that it may hang on."""
    wanted = process.parts.handoff
    if wanted is None or wanted.note == "none":
        return {}
    return {crm: objects[-1] for crm, objects in _OBJECTS.items() if wanted.crm in {crm, "both", None}}


def marker(lead_id: str, qualified_at: str, crm: str) -> str:
    """Give what a note is found by: one in each CRM for every time that a lead qualified."""
    return f"[crmbridge {sha256(f'{lead_id}|{qualified_at}|{crm}'.encode()).hexdigest()[:12]}]"


#: Where a note hangs, per CRM: the first of these that the lead has.
_OBJECTS: Final = {"salesforce": ("Contact", "Lead"), "hubspot": ("contacts",)}


def _places(records: Iterable[RecordRef], wanted: str | None) -> Iterator[RecordRef]:
    """Choose the records: one in each CRM that is wanted, or in the first one that has one."""
    known = sorted(records)
    for crm, objects in _OBJECTS.items():
        if wanted not in {crm, "both", None}:
            continue
        found = (ref for name in objects for ref in known if (ref.crm, ref.object) == (crm, name))
        ref = next(found, None)
        if ref is not None:
            yield ref
            if wanted is None:
                return


def _lines(
    lead: Lead, decision: Decision, process: Process, words: _Words, scores: Mapping[str, float]
) -> Iterator[str]:
    wanted = process.parts.handoff
    yield words.scores.format(**scores)
    fired = [found for found in decision.reasons if found.effect is Effect.SCORE and found.points]
    rules = [f"{process.rule_names.get(found.rule, found.rule)} {found.points:+.1f}" for found in fired]
    if rules:
        yield f"{words.because}: {', '.join(rules)}"
    if wanted is not None and wanted.contact_data:
        yield from ("", words.contact, *_contact(lead, words))
    happened = [item for item in lead.activities if item.at <= decision.decided_at]
    last = happened[-wanted.activities :] if wanted is not None and wanted.activities else []
    if last:
        yield from ("", words.activities, *_activities(last, words))


def _contact(lead: Lead, words: _Words) -> Iterator[str]:
    name = " ".join(part for part in (lead.first_name, lead.last_name) if part)
    for label, field in zip(words.fields, _FIELDS, strict=True):
        value = name if field == "name" else getattr(lead, field)
        if value:
            yield f"{label}: {value}"


def _activities(items: Sequence[Activity], words: _Words) -> Iterator[str]:
    kinds = dict(zip(_KINDS, words.kinds, strict=True))
    for item in reversed(items):
        name = f": {item.name}" if item.name else ""
        yield f"{item.at:%Y-%m-%d %H:%M} UTC, {kinds[item.kind]}{name}"
