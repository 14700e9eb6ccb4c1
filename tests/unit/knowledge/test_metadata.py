"""What people say about documents: who wins, and that nothing malformed opens a document."""

from datetime import date

import pytest

from knowledge.document import SourceDocument, read_source
from knowledge.loading.blocks import FileStatus
from knowledge.loading.load import MAX_FILE_BYTES
from knowledge.sources import find_sources
from ledger.errors import WorkspaceInvalid
from tests.stand_ins.ingestion import Inline
from tests.unit.knowledge.shop import Shop


def read(shop: Shop, name: str) -> SourceDocument:
    workspace = shop.open()
    source = next(s for s in find_sources(workspace).files if s.name == f"documents/{name}")
    return read_source(source, frozenset(workspace.people.groups))


def test_built_in_defaults(shop: Shop) -> None:
    shop.write("a.md", "# A\n")
    metadata = read(shop, "a.md").metadata
    assert (metadata.groups, metadata.collection, metadata.classification) == (
        ("everyone",),
        "company",
        "internal",
    )
    assert (metadata.title, metadata.owner, metadata.updated) == (None, None, None)


def test_front_matter_over_file_over_folder_over_parent_folder(shop: Shop) -> None:
    shop.write("_meta.yaml", "defaults: {owner: top@shop.example, collection: top, classification: public}\n")
    shop.write(
        "pay/_meta.yaml",
        "defaults: {groups: [hr], collection: pay, updated: 2026-01-01, review_by: 2026-12-31}\n"
        "files:\n  a.md: {collection: bands, updated: 2026-02-02}\n",
    )
    shop.write("pay/a.md", "---\nupdated: 2026-03-03\n---\n# A\n")
    shop.write("pay/old/b.md", "# B\n")
    a, b = read(shop, "pay/a.md").metadata, read(shop, "pay/old/b.md").metadata
    assert (a.owner, a.collection, a.classification) == ("top@shop.example", "bands", "public")
    assert (a.updated, a.review_by, a.groups) == (date(2026, 3, 3), date(2026, 12, 31), ("hr",))
    assert (b.collection, b.updated, b.groups) == ("pay", date(2026, 1, 1), ("hr",))


def test_no_groups_means_nobody(shop: Shop) -> None:
    shop.write("_meta.yaml", "defaults: {groups: [hr]}\n")
    shop.write("a.md", "---\ngroups: []\n---\n# A\n")
    assert read(shop, "a.md").metadata.groups == ()


@pytest.mark.parametrize(
    ("meta", "complaint"),
    [
        ("defaults:\n  group: [hr]\n", "_meta.yaml:2: defaults.group: this key is not known here"),
        ("defaults:\n  groups: [hr, pirates]\n", "_meta.yaml: defaults.groups: the group 'pirates'"),
        ("files:\n  a.md: {groups: [pirates]}\n", "_meta.yaml: files.a.md.groups: the group 'pirates'"),
        ("files:\n  A.md: {groups: [hr]}\n", "files.A.md.groups: there is no such file"),
        ("defaults:\n  groups:\n", "_meta.yaml:2: defaults.groups: list the groups"),
        ("defaults:\n  title: All the same\n", "_meta.yaml:1: defaults: a folder may not give one title"),
        ("defaults:\n  updated: soon\n", "_meta.yaml:2: defaults.updated"),
        ("defaults: [\n", "_meta.yaml:2: this is not valid YAML"),
        ("defaults: {owner: a@b}\ndefaults: {owner: c@d}\n", "'defaults' is given twice"),
    ],
)
def test_a_malformed_folder_file_is_refused_with_its_place(shop: Shop, meta: str, complaint: str) -> None:
    shop.write("a.md", "# A\n")
    shop.write("_meta.yaml", meta)
    with pytest.raises(WorkspaceInvalid, match=r"^\S+documents/_meta.yaml") as raised:
        find_sources(shop.open())
    assert complaint in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_misnamed_folder_file_is_refused(shop: Shop) -> None:
    shop.write("hr/_meta.yml", "defaults: {groups: [hr]}\n")
    with pytest.raises(WorkspaceInvalid, match=r"rename this file to _meta\.yaml"):
        find_sources(shop.open())


def test_an_entry_without_rights_for_a_missing_file_is_only_told(shop: Shop) -> None:
    shop.write("_meta.yaml", "files: {gone.md: {title: Gone}}\n")
    assert find_sources(shop.open()).warnings == (
        f"{shop.documents / '_meta.yaml'}: files.gone.md: there is no such file in this folder.",
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("---\ntitle: A\ngroup: [hr]\n---\n# A\n", "documents/a.md:3: group: this key is not known here"),
        ("\n---\ntitle: A\ngroups: hr\n---\n# A\n", "documents/a.md:4: groups"),
        ("---\ngroups: [pirates]\n---\n# A\n", "documents/a.md: front matter.groups: the group 'pirates'"),
        ("---\ngroups: [hr]\n\n# A\n", "documents/a.md:1: this looks like front matter"),
        ("---\r\ngroups: hr: x\r\n---\r\n# A\r\n", "documents/a.md:2: this is not valid YAML"),
    ],
)
def test_malformed_front_matter_closes_its_file_and_only_that(shop: Shop, text: str, complaint: str) -> None:
    shop.write("a.md", text)
    shop.write("b.md", "# B\n")
    document = read(shop, "a.md")
    loaded = document.load(Inline())
    assert (loaded.status, document.metadata.groups) == (FileStatus.CORRUPT, ())
    assert complaint in (loaded.reason or "")
    assert read(shop, "b.md").load(Inline()).status is FileStatus.OK


def test_a_rule_across_the_page_is_no_front_matter(shop: Shop) -> None:
    shop.write("a.md", "---\n\n# Minutes\n\nWe met.\n")
    document = read(shop, "a.md")
    assert [block.text for block in document.load(Inline()).blocks] == ["Minutes", "We met."]


def test_hidden_files_are_no_documents_and_links_lead_nowhere(shop: Shop) -> None:
    outside = shop.folder / "outside.md"
    outside.write_text("# Outside\n")
    for name in (".hidden.md", "~$a.docx", ".git/x.md"):
        shop.write(name, "# Hidden\n")
    (shop.documents / "link.md").symlink_to(outside)
    (shop.documents / "folder").symlink_to(shop.folder)
    names = {source.name for source in find_sources(shop.open()).files}
    assert names == {"documents/link.md", "documents/folder"}
    for name in ("link.md", "folder"):
        loaded = read(shop, name).load(Inline())
        assert (loaded.status, loaded.blocks) == (FileStatus.UNSUPPORTED, ())


def test_a_link_to_itself_costs_only_itself(shop: Shop) -> None:
    (shop.documents / "loop.md").symlink_to("loop.md")
    shop.write("a.md", "# A\n")
    loaded = read(shop, "loop.md").load(Inline())
    assert (loaded.status, loaded.reason) == (FileStatus.UNSUPPORTED, "it is not a regular file")
    assert read(shop, "a.md").problem is None
    shop.write("hr/b.md", "# B\n")
    (shop.documents / "hr" / "_meta.yaml").symlink_to("_meta.yaml")
    with pytest.raises(WorkspaceInvalid, match=r"hr/_meta\.yaml: it cannot be read"):
        find_sources(shop.open())


def test_a_file_over_the_limit_is_not_even_read(shop: Shop) -> None:
    with shop.write("a.txt", "").open("r+b") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    loaded = read(shop, "a.txt").load(Inline())
    assert (loaded.status, loaded.reason) == (FileStatus.TOO_LARGE, "it has 20 MB; the limit is 20 MB")


def test_document_folders_may_not_overlap(shop: Shop) -> None:
    shop.write("hr/a.md", "# A\n")
    (shop.folder / "workspace.yaml").write_text("name: Shop\ndocuments: [documents, documents/hr]\n")
    with pytest.raises(WorkspaceInvalid, match="lies inside another folder"):
        find_sources(shop.open())
