/* The words after `wg-quick`. Each takes the configuration's name and gives the exit status. */
#ifndef CULVERT_QUICK_VERBS_H
#define CULVERT_QUICK_VERBS_H

typedef int quick_verb(int argc, char **argv);

quick_verb verb_up, verb_down, verb_save, verb_strip, verb_reload, verb_plan, verb_check;

#endif
