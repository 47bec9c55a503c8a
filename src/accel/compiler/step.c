/*
 * step.c - see step.h.
 */
#include "accel/compiler/step.h"

#include <stdlib.h>

void step_list_free(struct step_list *list)
{
    free(list->tasks);
    sned_buffer_free(&list->data);
    *list = (struct step_list){0};
}

/* Room for one element more. */
static sned_status grow(void *elements, int count, int *capacity, size_t size, sned_error *error)
{
    if (count < *capacity)
        return SNED_OK;
    const int wanted = *capacity ? 2 * *capacity : 64;
    SNED_TRY(sned_resize(elements, (size_t)wanted, size, error));
    *capacity = wanted;
    return SNED_OK;
}

sned_status step_add_behind(struct step_list *list, int node, const struct task *task, int behind,
                            sned_error *error)
{
    SNED_TRY(grow(&list->tasks, list->task_count, &list->task_capacity, sizeof *list->tasks, error));
    struct task *added = &list->tasks[list->task_count++];
    *added = *task;
    added->work.layer = node;
    added->behind = behind;
    return SNED_OK;
}

sned_status step_add(struct step_list *list, int node, const struct task *task, sned_error *error)
{
    return step_add_behind(list, node, task, -1, error);
}

sned_status step_data(struct step_list *list, int words, struct step_data *data, uint8_t **bytes,
                      sned_error *error)
{
    static const uint8_t nothing[DDR_WORD];
    *data = (struct step_data){(int64_t)(list->data.size / DDR_WORD), words};
    for (int i = 0; i < words; i++)
        SNED_TRY(sned_buffer_append(&list->data, nothing, DDR_WORD, error));
    *bytes = list->data.data + data->address * DDR_WORD;
    return SNED_OK;
}
