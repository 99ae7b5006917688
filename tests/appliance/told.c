// SPDX-License-Identifier: GPL-2.0
/*
 * told: a program of the small machine. With the module loaded, runs what /command has,
 * a word a line, and prints each file that this has put into /tmp/told, as it is, but for
 * the file's name and a colon before each line.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "module.h"

#define WORDS 64
#define DIRECTORY "/tmp/told"

static int run(void)
{
	static char line[4096];
	char *words[WORDS], *word;
	unsigned int count = 0;
	FILE *file = fopen("/command", "r");
	int status = -1;
	pid_t pid;

	if (!file)
		return -1;
	line[fread(line, 1, sizeof(line) - 1, file)] = '\0';
	fclose(file);
	for (word = strtok(line, "\n"); word && count < WORDS - 1; word = strtok(NULL, "\n"))
		words[count++] = word;
	words[count] = NULL;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		execv(words[0], words);
		perror(words[0]);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	return status;
}

static void print(const char *name)
{
	char path[300];
	FILE *file;
	int c, last = '\n';

	snprintf(path, sizeof(path), DIRECTORY "/%s", name);
	file = fopen(path, "r");
	while (file && (c = getc(file)) != EOF) {
		if (last == '\n')
			printf("%s: ", name);
		putchar(c);
		last = c;
	}
	if (file)
		fclose(file);
}

int main(void)
{
	struct dirent *entry;
	int status;
	DIR *dir;

	mkdir(DIRECTORY, 0755);
	status = module_load("/socktrace.ko", "");
	if (status) {
		printf("# insmod: %s\n", strerror(status));
		return 1;
	}
	status = run();
	dir = opendir(DIRECTORY);
	while (dir && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			print(entry->d_name);
	if (dir)
		closedir(dir);
	module_unload("socktrace");
	return status != 0;
}
