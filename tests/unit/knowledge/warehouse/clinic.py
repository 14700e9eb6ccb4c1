"""A second catalog, of a clinic, that shares no word with a shop: what is resolved here is so by rule."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import ibis
from ibis.expr import types as ir

from knowledge.warehouse.catalog import Catalog, load_catalog
from ledger.workspace import open_workspace
from tests.stand_ins.warehouse import write_workspace

FILES: Mapping[str, str] = {
    "calendar.yaml": "fiscal_year_starts: 4\n",
    "products/visits.yaml": """
        name: clinic.visits
        owner: Front desk
        steward: Data
        description: Every visit of a patient
        origin: The booking system
        version: 1
        location: {format: csv, path: data/visits.csv}
        primary_key: [visit_id]
        columns:
          - {name: visit_id, type: integer, description: Number of the visit}
          - {name: patient_id, type: integer, description: Who came}
          - {name: ward_id, type: integer, description: Where}
          - {name: visited_on, type: date, description: Day of the visit}
          - {name: paid_date, type: date, description: Day the bill was paid}
          - {name: minutes, type: integer, description: How long it took}
          - {name: fee, type: decimal, description: What was charged}
          - {name: emergency, type: integer, description: 1 if it was one}
    """,
    "products/patients.yaml": """
        name: clinic.patients
        owner: Front desk
        steward: Data
        description: Everybody who is treated here
        origin: The booking system
        version: 1
        location: {format: csv, path: data/patients.csv}
        primary_key: [patient_id]
        columns:
          - {name: patient_id, type: integer, description: Number of the patient}
          - {name: full_name, type: string, description: Name, classification: pii}
          - {name: town, type: string, description: Where they live, synonyms: [home town]}
          - {name: insurer, type: string, description: Who pays}
    """,
    "products/wards.yaml": """
        name: clinic.wards
        owner: Front desk
        steward: Data
        description: Wards of the clinic
        origin: The booking system
        version: 1
        location: {format: csv, path: data/wards.csv}
        primary_key: [ward_id]
        columns:
          - {name: ward_id, type: integer, description: Number of the ward}
          - {name: name, type: string, description: Name of the ward}
          - {name: floor, type: integer, description: Where it lies}
    """,
    "metrics/visits.yaml": """
        name: visits
        product: clinic.visits
        description: Visits of patients
        entity: visit
        synonyms: [consultation, appointment]
        time: visited_on
        dimensions:
          visited_on: {description: Day of the visit, is_time: true}
          paid_date: {description: Day the bill was paid, is_time: true}
          minutes: {description: Length in minutes, synonyms: [duration]}
          is_emergency:
            description: Whether it was an emergency
            expr: _.emergency == 1
            synonyms: [emergency, urgent]
        metrics:
          visit_count: {description: Number of visits, expr: _.count(), owner: Front desk, format: integer}
          income:
            description: Fees charged
            expr: _.fee.sum()
            owner: Finance
            format: currency
            synonyms: [fees, billing]
          refunds: {description: Fees given back, expr: _.fee.min(), owner: Finance, format: currency}
          average_length:
            description: Mean minutes of a visit
            expr: _.minutes.mean()
            owner: Front desk
            additivity: none
            synonyms: [average duration, average visit length]
        joins:
          patient: {model: patients, on: {patient_id: patient_id}}
          ward: {model: wards, on: {ward_id: ward_id}}
    """,
    "metrics/patients.yaml": """
        name: patients
        product: clinic.patients
        description: Everybody who is treated here
        entity: patient
        dimensions:
          full_name: {description: Name of the patient, synonyms: [patient name]}
          town: {description: Where the patient lives}
          insurer: {description: Who pays for the patient, synonyms: [insurance, insurance company]}
        metrics:
          patient_count:
            {description: Number of patients, expr: _.count(), owner: Front desk, format: integer}
    """,
    "metrics/wards.yaml": """
        name: wards
        product: clinic.wards
        description: Wards of the clinic
        entity: ward
        synonyms: [department]
        dimensions:
          name: {description: Name of the ward}
          floor: {description: Storey it lies on, synonyms: [storey]}
        metrics:
          ward_count: {description: Number of wards, expr: _.count(), owner: Front desk, format: integer}
    """,
}

TOWNS = ("Aldham", "Brook End", "Carrow", "Downing Street", "Brook End")
INSURERS = ("Alba Mutual", "Northern Care", "Alba Mutual", "Self", "Northern Care")
NAMES = ("Ann Zeller", "Bo Quist", "Cy Ember", "Di Faro", "Ed Gunn")
FIRST = date(2025, 1, 6)


def clinic_catalog(folder: Path) -> Catalog:
    write_workspace(folder, ["everyone"], FILES)
    return load_catalog(open_workspace(folder))


class ClinicTables:
    """The rows, as somebody sees them who may not see names."""

    def __init__(self) -> None:
        self.connection = ibis.duckdb.connect()
        for name, rows in _ROWS.items():
            schema = {key: _TYPES.get(key, "int64") for key in rows[0]}
            self.connection.create_table(name.partition(".")[2], ibis.memtable(rows, schema=schema))

    def names(self) -> tuple[str, ...]:
        return tuple(_ROWS)

    def table(self, name: str) -> ir.Table:
        return self.connection.table(name.partition(".")[2])

    def masked(self, name: str) -> Mapping[str, Any]:
        return {"full_name": "null"} if name == "clinic.patients" else {}


_TYPES = {
    "visited_on": "date", "paid_date": "date", "full_name": "string", "town": "string", "insurer": "string",
    "name": "string",
}  # fmt: skip
_ROWS: Mapping[str, list[dict[str, Any]]] = {
    "clinic.visits": [
        {
            "visit_id": number,
            "patient_id": number % 5,
            "ward_id": number % 3,
            "visited_on": FIRST + timedelta(days=5 * number),
            "paid_date": None if number % 7 == 0 else FIRST + timedelta(days=5 * number + 9),
            "minutes": 10 + number % 40,
            "fee": 20 + number,
            "emergency": number % 2,
        }
        for number in range(130)
    ],
    "clinic.patients": [
        {"patient_id": at, "full_name": name, "town": town, "insurer": insurer}
        for at, (name, town, insurer) in enumerate(zip(NAMES, TOWNS, INSURERS, strict=True))
    ],
    "clinic.wards": [
        {"ward_id": at, "name": name, "floor": at + 2}
        for at, name in enumerate(("Cardiology", "Ear, Nose and Throat", "Surgery"))
    ],
}
