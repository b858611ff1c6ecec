"""Audit: problems in the data that would spoil a result, found before training."""

from brique.data.audit.findings_table import table as table
from brique.data.audit.summary import counts as counts
from brique.data.audit.summary import findings as findings
from brique.data.audit.summary import summary as summary
from brique.data.audit.summary import verdict as verdict
