#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# The JSON Schemas that `assay schema` prints, against files that are right and wrong.
. "$(dirname "$0")/lib.sh"

python3 -c 'import jsonschema, yaml; jsonschema.Draft202012Validator' 2>/dev/null || exit 77
python3 "$(dirname "$0")/schemas.py" "$ASSAY" "$source_folder"
