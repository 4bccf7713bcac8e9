/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue of the registered cases as JSON. */
#include "base/json.h"
#include "guest/kit/trial.h"

static void member_unless_null(struct text *out, const char *key, const char *value)
{
	if (value)
		json_member(out, key, value);
}

static void add_sabotage(struct text *out, const struct case_def *def)
{
	const struct sabotage_def *code = case_sabotage_def(def);
	const struct case_sabotage *data = &def->info.sabotage;

	json_key(out, "sabotage");
	json_open(out, '{');
	json_member(out, "kind", sabotage_kind_name(code ? SABOTAGE_CODE : data->kind));
	member_unless_null(out, "text", code ? code->text : data->text);
	member_unless_null(out, "argument", data->argument);
	member_unless_null(out, "path", data->path);
	json_close(out, '}');
}

static void add_case(struct text *out, const struct case_def *def)
{
	const struct case_info *info = &def->info;
	const char priority[] = {'P', (char)('0' + info->priority), '\0'};
	char id[CASE_ID_SIZE];

	json_open(out, '{');
	json_member(out, "id", case_id(info, id));
	json_member(out, "area", info->area);
	json_member(out, "name", info->name);
	json_member(out, "title", info->title ? info->title : "");
	json_member(out, "kind", case_kind_name(info->kind));
	json_member(out, "priority", priority);
	json_member(out, "isolation", case_isolation_name(info->isolation));
	json_member(out, "needs", info->needs ? info->needs : "");
	json_member_number(out, "timeout_s", case_timeout_s(info));
	member_unless_null(out, "expects", info->expects);
	if (info->waits) {
		json_key(out, "waits");
		json_bool(out, true);
	}
	member_unless_null(out, "why", info->why);
	member_unless_null(out, "remedy", info->remedy);
	member_unless_null(out, "fixes", info->fixes);
	member_unless_null(out, "sources", info->sources);
	json_member(out, "file", def->file);
	add_sabotage(out, def);
	json_close(out, '}');
}

void cases_json(struct text *out)
{
	size_t count;
	const struct case_def *const *all = cases_all(&count);

	json_open(out, '{');
	json_key(out, "cases");
	json_open(out, '[');
	for (size_t i = 0; i < count; i++)
		add_case(out, all[i]);
	json_close(out, ']');
	json_close(out, '}');
}
