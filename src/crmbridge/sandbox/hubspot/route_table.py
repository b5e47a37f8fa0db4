"""The route table: one row for each operation, for the v3/v4 and the dated paths alike."""

from __future__ import annotations

from crmbridge.sandbox.hubspot import handle_account as account
from crmbridge.sandbox.hubspot import handle_associations as linking
from crmbridge.sandbox.hubspot import handle_batches as batches
from crmbridge.sandbox.hubspot import handle_forms as forms
from crmbridge.sandbox.hubspot import handle_labels as labels
from crmbridge.sandbox.hubspot import handle_lists as lists
from crmbridge.sandbox.hubspot import handle_memberships as memberships
from crmbridge.sandbox.hubspot import handle_objects as objects
from crmbridge.sandbox.hubspot import handle_pipelines as pipelines
from crmbridge.sandbox.hubspot import handle_rules as rules
from crmbridge.sandbox.hubspot import handle_schema as schema
from crmbridge.sandbox.hubspot import handle_webhooks as webhooks
from crmbridge.sandbox.hubspot.handle_search import search
from crmbridge.sandbox.hubspot.routes import Route, Table

_O = "objects/{type}"
_A = "associations/{type}/{to}"
_ONE = "objects/{type}/{id}/associations"
_P = "properties/{type}"
_PIPE = "pipelines/{type}/{pipeline}"
_STAGE = f"{_PIPE}/stages/{{stage}}"
_SETTINGS, _SUBSCRIPTIONS = "webhooks/{app}/settings", "webhooks/{app}/subscriptions"
_LISTS_READ, _LISTS_WRITE = "crm.lists.read", "crm.lists.write"
_MEMBERS = "lists/{list}/memberships"
_V3, _V4 = ("v3",), ("v4",)
_FROM_TO = "{to}/{to_id}"

#: Literal segments stand before names: the first row that fits is taken.
ROUTES = (
    Route("POST", f"{_O}/search", search, "read", _V3, is_search=True),
    Route("POST", f"{_O}/batch/read", batches.batch_read, "read", _V3),
    Route("POST", f"{_O}/batch/create", batches.batch_create, "write", _V3),
    Route("POST", f"{_O}/batch/update", batches.batch_update, "write", _V3),
    Route("POST", f"{_O}/batch/upsert", batches.batch_upsert, "write", _V3),
    Route("POST", f"{_O}/batch/archive", batches.batch_archive, "write", _V3),
    Route("POST", f"{_O}/merge", objects.merge_records, "write", _V3),
    Route("POST", f"{_O}/gdpr-delete", objects.gdpr_delete, "write", _V3),
    Route("GET", _O, objects.list_records, "read", _V3),
    Route("POST", _O, objects.create_record, "write", _V3),
    Route("GET", f"{_O}/{{id}}", objects.get_record, "read", _V3),
    Route("PATCH", f"{_O}/{{id}}", objects.update_record, "write", _V3),
    Route("DELETE", f"{_O}/{{id}}", objects.archive_record, "write", _V3),
    Route("PUT", f"{_ONE}/default/{_FROM_TO}", linking.put_default, "write", _V4),
    Route("PUT", f"{_ONE}/{_FROM_TO}", linking.put_labelled, "write", _V4),
    Route("DELETE", f"{_ONE}/{_FROM_TO}", linking.delete_one, "write", _V4),
    Route("GET", f"{_ONE}/{{to}}", linking.list_one, "read", _V4),
    Route("POST", f"{_A}/batch/read", linking.batch_read, "read", _V4),
    Route("POST", f"{_A}/batch/associate/default", linking.batch_default, "write", _V4),
    Route("POST", f"{_A}/batch/create", linking.batch_create, "write", _V4),
    Route("POST", f"{_A}/batch/archive", linking.batch_archive, "write", _V4),
    Route("POST", f"{_A}/batch/labels/archive", linking.batch_archive_labels, "write", _V4),
    Route("GET", f"{_A}/labels", labels.list_labels, "read", _V4),
    Route("POST", f"{_A}/labels", labels.create_label, "schema", _V4),
    Route("PUT", f"{_A}/labels", labels.update_label, "schema", _V4),
    Route("DELETE", f"{_A}/labels/{{label}}", labels.delete_label, "schema", _V4),
    Route("POST", f"{_P}/batch/read", schema.batch_read_properties),
    Route("POST", f"{_P}/batch/create", schema.batch_create_properties, "schema"),
    Route("POST", f"{_P}/batch/archive", schema.batch_archive_properties, "schema"),
    Route("GET", f"{_P}/groups", schema.list_groups),
    Route("POST", f"{_P}/groups", schema.create_group, "schema"),
    Route("GET", f"{_P}/groups/{{name}}", schema.get_group),
    Route("PATCH", f"{_P}/groups/{{name}}", schema.update_group, "schema"),
    Route("DELETE", f"{_P}/groups/{{name}}", schema.archive_group, "schema"),
    Route("GET", _P, schema.list_properties),
    Route("POST", _P, schema.create_property, "schema"),
    Route("GET", f"{_P}/{{name}}", schema.get_property),
    Route("PATCH", f"{_P}/{{name}}", schema.update_property, "schema"),
    Route("DELETE", f"{_P}/{{name}}", schema.archive_property, "schema"),
    Route("GET", "property-validations/{type}", rules.list_rules),
    Route("GET", "property-validations/{type}/{name}", rules.get_rules),
    Route("GET", "pipelines/{type}", pipelines.list_pipelines),
    Route("POST", "pipelines/{type}", pipelines.create_pipeline, "schema"),
    Route("GET", _PIPE, pipelines.get_pipeline),
    Route("PUT", _PIPE, pipelines.replace_pipeline, "schema"),
    Route("PATCH", _PIPE, pipelines.update_pipeline, "schema"),
    Route("DELETE", _PIPE, pipelines.delete_pipeline, "schema"),
    Route("GET", f"{_PIPE}/audit", pipelines.audit),
    Route("GET", f"{_PIPE}/stages", pipelines.list_stages),
    Route("POST", f"{_PIPE}/stages", pipelines.create_stage, "schema"),
    Route("GET", _STAGE, pipelines.get_stage),
    Route("PUT", _STAGE, pipelines.replace_stage, "schema"),
    Route("PATCH", _STAGE, pipelines.update_stage, "schema"),
    Route("DELETE", _STAGE, pipelines.delete_stage, "schema"),
    Route("GET", f"{_STAGE}/audit", pipelines.audit),
    Route("GET", "owners", account.list_owners, "crm.objects.owners.read"),
    Route("GET", "owners/{id}", account.get_owner, "crm.objects.owners.read"),
    Route("GET", "schemas", schema.list_schemas, "any"),
    Route("GET", "schemas/{type}", schema.get_schema, "any"),
    Route("GET", "lists", lists.get_lists, _LISTS_READ),
    Route("POST", "lists", lists.create_list, _LISTS_WRITE),
    Route("POST", "lists/search", lists.search_lists, _LISTS_READ),
    Route("GET", "lists/object-type-id/{type}/name/{name}", lists.get_by_name, _LISTS_READ),
    Route("GET", "lists/records/{type}/{id}/memberships", memberships.of_record, _LISTS_READ),
    Route("GET", "lists/{list}", lists.get_list, _LISTS_READ),
    Route("DELETE", "lists/{list}", lists.delete_list, _LISTS_WRITE),
    Route("PUT", "lists/{list}/restore", lists.restore_list, _LISTS_WRITE),
    Route("PUT", "lists/{list}/update-list-name", lists.rename_list, _LISTS_WRITE),
    Route("PUT", "lists/{list}/update-list-filters", lists.change_filters, _LISTS_WRITE),
    Route("GET", _MEMBERS, memberships.by_id, _LISTS_READ),
    Route("DELETE", _MEMBERS, memberships.remove_all, _LISTS_WRITE),
    Route("GET", f"{_MEMBERS}/join-order", memberships.by_time, _LISTS_READ),
    Route("PUT", f"{_MEMBERS}/add", memberships.add, _LISTS_WRITE),
    Route("PUT", f"{_MEMBERS}/remove", memberships.remove, _LISTS_WRITE),
    Route("PUT", f"{_MEMBERS}/add-and-remove", memberships.add_and_remove, _LISTS_WRITE),
    Route("PUT", f"{_MEMBERS}/add-from/{{source}}", memberships.add_from, _LISTS_WRITE),
    Route("GET", "forms", forms.list_forms, "forms"),
    Route("POST", "forms", forms.create_form, "forms"),
    Route("GET", "forms/{form}", forms.get_form, "forms"),
    Route("PUT", "forms/{form}", forms.replace_form, "forms"),
    Route("PATCH", "forms/{form}", forms.update_form, "forms"),
    Route("DELETE", "forms/{form}", forms.archive_form, "forms"),
    Route("GET", "submissions/forms/{form}", forms.list_submissions, "forms"),
    Route("POST", "submit/submit/{portal}/{form}", forms.submit, "none"),
    Route("POST", "submit/secure/submit/{portal}/{form}", forms.submit, "forms"),
    Route("GET", _SETTINGS, webhooks.get_settings, "any"),
    Route("PUT", _SETTINGS, webhooks.put_settings, "any"),
    Route("DELETE", _SETTINGS, webhooks.delete_settings, "any"),
    Route("GET", _SUBSCRIPTIONS, webhooks.list_subscriptions, "any"),
    Route("POST", _SUBSCRIPTIONS, webhooks.create_subscription, "any"),
    Route("POST", f"{_SUBSCRIPTIONS}/batch/update", webhooks.batch_update, "any"),
    Route("GET", f"{_SUBSCRIPTIONS}/{{id}}", webhooks.get_subscription, "any"),
    Route("PATCH", f"{_SUBSCRIPTIONS}/{{id}}", webhooks.update_subscription, "any"),
    Route("DELETE", f"{_SUBSCRIPTIONS}/{{id}}", webhooks.delete_subscription, "any"),
    Route("GET", "account-info/details", account.account_details, "any"),
    Route("GET", "account-info/api-usage/daily/private-apps", account.daily_usage, "any"),
    Route("POST", "oauth/private-apps/get/access-token-info", account.token_info, "any"),
    Route("POST", "oauth/token", account.oauth_token, "none"),
    Route("GET", "oauth/access-tokens/{token}", account.oauth_access_token, "none"),
    Route("GET", "oauth/refresh-tokens/{token}", account.oauth_refresh_token, "none"),
    Route("DELETE", "oauth/refresh-tokens/{token}", account.oauth_revoke, "none"),
)

TABLE = Table(ROUTES)
