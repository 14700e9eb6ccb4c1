"""A small shop's catalog: orders, customers, a view over both, what is measured over them and who uses it."""

from collections.abc import Mapping

GROUPS = ("everyone", "finance", "north")

ORDERS = """\
name: sales.orders
owner: orders@shop.example
steward: steward@shop.example
description: One row per order.
origin: the till
location: {format: csv, path: data/orders.csv}
version: 2
columns:
  - {name: id, type: integer, description: Its number.}
  - {name: customer_id, type: integer, description: Who bought.}
  - {name: day, type: date, description: When.}
  - {name: region, type: string, description: Where.}
  - {name: net, type: decimal, description: Without tax., unit: EUR}
  - {name: spare, type: string, description: Nobody uses it.}
primary_key: [id]
freshness: {within: 26h, column: day}
access: {rows: [{groups: [north], where: "region = 'north'"}, {groups: [finance], where: "true"}]}
consumers:
  - {name: Month end, kind: report, owner: finance@shop.example, columns: [net, day]}
  - {name: Nightly export, kind: schedule, owner: data@shop.example, columns: [id]}
checks:
  - {kind: completeness, column: net}
  - {kind: reference, column: customer_id, to: crm.customers.id, severity: warn}
  - {kind: sql, name: No refund above, find: "select id from product where net < 0 and region = 'x'"}
"""
CUSTOMERS = """\
name: crm.customers
owner: crm@shop.example
steward: steward@shop.example
description: One row per customer.
origin: the CRM
location: {format: csv, path: data/customers.csv}
version: 1
columns:
  - {name: id, type: integer, description: Its number.}
  - {name: email, type: string, description: Address., classification: pii}
  - {name: segment, type: string, description: Kind of customer.}
primary_key: [id]
"""
BY_DAY = """\
name: sales.by_day
owner: reports@shop.example
steward: steward@shop.example
description: Revenue by day and segment.
origin: made here
location:
  format: view
  sql: >
    with known as (select * from crm.customers)
    select o.day, known.segment, sum(o.net) as revenue, count(*) as orders
    from sales.orders as o join known on known.id = o.customer_id
    where o.region <> 'test'
    group by o.day, known.segment
version: 1
columns:
  - {name: day, type: date, description: When.}
  - {name: segment, type: string, description: Kind of customer.}
  - {name: revenue, type: decimal, description: All of it.}
  - {name: orders, type: integer, description: How many.}
consumers: [{name: Board, kind: dashboard, owner: board@shop.example}]
checks: [{kind: range, column: revenue, least: 0}]
"""
FORECAST = """\
name: plan.forecast
owner: plan@shop.example
steward: steward@shop.example
description: Made by hand of the days.
origin: a workbook
location: {format: excel, path: data/plan.xlsx}
version: 1
upstream: [sales.by_day, the planners]
columns: [{name: day, type: date, description: When.}]
"""
ORDERS_MODEL = """\
name: orders
product: sales.orders
description: Orders.
entity: order
time: day
dimensions:
  day: {description: When., is_time: true}
  area: {description: Where., expr: "_.region.upper()"}
metrics:
  revenue: {description: Sum., expr: "_.net.sum()", owner: finance@shop.example}
  orders: {description: Count., expr: "_.count()", owner: orders@shop.example}
  average:
    {description: Per order., expr: "_.revenue / _.orders", owner: finance@shop.example, is_ratio: true,
     additivity: none}
joins:
  customer: {model: customers, "on": {customer_id: id}}
"""
CUSTOMERS_MODEL = """\
name: customers
product: crm.customers
description: Customers.
entity: customer
dimensions: {segment: {description: Kind.}}
"""
DAYS_MODEL = """\
name: days
product: sales.by_day
description: Days.
entity: day
metrics:
  best: {description: Best., expr: "_['revenue'].max()", owner: reports@shop.example, additivity: none}
"""
CUSTOMER = """\
name: customer
description: A customer.
product: crm.customers
key: id
attributes: [segment]
features: {spent: {description: Ever., metric: orders.revenue}}
"""

FILES: Mapping[str, str] = {
    "products/orders.yaml": ORDERS,
    "products/customers.yaml": CUSTOMERS,
    "products/by_day.yaml": BY_DAY,
    "products/forecast.yaml": FORECAST,
    "metrics/orders.yaml": ORDERS_MODEL,
    "metrics/customers.yaml": CUSTOMERS_MODEL,
    "metrics/days.yaml": DAYS_MODEL,
    "entities/customer.yaml": CUSTOMER,
}
