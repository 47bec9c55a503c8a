/*
 * union_find.h - sets that are joined, by the number that stands for each (Galler and Fischer 1964).
 */
#ifndef SNED_BASE_UNION_FIND_H
#define SNED_BASE_UNION_FIND_H

/* root[i]: a number of the same set, itself where i stands for it. Paths become shorter on the way. */
static inline int find_root(int *root, int i)
{
    while (root[i] != i) {
        root[i] = root[root[i]];
        i = root[i];
    }
    return i;
}

#endif
