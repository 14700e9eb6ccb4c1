"""English words by what they do in a question. Nothing here is about one company's data."""


def words_in(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Verbs of asking. As nouns they may name something: returns, page views.
ASKING_VERBS = words_in("show list give tell find get display return see look view want need know")
# Words that say nothing of what is asked for, whatever stands beside them.
STOP_WORDS = ASKING_VERBS | words_in(
    "a an the of and or is are was were be been being am do does did has have had having there here it its "
    "their theirs our ours my mine your yours we us i you they them he she his her this that these those "
    "who whom whose which what where when how many much please me "
    "can could would should will shall may might let in on at to from for "
    "with by as into all any each every some so far just only also too both if then than about "
    "across within during via per still currently current now overall ever already yet until since but vs "
    "s t re number count total sum ok hi hello thanks"
)
# Words that turn what they stand by into something else. The words of a definition explain one only where the
# definition says it of the same thing.
TURNING_WORDS = words_in(
    "before after with without including excluding open opened close closed first last new old early late "
    "earlier later previous next inside outside within beyond above below over under only except besides "
    "minus "
    "plus active inactive internal external among"
)
# How many figures become one. Only the definition of what is measured explains them.
SUMMARY_WORDS = words_in(
    "average mean median typical maximum minimum highest lowest ratio rate share percentage gross net"
)
# Left out of the catalog's phrases, whatever stands beside them.
EMPTY_WORDS = words_in(
    "how many much a an the of number count total sum is are was were has have had be its their"
)
# Verbs that join a subject to what is counted and add nothing to it: "placed an order", "carried the most".
LIGHT_WORDS = words_in(
    "place make made carry handle provide supply sell buy purchase bring generate produce achieve"
    " earn contain "
    "hold belong live locate base come exist record go work offer take happen occur stand account reach see "
    "compute calculate report overview figure value data breakdown split break down entire whole complete "
    "different distinct individual various respective name amount over list"
)
# Said of how something came about, they add nothing to it: "arrived late".
LIGHT_BEFORE_FLAGS = words_in("arrive deliver arrived delivered arriving delivering")

IRREGULAR = {
    "sold": "sell", "sale": "sell", "sales": "sell", "selling": "sell", "bought": "buy", "made": "make",
    "brought": "bring", "held": "hold", "taken": "take", "took": "take", "came": "come", "went": "go",
    "people": "person", "men": "man", "women": "woman", "children": "child", "paid": "pay", "sent": "send",
    "left": "leave", "spent": "spend", "lost": "lose", "avg": "average", "mean": "average", "qty": "quantity",
    "id": "id", "ids": "id", "no": "no", "late": "late", "later": "late", "max": "maximum", "min": "minimum",
    "earliest": "first", "latest": "last", "per": "per", "data": "data", "stock": "stock", "news": "news",
    "shipment": "ship", "delivery": "deliver", "deliveries": "deliver", "businesses": "business",
}  # fmt: skip

PARTICIPLES = words_in("paid sent sold made bought left lost held begun given taken seen built hit won")

# Words most companies use for one another. They count only where the catalog does not name the word itself.
ALIKE = (
    "revenue sales turnover",
    "customer client buyer account",
    "employee staff salesperson rep representative worker colleague seller",
    "product item article good",
    "supplier vendor",
    "shipper carrier",
    "category group",
    "country nation",
    "quantity unit piece volume",
    "order purchase",
    "city town",
    "store shop outlet branch",
    "department team",
    "manager boss supervisor",
    "price cost-to-customer",
    "type kind sort",
    "ticket case incident",
    "delayed late overdue",
    "return refund",
)


MEASURING = {
    "expensive": ("price",), "cheap": ("price",), "cheapest": ("lowest", "price"),
    "priciest": ("highest", "price"),
    "dearest": ("highest", "price"), "costliest": ("highest", "price"),
    "earn": ("revenue",), "earns": ("revenue",), "earned": ("revenue",), "money": ("revenue",),
    "spend": ("revenue",), "spends": ("revenue",), "spent": ("revenue",),
}  # fmt: skip
