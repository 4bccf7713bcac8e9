/* SPDX-License-Identifier: Apache-2.0 */
/* Foreign strings made harmless for a terminal, for XML and HTML, and for a Markdown table. */
#ifndef ASSAY_HOST_REPORT_ESCAPE_H
#define ASSAY_HOST_REPORT_ESCAPE_H

#include "base/text.h"

/* Control characters (line breaks too, unless `lines`) and what is not UTF-8 become '?' ; no escape sequence gets
 * through. */
void escape_terminal(struct text *out, const char *string, bool lines) NONNULL(1, 2);

/* For element content and quoted attributes of XML 1.0 and HTML; what XML cannot hold becomes U+FFFD. */
void escape_xml(struct text *out, const char *string, size_t length) NONNULL(1, 2);
void escape_xmls(struct text *out, const char *string) NONNULL(1, 2);

/* For a cell of a table: pipes, angle brackets and line breaks. */
void escape_markdown(struct text *out, const char *string) NONNULL(1, 2);

#endif
