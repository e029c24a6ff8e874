"""What to tell a person when the store fails: the cause, and the advice that fits it."""

import os
import sqlite3
from urllib.parse import urlsplit

from stages.core.pipeline.errors import UserError
from stages.core.pipeline.secrets import masked
from stages.core.tracking.database import AGAIN
from stages.core.tracking.store import tracking_uri

SCHEMES = ("http://", "https://", "sqlite:///", "postgresql://", "mysql://", "mssql://", "databricks")
ANOTHER = "or set MLFLOW_TRACKING_URI to another store"


def explained(error: BaseException) -> UserError:
    """Return one message for an error that came up while the store was used."""
    if isinstance(error, UserError):
        return error
    uri, reason = tracking_uri(), reason_of(error)
    return UserError(masked(f"MLflow: {_explain(uri, error, reason)}"))


def reason_of(error: BaseException) -> str:
    """Return in a few words what lies at the bottom of an error."""
    while (inner := error.__cause__ or error.__context__) and not isinstance(inner, KeyError):
        error = inner
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return masked(str(words).splitlines()[0])


def _explain(uri: str, error: BaseException, reason: str) -> str:
    everything = f"{error} {reason}"
    if not _known_scheme(uri):
        return f"MLFLOW_TRACKING_URI must begin with one of {', '.join(SCHEMES)}. Received: {uri}."
    if isinstance(error, ModuleNotFoundError) or "No module named" in reason:
        return f"{uri} needs a package that is not installed ({reason}). Install it, {ANOTHER}."
    if uri.startswith("databricks"):
        return f"{uri} cannot be used ({reason.partition('. ')[0]}). Configure Databricks, {ANOTHER}."
    if uri.startswith("http"):
        try:
            urlsplit(uri)
        except ValueError:
            return f"MLFLOW_TRACKING_URI must be an address such as http://127.0.0.1:5000. Received: {uri}."
        return _explain_server(uri, everything, reason)
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}. Fix that, {ANOTHER}."
    if "out-of-date database schema" in everything or "Can't locate revision" in everything:
        return f"{uri} was made by another version of MLflow. Run `mlflow db upgrade {uri}`, {ANOTHER}."
    if "database is locked" in everything:
        return f"{uri} is locked by another program. Wait until that has ended, or end it; then run again."
    if "readonly database" in everything:
        return f"{uri} cannot be written. Change the permissions of the file and of its folder, {ANOTHER}."
    if "disk is full" in everything:
        return f"{uri}: the disk is full. Free some space, {ANOTHER}."
    if uri.startswith("sqlite") and not _is_damage(error, everything):
        return f"{uri} refuses a request ({reason}). Look at what it names with `make ui`."
    if uri.startswith("sqlite"):
        return f"{uri} failed ({reason}). If this happens again, the file may be damaged. {AGAIN}"
    return f"{uri} does not answer ({reason}). Start it, or correct MLFLOW_TRACKING_URI."


def _explain_server(uri: str, everything: str, reason: str) -> str:
    proxy = _proxy_of(uri)
    if proxy is not None and not _is_answer_of_mlflow(everything):
        host = urlsplit(uri).hostname
        return f"{uri} cannot be reached through the proxy {proxy} ({reason}). Set NO_PROXY={host} to go without it."
    if "401" in everything or "Unauthorized" in everything or "PERMISSION_DENIED" in everything:
        return (
            f"{uri} refuses access ({reason}). Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD "
            "to what it accepts."
        )
    if "failed with error code" in everything or "Expecting value" in everything or "not in a valid JSON" in everything:
        return f"{uri} answers, but not as an MLflow server does ({reason}). Correct MLFLOW_TRACKING_URI."
    if _is_answer_of_mlflow(everything):
        return f"{uri} refuses a request ({reason})."
    return f"{uri} does not answer ({reason}). Start it, or correct MLFLOW_TRACKING_URI."


def _is_damage(error: BaseException | None, everything: str) -> bool:
    """Tell whether the database itself failed, not MLflow with something that is missing or of an unexpected form."""
    while error is not None:
        if isinstance(error, sqlite3.Error):
            return True
        error = error.__cause__ or error.__context__
    return "sqlite3." in everything or "Database migration" in everything


def _is_answer_of_mlflow(text: str) -> bool:
    return any(code in text for code in ("INVALID_PARAMETER_VALUE", "RESOURCE_", "PERMISSION_DENIED", "INTERNAL_ERROR"))


def _known_scheme(uri: str) -> bool:
    dialect = uri.partition(":")[0].partition("+")[0]  # as in postgresql+psycopg2
    return any(scheme.partition(":")[0] == dialect for scheme in SCHEMES)


def _proxy_of(uri: str) -> str | None:
    """Return the proxy that requests to `uri` go through; None if they go straight."""
    import requests.utils

    return requests.utils.select_proxy(uri, requests.utils.get_environ_proxies(uri, os.environ.get("NO_PROXY")))
