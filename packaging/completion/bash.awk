# SPDX-License-Identifier: GPL-2.0
function options_with(what, i, all) {
	for (i = 1; i <= n; i++) {
		if (what != "any" && argument[i] == "")
			continue
		if (letter[i] != "")
			all = all "|-" letter[i]
		all = all "|--" name[i]
	}
	return substr(all, 2)
}
function complete(i, list) {
	list = words_of(argument[i])
	if (list != "")
		return "_socktrace_read_words \"" (is_list(argument[i]) ? "," : "") "\" " list
	if (kind_of(argument[i]) == "file")
		return "mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); compopt -o filenames 2> /dev/null"
	if (kind_of(argument[i]) == "user")
		return "_socktrace_read_words , $(compgen -u)"
	if (kind_of(argument[i]) == "process")
		return "_socktrace_read_words , $(cd /proc && printf '%s ' [0-9]*)"
	return ":"
}
END {
	print "# bash completion of socktrace-read, made of its --help. SPDX-License-Identifier: GPL-2.0"
	print "# shellcheck shell=bash"
	print "# _socktrace_read_words SEPARATOR WORD...: those that go on from $cur, or from the"
	print "# last of its parts."
	print "_socktrace_read_words() {"
	print "	local before='' after=$cur separator=$1"
	print "	shift"
	print "	if [ \"$separator\" ] && [[ $cur == *\"$separator\"* ]]; then"
	print "		before=${cur%\"$separator\"*}$separator after=${cur##*\"$separator\"}"
	print "	fi"
	print "	mapfile -t COMPREPLY < <(compgen -P \"$before\" -W \"$*\" -- \"$after\")"
	print "	[[ $separator == '' && ${COMPREPLY[0]-} != *: ]] || compopt -o nospace 2> /dev/null"
	print "}"
	print "_socktrace_read() {"
	print "	local cur prev words cword i word"
	print "	if declare -F _get_comp_words_by_ref > /dev/null; then"
	print "		_get_comp_words_by_ref -n := cur prev words cword"
	print "	else"
	print "		words=(\"${COMP_WORDS[@]}\") cword=$COMP_CWORD"
	print "		cur=${words[cword]} prev=${words[cword - 1]}"
	print "	fi"
	print "	COMPREPLY=()"
	print "	for ((i = 1; i < cword; i++)); do"
	print "		word=${words[i]}"
	print "		case $word in"
	print "		--) ((i++)); break ;;"
	print "		" options_with("value") ") ((i++)) ;;"
	print "		-*) ;;"
	print "		*) break ;;"
	print "		esac"
	print "	done"
	print "	# The traced command, which completes as it does elsewhere."
	print "	if ((i < cword)) || { ((i == cword)) && { [ \"$prev\" = -- ] || [[ $cur != -* ]]; }; }; then"
	print "		if declare -F _command_offset > /dev/null; then"
	print "			_command_offset \"$i\""
	print "		else"
	print "			mapfile -t COMPREPLY < <(compgen -c -f -- \"$cur\")"
	print "		fi"
	print "		return"
	print "	fi"
	print "	if [[ $cur == --*=* ]]; then"
	print "		prev=${cur%%=*} cur=${cur#*=}"
	print "	fi"
	print "	case $prev in"
	for (i = 1; i <= n; i++) {
		if (argument[i] == "")
			continue
		print "	" (letter[i] == "" ? "" : "-" letter[i] "|") "--" name[i] ") " complete(i) ";;"
	}
	print "	*) mapfile -t COMPREPLY < <(compgen -W '" gensub_bars(options_with("any")) "' -- \"$cur\") ;;"
	print "	esac"
	print "	# What bash takes for a word ends at a colon."
	print "	! declare -F __ltrim_colon_completions > /dev/null || __ltrim_colon_completions \"$cur\""
	print "}"
	print "complete -F _socktrace_read socktrace-read"
}
function gensub_bars(list) {
	gsub(/\|/, " ", list)
	return list
}
