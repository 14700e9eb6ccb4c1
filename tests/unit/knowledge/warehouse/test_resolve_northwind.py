"""Questions about Northwind in other words than anybody who wrote its catalog used."""

import re
from datetime import date
from pathlib import Path

import pytest

from evals.questions import EXACT_BAR, WRONG_BAR, Outcome, answer_all
from knowledge.search.access import AccessScope
from knowledge.warehouse.catalog import Catalog
from knowledge.warehouse.resolve.suggest import Reason, Suggestions, suggest_queries
from knowledge.warehouse.resolve.values import ValueIndex, index_values
from knowledge.warehouse.tables import PolicedTables
from ledger.clock import ManualClock
from ledger.db import Database
from ledger.migrate import migrate
from tests.conftest import START
from tests.stand_ins.northwind import DATA, publish_northwind, write_northwind

TODAY = date(1998, 5, 7)

pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data beside the repository"),
    # Ibis 11 loads its tables with what DuckDB is about to drop.
    pytest.mark.filterwarnings("ignore:fetch_:DeprecationWarning"),
]

Northwind = tuple[Catalog, ValueIndex]


@pytest.fixture(scope="module")
def northwind(tmp_path_factory: pytest.TempPathFactory) -> Northwind:
    folder = Path(tmp_path_factory.mktemp("northwind"))
    write_northwind(folder)
    db = Database(f"sqlite:///{folder}/ledger.db", clock=ManualClock(START))
    migrate(db)
    warehouse = publish_northwind(db, folder)
    with PolicedTables(warehouse, AccessScope(frozenset({"everyone"}))) as tables:
        values = index_values(warehouse.catalog, tables)
    db.close()
    return warehouse.catalog, values


def ask(northwind: Northwind, question: str) -> Suggestions:
    return suggest_queries(*northwind, question, TODAY)


@pytest.mark.parametrize("has_synonyms", [True, False])
def test_the_gold_questions_are_answered_and_the_others_are_not(
    sqlite_db: Database, tmp_path: Path, *, has_synonyms: bool
) -> None:
    write_northwind(tmp_path / "workspace")
    if not has_synonyms:
        for path in (tmp_path / "workspace" / "catalog" / "metrics").glob("*.yaml"):
            path.write_text(re.sub(r",? *synonyms: \[[^\]]*\]", "", path.read_text()))
    gold = [DATA / "gold_questions.jsonl", DATA / "unanswerable.jsonl"]
    answered = answer_all(sqlite_db, tmp_path / "workspace", tmp_path / "var", gold, TODAY)
    outcomes = [item.outcome for item in answered]
    answerable = sum(item.question.answerable for item in answered)
    assert outcomes.count(Outcome.EXACT) >= EXACT_BAR * answerable
    assert outcomes.count(Outcome.WRONG) <= WRONG_BAR * len(answered)
    assert outcomes.count(Outcome.ABSTAINED_WHY) == len(answered) - answerable


@pytest.mark.parametrize(
    ("question", "reading"),
    [
        ("How much revenue did we make in 1997?", "Net revenue, 1 January to 31 December 1997"),
        ("turnover per month in 1997", "Net revenue by month, 1 January to 31 December 1997"),
        ("revenue by catagory", "Net revenue by category name"),
        ("net revenue and order count by shipper in 1997",
         "Net revenue and order count by shipper name, 1 January to 31 December 1997"),
        ("stock value by category", "Stock value by category name"),
        ("average order value per year", "Average order value by year"),
        ("number of orders by shipper and year", "Order count by shipper name and year"),
        ("Orders per quarter", "Order count by quarter"),
        ("How many customers do we have in France?", "Customer count, country is France"),
        ("List the customers in Berlin", "Company name with customer count, city is Berlin"),
        ("Which suppliers are in Japan?", "Supplier name with supplier count, supplier country is Japan"),
        ("Sales of Chai in 1997", "Net revenue, product name is Chai, 1 January to 31 December 1997"),
        ("How many units of Camembert Pierot were sold?", "Units sold, product name is Camembert Pierrot"),
        ("How many open orders are there?", "Order count, open"),
        ("how many active products are there", "Product count, active"),
        ("Which products are out of stock?", "Product name with product count, out of stock"),
        ("Percentage of late orders", "Late share"),
        ("How many orders contain Chai?", "Orders with product, product name is Chai"),
        ("How many customers ordered in 1998?", "Buying customers, 1 January to 31 December 1998"),
        ("Which product brought in the most revenue?",
         "Net revenue by product name, the one with the highest net revenue"),
        ("top ten customers by number of orders",
         "Order count by company name, the 10 with the highest order count"),
        ("top 3 clients by orders", "Order count by company name, the 3 with the highest order count"),
        ("Which three products have the highest stock?",
         "Stock by product name, the 3 with the highest stock"),
        ("What is the most expensive product?",
         "Highest price by product name, the one with the highest highest price"),
        ("Which city has the most customers?",
         "Customer count by city, the one with the highest customer count"),
        ("Which employee has the most late orders?",
         "Order count by full name, late, the one with the highest order count"),
        ("What were total sales in Q1 1998 compared to Q1 1997?",
         "Net revenue, 1 January to 31 March 1998, against 1 January to 31 March 1997"),
        ("Compare revenue in May and June 1997",
         "Net revenue, 1 June to 30 June 1997, against 1 May to 31 May 1997"),
        ("growth of revenue from 1996 to 1997",
         "Net revenue, 1 January to 31 December 1997, against 1 January to 31 December 1996"),
        ("Revenue of Beverages vs Condiments",
         "Net revenue by category name, category name is one of Beverages and Condiments"),
        ("What share of revenue comes from each category?",
         "Net revenue by category name, with each one's share of the whole"),
        ("How many orders shipped in March 1997?",
         "Order count, shipped date from 1 March 1997, shipped date before 1 April 1997"),
        ("How many employees were hired in 1993?",
         "Employee count, hire date from 1 January 1993, hire date before 1 January 1994"),
        ("products with a price above 50", "Product name with highest price, highest price over 50"),
        ("Which products were never sold?",
         "Product name with product count and net revenue, net revenue is 0"),
        ("customers without orders", "Company name with customer count and order count, order count is 0"),
        ("Which customers have more than 25 orders?",
         "Company name with order count, order count over 25"),
        ("suppliers with at least 5 products",
         "Supplier name with product count, product count at least 5"),
        ("Revenue in the first quarter of 1997 by product category",
         "Net revenue by category name, 1 January to 31 March 1997"),
        ("How many orders did Nancy Davolio handle in 1997?",
         "Order count, full name is Nancy Davolio, 1 January to 31 December 1997"),
        ("Who is the manager of Nancy Davolio?", "Manager with employee count, full name is Nancy Davolio"),
        ("net revenue by employee, highest first", "Net revenue by full name"),
        ("first order of Ernst Handel", "First order date, company name is Ernst Handel"),
        ("Who are our five biggest customers?",
         "Net revenue by company name, the 5 with the highest net revenue"),
        ("What product category earns the most?",
         "Net revenue by category name, the one with the highest net revenue"),
        ("How many orders arrived late?", "Order count, late"),
        ("How long does shipping take on average?", "Average days to ship"),
        ("How much money did we make in total after discounts?", "Net revenue"),
        ("revenue before discount in 1997", "Gross revenue, 1 January to 31 December 1997"),
        ("How many customers placed more than 10 orders?", "Customer count, orders placed over 10"),
        ("how many sales representatives are there?", "Employee count, title is Sales Representative"),
        ("revenue per order in 1997", "Average order value, 1 January to 31 December 1997"),
        ("revenue except Beverages and Seafood by category",
         "Net revenue by category name, category name is none of Beverages and Seafood"),
        ("How many products have a price under 10?", "Product count, unit price below 10"),
        ("sales this month vs last month",
         "Net revenue, 1 May to 7 May 1998, against 1 April to 7 April 1998"),
        ("revenue year to date vs last year to date",
         "Net revenue, 1 January to 7 May 1998, against 1 January to 7 May 1997"),
    ],
)  # fmt: skip
def test_a_question_is_read_as_it_is_meant(northwind: Northwind, question: str, reading: str) -> None:
    found = ask(northwind, question)
    assert found.best is not None, found
    assert found.best.reading == reading


@pytest.mark.parametrize(
    "question",
    [
        "customer satisfaction by month", "What is the salary of Nancy Davolio?", "profits of 1997",
        "How many website visitors did we have in 1997?", "How many orders were cancelled?",
        "How many of our customers are unhappy?", "Which shipper is the fastest?", "median order value",
        "revenue per square metre", "orders by weather", "Which product will sell best next year?",
        "Is Chai tasty?", "revenue per head of population by country", "cost of goods sold in 1997",
        "What is the phone number of Ernst Handel?",
        "How many orders were placed by phone?", "revenue in the summer of 1997",
        "How many customers never ordered Chai?", "What is the inventory turnover?",
        "How many orders had a discount?", "orders with a discount", "revenue from new customers in 1997",
        "orders not shipped by Speedy Express", "How many products have no stock?", "units on order",
        "revenue in euros",
    ],
)  # fmt: skip
def test_what_the_data_does_not_tell_is_never_presented_as_certain(
    northwind: Northwind, question: str
) -> None:
    found = ask(northwind, question)
    assert found.best is None, found
    assert found.reason is not None
    assert found.why


def test_what_two_things_are_called_is_asked_back(northwind: Northwind) -> None:
    found = ask(northwind, "Show me sales by country")
    assert found.best is None
    assert found.reason is Reason.AMBIGUOUS
    assert found.why == "“country” may mean country of the customer or country of the employee."
    [choice] = found.choices
    assert [option.name for option in choice.options] == ["customers.country", "employees.country"]
    assert choice.options[0].definition == "Country of the customer"
