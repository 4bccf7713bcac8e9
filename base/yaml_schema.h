/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table of base/yaml.h as JSON Schema (draft 2020-12), for editors that help to write such a file. It says the same as the
 * reader, but for what a field's `check` finds beyond its `pattern`.
 *
 *	CLEAN_TEXT struct text out = TEXT_INIT(1U << 20);
 *	struct yaml_schema schema = {.title = "A recipe", .fields = fields};
 *	yaml_schema(&schema, &out);
 */
#ifndef ASSAY_BASE_YAML_SCHEMA_H
#define ASSAY_BASE_YAML_SCHEMA_H

#include "base/yaml.h"

struct yaml_schema {
	const char *title;
	const struct yaml_field *fields;
	bool has_variables; /* any value may be, or have in it, ${name} */
	bool is_part; /* of what other files add to: none of them has to have all keys by itself */
};

/* Adds the schema as one JSON object. */
void yaml_schema(const struct yaml_schema *schema, struct text *out) NONNULL(1, 2);

#endif
