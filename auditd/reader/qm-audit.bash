# SPDX-License-Identifier: GPL-2.0-or-later
# Completion for qm-audit.

_qm_audit()
{
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words=
	COMPREPLY=()
	if [ "$COMP_CWORD" = 1 ]; then
		words='events schema --help --version'
	else
		case ${COMP_WORDS[1]}:$before in
		events:--format) words='text table xml json csv' ;;
		events:--start | events:--end)
			words='now recent boot this-hour today yesterday this-week week-ago
				this-month this-year' ;;
		events:--event-id) words='5451 5452 4654 4977 4719 0 1 2 3 4' ;;
		events:--success) words='yes no' ;;
		events:--peer | events:--conn | events:--child | events:--spi | events:--node | \
			events:--provider | events:--computer) return ;;
		schema:--format) words='text json markdown' ;;
		schema:*) words='--format --help' ;;
		events:*)
			[[ $word != -* || $before = --auditd-conf ]] ||
				words='--format --pretty --start --end --event-id --peer --conn --child
					--spi --success --node --follow --provider --computer --auditd-conf
					--help' ;;
		esac
	fi
	if [ -n "$words" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
	else
		compopt -o default 2>/dev/null
	fi
}

complete -F _qm_audit qm-audit
