"""Northwind's semantic models: what an analyst who knows the tables, and not the questions, would define."""

from collections.abc import Mapping

_ORDER_LINES = """
name: order_lines
product: northwind.order_lines
description: Products on orders, with what was paid for them
entity: order line
synonyms: [order detail, line item]
time: order_date
dimensions:
  order_date: {description: Day the order was placed, is_time: true, synonyms: [date]}
  discount_rate: {description: Discount of the line as a share of its price, expr: _.discount}
metrics:
  net_revenue:
    description: "Revenue net of discount: price times quantity, less the discount"
    expr: (_.unit_price * _.quantity * (1 - _.discount)).sum()
    owner: Finance
    unit: USD
    format: currency
    good: up
    synonyms: [revenue, sales, net sales, turnover, sales after discount, revenue net of discount]
  gross_revenue:
    description: "Revenue before discount: price times quantity"
    expr: (_.unit_price * _.quantity).sum()
    owner: Finance
    unit: USD
    format: currency
    synonyms: [gross sales, revenue before discount, list revenue]
  discount_given:
    description: What customers were given off the price, in USD
    expr: (_.unit_price * _.quantity * _.discount).sum()
    owner: Finance
    unit: USD
    format: currency
    synonyms: [total discount, discount amount]
  units_sold:
    description: Number of units of products that were ordered
    expr: _.quantity.sum()
    owner: Sales operations
    format: integer
    decimals: 0
    synonyms: [quantity, units, quantity sold, pieces sold, sales volume]
  average_discount:
    description: Mean discount over order lines, as a share of the price
    expr: _.discount.mean()
    owner: Finance
    format: percent
    decimals: 1
    additivity: none
    synonyms: [mean discount, discount rate]
  line_count:
    description: Number of order lines
    expr: _.count()
    owner: Sales operations
    format: integer
    decimals: 0
    synonyms: [order lines, line items]
  orders_with_product:
    description: Number of different orders that these lines belong to
    expr: _.order_id.nunique()
    owner: Sales operations
    format: integer
    decimals: 0
    additivity: none
    synonyms: [orders]
  buying_customers:
    description: Number of different customers who ordered
    expr: _.customer_id.nunique()
    owner: Sales operations
    format: integer
    decimals: 0
    additivity: none
    synonyms: [customers, active customers, ordering customers]
  average_order_value:
    description: Net revenue for each order
    expr: (_.unit_price * _.quantity * (1 - _.discount)).sum() / _.order_id.nunique()
    owner: Finance
    unit: USD
    format: currency
    additivity: none
    synonyms: [average order size, revenue per order, basket size]
joins:
  product: {model: products, on: {product_id: product_id}}
  customer: {model: customers, on: {customer_id: customer_id}}
  employee: {model: employees, on: {employee_id: employee_id}}
  shipper: {model: shippers, on: {ship_via: shipper_id}}
"""

_ORDERS = """
name: orders
product: northwind.orders
description: Orders that customers placed
entity: order
synonyms: [purchase]
time: order_date
dimensions:
  order_id: {description: Number of the order, synonyms: [order number]}
  order_date: {description: Day the order was placed, is_time: true, synonyms: [date, ordered, placed]}
  shipped_date: {description: Day the order left, is_time: true, synonyms: [ship date, shipped, sent]}
  required_date: {description: Day the customer wants it by, is_time: true, synonyms: [due date, due]}
  ship_country:
    {description: Country the order goes to, synonyms: [destination country, shipped to, destination]}
  ship_city: {description: City the order goes to, synonyms: [destination city]}
  freight_cost: {description: What carrying the order cost, expr: _.freight, synonyms: [freight]}
  is_shipped:
    description: Whether the order has left
    expr: _.shipped_date.notnull()
    synonyms: [shipped, sent, dispatched]
  is_open:
    description: Whether the order has yet to be shipped
    expr: _.shipped_date.isnull()
    synonyms: [open, unshipped, pending, outstanding, waiting to be shipped]
  is_late:
    description: Whether the order was shipped after the date the customer required it by
    expr: _.shipped_date > _.required_date
    synonyms: [late, shipped late, overdue, delayed, shipped after required date, after due date]
metrics:
  order_count:
    description: Number of orders
    expr: _.count()
    owner: Sales operations
    format: integer
    decimals: 0
    synonyms: [orders]
  first_order_date:
    description: Day of the first order
    expr: _.order_date.min()
    owner: Sales operations
    additivity: none
    synonyms: [first order, date of the first order]
  last_order_date:
    description: Day of the last order
    expr: _.order_date.max()
    owner: Sales operations
    additivity: none
    synonyms: [last order, most recent order, date of the last order]
  freight:
    description: What carrying the orders cost
    expr: _.freight.sum()
    owner: Logistics
    unit: USD
    format: currency
    synonyms: [freight cost, shipping cost, freight charges]
  average_freight:
    description: Mean freight of an order
    expr: _.freight.mean()
    owner: Logistics
    unit: USD
    format: currency
    additivity: none
    synonyms: [freight per order, mean freight]
  average_days_to_ship:
    description: Mean number of days from the order to its shipment, of orders that were shipped
    expr: (_.shipped_date.epoch_seconds() - _.order_date.epoch_seconds()).mean() / 86400
    owner: Logistics
    unit: days
    additivity: none
    good: down
    synonyms: [days to ship, shipping time, time to ship, lead time, processing time, delivery time]
  late_share:
    description: Share of orders that were shipped after the required date
    expr: (_.shipped_date > _.required_date).fill_null(False).mean()
    owner: Logistics
    format: percent
    additivity: none
    good: down
    synonyms: [late rate, share of late orders, percentage of late orders]
joins:
  customer: {model: customers, on: {customer_id: customer_id}}
  employee: {model: employees, on: {employee_id: employee_id}}
  shipper: {model: shippers, on: {ship_via: shipper_id}}
"""

_CUSTOMERS = """
name: customers
product: northwind.customer_activity
description: Companies that buy from Northwind
entity: customer
synonyms: [client, account, buyer]
dimensions:
  company_name: {description: Name of the customer, synonyms: [customer, customer name, company]}
  customer_id: {description: Five-letter code of the customer, synonyms: [customer code]}
  country: {description: Country of the customer, synonyms: [customer country]}
  city: {description: City of the customer, synonyms: [customer city]}
  region: {description: Region or state of the customer, synonyms: [state]}
  contact_name: {description: Whom to speak with at the customer, synonyms: [contact, contact person]}
  contact_title: {description: Job of the contact}
  phone: {description: Telephone number of the customer, synonyms: [telephone, phone number]}
  orders_placed: {description: How many orders the customer has placed}
  has_ordered:
    description: Whether the customer has placed at least one order
    expr: _.orders_placed > 0
    synonyms: [placed an order, ordered anything, bought anything, made a purchase]
metrics:
  customer_count:
    description: Number of customers
    expr: _.count()
    owner: Sales operations
    format: integer
    decimals: 0
    synonyms: [customers, clients]
"""

_PRODUCTS = """
name: products
product: northwind.products
description: What Northwind sells
entity: product
synonyms: [item, article, good]
dimensions:
  product_name: {description: Name of the product, synonyms: [product]}
  quantity_per_unit: {description: How it is packed, synonyms: [package, packaging]}
  unit_price: {description: List price of one unit, synonyms: [price, list price]}
  units_in_stock: {description: How many are in the warehouse, synonyms: [stock, in stock, inventory]}
  units_on_order: {description: How many are on their way from the supplier, synonyms: [on order]}
  reorder_level: {description: Stock at which more are ordered, synonyms: [reorder point]}
  is_discontinued:
    description: Whether it is no longer sold
    expr: _.discontinued == 1
    synonyms: [discontinued, phased out, no longer sold]
  is_active:
    description: Whether it is still sold
    expr: _.discontinued == 0
    synonyms: [active, on sale, still sold, available]
  is_out_of_stock:
    description: Whether none is left
    expr: _.units_in_stock == 0
    synonyms: [out of stock, sold out]
  needs_reorder:
    description: Whether units in stock and units on order together are at or below the reorder level
    expr: (_.units_in_stock + _.units_on_order) <= _.reorder_level
    synonyms: [to be reordered, reorder, at or below reorder level, below reorder level, low on stock]
metrics:
  product_count:
    description: Number of products
    expr: _.count()
    owner: Purchasing
    format: integer
    decimals: 0
    synonyms: [products, items]
  average_price:
    description: Mean list price of products
    expr: _.unit_price.mean()
    owner: Purchasing
    unit: USD
    format: currency
    additivity: none
    synonyms: [average unit price, mean price, average list price]
  highest_price:
    description: List price of the dearest product
    expr: _.unit_price.max()
    owner: Purchasing
    unit: USD
    format: currency
    additivity: none
    synonyms: [price, list price, unit price, maximum price]
  stock:
    description: Units in the warehouse
    expr: _.units_in_stock.sum()
    owner: Purchasing
    format: integer
    decimals: 0
    synonyms: [units in stock, inventory, stock level]
  stock_value:
    description: Units in stock at list price
    expr: (_.unit_price * _.units_in_stock).sum()
    owner: Purchasing
    unit: USD
    format: currency
    synonyms: [inventory value, value of stock]
joins:
  category: {model: categories, on: {category_id: category_id}}
  supplier: {model: suppliers, on: {supplier_id: supplier_id}}
"""

_CATEGORIES = """
name: categories
product: northwind.categories
description: Groups of products
entity: category
synonyms: [product category, product group]
dimensions:
  category_name: {description: Name of the category, synonyms: [category]}
metrics:
  category_count:
    {description: Number of categories, expr: _.count(), owner: Purchasing, format: integer, decimals: 0}
"""

_SUPPLIERS = """
name: suppliers
product: northwind.suppliers
description: Companies that Northwind buys from
entity: supplier
synonyms: [vendor]
dimensions:
  supplier_name: {description: Name of the supplier, expr: _.company_name, synonyms: [supplier]}
  supplier_country: {description: Country of the supplier, expr: _.country}
  supplier_city: {description: City of the supplier, expr: _.city}
  supplier_phone: {description: Telephone number of the supplier, expr: _.phone}
metrics:
  supplier_count:
    description: Number of suppliers
    expr: _.count()
    owner: Purchasing
    format: integer
    decimals: 0
    synonyms: [suppliers, vendors]
"""

_SHIPPERS = """
name: shippers
product: northwind.shippers
description: Companies that carry orders
entity: shipper
synonyms: [carrier, shipping company, freight company]
dimensions:
  shipper_name: {description: Name of the shipper, expr: _.company_name, synonyms: [shipper]}
metrics:
  shipper_count:
    {description: Number of shippers, expr: _.count(), owner: Logistics, format: integer, decimals: 0}
"""

_EMPLOYEES = """
name: employees
product: northwind.staff
description: Everybody who works for Northwind
entity: employee
synonyms: [salesperson, sales rep, staff member, colleague]
dimensions:
  full_name: {description: First and last name of the employee, synonyms: [employee, employee name]}
  title: {description: Job of the employee, synonyms: [job title, job, position]}
  city: {description: City the employee works in, synonyms: [employee city]}
  country: {description: Country the employee works in, synonyms: [employee country, office]}
  hire_date: {description: Day the employee joined, is_time: true, synonyms: [hired, joined]}
  manager: {description: Name of whom the employee reports to, synonyms: [reports to, boss, supervisor]}
metrics:
  employee_count:
    description: Number of employees
    expr: _.count()
    owner: Human resources
    format: integer
    decimals: 0
    synonyms: [employees, staff, headcount]
"""

MODELS: Mapping[str, str] = {
    "order_lines": _ORDER_LINES,
    "orders": _ORDERS,
    "customers": _CUSTOMERS,
    "products": _PRODUCTS,
    "categories": _CATEGORIES,
    "suppliers": _SUPPLIERS,
    "shippers": _SHIPPERS,
    "employees": _EMPLOYEES,
}
