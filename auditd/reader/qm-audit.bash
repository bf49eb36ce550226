# SPDX-License-Identifier: GPL-2.0-or-later
# Completion for qm-audit.

_qm_audit_values()
{
	case ${COMP_WORDS[1]}:$1 in
	events:--format) words='text table xml json csv' ;;
	events:--start | events:--end | verify:--start | verify:--end)
		words='now recent boot this-hour today yesterday this-week week-ago this-month
			this-year' ;;
	events:--event-id) words='5451 5452 4654 4977 4719 0 1 2 3 4 5' ;;
	events:--success) words='yes no' ;;
	schema:--format) words='text json markdown' ;;
	stream:--format) words='json xml' ;;
	stream:--buffer) none=yes ;;
	policy:--success | policy:--failure) words='enable disable' ;;
	*:--peer | *:--conn | *:--child | *:--spi | *:--node | *:--provider | *:--computer | \
		*:--uri) none=yes ;;
	policy:--zero) words='none unchanged' ;;
	status:--sas | status:--timeout) none=yes ;;
	*:--auditd-conf | *:--file | status:--socket | status:-s) ;;
	*) return 1 ;;
	esac
}

_qm_audit_words()
{
	local options=
	case ${COMP_WORDS[1]} in
	events)
		options='--format --pretty --start --end --event-id --peer --conn --child --spi
			--success --node --follow --provider --computer --auditd-conf --help' ;;
	policy)
		words='get set clear list import export'
		options='--success --failure --csv --zero --guid --file --uri --no-apply --quiet
			--help' ;;
	schema) options='--format --help' ;;
	status) options='--json --prometheus --quiet --sas --socket --timeout --help' ;;
	stream)
		words='format=json format=xml file: unix: syslog'
		options='--format --buffer --provider --computer --help' ;;
	verify)
		options='--json --notes --open --start --end --node --auditd-conf --help' ;;
	esac
	case $1 in
	-*) words=$options ;;
	*) [ "$COMP_CWORD" = 2 ] || words= ;;
	esac
}

_qm_audit()
{
	local word=${COMP_WORDS[COMP_CWORD]} words= none=
	COMPREPLY=()
	if [ "$COMP_CWORD" = 1 ]; then
		words='events policy schema status stream verify --help --version'
	else
		_qm_audit_values "${COMP_WORDS[COMP_CWORD - 1]}" || _qm_audit_words "$word"
	fi
	if [ -n "$words" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
	elif [ -z "$none" ]; then
		compopt -o default 2>/dev/null
	fi
}

complete -F _qm_audit qm-audit
