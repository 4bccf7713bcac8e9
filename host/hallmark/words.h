/* SPDX-License-Identifier: Apache-2.0 */
/* The fixed words of a statement. */
#ifndef ASSAY_HOST_HALLMARK_WORDS_H
#define ASSAY_HOST_HALLMARK_WORDS_H

#define STATEMENT_TYPE	   "https://in-toto.io/Statement/v1"
#define PREDICATE_TYPE	   "https://slsa.dev/verification_summary/v1"
#define SLSA_VERSION	   "1.0"
#define LEVEL_SHIP	   "ASSAY_SHIP" /* levels of others may not begin with SLSA_ */
#define BUILT_IN_RULES_URI "pkg:generic/assay@"

#endif
