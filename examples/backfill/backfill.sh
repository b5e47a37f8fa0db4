#!/usr/bin/env bash
# The past of one company, some calls a day until it is through: from cron, once a night (docs/backfill.md).
set -u
company=${1:?usage: backfill.sh COMPANY_FOLDER SINCE [CALLS_A_DAY]}
since=${2:?usage: backfill.sh COMPANY_FOLDER SINCE [CALLS_A_DAY]}
calls=${3:-20000}
[ -e "$company/backfill.done" ] && exit 0
crmbridge backfill --since "$since" --apply --budget "$calls" -C "$company" --json >"$company/backfill.json"
code=$?
case $code in
  0) touch "$company/backfill.done" ;;                        # through: later nights do nothing
  1) echo "some records failed: see errors in $company/backfill.json; the next night tries them again" >&2 ;;
  3) echo "paused, or too many calls: crmbridge resume, or name fewer calls a day" >&2 ;;
  4) echo "stopped early; the next night goes on" >&2; code=0 ;;  # budget, quota, CRM down, another run
  *) echo "configuration: run crmbridge check -C $company" >&2 ;;
esac
exit $code
