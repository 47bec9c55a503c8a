/*
 * style.c - how the page looks, and the script that sorts its table: page.css and page.js, as the build made
 * strings of them.
 */
#include "cli/report/sections.h"

static const char rules[] =
#include "page_css.h"
    ;
static const char script[] =
#include "page_js.h"
    ;

void style_put(struct html *html)
{
    html_own(html, "<style>\n");
    html_own(html, rules);
    html_own(html, "</style>\n");
}

void script_put(struct html *html)
{
    html_own(html, "<script>\n");
    html_own(html, script);
    html_own(html, "</script>\n");
}
