# SPDX-License-Identifier: GPL-2.0
function quoted(s) {
	gsub(/\\/, "\\\\", s)
	gsub(/'/, "\\'", s)
	return "'" s "'"
}
function values(i, list) {
	list = words_of(argument[i])
	if (kind_of(argument[i]) == "user")
		list = "(__fish_complete_users | string replace -r \"\\t.*\" \"\")"
	if (kind_of(argument[i]) == "process")
		list = "(__fish_complete_pids | string replace -r \"\\t.*\" \"\")"
	if (list == "")
		return kind_of(argument[i]) == "file" ? " -r -F" : " -x"
	if (is_list(argument[i]))
		list = "(__fish_append , " list ")"
	return " -x -a " quoted(list)
}
END {
	print "# fish completion of socktrace-read, made of its --help. SPDX-License-Identifier: GPL-2.0"
	with = ""
	for (i = 1; i <= n; i++) {
		print "complete -c socktrace-read" (letter[i] == "" ? "" : " -s " letter[i]) " -l " name[i] \
			(argument[i] == "" ? "" : values(i)) " -d " quoted(text[i])
		if (argument[i] == "")
			continue
		with = with (letter[i] == "" ? "" : " -" letter[i]) " --" name[i]
	}
	print "# The traced command, which completes as it does elsewhere."
	print "complete -c socktrace-read -x -a '(__fish_complete_subcommand" with ")'"
}
