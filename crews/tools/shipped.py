"""The tools that ship with Crewdesk, by the names crews use. Apart from the crews, so that checking a
workspace loads no CrewAI."""

from crews.tools.data_products import DESCRIBE_DATA_PRODUCT, LIST_DATA_PRODUCTS
from crews.tools.entity_profile import ENTITY_PROFILE
from crews.tools.escalate_to_human import ESCALATE_TO_HUMAN
from crews.tools.gate import ToolSpec
from crews.tools.make_chart import MAKE_CHART
from crews.tools.query_metrics import QUERY_METRICS
from crews.tools.read_document import READ_DOCUMENT
from crews.tools.read_page import READ_PAGE
from crews.tools.report_facts import READ_EVIDENCE, READ_OUTLINE
from crews.tools.run_sql import RUN_SQL
from crews.tools.search_knowledge import SEARCH_KNOWLEDGE
from crews.tools.statistics import STATISTICS
from crews.tools.suggest_queries import SUGGEST_QUERIES
from crews.tools.supply import FORECAST_DEMAND, PLAN_STOCK, SCHEDULE_DELIVERIES
from crews.tools.tickets import FIND_SIMILAR_TICKETS, OPEN_TICKET
from crews.tools.triage import CHECK_ACCESS, CHECK_SYSTEM_STATUS, CLASSIFY_REQUEST
from crews.tools.web_search import WEB_SEARCH


def shipped_tools() -> dict[str, ToolSpec]:
    tools = (
        SEARCH_KNOWLEDGE,
        READ_DOCUMENT,
        SUGGEST_QUERIES,
        QUERY_METRICS,
        LIST_DATA_PRODUCTS,
        DESCRIBE_DATA_PRODUCT,
        RUN_SQL,
        STATISTICS,
        MAKE_CHART,
        ENTITY_PROFILE,
        FORECAST_DEMAND,
        PLAN_STOCK,
        SCHEDULE_DELIVERIES,
        CLASSIFY_REQUEST,
        CHECK_ACCESS,
        CHECK_SYSTEM_STATUS,
        FIND_SIMILAR_TICKETS,
        OPEN_TICKET,
        WEB_SEARCH,
        READ_PAGE,
        ESCALATE_TO_HUMAN,
        READ_OUTLINE,
        READ_EVIDENCE,
    )
    return {tool.name: tool for tool in tools}
