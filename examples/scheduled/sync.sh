#!/usr/bin/env bash
# One run for one company; the exit code says what to do next (docs: README, "Exit codes").
set -u
company=${1:?usage: sync.sh COMPANY_FOLDER}
crmbridge sync -C "$company" --json >"$company/last-run.json"
code=$?
case $code in
  0) ;;                                                       # done, or nothing to do
  1) echo "some records failed; they stay planned" >&2 ;;
  3) echo "a guard refused the plan: look at it with crmbridge plan -C $company" >&2 ;;
  4) echo "stopped early; the next run goes on" >&2; code=0 ;;  # budget, quota, CRM down, another run
  *) echo "configuration: run crmbridge check -C $company" >&2 ;;
esac
exit $code
