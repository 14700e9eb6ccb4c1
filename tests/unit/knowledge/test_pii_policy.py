"""What a workspace says about personal data: who goes over whom, and what is refused before it is used."""

import pytest

from knowledge.document import SourceDocument, read_source
from knowledge.loading.blocks import FileStatus
from knowledge.pii.policy import PiiAction, PiiPolicy, workspace_policy
from knowledge.pii.port import PiiKind
from knowledge.sources import find_sources
from ledger.errors import WorkspaceInvalid
from tests.stand_ins.ingestion import Inline
from tests.unit.knowledge.shop import Shop


def say(shop: Shop, text: str) -> None:
    (shop.folder / "workspace.yaml").write_text(f"name: Shop\n{text}\n")


def read(shop: Shop, name: str = "a.md") -> SourceDocument:
    workspace = shop.open()
    source = next(source for source in find_sources(workspace).files if source.name == f"documents/{name}")
    return read_source(source, frozenset(workspace.people.groups))


def test_built_in_actions() -> None:
    masked = {PiiKind.CREDIT_CARD, PiiKind.IBAN, PiiKind.SSN}
    assert PiiPolicy().kinds(PiiAction.MASK) == masked
    assert PiiPolicy().kinds(PiiAction.ALLOW) == set(PiiKind) - masked


def test_front_matter_over_file_over_folder_over_workspace_field_by_field(shop: Shop) -> None:
    say(shop, "pii: {actions: {ssn: refuse, phone: restrict, email: mask}, restrict_to: [hr]}")
    shop.write(
        "_meta.yaml",
        "defaults: {pii: {actions: {email: allow, person: mask}}}\n"
        "files:\n  a.md: {pii: {actions: {person: refuse}, restrict_to: [finance]}}\n",
    )
    shop.write("a.md", "---\npii: {actions: {ssn: mask}}\n---\n# A\n")
    shop.write("b.md", "# B\n")
    a, b = read(shop, "a.md").metadata.pii, read(shop, "b.md").metadata.pii
    assert a.restrict_to == ("finance",)
    assert {kind.value: a.action_for(kind).value for kind in a.actions} == {
        "ssn": "mask",
        "phone": "restrict",
        "email": "allow",
        "person": "refuse",
    }
    assert b.restrict_to == ("hr",)
    assert (b.action_for(PiiKind.SSN), b.action_for(PiiKind.PERSON)) == (PiiAction.REFUSE, PiiAction.MASK)


def test_nothing_said_is_the_built_in_policy(shop: Shop) -> None:
    shop.write("a.md", "# A\n")
    assert workspace_policy(shop.open()) == PiiPolicy()
    assert read(shop).metadata.pii == PiiPolicy()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "pii:\n  actions: {phone: restrict}",
            "workspace.yaml.pii: phone is to be restricted, but restrict_to",
        ),
        ("pii: {actions: {phone: restrict}, restrict_to: []}", "list at least one group"),
        ("pii: {restrict_to: [pirates]}", "pii.restrict_to: the group 'pirates' is not declared"),
        ("pii:\n  actions: {phone: hide}", "workspace.yaml:3: pii.actions.phone: "),
        ("pii:\n  actions: {fax: mask}", "workspace.yaml:3: pii.actions.fax"),
        ("pii:\n  action: {phone: mask}", "workspace.yaml:3: pii.action: this key is not known here"),
        ("pii: everything", "workspace.yaml:2: pii: "),
    ],
)
def test_a_policy_that_does_not_hold_is_refused_before_anything_is_read(
    shop: Shop, text: str, complaint: str
) -> None:
    shop.write("a.md", "# A\n")
    say(shop, text)
    with pytest.raises(WorkspaceInvalid) as raised:
        find_sources(shop.open())
    assert complaint in str(raised.value)


@pytest.mark.parametrize(
    ("meta", "complaint"),
    [
        (
            "defaults: {pii: {actions: {phone: restrict}}}",
            "_meta.yaml: defaults.pii: phone is to be restricted",
        ),
        ("files: {a.md: {pii: {actions: {phone: restrict}}}}", "_meta.yaml: files.a.md.pii: phone"),
        ("defaults: {pii: {restrict_to: [pirates]}}", "defaults.pii.restrict_to: the group 'pirates'"),
    ],
)
def test_so_is_a_folders(shop: Shop, meta: str, complaint: str) -> None:
    shop.write("a.md", "# A\n")
    shop.write("_meta.yaml", meta)
    with pytest.raises(WorkspaceInvalid) as raised:
        find_sources(shop.open())
    assert complaint in str(raised.value)


def test_a_folder_may_lean_on_the_groups_the_workspace_names(shop: Shop) -> None:
    say(shop, "pii: {restrict_to: [hr]}")
    shop.write("_meta.yaml", "defaults: {pii: {actions: {phone: restrict}}}")
    shop.write("a.md", "# A\n")
    assert read(shop).metadata.pii.narrow(("everyone", "hr"), {PiiKind.PHONE}) == ("hr",)


def test_front_matter_that_restricts_to_nobody_closes_its_file(shop: Shop) -> None:
    shop.write("a.md", "---\npii: {actions: {phone: restrict}}\n---\n# A\n")
    document = read(shop)
    loaded = document.load(Inline())
    assert (loaded.status, document.metadata.groups) == (FileStatus.CORRUPT, ())
    assert loaded.reason is not None
    assert "documents/a.md: front matter.pii: phone is to be restricted" in loaded.reason


@pytest.mark.parametrize(("said", "language"), [("de", "de"), ("EN", "en"), ("no", "no"), ("false", "no")])
def test_a_language_may_be_given(shop: Shop, said: str, language: str) -> None:
    shop.write("_meta.yaml", "defaults: {language: fr}")
    shop.write("a.md", f"---\nlanguage: {said}\n---\n# A\n")
    shop.write("b.md", "# B\n")
    assert read(shop).metadata.language == language
    assert read(shop, "b.md").metadata.language == "fr"


def test_a_language_is_a_code(shop: Shop) -> None:
    shop.write("_meta.yaml", "defaults: {language: German}")
    with pytest.raises(WorkspaceInvalid, match=r"_meta.yaml:1: defaults.language"):
        find_sources(shop.open())


def test_narrowing_touches_only_what_is_restricted() -> None:
    policy = PiiPolicy(actions={PiiKind.PHONE: PiiAction.RESTRICT}, restrict_to=("hr",))
    assert policy.narrow(("everyone", "hr"), {PiiKind.EMAIL}) == ("everyone", "hr")
    assert policy.narrow(("everyone", "hr"), {PiiKind.PHONE}) == ("hr",)
    assert policy.narrow(("everyone",), {PiiKind.PHONE}) == ()
