/* The machine's end. */
#ifndef STARDUST_POWER_H
#define STARDUST_POWER_H

#include <stdbool.h>

/* Begins to end the machine, or to start it anew: as the first process itself, else by the guest's own programs. */
void power_off(bool again);
/* As the first process: ends the machine if that was begun; does not return then. */
void power_go_on(void);
/* As the first process: whether that signal asks for it; then it is done. */
bool power_signal(int number);
/* As the first process: listens to the power buttons that there are. */
void power_buttons(void);

#endif
