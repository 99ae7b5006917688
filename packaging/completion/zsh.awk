# SPDX-License-Identifier: GPL-2.0
function quoted(s) {
	gsub(/'/, "'\\''", s)
	return s
}
function help(s) {
	gsub(/\\/, "\\\\", s)
	gsub(/\[/, "\\[", s)
	gsub(/]/, "\\]", s)
	gsub(/:/, "\\:", s)
	return quoted(s)
}
function action(i, list) {
	list = words_of(argument[i])
	gsub(/:/, "\\:", list)
	if (list != "" && is_list(argument[i]))
		return "_values -s , value " list
	if (list != "")
		return "(" list ")"
	if (kind_of(argument[i]) == "file")
		return "_files"
	if (kind_of(argument[i]) == "user")
		return "_sequence _users"
	if (kind_of(argument[i]) == "process")
		return "_sequence _pids"
	return " "
}
END {
	print "#compdef socktrace-read"
	print "# Made of its --help. SPDX-License-Identifier: GPL-2.0"
	print "_arguments -s -S \\"
	for (i = 1; i <= n; i++) {
		label = argument[i]
		sub(/[[|].*/, "", label)
		spec = "[" help(text[i]) "]" (argument[i] == "" ? "" : ":" label ":" action(i))
		equals = argument[i] == "" ? "" : "="
		plus = argument[i] == "" ? "" : "+"
		if (letter[i] != "")
			print "	'*-" letter[i] plus spec "' \\"
		print "	'*--" name[i] equals spec "' \\"
	}
	print "	'(-)1: :{_command_names -e}' \\"
	print "	'*:: :_normal'"
}
