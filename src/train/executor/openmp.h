/*
 * openmp.h - how the threads of oneDNN wait for each other.
 *
 * A training step has dozens of barriers. libgomp's threads spin at each for milliseconds, which is good on
 * an idle machine and ruinous on a busy one: LeNet-5 on two threads beside two busy processes trains ten
 * times slower than with threads that go to sleep soon. libgomp reads its settings when it is loaded, before
 * main; so a program that wants another has to start itself again.
 */
#ifndef SNED_TRAIN_EXECUTOR_OPENMP_H
#define SNED_TRAIN_EXECUTOR_OPENMP_H

/* To be called first in main: where the user has not chosen (OMP_WAIT_POLICY, GOMP_SPINCOUNT), sets a short
 * spin and executes the program again with the same arguments. Returns where that is done, not needed or not
 * possible. */
void openmp_wait_briefly(char *const argv[]);

#endif
