/*
 * sets.c - of which sets of filters a shared list's quads are.
 *
 * A tap's set is that of the filters that have it; but it may count to a set of more filters, with weights of
 * 0 for the others, and to several of fewer, which have it in turn. Few quads: up to three taps are left of
 * each set, which make quads of sets that differ as little as may be. Usual quads: all lists of a layer have
 * the same number of quads of each set of several filters, near to what they have on average; taps beyond are
 * split, and what is missing is taken from sets of fewer filters. That takes 3 % more products; but how often
 * each set's loop runs (micro/avx512/shared.c) is then what it was for the list before, which processors
 * foresee, while of 31 numbers that are new each time most ends of loops are surprises, 9 cycles each.
 */
#include "runtime/conv/lister.h"

enum { MOST_LEFT = 3 * QUAD_SETS };

static void move_taps(struct set_plan *plan, unsigned from, unsigned to, unsigned rest, size_t count)
{
    plan->moves[plan->move_count++] =
        (struct set_move){(uint8_t)from, (uint8_t)to, (uint8_t)rest, (uint16_t)count};
    plan->taps[from] -= count;
    plan->taps[to] += count;
    if (rest)
        plan->taps[rest] += count;
}

/* ---- few ---- */

/* Of the taps in left[], their sets, the one that adds fewest filters to the set. */
static int nearest(const uint8_t *left, int count, unsigned set)
{
    int best = 0;
    for (int i = 1; i < count; i++)
        if (filters_in(set | left[i]) < filters_in(set | left[best]))
            best = i;
    return best;
}

/* Beginning with those of most filters. */
static int list_left(const struct set_plan *plan, uint8_t left[MOST_LEFT])
{
    int count = 0;
    for (int filters = SET_FILTERS; filters; filters--)
        for (unsigned set = 1; set < QUAD_SETS; set++)
            for (size_t i = filters_in(set) == filters ? plan->taps[set] % 4 : 0; i; i--)
                left[count++] = (uint8_t)set;
    return count;
}

void sned_plan_few_quads(struct set_plan *plan)
{
    uint8_t left[MOST_LEFT];
    const int count = list_left(plan, left);
    for (int first = 0, next; first < count; first = next) {
        unsigned set = left[first];
        for (next = first + 1; next < count && next < first + 4; next++) {
            const int other = next + nearest(left + next, count - next, set);
            const uint8_t taken = left[other];
            left[other] = left[next];
            left[next] = taken;
            set |= taken;
        }
        for (int i = first; i < next; i++)
            if (left[i] != set)
                move_taps(plan, left[i], set, 0, 1);
    }
}

/* ---- usual ---- */

bool sned_find_usual_quads(uint8_t usual[QUAD_SETS], const size_t seen[QUAD_SETS], size_t lists)
{
    for (unsigned set = 0; set < QUAD_SETS; set++) {
        const size_t quads = lists > 1 && filters_in(set) > 1 ? (seen[set] + 2 * lists) / (4 * lists) : 0;
        if (quads > UINT8_MAX)
            return false;
        usual[set] = (uint8_t)quads;
    }
    return lists > 1;
}

/* How many taps the set has beyond what is usual; a single filter's may be any number. */
static long beyond(const struct set_plan *plan, const uint8_t *usual, unsigned set)
{
    return (long)plan->taps[set] - 4 * (long)usual[set];
}

/* Splits taps of the set, all that are too many or as many as there is room for in that set of one filter
 * less which lacks most. */
static void split(struct set_plan *plan, const uint8_t *usual, unsigned set)
{
    const long many = beyond(plan, usual, set);
    unsigned best = 0;
    for (unsigned filter = 1; filter <= set; filter <<= 1)
        if (set & filter && (!best || beyond(plan, usual, set - filter) < beyond(plan, usual, best)))
            best = set - filter;
    const long room = filters_in(best) > 1 ? -beyond(plan, usual, best) : many;
    move_taps(plan, set, best, set - best, (size_t)(room < 1 ? 1 : room < many ? room : many));
}

/* Which set's taps count to this one, which lacks some: of the most filters that has taps beyond what is
 * usual, most of all; 0: none. */
static unsigned giver(const struct set_plan *plan, const uint8_t *usual, unsigned set)
{
    unsigned best = 0;
    for (unsigned part = (set - 1) & set; part; part = (part - 1) & set) {
        const int more = best ? filters_in(part) - filters_in(best) : 1;
        if (beyond(plan, usual, part) > 0 &&
            (more > 0 || (more == 0 && beyond(plan, usual, part) > beyond(plan, usual, best))))
            best = part;
    }
    return best;
}

static void level(struct set_plan *plan, const uint8_t *usual, unsigned set)
{
    while (beyond(plan, usual, set) > 0 && plan->move_count < MOST_MOVES)
        split(plan, usual, set);
    while (beyond(plan, usual, set) < 0 && plan->move_count < MOST_MOVES) {
        const unsigned from = giver(plan, usual, set);
        if (!from)
            break;
        const long lacks = -beyond(plan, usual, set), has = beyond(plan, usual, from);
        move_taps(plan, from, set, 0, (size_t)(has < lacks ? has : lacks));
    }
}

void sned_plan_usual_quads(struct set_plan *plan, const uint8_t usual[QUAD_SETS])
{
    for (int filters = SET_FILTERS; filters > 1; filters--)
        for (unsigned set = 1; set < QUAD_SETS; set++)
            if (filters_in(set) == filters)
                level(plan, usual, set);
}
